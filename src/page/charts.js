// SPDX-License-Identifier: BSD-2-Clause
// Lines over five minutes, told apart by dashes and words, not by colour alone.
import { $, bytes, micro, put } from "./text.js";
import { askJson } from "./ask.js";
import { state } from "./state.js";

const POINTS = 300;
const HEAD = 20, FOOT = 3; // of a chart: the largest value's words, and room for a line's width
const MARKS = ["solid", "dashed", "dotted"];
const COLOURS = ["--one", "--two", "--three"];
// By the names that the API has for them.
const NAMES = { time: "time", tx: "tx_rate", rx: "rx_rate", p50: "rtt_p50_us", p95: "rtt_p95_us",
  p99: "rtt_p99_us", opened: "opened_rate", closed: "closed_rate", failed: "failed_rate" };
const series = Object.fromEntries(Object.keys(NAMES).map((name) => [name, []]));

export function addPoint({ host, moment, interval }) {
  const s = series, time = Date.parse(moment) / 1000;
  if (s.time.length && time <= s.time[s.time.length - 1]) return;
  const values = { time, tx: host.tx_bytes / interval, rx: host.rx_bytes / interval,
    p50: host.rtt_p50_us || null, p95: host.rtt_p95_us || null, p99: host.rtt_p99_us || null,
    opened: host.opened / interval, closed: host.closed / interval,
    failed: host.failed / interval };
  for (const name in values) {
    s[name].push(values[name]);
    if (s[name].length > POINTS) s[name].shift();
  }
}

export async function fillSeries() {
  const data = await askJson("series");
  for (const name in NAMES) series[name] = data[NAMES[name]];
}

// How large each canvas is shown. To ask for it while the page changes would lay it out each time.
const sizes = new Map();
const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) sizes.set(target, [target.clientWidth, target.clientHeight]);
  drawCharts();
});

function sizeOf(canvas) {
  if (!sizes.has(canvas)) {
    sizes.set(canvas, [canvas.clientWidth, canvas.clientHeight]);
    watcher.observe(canvas);
  }
  return sizes.get(canvas);
}

function begin(canvas) {
  const ratio = window.devicePixelRatio || 1, [w, h] = sizeOf(canvas);
  if (canvas.width !== Math.round(w * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
  }
  const c = canvas.getContext("2d");
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, w, h);
  return { c, w, h };
}

function drawLine({ c, w, h }, points, top) {
  let isDown = false;
  c.beginPath();
  points.forEach((v, i) => {
    if (v === null) { isDown = false; return; }
    const x = points.length > 1 ? w * i / (points.length - 1) : w;
    const y = h - FOOT - (h - HEAD - FOOT) * v / top;
    if (isDown) c.lineTo(x, y); else c.moveTo(x, y);
    isDown = true;
  });
  c.stroke();
}

// The moment that is shown, if it is among these times.
function drawMoment({ c, w, h }, times, colour) {
  const at = Date.parse(state.at) / 1000, first = times[0], last = times[times.length - 1];
  if (!(at >= first && at <= last)) return;
  const x = w * (at - first) / Math.max(1, last - first);
  c.strokeStyle = colour;
  c.lineWidth = 1;
  c.beginPath();
  c.moveTo(x, 0);
  c.lineTo(x, h);
  c.stroke();
}

// `lines`: word, values, dashes of each; `times` of the values, if a moment is to be marked.
export function chart(name, lines, format, times = []) {
  const canvas = $("chart-" + name), area = begin(canvas), { c, w, h } = area;
  const style = getComputedStyle(document.documentElement);
  const top = Math.max(1, ...lines.flatMap((l) => l[1].map((v) => v || 0)));
  c.strokeStyle = style.getPropertyValue("--line");
  c.strokeRect(0.5, 0.5, w - 1, h - 1);
  c.fillStyle = style.getPropertyValue("--dim");
  c.font = "11px sans-serif";
  c.fillText(format(Math.round(top)), 4, 12);
  c.lineWidth = 1.6;
  lines.forEach(([, points, dash], n) => {
    c.strokeStyle = style.getPropertyValue(COLOURS[n]);
    c.setLineDash(dash);
    drawLine(area, points, top);
  });
  c.setLineDash([]);
  drawMoment(area, times, style.getPropertyValue("--text"));
  const words = lines.map(([word, points], n) =>
    word + " (" + MARKS[n] + ") " + format(Math.round(points[points.length - 1] || 0))).join(", ");
  put($("legend-" + name), words);
  canvas.setAttribute("aria-label", words + "; largest " + format(Math.round(top)));
}

export function drawCharts() {
  const s = series, t = s.time, dash = [6, 4], dots = [2, 3];
  chart("bytes", [["sent", s.tx, []], ["received", s.rx, dash]], bytes, t);
  chart("rtt", [["median", s.p50, []], ["95 %", s.p95, dash], ["99 %", s.p99, dots]], micro, t);
  chart("flows", [["opened", s.opened, []], ["closed", s.closed, dash],
    ["failed", s.failed, dots]], String, t);
}
