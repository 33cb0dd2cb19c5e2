// settings.js -- the resolved file, what differs between runs, the machine.

// A line of the file and, behind the last "  # " of the line, where its value came from.
function splitOrigin(line) {
  const parts = /^(.*\S) {2}# (.+:\d+)$/.exec(line);
  if (!parts) return [line, ""];
  return [parts[1], parts[2].startsWith("--set ") ? parts[2].replace(/:\d+$/, "") : parts[2]];
}

function fileTable(text) {
  const lines = String(text).replace(/\n$/, "").split("\n");
  return element("div", {class: "file", tabindex: 0}, element("table", {}, element("tbody", {},
    ...lines.map(line => element("tr", {}, ...splitOrigin(line).map(part => element("td", {}, part)))))));
}

function showFile(run, open) {
  const text = run.about && run.about.config;
  if (!text) return;
  find("settings").hidden = false;
  find("files").append(element("details", {open}, element("summary", {}, open
    ? "The file as it was run, every value resolved; on the right, where it came from" : run.label), fileTable(text)));
}

function showDifferences(runs) {
  const paths = [...new Set(runs.flatMap(run => run.settings.map(([path]) => path)))];
  const tables = runs.map(run => new Map(run.settings));
  const differing = paths.filter(path => new Set(tables.map(table => table.get(path))).size > 1);
  find("settings").hidden = false;
  find("differences").append(differing.length
    ? tableOfRuns(runs, differing, differing.map(path => tables.map(table => table.get(path))))
    : element("p", {class: "hint"}, "No setting differs."));
}

// ---- The machine ----

function machineRows(run) {
  const about = run.about || {}, machine = about.machine || {};
  const speed = meanSpeed(run);
  return [
    ["processor", machine.processor],
    ["cores, threads used", machine.cores && `${machine.cores}, ${machine.threads}`],
    ["memory", machine.memory && formatBytes(machine.memory)],
    ["system", machine.system],
    ["unitgraph", about.unitgraph],
    ["file", about.file],
    ["began", about.began && formatDate(new Date(about.began))],
    ["speed", speed && `${formatNumber(speed)} steps/s`],
    ["trained", run.seconds && formatTime(run.seconds)],
  ];
}

function showMachine(runs) {
  const facts = runs.map(machineRows);
  const known = facts[0].map((_, i) => i).filter(i => facts.some(rows => rows[i][1]));
  if (!known.length) return;
  find("machine").hidden = false;
  find("machine-facts").append(runs.length > 1
    ? tableOfRuns(runs, known.map(i => facts[0][i][0]), known.map(i => facts.map(rows => rows[i][1])))
    : element("div", {class: "scroll"}, element("table", {}, element("tbody", {}, ...known.map(i =>
      element("tr", {}, element("th", {}, facts[0][i][0]), element("td", {}, String(facts[0][i][1]))))))));
  const curves = runs.map(run => ({label: "", run: run.label, colour: colour(run.index), ...speedOf(run)}))
    .filter(curve => curve.steps.length);
  if (curves.length) addChart(find("speed"), "steps a second", curves);
}

const seriesOf = (run, name) => run.curves.find(c => c.name === name);

// Steps over seconds from one logged step to the next, what happens between steps included.
function speedOf(run) {
  const seconds = seriesOf(run, "seconds"), steps = [], values = [];
  for (let i = 1; seconds && i < seconds.steps.length; i++) {
    const time = seconds.values[i] - seconds.values[i - 1];
    if (time <= 0) continue;
    steps.push(seconds.steps[i]);
    values.push((seconds.steps[i] - seconds.steps[i - 1]) / time);
  }
  return {steps, values};
}

function meanSpeed(run) {
  const seconds = seriesOf(run, "seconds");
  return seconds && seconds.last[1] > 0 ? seconds.last[0] / seconds.last[1] : null;
}
