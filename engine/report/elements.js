// elements.js -- making elements and texts.  Text goes in as text: nothing here reads markup.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") made.style.cssText = value;
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  made.append(...children);
  return made;
}

const find = id => document.getElementById(id);

// Four digits are enough to see, and few enough to read.
function formatNumber(x) {
  if (x === null || x === undefined || !isFinite(x)) return "–";
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return x.toExponential(2).replace(/\.?0*e\+?/, "e");
  return String(Number(x.toPrecision(4)));
}

function formatStep(x) {
  return Math.round(x).toLocaleString("en");
}

function formatTime(seconds) {
  const s = Math.round(seconds), two = n => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)} h`
                   : `${Math.floor(s / 60)}:${two(s % 60)} min`;
}

function formatBytes(n) {
  return n >= 1e9 ? `${(n / 2 ** 30).toFixed(1)} GiB` : `${(n / 2 ** 20).toFixed(0)} MiB`;
}

function formatDate(date) {
  const two = n => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}`;
}

// Far apart in hue, and to be told apart on light and dark ground.
const palette = ["#2f7ed8", "#e8743b", "#19a979", "#b5529f", "#c99400", "#13a4b4", "#e0457b", "#7c8fa3",
  "#8a5cd6", "#7a9a01"];

function colour(i) {
  return i < palette.length ? palette[i] : `hsl(${(i * 137.508) % 360}, 60%, 52%)`;
}

function swatch(i) {
  return element("span", {class: "swatch", style: `background: ${colour(i)}`});
}

// A table of what is known of several runs: the longer side goes down the page.  values[name][run].
function tableOfRuns(runs, names, values) {
  const heads = runs.map(run => element("th", {}, swatch(run.index), run.label));
  const cellOf = value => element("td", {}, String(value === null || value === undefined ? "–" : value));
  const row = (head, cells) => element("tr", {}, head, ...cells);
  const down = names.length < runs.length;
  const top = down ? names.map(name => element("th", {}, name)) : heads;
  const rows = down ? runs.map((_, r) => row(heads[r], values.map(v => cellOf(v[r]))))
                    : names.map((name, i) => row(element("th", {}, name), values[i].map(cellOf)));
  return element("div", {class: "scroll"}, element("table", {},
    element("thead", {}, row(element("th"), top)), element("tbody", {}, ...rows)));
}

// What the reader has set outlives a reload, where the browser lets a page from disk keep it.
const kept = {
  get(name, otherwise) {
    try {
      const text = sessionStorage.getItem(location.pathname + "#" + name);
      return text === null ? otherwise : JSON.parse(text);
    } catch (error) {
      return otherwise;
    }
  },
  set(name, value) {
    try {
      sessionStorage.setItem(location.pathname + "#" + name, JSON.stringify(value));
    } catch (error) { /* then it is forgotten */ }
  },
};
