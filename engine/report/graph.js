// graph.js -- draws the DOT text that `unitgraph dot --level network` gives, in layers from left to right.

const graphSizes = {padX: 10, boxHeight: 46, rowGap: 12, layerGap: 46, margin: 16, mostBoxes: 600, mostKnots: 6000};

// ---- Reading DOT: one statement a line, as our program writes it ----

function unquote(text) {
  return text.replace(/\\(.)/g, "$1");
}

// "0.080 0.30 1.0" is hue, saturation, value; CSS has lightness instead.
function cssFill(fill) {
  const [h, s, v] = fill.split(" ").map(Number);
  if (fill.startsWith("#") || [h, s, v].some(isNaN)) return null;
  const light = v * (1 - s / 2), saturation = light === 0 || light === 1 ? 0 : (v - light) / Math.min(light, 1 - light);
  return `hsl(${360 * h}, ${100 * saturation}%, ${100 * light}%)`;
}

function parseBox(id, attributes) {
  const label = /label="\{(.*?)\}"/.exec(attributes), fill = /fillcolor="([^"]*)"/.exec(attributes);
  const lines = label ? label[1].split("|").slice(1).flatMap(part => part.split("\\l")).filter(line => line) : [];
  const params = lines.find(line => line.startsWith("params: "));
  const shape = lines.find(line => line.startsWith("shape: "));
  return {id, type: lines[1] || "", params: params ? Number(params.slice(8)) : 0, fill: fill ? cssFill(fill[1]) : null,
    shape: shape ? shape.slice(7).replace(/[() ]/g, "").replace(/,/g, "×") : "", into: [], out: []};
}

function parseDot(text) {
  const boxes = new Map(), edges = new Map();
  for (const line of text.split("\n")) {
    const edge = /^ {2}"((?:[^"\\]|\\.)*)" -> "((?:[^"\\]|\\.)*)" \[label="([^"]*)"\];$/.exec(line);
    const box = edge ? null : /^ {2}"((?:[^"\\]|\\.)*)" \[(.*)\];$/.exec(line);
    if (box) boxes.set(unquote(box[1]), parseBox(unquote(box[1]), box[2]));
    if (!edge) continue;
    const from = boxes.get(unquote(edge[1])), to = boxes.get(unquote(edge[2]));
    if (!from || !to || edges.has(from.id + "\n" + to.id)) continue;
    from.shape = from.shape || edge[3].replace(/x/g, "×");
    edges.set(from.id + "\n" + to.id, {from, to});
    from.out.push(to);
    to.into.push(from);
  }
  return {boxes: [...boxes.values()], edges: [...edges.values()]};
}

// What stands in a box: a network's call has its network first, a value its name.
function boxTexts(box) {
  const place = box.id.replace(/^losses\./, ""), slash = place.lastIndexOf("/");
  const call = slash >= 0 && place.slice(slash + 1).replace(/#\d+$/, "") === box.type;
  const below = [call ? `in ${place.slice(0, slash)}` : box.type === "input" ? "input" : box.type];
  if (box.params) below.push(`${formatStep(box.params)} parameters`);
  return [call ? box.type : place, below.join(" · "), box.shape];
}

// ---- Layers ----

// A box stands right of all that goes into it; one that starts a path, just left of its first use.
function setLayers(boxes) {
  const done = new Set(), order = [];
  const visit = box => {
    const stack = [[box, 0]];
    while (stack.length) {
      const top = stack[stack.length - 1];
      if (top[1] < top[0].into.length) {
        const next = top[0].into[top[1]++];
        if (!done.has(next)) { done.add(next); stack.push([next, 0]); }
      } else {
        order.push(stack.pop()[0]);
      }
    }
  };
  for (const box of boxes) if (!done.has(box)) { done.add(box); visit(box); }
  for (const box of order) box.layer = box.into.length ? Math.max(...box.into.map(b => b.layer)) + 1 : 0;
  for (const box of boxes)
    if (!box.into.length && box.out.length) box.layer = Math.min(...box.out.map(b => b.layer)) - 1;
}

// A line across several layers takes a knot in each, so that it keeps clear of the boxes there.
function makeLayers(graph) {
  const layers = [];
  const put = item => (layers[item.layer] = layers[item.layer] || []).push(item);
  for (const box of graph.boxes) { box.before = []; box.after = []; put(box); }
  for (const edge of graph.edges) {
    edge.path = [edge.from];
    for (let layer = edge.from.layer + 1; layer < edge.to.layer; layer++) {
      const knot = {knot: true, layer, width: 0, height: 6, before: [], after: []};
      edge.path.push(knot);
      put(knot);
    }
    edge.path.push(edge.to);
    for (let i = 1; i < edge.path.length; i++) {
      edge.path[i - 1].after.push(edge.path[i]);
      edge.path[i].before.push(edge.path[i - 1]);
    }
  }
  return layers;
}

// ---- Places ----

const mean = list => list.reduce((sum, x) => sum + x, 0) / list.length;

function crossings(layers) {
  let n = 0;
  for (let k = 1; k < layers.length; k++) {
    const ends = layers[k - 1].flatMap(a => a.after.map(b => [a.row, b.row]));
    for (let i = 0; i < ends.length; i++)
      for (let j = 0; j < i; j++)
        if ((ends[i][0] - ends[j][0]) * (ends[i][1] - ends[j][1]) < 0) n++;
  }
  return n;
}

// Sugiyama, Tagawa, Toda 1981: each item goes to the mean row of its neighbours in the layer before,
// then in the one after, back and forth; the best order seen is kept.
function orderLayers(layers) {
  const number = layer => layer.forEach((item, i) => { item.row = i; });
  layers.forEach(number);
  let best = layers.map(layer => [...layer]), fewest = crossings(layers);
  for (let round = 0; round < 24 && fewest; round++) {
    const down = round % 2 === 0;
    for (let k = 0; k < layers.length; k++) {
      const layer = layers[down ? k : layers.length - 1 - k];
      for (const item of layer) {
        const beside = down ? item.before : item.after;
        item.wish = beside.length ? mean(beside.map(b => b.row)) : item.row;
      }
      layer.sort((a, b) => a.wish - b.wish);
      number(layer);
    }
    const n = crossings(layers);
    if (n < fewest) { fewest = n; best = layers.map(layer => [...layer]); }
  }
  best.forEach((layer, k) => { layers[k] = layer; number(layer); });
}

// Moves items towards their wishes as far as order and distance allow: neighbours that would come too
// close form a block that stands at the mean of its members' wishes.
function placeLayer(layer) {
  const blocks = [];
  for (const item of layer) {
    let block = {items: [item], offset: [0], wish: item.wish, height: item.height};
    while (blocks.length) {
      const above = blocks[blocks.length - 1];
      if (above.wish + above.height + graphSizes.rowGap <= block.wish) break;
      blocks.pop();
      const shift = above.height + graphSizes.rowGap;
      const items = [...above.items, ...block.items];
      const offset = [...above.offset, ...block.offset.map(o => o + shift)];
      block = {items, offset, height: shift + block.height,
        wish: mean(items.map((member, i) => member.wish - offset[i]))};
    }
    blocks.push(block);
  }
  for (const block of blocks) block.items.forEach((item, i) => { item.y = block.wish + block.offset[i]; });
}

const middle = item => item.y + item.height / 2;

function placeItems(layers) {
  let x = graphSizes.margin;
  for (const layer of layers) {
    let y = 0;
    const width = Math.max(...layer.map(item => item.width));
    for (const item of layer) {
      item.x = x;
      item.y = y;
      item.width = width;
      y += item.height + graphSizes.rowGap;
    }
    x += width + graphSizes.layerGap;
  }
  for (let round = 0; round < 16; round++)
    for (let k = 0; k < layers.length; k++) {
      const layer = layers[round % 2 ? layers.length - 1 - k : k];
      for (const item of layer) {
        const beside = [...item.before, ...item.after];
        item.wish = beside.length ? mean(beside.map(middle)) - item.height / 2 : item.y;
      }
      placeLayer(layer);
    }
  const top = Math.min(...layers.flat().map(item => item.y));
  for (const item of layers.flat()) item.y += graphSizes.margin - top;
  return {width: x - graphSizes.layerGap + graphSizes.margin,
    height: Math.max(...layers.flat().map(item => item.y + item.height)) + graphSizes.margin};
}

// ---- Drawing ----

function svgElement(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function measureBoxes(boxes) {
  const pen = document.createElement("canvas").getContext("2d");
  for (const box of boxes) {
    box.texts = boxTexts(box);
    pen.font = "600 12px system-ui, sans-serif";
    const title = pen.measureText(box.texts[0]).width;
    pen.font = "10.5px system-ui, sans-serif";
    box.width = Math.max(title, ...box.texts.slice(1).map(t => pen.measureText(t).width)) * 1.06 + 2 * graphSizes.padX;
    box.height = graphSizes.boxHeight + (box.texts[2] ? 0 : -12);
  }
}

function drawEdge(edge) {
  const [first, ...rest] = edge.path;
  let x = first.x + first.width, y = middle(first), d = `M${x} ${y}`;
  for (const item of rest) {
    const toX = item.x, toY = middle(item), half = (x + toX) / 2;
    d += ` C${half} ${y} ${half} ${toY} ${item.knot ? toX : toX - 5} ${toY}`;
    x = item.knot ? item.x + item.width : toX;
    y = toY;
    if (item.knot) d += ` H${x}`;
  }
  edge.drawn = svgElement("g", {class: "edge"}, svgElement("path", {d}),
    svgElement("path", {class: "tip", stroke: "none", d: `M${x - 7} ${y - 3.5} L${x} ${y} L${x - 7} ${y + 3.5} Z`}));
  return edge.drawn;
}

function drawBox(box) {
  const lines = box.texts.filter(text => text);
  const rect = svgElement("rect", {x: box.x, y: box.y, width: box.width, height: box.height, rx: 6});
  if (box.fill) rect.style.fill = box.fill;
  box.drawn = svgElement("g", {class: box.type === "input" ? "box input" : "box"}, rect,
    ...lines.map((text, i) => svgElement("text", {x: box.x + box.width / 2, y: box.y + 16 + 13 * i,
      "text-anchor": "middle", class: i ? "below" : "title", "font-weight": i ? "normal" : "600"}, text)),
    svgElement("title", {}, box.id));
  return box.drawn;
}

// Pointing at a box shows what goes in and what comes out.
function letPick(svg, graph) {
  for (const box of graph.boxes) {
    const edges = graph.edges.filter(edge => edge.from === box || edge.to === box);
    const picked = [box, ...edges, ...edges.flatMap(edge => [edge.from, edge.to])];
    const mark = on => {
      svg.classList.toggle("picking", on);
      for (const item of picked) item.drawn.classList.toggle("picked", on);
    };
    box.drawn.addEventListener("mouseenter", () => mark(true));
    box.drawn.addEventListener("mouseleave", () => mark(false));
  }
}

function drawGraph(graph) {
  measureBoxes(graph.boxes);
  setLayers(graph.boxes);
  const layers = makeLayers(graph);
  if (layers.flat().length > graphSizes.mostKnots) return null;
  orderLayers(layers);
  const size = placeItems(layers);
  const svg = svgElement("svg", {width: size.width, height: size.height, viewBox: `0 0 ${size.width} ${size.height}`,
    role: "img", "aria-label": "the graph: networks and values"},
  ...graph.edges.map(drawEdge), ...graph.boxes.map(drawBox));
  letPick(svg, graph);
  return svg;
}

function showGraph(run) {
  const text = run.about && run.about.graph;
  const graph = text ? parseDot(String(text)) : {boxes: []};
  if (!graph.boxes.length) return;
  find("graph").hidden = false;
  const drawing = find("graph-drawing"), fit = element("input", {type: "checkbox"});
  const svg = graph.boxes.length <= graphSizes.mostBoxes ? drawGraph(graph) : null;
  fit.checked = kept.get("fit", window.innerWidth >= 900);
  const set = () => { drawing.classList.toggle("fit", fit.checked); kept.set("fit", fit.checked); };
  fit.addEventListener("input", set);
  set();
  drawing.append(svg || element("p", {class: "hint"}, "This graph is too large to draw here."));
  find("graph-controls").append(
    element("label", {}, fit, "fit the width"),
    element("a", {download: "graph.dot", href: "data:text/vnd.graphviz;charset=utf-8," + encodeURIComponent(text)},
      "as DOT, for Graphviz and Netron"),
    element("span", {class: "hint"}, "Boxes of one colour share parameters. Point at one to see what it takes and gives."));
}
