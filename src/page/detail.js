// SPDX-License-Identifier: BSD-2-Clause
// One connection: all that is known of it.
import { $, UNKNOWN, bytes, make, put } from "./text.js";
import { ask } from "./ask.js";
import { remember, state } from "./state.js";
import { chart } from "./charts.js";

const ELSEWHERE = ["sentence", "next", "evidence"];

function sentenceOf(f) {
  if (!f.sentence) return "Nothing to say of it yet.";
  const next = f.next && f.severity !== "fine" ? ". Look at: " + f.next : "";
  return f.severity + ": " + f.sentence + next;
}

function drawAll(f) {
  const all = $("detail-all");
  const names = Object.keys(f)
    .filter((n) => f[n] !== null && f[n] !== "" && !ELSEWHERE.includes(n));
  if (all.dataset.names !== names.join()) {
    all.dataset.names = names.join();
    all.replaceChildren(...names.map((n) => {
      const div = make("div");
      div.append(make("dt", n), make("dd"));
      return div;
    }));
  }
  names.forEach((n, i) => put(all.children[i].lastChild, f[n]));
}

export async function drawDetail(isNew) {
  const id = state.flow;
  const data = await (await ask("flows/" + encodeURIComponent(id))).json();
  if (id !== state.flow) return;
  const f = data.flow, end = data.alive ? "" : ", closed (" + f.end_reason + ")";
  const when = state.at && data.alive ? ", as it is now" : "";
  $("detail").hidden = false;
  put($("h-detail"), (f.comm || UNKNOWN) + " " + f.local + " to " + f.remote + end + when);
  put($("detail-verdict"), sentenceOf(f));
  drawAll(f);
  const t = data.trail || { tx_rate: [], rx_rate: [] };
  chart("trail", [["sent", t.tx_rate, []], ["received", t.rx_rate, [6, 4]]], bytes);
  if (!isNew) return;
  $("h-detail").focus();
  $("detail").scrollIntoView({ block: "nearest" });
}

export function closeDetail() {
  state.flow = "";
  $("detail").hidden = true;
  remember();
}
