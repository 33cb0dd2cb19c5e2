// page.js -- puts the page together.

const data = JSON.parse(find("data").textContent);

// Names without the folders that all runs have in common.
function labelRuns(runs) {
  const parts = runs.map(run => run.name.replace(/\/+$/, "").split("/"));
  let common = 0;
  while (parts.every(p => common < p.length - 1 && p[common] === parts[0][common])) common++;
  runs.forEach((run, i) => {
    run.index = i;
    run.label = parts[i].slice(common).join("/");
    const seconds = seriesOf(run, "seconds");
    run.seconds = seconds ? seconds.last[1] : 0;
    run.steps = run.about && Number(run.about.steps) || run.step;
  });
}

const metricsOf = run => run.curves.filter(c => c.name.startsWith("validate/"));

function tile(name, value, more) {
  return element("div", {class: "tile"}, element("div", {class: "name"}, name),
    element("div", {class: "value"}, value), element("div", {class: "more"}, more || ""));
}

const metricName = curve => curve.name.slice("validate/".length);

// Which way a metric is better, only the run knows.
const tellsBest = run => Boolean(run.about && Array.isArray(run.about.rising));
const rises = (run, curve) => run.about.rising.includes(metricName(curve));

function bestText(run, curve) {
  if (!tellsBest(run)) return "";
  const [step, value] = rises(run, curve) ? curve.highest : curve.lowest;
  if (value === null) return "";
  return step === curve.last[0] ? "the best so far" : `best ${formatNumber(value)} at step ${formatStep(step)}`;
}

function showSummaryOfRun(run) {
  const speed = meanSpeed(run), left = speed ? (run.steps - run.step) / speed : 0;
  find("summary").append(
    element("div", {class: "progress", title: `${run.step} of ${run.steps} steps`},
      element("div", {style: `width: ${100 * Math.min(1, run.step / run.steps)}%`})),
    element("div", {class: "tiles"},
      tile("step", formatStep(run.step), `of ${formatStep(run.steps)}`),
      tile("trained", formatTime(run.seconds), run.step < run.steps && left ? `${formatTime(left)} left` : ""),
      ...metricsOf(run).map(c => tile(metricName(c), formatNumber(c.last[1]), bestText(run, c)))));
}

// ---- Several runs ----

function resultColumns(runs) {
  const names = [...new Set(runs.flatMap(metricsOf).map(c => c.name))];
  const losses = [...new Set(runs.flatMap(run => run.curves.map(c => c.name)).filter(n => isCounted(n) && !n.includes("/")))];
  return [...names, ...losses];
}

function showSummaryOfRuns(runs) {
  const columns = resultColumns(runs);
  const rows = runs.map(run => ({run, numbers: [run.step, run.seconds, ...columns.map(name => {
    const curve = seriesOf(run, name);
    return curve ? curve.last[1] : null;
  })]}));
  const body = element("tbody");
  const best = columns.map(name => {
    const values = runs.map(run => seriesOf(run, name)).filter(c => c && c.last[1] !== null).map(c => c.last[1]);
    if (!name.startsWith("validate/") || values.length < 2 || !runs.every(tellsBest)) return null;
    return rises(runs[0], {name}) ? Math.max(...values) : Math.min(...values);
  });
  const fill = () => body.replaceChildren(...rows.map(({run, numbers}) => element("tr", {},
    element("td", {}, swatch(run.index), run.label),
    ...numbers.map((x, i) => element("td", {class: i > 1 && x !== null && x === best[i - 2] ? "number best" : "number"},
      i === 0 ? formatStep(x) : i === 1 ? formatTime(x) : formatNumber(x))))));
  let sorted = -1;
  const sortBy = i => {
    const sign = sorted === i ? -1 : 1;
    sorted = sorted === i ? -1 : i;
    const value = row => row.numbers[i] === null ? Infinity : sign * row.numbers[i];
    rows.sort((a, b) => value(a) - value(b));
    fill();
  };
  fill();
  find("summary").append(element("div", {class: "scroll"}, element("table", {},
    element("thead", {}, element("tr", {}, element("th", {}, "run"),
      ...["step", "trained", ...columns.map(n => n.replace(/^validate\//, ""))].map((name, i) =>
        element("th", {}, element("button", {type: "button", title: "sort", onclick: () => sortBy(i)}, name))))),
    body)),
  element("p", {class: "hint"}, "The last value of each, the best of a metric in bold; a name sorts by it."));
}

// ---- The whole ----

function showContents() {
  for (const section of document.querySelectorAll("main > section")) {
    const head = section.querySelector("h2");
    if (head && !section.hidden)
      find("contents").append(element("a", {href: "#" + section.id}, head.textContent));
  }
}

// While the run goes on the page on disk changes: the reader may want to follow it.
function letFollow(runs) {
  if (runs.every(run => run.step >= run.steps)) return;
  const box = find("follow").querySelector("input");
  let timer = null;
  const set = () => {
    kept.set("follow", box.checked);
    clearTimeout(timer);
    if (box.checked) timer = setTimeout(() => location.reload(), 20000);
  };
  find("follow").hidden = false;
  box.checked = kept.get("follow", false);
  box.addEventListener("input", set);
  set();
}

function showPage() {
  const runs = data.runs.map(run => ({...run.facts, curves: run.curves})), one = runs.length === 1;
  labelRuns(runs);
  find("title").textContent = one ? runs[0].label : `${runs.length} runs`;
  document.title = one ? `${runs[0].label}, step ${formatStep(runs[0].step)}` : `${runs.length} runs`;
  find("subtitle").textContent = (one && runs[0].about ? `${runs[0].about.file}, ` : "") +
    `as of ${formatDate(new Date(data.written * 1000))}`;
  if (one) showSummaryOfRun(runs[0]);
  else showSummaryOfRuns(runs);
  showCurves(runs);
  showSamples(runs);
  if (one) showGraph(runs[0]);
  else showDifferences(runs);
  for (const run of runs) showFile(run, one);
  showMachine(runs);
  showContents();
  letFollow(runs);
}

showPage();
