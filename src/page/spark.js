// SPDX-License-Identifier: BSD-2-Clause
// What groups moved in the last minutes: a line each, by steps of five seconds.
import { bytes } from "./text.js";
import { askJson } from "./ask.js";
import { state } from "./state.js";

const SVG = "http://www.w3.org/2000/svg", WIDTH = 120, HEIGHT = 18;
let lines = new Map(), step = 5, asked = "";

const keyOf = (by, row) => JSON.stringify(by.split(",").map((name) => row[name]));

export async function fillSparks() {
  const { by, filter, limit } = state, question = JSON.stringify([by, filter]);
  if (question !== asked) lines = new Map();
  asked = question;
  const data = await askJson("series", { group: by, filter, limit, metric: "tx_bytes,rx_bytes" });
  if (question !== asked) return;
  step = data.step;
  lines = new Map(data.rows.map((row) =>
    [keyOf(by, row), row.tx_bytes.map((sent, i) => sent + row.rx_bytes[i])]));
}

// In words, too: of a group in which nothing moved there is no line.
export function drawSpark(td, row) {
  const values = lines.get(keyOf(state.by, row)) || [], most = Math.max(0, ...values);
  const words = most ? bytes(values.reduce((a, b) => a + b)) + " in all, " + bytes(most) +
    " in " + step + " s at most" : "";
  if (td.dataset.values === values.join()) return;
  td.dataset.values = values.join();
  if (!most) { td.replaceChildren(); return; }
  const svg = document.createElementNS(SVG, "svg"), line = document.createElementNS(SVG, "path");
  const title = document.createElementNS(SVG, "title");
  title.textContent = words;
  svg.setAttribute("role", "img");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("aria-label", words);
  line.setAttribute("d", values.map((v, i) =>
    (i ? "L" : "M") + (WIDTH * i / Math.max(1, values.length - 1)).toFixed(1) + " " +
    (HEIGHT - 1 - (HEIGHT - 2) * v / most).toFixed(1)).join(" "));
  svg.append(title, line);
  td.replaceChildren(svg);
}
