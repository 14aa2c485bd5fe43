// SPDX-License-Identifier: BSD-2-Clause
// Who talks to whom, as a picture: ours left, the others right, a line as wide as it has bytes.
import { $, UNKNOWN, bytes, put } from "./text.js";
import { askJson } from "./ask.js";
import { state } from "./state.js";

const NODES = 30, ROW = 20, WIDTH = 480, SVG = "http://www.w3.org/2000/svg";
const NOTE_NOW = "Bytes of what is open, and of what closed within a minute";
const NOTE_THEN = "Bytes of that interval";

const size = (edge) => edge.tx_bytes + edge.rx_bytes;
const nameOf = (value) => String(value ?? UNKNOWN);

function element(name, attributes, text) {
  const e = document.createElementNS(SVG, name);
  for (const a in attributes) e.setAttribute(a, attributes[a]);
  if (text !== undefined) e.textContent = text;
  return e;
}

// Those of one side, the largest first; how many are left out.
function side(rows, key) {
  const sums = new Map();
  for (const e of rows) sums.set(nameOf(e[key]), (sums.get(nameOf(e[key])) || 0) + size(e));
  const all = [...sums].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return { names: all.slice(0, NODES), left: Math.max(0, all.length - NODES) };
}

function sentence(e) {
  return `${nameOf(e.from)} to ${nameOf(e.to)}: ${bytes(e.tx_bytes)} sent, ` +
    `${bytes(e.rx_bytes)} received, ${e.flows} open, ${e.closed} closed, ` +
    `${e.retrans} segments sent again`;
}

function line(e, y1, y2, most) {
  const path = element("path", { d: `M150 ${y1} C 240 ${y1}, 240 ${y2}, 330 ${y2}`,
    "stroke-width": (1 + 9 * Math.sqrt(size(e) / most)).toFixed(1),
    class: e.retrans ? "again" : "" });
  path.append(element("title", {}, sentence(e)));
  return path;
}

function draw(rows) {
  const from = side(rows, "from"), to = side(rows, "to");
  const lines = Math.max(from.names.length, to.names.length, 1);
  const most = Math.max(1, ...rows.map(size));
  const y = ({ names }, name) =>
    18 + ROW * names.indexOf(name) * (lines / Math.max(1, names.length));
  const parts = rows
    .filter((e) => from.names.includes(nameOf(e.from)) && to.names.includes(nameOf(e.to)))
    .map((e) => line(e, y(from, nameOf(e.from)) - 4, y(to, nameOf(e.to)) - 4, most));
  for (const n of from.names)
    parts.push(element("text", { x: 145, y: y(from, n), "text-anchor": "end" }, n.slice(0, 22)));
  for (const n of to.names)
    parts.push(element("text", { x: 335, y: y(to, n) }, n.slice(0, 24)));
  $("picture").setAttribute("viewBox", `0 0 ${WIDTH} ${lines * ROW + 10}`);
  $("picture").replaceChildren(...parts);
  return from.left + to.left;
}

export function drawNoEdges() {
  draw([]);
  $("picture").setAttribute("aria-label", "not known");
  put($("edges-note"), "Not known of that moment.");
}

export async function drawEdges() {
  const at = state.at, by = ["comm", "unit", "container"].includes(state.by) ? state.by : "comm";
  const { rows } = await askJson("edges",
    { by, peer: state.peer, filter: state.filter, at, limit: 200, sort: "-bytes" });
  if (at !== state.at) return;
  const left = draw(rows);
  $("picture").setAttribute("aria-label", rows.slice(0, 10)
    .map((e) => `${nameOf(e.from)} to ${nameOf(e.to)} ${bytes(size(e))}`).join("; ") || "nobody");
  put($("edges-note"), (at ? NOTE_THEN : NOTE_NOW) + "; dashed: segments were sent again." +
    (left ? ` ${left} others are not drawn.` : ""));
}
