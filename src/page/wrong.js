// SPDX-License-Identifier: BSD-2-Clause
// What is wrong comes first: a line for each finding, process and peer.
import { $, UNKNOWN, isBad, make, put } from "./text.js";
import { askJson } from "./ask.js";
import { remember, state, whole } from "./state.js";

const CASES = 8;

function summary(data) {
  if (state.filter) return data.matched + " findings under this filter";
  const n = data.by_severity;
  const words = ["failed", "stalled", "slow", "watch"].filter((s) => n[s])
    .map((s) => n[s] + " " + (s === "watch" ? "to watch" : s));
  return words.length ? words.join(", ") : "Nothing that is known of.";
}

function casesOf(rows) {
  const cases = new Map();
  for (const row of rows) {
    const peer = row.remote && row.remote.replace(/:\d+$/, "");
    const key = [row.verdict, row.comm, peer].join("\n");
    if (!cases.has(key)) cases.set(key, { row, count: 0 });
    cases.get(key).count++;
  }
  return [...cases.values()].slice(0, CASES);
}

function newLine() {
  const li = make("li"), button = make("button");
  button.type = "button";
  button.addEventListener("click", () => {
    if (!li.dataset.id) return;
    state.flow = li.dataset.id;
    remember();
    whole.look();
  });
  li.append(make("strong"), make("span"), button);
  return li;
}

export async function drawWrong() {
  const data = await askJson("verdicts", { filter: state.filter, limit: 200,
    columns: "id,severity,verdict,sentence,comm,remote" });
  if (state.at) return;
  const list = $("wrong-list"), first = casesOf(data.rows);
  put($("wrong-sum"), summary(data));
  while (list.children.length > first.length) list.lastChild.remove();
  first.forEach(({ row, count }, i) => {
    if (!list.children[i]) list.append(newLine());
    const li = list.children[i], [word, text, button] = li.children;
    put(word, row.severity + (count > 1 ? ", " + count + " connections: " : ": "));
    word.className = isBad(row.severity) ? "bad" : "";
    put(text, row.sentence + " ");
    li.dataset.id = row.id || "";
    button.hidden = !row.id;
    put(button, (row.comm || UNKNOWN) + " to " + (row.remote || "nobody"));
  });
}

// Findings are of now.
export function drawNothingWrong() {
  $("wrong-list").replaceChildren();
  put($("wrong-sum"), "What is found is of now: it is not kept for an earlier moment.");
}
