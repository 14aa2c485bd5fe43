// SPDX-License-Identifier: BSD-2-Clause
// The live page: rows come as server-sent events, sorted and cut by the server.
import { $, put } from "./text.js";
import { ROWS_MAX, recall, remember, state, whole } from "./state.js";
import { keepToken, quiet, quietly } from "./ask.js";
import { listen } from "./stream.js";
import { columnNames, drawFlows, drawGroups } from "./table.js";
import { addPoint, drawCharts, fillSeries } from "./charts.js";
import { fillSparks } from "./spark.js";
import { drawAbout, drawSums } from "./sums.js";
import { drawWrong } from "./wrong.js";
import { drawEdges } from "./edges.js";
import { closeDetail, drawDetail } from "./detail.js";
import { drawPast, setUp, showClock, step } from "./past.js";

const root = document.documentElement;

// What the stream is asked for. Of an earlier moment or of groups no rows are needed.
function parameters() {
  const rows = !state.by && !state.at;
  return { kinds: "interval", filter: state.filter, sort: rows ? state.sort : "",
    limit: rows ? state.limit : 1, columns: rows ? columnNames() : "id" };
}

function found(data, isBack) {
  if (isBack) quietly(fillSeries());
  if (data.host) addPoint(data);
  const isLive = !state.at && !state.isPaused;
  // Before anything else changes: they ask what the styles are.
  if (isLive) drawCharts();
  showClock();
  if (state.at && isBack) quietly(drawPast());
  if (!isLive) return;
  put($("state"), "live, " + new Date(data.moment).toLocaleTimeString());
  if (data.host) drawSums(data);
  if (!state.by) drawFlows(data);
  slow();
}

// What need not come each second, one after the other.
let turn = 0;
function slow() {
  turn++;
  if (state.by) quietly(drawGroups());
  if (state.by && turn % 5 === 1) quietly(fillSparks());
  if (turn % 2 === 1) quietly(drawWrong());
  if (turn % 3 === 1) quietly(drawEdges());
  if (state.flow) quietly(drawDetail());
  if (turn % 10 === 1) quietly(drawAbout());
}

whole.look = () => quietly(drawDetail(true));
whole.apply = () => {
  $("filter").value = state.filter;
  $("by").value = state.by;
  $("peer").value = state.peer;
  if (!state.flow) $("detail").hidden = true;
  $("past-note").hidden = true;
  remember();
  showClock();
  turn = 0;
  listen(parameters, found);
  if (!state.at) return;
  quietly(drawPast());
  quietly(drawAbout());
  if (state.flow) quietly(drawDetail());
};

function pause() {
  const wasPast = state.at || state.isPaused;
  state.at = "";
  state.isPaused = !wasPast;
  if (wasPast) whole.apply(); else showClock();
  if (state.isPaused) put($("state"), "past, " + new Date().toLocaleTimeString() + " (paused)");
}

function setDark(isDark) {
  root.classList.toggle("dark", isDark);
  put($("theme"), isDark ? "Light" : "Dark");
  drawCharts();
}

function move(by) {
  const buttons = [...document.querySelectorAll("#table tbody button")];
  const at = buttons.indexOf(document.activeElement) + by;
  const next = buttons[Math.min(buttons.length - 1, Math.max(0, at))];
  if (next) next.focus();
}

function nextGroup() {
  const select = $("by");
  select.selectedIndex = (select.selectedIndex + 1) % select.length;
  state.by = select.value;
  whole.apply();
}

const KEYS = {
  "/": () => $("filter").focus(), p: pause, j: () => move(1), k: () => move(-1), g: nextGroup,
  d: () => setDark(!root.classList.contains("dark")),
  "[": () => step(-5), "]": () => step(5), "{": () => step(-60), "}": () => step(60),
};

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (event.target.blur) event.target.blur();
    closeDetail();
    return;
  }
  if (["INPUT", "SELECT"].includes(event.target.tagName) || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
}

function logIn() {
  keepToken($("token").value.trim());
  $("token").value = "";
  $("login").hidden = true;
  quiet();
  quietly(fillSeries());
  whole.apply();
}

function onSubmit(id, act) {
  $(id).addEventListener("submit", (event) => { event.preventDefault(); act(); });
}

onSubmit("ask", () => { state.filter = $("filter").value.trim(); whole.apply(); });
onSubmit("when", () => {});
onSubmit("login", logIn);
$("by").addEventListener("change", () => { state.by = $("by").value; whole.apply(); });
$("peer").addEventListener("change", () => {
  state.peer = $("peer").value;
  remember();
  quietly(drawEdges());
});
$("pause").addEventListener("click", pause);
$("theme").addEventListener("click", () => setDark(!root.classList.contains("dark")));
$("more").addEventListener("click", () => {
  state.limit = Math.min(ROWS_MAX, state.limit * 2);
  whole.apply();
});
$("detail-close").addEventListener("click", closeDetail);
window.addEventListener("hashchange", () => { recall(); whole.apply(); });
window.addEventListener("resize", drawCharts);
document.addEventListener("keydown", key);
setUp();
setDark(matchMedia("(prefers-color-scheme: dark)").matches);
recall();
quietly(fillSeries());
whole.apply();
