// SPDX-License-Identifier: BSD-2-Clause
// The table: connections, or sums of them. Rows are patched in place.
import { $, UNKNOWN, bytes, isBad, make, micro, put } from "./text.js";
import { askJson } from "./ask.js";
import { drawSpark } from "./spark.js";
import { ROWS_MAX, remember, state, whole } from "./state.js";

// Name, title, "n" if it is a number, how it is written.
const FLOW_COLUMNS = [
  ["comm", "Process"], ["pid", "PID", "n"], ["unit", "Unit"], ["local", "Local"],
  ["remote", "Remote"], ["state", "State"], ["tx_rate", "Sent/s", "n", bytes],
  ["rx_rate", "Received/s", "n", bytes], ["srtt_us", "Round trip", "n", micro],
  ["retrans", "Sent again", "n"], ["tx_bytes", "Sent", "n", bytes],
  ["rx_bytes", "Received", "n", bytes], ["verdict", "Verdict"],
];
const GROUP_COLUMNS = [
  ["flows", "Connections", "n"], ["tx_rate", "Sent/s", "n", bytes],
  ["rx_rate", "Received/s", "n", bytes], ["srtt_us", "Round trip", "n", micro],
  ["retrans", "Sent again", "n"], ["tx_bytes", "Sent", "n", bytes],
  ["rx_bytes", "Received", "n", bytes], ["spark", "Last minutes"],
  ["closed", "Closed", "n"], ["failed", "Failed", "n"],
  ["wrong", "Wrong", "n"], ["verdict", "Verdict"],
];
// What groups are sorted by.
const GROUP_SORTS = ["flows", "tx_rate", "rx_rate", "srtt_us", "retrans", "closed", "failed"];
// Of an earlier moment nobody keeps these.
const NOW_ONLY = ["state", "verdict", "wrong", "spark"];
let shown = [];
// Of each row of the table: its cells, and what was put there last: the page itself is slow to ask.
let lines = [];

const ofMoment = (columns) =>
  state.at ? columns.filter(([name]) => !NOW_ONLY.includes(name)) : columns;

export function columnNames() {
  return ofMoment(FLOW_COLUMNS).map(([name]) => name).join(",") + (state.at ? "" : ",severity");
}

function drawHead(columns) {
  const head = $("table").tHead, kind = columns.map(([name]) => name).join();
  if (head.dataset.kind !== kind) {
    head.dataset.kind = kind;
    head.replaceChildren(make("tr"));
    $("table").tBodies[0].replaceChildren();
    lines = [];
    for (const [name, title, n] of columns) {
      const th = make("th", undefined, n);
      th.scope = "col";
      th.dataset.name = name;
      if (n && (!state.by || GROUP_SORTS.includes(name))) {
        const button = make("button", title);
        button.type = "button";
        button.addEventListener("click", () => setSort(name));
        th.append(button);
      } else put(th, title);
      head.rows[0].append(th);
    }
  }
  for (const th of head.rows[0].cells) {
    if (state.sort.replace("-", "") === th.dataset.name)
      th.setAttribute("aria-sort", state.sort[0] === "-" ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  }
}

function setLength(columns, count) {
  const body = $("table").tBodies[0];
  while (lines.length > count) { body.deleteRow(-1); lines.pop(); }
  while (lines.length < count) {
    const tr = body.insertRow();
    columns.forEach(([, , n], i) => {
      const td = make("td", undefined, n);
      if (!i) {
        const button = make("button");
        button.type = "button";
        button.addEventListener("click", () => choose(tr.rowIndex - 1));
        td.append(button);
      }
      tr.append(td);
    });
    lines.push({ cells: [...tr.cells], last: [], texts: [] });
  }
}

function verdictOf(row) {
  const how = row.severity && row.severity !== "fine" ? row.severity + ": " : "";
  return row.verdict ? how + row.verdict : "";
}

function drawRow({ cells, last, texts }, columns, row) {
  columns.forEach(([name, , , format], i) => {
    const td = cells[i], value = name === "verdict" ? verdictOf(row) : row[name];
    if (name === "spark") { drawSpark(td, row); return; }
    if (last[i] === value && value !== undefined) return;
    last[i] = value;
    const text = String(format ? format(value) : value ?? (i ? "" : UNKNOWN));
    if (texts[i] === text) return;
    texts[i] = (i ? td : td.firstChild).textContent = text;
    if (name === "verdict") td.className = isBad(row.severity) ? "bad" : "";
  });
}

function draw(columns, data, label) {
  drawHead(columns);
  setLength(columns, data.rows.length);
  shown = data.rows;
  data.rows.forEach((row, r) => drawRow(lines[r], columns, row));
  put($("h-rows"), label || "Connections");
  const some = data.rows.length < data.matched ? ", the first " + data.rows.length : "";
  put($("rows-count"), label ? data.groups + " groups of " + data.matched + " connections" :
    data.matched + " of " + data.total + some);
  const isAll = data.rows.length >= (label ? data.groups : data.matched);
  $("more").hidden = isAll || state.limit >= ROWS_MAX;
}

export function drawFlows(data) { draw(ofMoment(FLOW_COLUMNS), data); }

export async function drawGroups() {
  const { by, at } = state, name = state.sort.replace("-", "");
  const data = await askJson("groups", { by, at, filter: state.filter, limit: state.limit,
    sort: GROUP_SORTS.includes(name) ? "-" + name : "-rate" });
  if (by !== state.by || at !== state.at) return null;
  const names = by.split(","), title = $("by").selectedOptions[0].textContent;
  for (const row of data.rows) row.group = names.map((n) => row[n] ?? UNKNOWN).join(" ");
  const first = ["group", title[0].toUpperCase() + title.slice(1)];
  draw([first, ...ofMoment(GROUP_COLUMNS)], data, "Sums by " + title);
  return data;
}

function choose(index) {
  const row = shown[index];
  if (!row) return;
  if (!state.by) { state.flow = row.id; remember(); whole.look(); return; }
  // Into the group: what its flows have in common becomes part of the filter, where it can.
  const words = { raddr: (v) => "dst host " + v, port: (v) => "port " + v };
  const word = words[state.by], value = row[state.by];
  const more = word && value !== null ? word(value) : "";
  if (!more) return;
  state.filter = state.filter ? "(" + state.filter + ") and " + more : more;
  state.by = "";
  whole.apply();
}

function setSort(name) {
  state.sort = state.sort === "-" + name && !state.by ? name : "-" + name;
  whole.apply();
}
