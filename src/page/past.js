// SPDX-License-Identifier: BSD-2-Clause
// An earlier moment: five minutes are in the agent's memory, what is older in its recording.
import { $, put, span } from "./text.js";
import { askJson } from "./ask.js";
import { remember, state, whole } from "./state.js";
import { columnNames, drawFlows, drawGroups } from "./table.js";
import { drawCharts } from "./charts.js";
import { drawEdges, drawNoEdges } from "./edges.js";
import { drawNothingWrong } from "./wrong.js";
import { drawNoSums, drawRates } from "./sums.js";

const MEMORY_S = 300, STEP_S = 5;

// In the words of the clock: "past, 12:00:05 (1 min 10 s ago)".
function tell(moment) {
  $("state").dataset.at = state.at;
  const time = new Date(moment), isToday = time.toDateString() === new Date().toDateString();
  put($("state"), "past, " + (isToday ? time.toLocaleTimeString() : time.toLocaleString()) +
    " (" + span((Date.now() - time) / 1000) + " ago)");
}

// So many seconds on; behind now there is only now.
export function step(seconds) {
  const now = Date.now(), from = state.at ? Date.parse(state.at) : now;
  goTo(from + seconds * 1000);
}

function goTo(time) {
  state.at = time > Date.now() - STEP_S * 1000 ? "" : new Date(time).toISOString();
  state.isPaused = false;
  whole.apply();
}

// Where the slider stands: it ends at now.
export function showClock() {
  const back = state.at ? (Date.parse(state.at) - Date.now()) / 1000 : 0;
  if (document.activeElement !== $("moment") || !state.at)
    $("moment").value = Math.max(-MEMORY_S, Math.round(back));
  $("moment").setAttribute("aria-valuetext", state.at ? span(-back) + " ago" : "now");
  const isPast = Boolean(state.at) || state.isPaused;
  put($("pause"), isPast ? "Go live" : "Pause");
  $("pause").setAttribute("aria-pressed", String(isPast));
  document.documentElement.classList.toggle("past", isPast);
}

// Nothing is kept of it: what is said why, and nothing of another moment is left standing.
function drawUnknown(why) {
  put($("past-note"), "Nothing is known of that moment: " + why + ".");
  $("past-note").hidden = false;
  drawFlows({ rows: [], matched: 0, total: 0 });
  tell(state.at);
  drawNoSums();
  drawNothingWrong();
  drawNoEdges();
  drawCharts();
}

export async function drawPast() {
  const { at, filter } = state;
  const answers = await Promise.all([
    askJson("groups", { by: "family", at }),
    state.by ? drawGroups() : askJson("flows",
      { at, filter, sort: state.sort, limit: state.limit, columns: columnNames() }),
  ]).catch((error) => {
    if (error.status !== 404) throw error;
    if (at === state.at) drawUnknown(error.message);
    return [];
  });
  const [all, rows] = answers;
  if (at !== state.at || !rows) return;
  // Instead of a step that has not ended that before it is shown: from now on that is asked for.
  if (all.moment && Date.parse(all.moment) < Date.parse(at)) {
    state.at = new Date(Date.parse(all.moment) - all.interval * 500).toISOString();
    remember();
  }
  if (!state.by) drawFlows(rows);
  tell(all.moment || at);
  drawRates(all);
  put($("past-note"), !all.moment ? "Nothing was recorded at that moment." :
    "Counters are of the " + all.interval + " s before." +
    (all.complete ? "" : " Some that closed since are not kept any more."));
  $("past-note").hidden = false;
  drawNothingWrong();
  drawCharts();
  await drawEdges();
}

export function setUp() {
  $("moment").min = -MEMORY_S;
  $("moment").step = STEP_S;
  $("moment").addEventListener("change",
    () => goTo(Date.now() + Number($("moment").value) * 1000));
  $("earlier").addEventListener("click", () => step(-STEP_S));
  $("later").addEventListener("click", () => step(STEP_S));
  $("recorded-at").addEventListener("change", () => {
    if ($("recorded-at").value) goTo(new Date($("recorded-at").value).getTime());
  });
}
