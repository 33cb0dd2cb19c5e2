#!/bin/sh
# Opens pages of `unitgraph report` in Debian's chromium, without a window or a network: their curves
# are drawn, their sliders move pictures, and nothing is complained about.
# usage: tests/check_report.sh UNITGRAPH      (77: skipped, there is no chromium)
set -eu
unitgraph=$(realpath "$1")
browser=$(command -v chromium) || { echo "skipped: there is no chromium here"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Names that would be markup if a page took them for it.
cat >page.yaml <<'END'
unitgraph: 1
vars: {scale: 1, note: '"</script><script>document.title = 0</script>"'}
modules: {net: {body: ['conv2d(3, 3, padding=1)']}}
data: {batch: 2, x: {synthetic: {scene: shapes, domain: filled, count: 8, seed: 1}, size: 16}}
networks: {N: net(), M: net()}
share: ['N = M']
graph: {y: N(x), z: M(y)}
losses: {L: {there: 'scale * l1_loss(y, x)', back: 'l1_loss(z, x)'}, K: mean(z ** 2)}
train:
  steps: 30
  optimizers: {all: {minimize: L, parameters: [N, M], adam: {lr: 1e-3}}}
log: {every: 1}
samples: {every: 10, count: 2, columns: [x, {"<!--<script>": y}]}
validate: {every: 10, metrics: {l1: 'l1_loss(z, x)'}}
END
"$unitgraph" run page.yaml --quiet --out '<b>one & only<' --threads 1
"$unitgraph" run page.yaml --quiet --out two --threads 1 --set scale=2 --steps 20
"$unitgraph" report '<b>one & only<' two -o compare.html

# What a reader would do, and what must come of it.
cat >checks.js <<'END'
<script>
const faults = [], expect = (holds, what) => { if (!holds) faults.push(what); };
const painted = canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(x => x);
function check() {
  const plots = [...document.querySelectorAll(".plot")];
  expect(plots.length >= 4, `${plots.length} charts`);
  expect(plots.every(plot => [...plot.querySelectorAll("canvas")].some(painted)), "a chart is empty");
  const image = document.querySelector("figure img"), slider = document.querySelector("#samples input[type=range]");
  const last = image.src;
  expect(image.complete && image.naturalWidth > 0, "the newest grid cannot be read");
  slider.value = 0;
  slider.dispatchEvent(new Event("input"));
  expect(image.src !== last && image.src.length > 100, "the slider moves no picture");
  for (const [id, value] of [["smoothing", 0.9], ["smoothing", 0]]) {
    find(id).value = value;
    find(id).dispatchEvent(new Event("input"));
  }
  find("logarithmic").click();
  expect(charts.every(chart => chart.graph.getOption("logscale")), "not logarithmic");
  find("logarithmic").click();
  charts[0].graph.updateOptions({dateWindow: [5, 10]});
  zoomAll(charts[0].graph);
  expect(charts[1].graph.xAxisRange()[0] === 5, "a zoom moves no other chart");
  document.querySelector(".legend button").click();
  expect(document.querySelector(".legend button.off"), "a curve cannot be hidden");
  if (data.runs.length === 1) {
    expect(document.querySelectorAll("#graph-drawing .box").length >= 6, "the graph is not drawn");
    expect(find("files").textContent.includes("page.yaml:4"), "the file has no origins");
    expect(document.querySelector(".columns").textContent.includes("<!--<" + "script>"), "a column has lost its name");
    expect(document.title.startsWith("<b>one & only<"), `the title is ${document.title}`);
  } else {
    expect(find("differences").textContent.includes("vars.scale"), "the difference is not shown");
    expect(!find("differences").textContent.includes("vars.note"), "a difference that is none");
  }
  expect(find("machine-facts").textContent.includes("processor"), "nothing about the machine");
  expect(document.documentElement.scrollWidth <= window.innerWidth, "wider than the window");
}
window.addEventListener("load", () => setTimeout(() => {
  try { check(); } catch (error) { faults.push(String(error)); }
  document.body.append(element("p", {id: "verdict"}, faults.length ? `FAULTS: ${faults.join("; ")}` : "ALL IS WELL"));
}, 500));
</script>
END

status=0
open_page() { # PAGE WIDTH
    cat "$1" checks.js >checked.html
    timeout 90 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync \
        --user-data-dir="$folder/profile" --window-size="$2",1000 --virtual-time-budget=4000 \
        --enable-logging=stderr --dump-dom "file://$folder/checked.html" >dom.html 2>said.txt || true
    verdict=$(grep -o '<p id="verdict">[^<]*' dom.html | sed 's/.*>//')
    echo "$1 at $2 pixels: ${verdict:-the page has not come up}"
    [ "$verdict" = "ALL IS WELL" ] || status=1
    if grep ':CONSOLE' said.txt; then status=1; fi
}
open_page '<b>one & only</report.html' 400
open_page compare.html 2000
exit $status
