// samples.js -- grids of pictures, with a slider over steps.

function pictureOf(run, step) {
  const data = find(`picture-${run.index}-${step}`);
  return "data:image/png;base64," + (data ? data.textContent.trim() : "");
}

function columnNames(run) {
  const names = run.about && Array.isArray(run.about.columns) ? run.about.columns : [];
  return element("ul", {class: "columns", title: "columns, from the left"},
    ...names.map(name => element("li", {}, String(name))));
}

// One grid with a slider of its own.
function movableFigure(run, start) {
  const image = element("img", {alt: "sample grid"}), at = element("h3");
  const slider = element("input", {type: "range", min: 0, max: run.grids.length - 1, value: start,
    "aria-label": "step"});
  const show = () => {
    const step = run.grids[Number(slider.value)];
    image.src = pictureOf(run, step);
    image.alt = `samples of step ${step}`;
    at.textContent = `step ${formatStep(step)}`;
  };
  const move = by => { slider.value = Number(slider.value) + by; show(); };
  slider.addEventListener("input", show);
  show();
  return element("figure", {}, element("figcaption", {}, at, columnNames(run)),
    element("div", {class: "controls"},
      element("button", {type: "button", "aria-label": "earlier", onclick: () => move(-1)}, "◀"), slider,
      element("button", {type: "button", "aria-label": "later", onclick: () => move(1)}, "▶")),
    image);
}

function showSamplesOfRun(run) {
  const figures = find("samples-figures"), last = run.grids.length - 1;
  const beside = element("input", {type: "checkbox"});
  figures.append(movableFigure(run, last));
  if (last > 0)
    find("samples-controls").append(element("label", {}, beside, "another step beside it"));
  beside.addEventListener("input", () => {
    if (beside.checked) figures.prepend(movableFigure(run, 0));
    else figures.firstChild.remove();
  });
  if (run.drawn > run.grids.length)
    find("samples-hint").textContent = `${run.grids.length} of ${run.drawn} grids are in this page; all of ` +
      "them are in the run's folder samples/.";
}

// Several runs: one slider moves all; each shows its newest grid of at most that step.
function showSamplesOfRuns(runs) {
  const steps = [...new Set(runs.flatMap(run => run.grids))].sort((a, b) => a - b);
  const at = element("output");
  const slider = element("input", {type: "range", min: 0, max: steps.length - 1, value: steps.length - 1,
    "aria-label": "step"});
  const figures = runs.map(run => {
    const image = element("img", {alt: "sample grid"}), note = element("span", {class: "hint"});
    find("samples-figures").append(element("figure", {},
      element("figcaption", {}, element("h3", {}, swatch(run.index), run.label), note), image));
    return {run, image, note};
  });
  const show = () => {
    const wanted = steps[Number(slider.value)];
    at.textContent = `step ${formatStep(wanted)}`;
    for (const {run, image, note} of figures) {
      const step = run.grids[Math.max(0, indexAt(run.grids, wanted))];
      image.src = pictureOf(run, step);
      note.textContent = step === wanted ? "" : `step ${formatStep(step)}`;
    }
  };
  slider.addEventListener("input", show);
  find("samples-controls").append(slider, at, columnNames(runs[0]));
  show();
}

function showSamples(runs) {
  const drawn = runs.filter(run => run.grids.length);
  if (!drawn.length) return;
  find("samples").hidden = false;
  if (runs.length === 1) showSamplesOfRun(drawn[0]);
  else showSamplesOfRuns(drawn);
}
