// charts.js -- curves of numbers over steps.  A curve is {label, colour, steps, values}.

const charts = [];
const chartSettings = {smoothing: 0, logarithmic: false};

// The exponential mean, weighted so that it is right from the first point on.
function smooth(values, weight) {
  let sum = 0, weights = 0;
  return values.map(v => {
    if (v === null) return null;
    sum = weight * sum + (1 - weight) * v;
    weights = weight * weights + (1 - weight);
    return sum / weights;
  });
}

// Rows [step, curve, curve, …]; with smoothing each curve stands twice: as it is, then smooth.
function chartRows(curves) {
  const twice = chartSettings.smoothing > 0, width = twice ? 2 : 1;
  const rows = new Map();
  curves.forEach((curve, c) => {
    const shown = twice ? [curve.values, smooth(curve.values, chartSettings.smoothing)] : [curve.values];
    curve.steps.forEach((step, i) => {
      if (!rows.has(step)) rows.set(step, [step, ...Array(curves.length * width).fill(null)]);
      shown.forEach((values, k) => {
        const v = values[i];
        rows.get(step)[1 + c * width + k] = chartSettings.logarithmic && v !== null && v <= 0 ? NaN : v;
      });
    });
  });
  return [...rows.values()].sort((a, b) => a[0] - b[0]);
}

function chartOptions(curves) {
  const twice = chartSettings.smoothing > 0, labels = ["step"], series = {};
  curves.forEach((curve, c) => {
    const color = curve.colour;
    if (twice) {
      labels.push(`raw ${c}`);
      series[`raw ${c}`] = {color: color + "50", strokeWidth: 1, drawPoints: false};
    }
    labels.push(`${c}`);
    series[`${c}`] = {color, strokeWidth: 1.7, drawPoints: curve.steps.length <= 40, pointSize: 2.2};
  });
  return {labels, series};
}

// The index of the last step that is not beyond x.
function indexAt(steps, x) {
  let low = 0, high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function showValues(chart, x) {
  chart.at.textContent = x === null ? "" : `${formatStep(x)}`;
  chart.curves.forEach((curve, c) => {
    const i = x === null ? curve.steps.length - 1 : indexAt(curve.steps, x);
    chart.values[c].textContent = i < 0 ? "" : formatNumber(curve.values[i]);
  });
}

function showVisible(chart) {
  const width = chartSettings.smoothing > 0 ? 2 : 1;
  chart.buttons.forEach((button, c) => button.classList.toggle("off", chart.hidden.has(c)));
  chart.graph.setVisibility(chart.curves.flatMap((_, c) => Array(width).fill(!chart.hidden.has(c))));
}

function toggleCurve(chart, c) {
  if (chart.hidden.has(c)) chart.hidden.delete(c);
  else chart.hidden.add(c);
  showVisible(chart);
}

// Above the charts of several runs: a name for each colour, which hides or shows the run in all of them.
function runLegend(runs) {
  const toggle = (run, button) => {
    const off = button.classList.toggle("off");
    for (const chart of charts)
      chart.curves.forEach((curve, c) => {
        if (curve.run === run.label && chart.hidden.has(c) !== off) toggleCurve(chart, c);
      });
  };
  return element("div", {class: "legend"}, ...runs.map(run => {
    const button = element("button", {type: "button", onclick: () => toggle(run, button)},
      swatch(run.index), run.label);
    return button;
  }));
}

// A zoom along the steps holds for all charts.
function zoomAll(source) {
  const zoomed = source.isZoomed("x"), window_ = zoomed ? source.xAxisRange() : null;
  for (const chart of charts)
    if (chart.graph !== source) chart.graph.updateOptions({dateWindow: window_});
}

function chartLegend(chart) {
  chart.values = chart.curves.map(() => element("span", {class: "value"}));
  chart.buttons = chart.curves.map((curve, c) => element("button",
    {type: "button", title: curve.run || "hide or show", onclick: () => toggleCurve(chart, c)},
    element("span", {class: "swatch", style: `background: ${curve.colour}`}), curve.label, chart.values[c]));
  return element("div", {class: "legend"}, ...chart.buttons);
}

function addChart(parent, title, curves) {
  const chart = {curves, hidden: new Set(), at: element("span", {class: "at"})};
  const plot = element("div", {class: "plot"});
  parent.append(element("div", {class: "chart"},
    element("div", {class: "caption"}, element("h3", {}, title), chart.at), chartLegend(chart), plot));
  const style = getComputedStyle(document.documentElement);
  chart.graph = new Dygraph(plot, chartRows(curves), {
    ...chartOptions(curves),
    legend: "never",
    connectSeparatedPoints: true,
    logscale: chartSettings.logarithmic,
    gridLineColor: style.getPropertyValue("--grid").trim(),
    axisLineColor: style.getPropertyValue("--line").trim(),
    gridLineWidth: 1,
    highlightCircleSize: 3,
    xRangePad: 4,
    yRangePad: 6,
    axes: {
      x: {axisLabelFormatter: formatStep, pixelsPerLabel: 70},
      y: {axisLabelFormatter: formatNumber, axisLabelWidth: 52, pixelsPerLabel: 36},
    },
    highlightCallback: (event, x) => showValues(chart, x),
    unhighlightCallback: () => showValues(chart, null),
    zoomCallback: () => zoomAll(chart.graph),
  });
  charts.push(chart);
  showValues(chart, null);
}

function redrawCharts() {
  for (const chart of charts) {
    const visible = chart.curves.flatMap((_, c) =>
      Array(chartSettings.smoothing > 0 ? 2 : 1).fill(!chart.hidden.has(c)));
    chart.graph.updateOptions({...chartOptions(chart.curves), visibility: visible,
      logscale: chartSettings.logarithmic, file: chartRows(chart.curves)});
  }
}

function chartControls() {
  const smoothing = find("smoothing"), logarithmic = find("logarithmic");
  const read = () => {
    chartSettings.smoothing = Number(smoothing.value);
    chartSettings.logarithmic = logarithmic.checked;
    find("smoothing-value").textContent = chartSettings.smoothing ? chartSettings.smoothing.toFixed(2) : "off";
    kept.set("charts", chartSettings);
  };
  const before = kept.get("charts", chartSettings);
  smoothing.value = before.smoothing;
  logarithmic.checked = before.logarithmic;
  read();
  for (const control of [smoothing, logarithmic])
    control.addEventListener("input", () => { read(); redrawCharts(); });
}

// ---- Which curves go together ----

const isCounted = name => name !== "epoch" && name !== "seconds";

// The sections of curves, in the order in which they are shown.
function kindOf(name, names) {
  if (name.startsWith("validate/")) return 0;
  if (name.startsWith("lr/")) return 3;
  return name.includes("/") && names.has(name.slice(0, name.indexOf("/"))) ? 2 : 1;
}

function plainName(name) {
  return name.replace(/^validate\//, "validation: ").replace(/^lr\//, "learning rate: ");
}

// One run: losses together, then the terms of each; a metric has a chart of its own.
function chartsOfRun(run) {
  const shown = run.curves.filter(c => isCounted(c.name)), names = new Set(shown.map(c => c.name));
  const groups = new Map();
  const put = (key, title, label, curve) => {
    if (!groups.has(key)) groups.set(key, {title, curves: []});
    const group = groups.get(key);
    group.curves.push({label, colour: colour(group.curves.length), steps: curve.steps, values: curve.values});
  };
  for (const curve of [...shown].sort((a, b) => kindOf(a.name, names) - kindOf(b.name, names))) {
    const slash = curve.name.indexOf("/"), kind = kindOf(curve.name, names);
    if (kind === 0) put(curve.name, plainName(curve.name), "", curve);
    else if (kind === 1) put("losses", "losses", curve.name, curve);
    else put(curve.name.slice(0, slash), kind === 3 ? "learning rates" : `terms of ${curve.name.slice(0, slash)}`,
      curve.name.slice(slash + 1), curve);
  }
  return [...groups.values()];
}

// Several runs: a chart for each name, a colour for each run.
function chartsOfRuns(runs) {
  const names = [...new Set(runs.flatMap(run => run.curves.map(c => c.name)).filter(isCounted))];
  const known = new Set(names);
  return names.sort((a, b) => kindOf(a, known) - kindOf(b, known)).map(name => ({
    title: plainName(name),
    curves: runs.flatMap((run, r) => run.curves.filter(c => c.name === name)
      .map(c => ({label: "", run: run.label, colour: colour(r), steps: c.steps, values: c.values}))),
  }));
}

function showCurves(runs) {
  const groups = runs.length === 1 ? chartsOfRun(runs[0]) : chartsOfRuns(runs);
  if (!groups.length) return;
  find("curves").hidden = false;
  chartControls();
  if (runs.length > 1) find("charts").before(runLegend(runs));
  for (const group of groups) addChart(find("charts"), group.title, group.curves);
  const losses = new Set(runs.flatMap(run => run.curves.map(c => c.name)).filter(n => !n.includes("/") && isCounted(n)));
  find("losses-hint").hidden = losses.size < 2;
}
