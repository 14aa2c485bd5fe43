// SPDX-License-Identifier: BSD-2-Clause
// The live page: rows come as server-sent events, sorted and cut by the server; what is shown is patched
// in place. Texts go in by textContent only: no name that a process gives itself is ever read as markup.
"use strict";

const $ = (id) => document.getElementById(id);
const ROWS = 60, ROWS_MAX = 500, POINTS = 300, NODES = 30;
const FLOW_COLUMNS = [
  ["comm", "Process"], ["pid", "PID", "n"], ["unit", "Unit"], ["local", "Local"], ["remote", "Remote"],
  ["state", "State"], ["tx_rate", "Sent/s", "n", bytes], ["rx_rate", "Received/s", "n", bytes],
  ["srtt_us", "Round trip", "n", micro], ["retrans", "Sent again", "n"],
  ["tx_bytes", "Sent", "n", bytes], ["rx_bytes", "Received", "n", bytes], ["verdict", "Verdict"],
];
const GROUP_COLUMNS = [
  ["flows", "Connections", "n"], ["tx_rate", "Sent/s", "n", bytes], ["rx_rate", "Received/s", "n", bytes],
  ["srtt_us", "Round trip", "n", micro], ["retrans", "Sent again", "n"], ["tx_bytes", "Sent", "n", bytes],
  ["rx_bytes", "Received", "n", bytes], ["closed", "Closed", "n"], ["failed", "Failed", "n"],
  ["wrong", "Wrong", "n"], ["verdict", "Verdict"],
];
// What groups are sorted by; verdicts by how bad they are.
const GROUP_SORTS = ["flows", "tx_rate", "rx_rate", "srtt_us", "retrans", "closed", "failed"];
const state = { filter: "", by: "", sort: "-tx_rate", flow: "", peer: "raddr", limit: ROWS, paused: false };
const series = { time: [], tx: [], rx: [], p50: [], p95: [], p99: [], opened: [], closed: [], failed: [] };
let stream = null, retry = 1, lastId = "", lostSince = null, shown = [];

function short(n, unit) {
  if (n === null || n === undefined) return "";
  const steps = ["", "k", "M", "G", "T", "P"];
  let i = 0;
  while (n >= 1000 && i < steps.length - 1) { n /= 1000; i++; }
  return (i && n < 100 ? n.toFixed(1) : Math.round(n)) + " " + steps[i] + unit;
}
function bytes(n) { return n === null || n === undefined ? "" : n === 0 ? "0" : short(n, "B"); }
function micro(n) {
  if (n === null || n === undefined) return "";
  return n < 1000 ? n + " µs" : n < 1e6 ? (n / 1000).toFixed(n < 1e5 ? 1 : 0) + " ms" : (n / 1e6).toFixed(1) + " s";
}
function put(element, text) { if (element.textContent !== String(text)) element.textContent = text; }
function make(name, text, kind) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (kind) e.className = kind;
  return e;
}

// ---- asking ----
function headers() {
  const token = sessionStorage.getItem("token");
  return token ? { Authorization: "Bearer " + token } : {};
}
async function ask(path, parameters = {}, options = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, v]) => v !== ""));
  const answer = await fetch("api/v1/" + path + "?" + query, { headers: { ...headers(), ...options.headers }, signal: options.signal });
  if (answer.status === 401) $("login").hidden = false;
  if (answer.ok || answer.status === 410) return answer;
  const problem = await answer.json().catch(() => ({ detail: "the server says " + answer.status }));
  throw Object.assign(new Error(problem.detail), { problem, status: answer.status });
}
const quietly = (promise) => promise.catch((error) => { if (error.status && error.status !== 401) complain(error); });

function complain(error) {
  const p = error.problem && error.problem.pointer;
  const value = p && p.parameter === "filter" ? state.filter : "";
  put($("problem"), (error.problem && error.problem.title ? error.problem.title + ": " : "") + error.message +
    (value && p.column !== undefined ? " (at: " + (value.slice(p.column) || "its end") + ")" : ""));
  $("problem").hidden = false;
  $("filter").setAttribute("aria-invalid", p && p.parameter === "filter" ? "true" : "false");
}
function quiet() { $("problem").hidden = true; $("filter").setAttribute("aria-invalid", "false"); }

// ---- the stream: what EventSource does, with a header that it cannot send ----
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const event = {};
      for (const line of part.split("\n")) {
        const at = line.indexOf(": ");
        if (at > 0) event[line.slice(0, at)] = line.slice(at + 2);
      }
      if (event.data) yield event;
    }
  }
}
async function listen() {
  if (stream) stream.abort();
  const mine = stream = new AbortController();
  const rows = !state.by;
  try {
    const answer = await ask("events", {
      kinds: "interval", filter: state.filter, sort: rows ? state.sort : "", limit: rows ? state.limit : 1,
      columns: rows ? FLOW_COLUMNS.map((c) => c[0]).join(",") + ",severity" : "id",
    }, { signal: mine.signal, headers: lastId ? { "Last-Event-ID": lastId } : {} });
    quiet();
    for await (const event of events(answer.body)) {
      if (mine !== stream) return;
      lastId = event.id || lastId;
      if (event.event === "interval") found(JSON.parse(event.data));
    }
    throw new Error("the server ended the stream");
  } catch (error) {
    if (mine !== stream || error.name === "AbortError") return;
    if (error.status && error.status < 500) { complain(error); put($("state"), "no answer"); return; }
    lost(mine);
  }
}
function lost(mine) {
  lostSince = lostSince || new Date();
  document.documentElement.classList.add("stale");
  put($("state"), "lost");
  put($("lost"), "No connection to the agent since " + lostSince.toLocaleTimeString() + ": what is shown is old. Next try in " + retry + " s.");
  $("lost").hidden = false;
  setTimeout(() => { if (mine === stream) listen(); }, retry * 1000);
  retry = Math.min(30, retry * 2);
}
function found(data) {
  if (lostSince) fillSeries();
  lostSince = null; retry = 1;
  document.documentElement.classList.remove("stale");
  $("lost").hidden = true;
  if (data.host) addPoint(data);
  if (state.paused) return;
  put($("state"), "live, " + new Date(data.moment).toLocaleTimeString());
  if (data.host) drawSums(data);
  if (!state.by) drawRows(FLOW_COLUMNS, data);
  drawCharts();
  slow();
}
// What need not come each second, one after the other.
let turn = 0;
function slow() {
  turn++;
  if (state.by) quietly(drawGroups());
  if (turn % 2 === 1) quietly(drawWrong());
  if (turn % 3 === 1) quietly(drawEdges());
  if (state.flow) quietly(drawDetail());
  if (turn % 10 === 1) quietly(drawAbout());
}

// ---- numbers ----
function drawSums({ host, interval }) {
  const rate = (n) => short(n / interval, "/s");
  put($("sum-flows"), host.flows);
  put($("sum-tx"), bytes(Math.round(host.tx_bytes / interval)) + "/s");
  put($("sum-rx"), bytes(Math.round(host.rx_bytes / interval)) + "/s");
  put($("sum-retrans"), rate(host.retrans));
  put($("sum-opened"), rate(host.opened));
  put($("sum-closed"), rate(host.closed));
  put($("sum-failed"), rate(host.failed));
}
async function drawAbout() {
  const s = await (await ask("status")).json();
  put($("sum-lost"), s.account.missed + s.account.table_full);
  put($("about"), "tcpsight " + s.version + ", source " + s.source + ", since " + new Date(s.started).toLocaleString());
}

// ---- rows ----
function drawRows(columns, data, label) {
  const head = $("table").tHead, body = $("table").tBodies[0];
  const kind = columns.map((c) => c[0]).join();
  if (head.dataset.kind !== kind) {
    head.dataset.kind = kind;
    head.replaceChildren(make("tr"));
    body.replaceChildren();
    for (const [name, title, n] of columns) {
      const th = make("th", undefined, n), sorts = !state.by || GROUP_SORTS.includes(name);
      th.scope = "col";
      th.dataset.name = name;
      if (n && sorts) {
        const button = make("button", title);
        button.type = "button";
        button.addEventListener("click", () => setSort(name));
        th.append(button);
      } else put(th, title);
      head.rows[0].append(th);
    }
  }
  for (const th of head.rows[0].cells) {
    const mine = state.sort.replace("-", "") === th.dataset.name;
    if (mine) th.setAttribute("aria-sort", state.sort[0] === "-" ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  }
  while (body.rows.length > data.rows.length) body.deleteRow(-1);
  while (body.rows.length < data.rows.length) {
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
  }
  shown = data.rows;
  data.rows.forEach((row, r) => columns.forEach(([name, , , format], i) => {
    const td = body.rows[r].cells[i], value = row[name];
    const text = format ? format(value) : name === "verdict" ? verdictOf(row) : value ?? "";
    put(i ? td : td.firstChild, i ? text : label ? text : value ?? "(unknown)");
    if (name === "verdict") td.className = isBad(row.severity) ? "bad" : "";
  }));
  put($("h-rows"), label || "Connections");
  put($("rows-count"), label ? data.groups + " groups of " + data.matched + " connections" :
    data.matched + " of " + data.total + (data.rows.length < data.matched ? ", the first " + data.rows.length : ""));
  $("more").hidden = data.rows.length >= (label ? data.groups : data.matched) || state.limit >= ROWS_MAX;
}
function isBad(severity) { return ["slow", "stalled", "failed"].includes(severity); }
function verdictOf(row) { return row.verdict ? (row.severity && row.severity !== "fine" ? row.severity + ": " : "") + row.verdict : ""; }
async function drawGroups() {
  const by = state.by, name = state.sort.replace("-", "");
  const data = await (await ask("groups", { by, filter: state.filter, limit: state.limit, sort: GROUP_SORTS.includes(name) ? "-" + name : "-rate" })).json();
  if (by !== state.by) return;
  const names = by.split(","), title = $("by").selectedOptions[0].textContent;
  data.rows.forEach((row) => { row.group = names.map((n) => row[n] ?? "(unknown)").join(" "); });
  drawRows([["group", title[0].toUpperCase() + title.slice(1)], ...GROUP_COLUMNS], data, "Sums by " + title);
}
function choose(index) {
  const row = shown[index];
  if (!row) return;
  if (!state.by) { state.flow = row.id; remember(); quietly(drawDetail(true)); return; }
  // Into the group: what its flows have in common becomes part of the filter, where it can.
  const words = { raddr: (v) => "dst host " + v, port: (v) => "port " + v };
  const word = words[state.by], more = word && row[state.by] !== null ? word(row[state.by]) : "";
  if (!more) return;
  state.filter = state.filter ? "(" + state.filter + ") and " + more : more;
  state.by = "";
  apply();
}
function setSort(name) {
  state.sort = state.sort === "-" + name && !state.by ? name : "-" + name;
  remember();
  if (state.by) quietly(drawGroups()); else listen();
}

// ---- what is wrong ----
async function drawWrong() {
  const data = await (await ask("verdicts", { filter: state.filter, limit: 200, columns: "id,severity,verdict,sentence,comm,remote" })).json();
  const n = data.by_severity, list = $("wrong-list");
  const words = ["failed", "stalled", "slow", "watch"].filter((s) => n[s]).map((s) => n[s] + " " + (s === "watch" ? "to watch" : s));
  put($("wrong-sum"), state.filter ? data.matched + " findings under this filter" : words.length ? words.join(", ") : "Nothing that is known of.");
  const cases = new Map();
  for (const row of data.rows) {
    const key = [row.verdict, row.comm, row.remote && row.remote.replace(/:\d+$/, "")].join("\n");
    if (!cases.has(key)) cases.set(key, { row, count: 0 });
    cases.get(key).count++;
  }
  const first = [...cases.values()].slice(0, 8);
  while (list.children.length > first.length) list.lastChild.remove();
  first.forEach(({ row, count }, i) => {
    if (!list.children[i]) {
      const li = make("li"), button = make("button");
      button.type = "button";
      button.addEventListener("click", () => { if (li.dataset.id) { state.flow = li.dataset.id; remember(); quietly(drawDetail(true)); } });
      li.append(make("strong"), make("span"), button);
      list.append(li);
    }
    const li = list.children[i], [word, text, button] = li.children;
    put(word, row.severity + (count > 1 ? ", " + count + " connections: " : ": "));
    word.className = isBad(row.severity) ? "bad" : "";
    put(text, row.sentence + " ");
    li.dataset.id = row.id || "";
    button.hidden = !row.id;
    put(button, (row.comm || "(unknown)") + " to " + (row.remote || "nobody"));
  });
}

// ---- one connection ----
async function drawDetail(isNew) {
  const id = state.flow;
  const data = await (await ask("flows/" + encodeURIComponent(id))).json();
  if (id !== state.flow) return;
  const f = data.flow, all = $("detail-all");
  $("detail").hidden = false;
  put($("h-detail"), (f.comm || "(unknown)") + " " + f.local + " to " + f.remote + (data.alive ? "" : ", closed (" + f.end_reason + ")"));
  put($("detail-verdict"), f.sentence ? f.severity + ": " + f.sentence + (f.next && f.severity !== "fine" ? ". Look at: " + f.next : "") : "Nothing to say of it yet.");
  const names = Object.keys(f).filter((n) => f[n] !== null && f[n] !== "" && !["sentence", "next", "evidence"].includes(n));
  if (all.dataset.names !== names.join()) {
    all.dataset.names = names.join();
    all.replaceChildren(...names.map((n) => { const div = make("div"); div.append(make("dt", n), make("dd")); return div; }));
  }
  names.forEach((n, i) => put(all.children[i].lastChild, f[n]));
  const t = data.trail || { tx_rate: [], rx_rate: [], step: 5 };
  chart("trail", [["sent", t.tx_rate, []], ["received", t.rx_rate, [6, 4]]], bytes);
  if (isNew) { $("h-detail").focus(); $("detail").scrollIntoView({ block: "nearest" }); }
}
function closeDetail() { state.flow = ""; $("detail").hidden = true; remember(); }

// ---- charts: lines told apart by dashes and words, not by colour alone ----
function addPoint({ host, moment, interval }) {
  const s = series, now = Date.parse(moment) / 1000;
  if (s.time.length && now <= s.time[s.time.length - 1]) return;
  const values = { time: now, tx: host.tx_bytes / interval, rx: host.rx_bytes / interval, p50: host.rtt_p50_us || null,
    p95: host.rtt_p95_us || null, p99: host.rtt_p99_us || null, opened: host.opened / interval,
    closed: host.closed / interval, failed: host.failed / interval };
  for (const name in values) { s[name].push(values[name]); if (s[name].length > POINTS) s[name].shift(); }
}
async function fillSeries() {
  const data = await (await ask("series")).json();
  const from = { time: "time", tx: "tx_rate", rx: "rx_rate", p50: "rtt_p50_us", p95: "rtt_p95_us", p99: "rtt_p99_us",
    opened: "opened_rate", closed: "closed_rate", failed: "failed_rate" };
  for (const name in from) series[name] = data[from[name]];
}
function chart(name, lines, format) {
  const canvas = $("chart-" + name), style = getComputedStyle(document.documentElement);
  const ratio = window.devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
  if (canvas.width !== Math.round(w * ratio)) { canvas.width = Math.round(w * ratio); canvas.height = Math.round(h * ratio); }
  const c = canvas.getContext("2d"), top = Math.max(1, ...lines.flatMap((l) => l[1].map((v) => v || 0)));
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, w, h);
  c.strokeStyle = style.getPropertyValue("--line");
  c.strokeRect(0.5, 0.5, w - 1, h - 1);
  c.fillStyle = style.getPropertyValue("--dim");
  c.font = "11px sans-serif";
  c.fillText(format(Math.round(top)), 4, 12);
  lines.forEach(([, points, dash], n) => {
    c.strokeStyle = style.getPropertyValue(["--one", "--two", "--three"][n]);
    c.lineWidth = 1.6;
    c.setLineDash(dash);
    c.beginPath();
    let pen = false;
    points.forEach((v, i) => {
      if (v === null) { pen = false; return; }
      const x = points.length > 1 ? w * i / (points.length - 1) : w, y = h - 3 - (h - 18) * v / top;
      if (pen) c.lineTo(x, y); else c.moveTo(x, y);
      pen = true;
    });
    c.stroke();
  });
  c.setLineDash([]);
  const marks = ["solid", "dashed", "dotted"];
  const words = lines.map(([word, points], n) => word + " (" + marks[n] + ") " + format(Math.round(points[points.length - 1] || 0)));
  put($("legend-" + name), words.join(", "));
  canvas.setAttribute("aria-label", words.join(", ") + "; largest " + format(Math.round(top)));
}
function drawCharts() {
  const s = series, count = (n) => String(n);
  chart("bytes", [["sent", s.tx, []], ["received", s.rx, [6, 4]]], bytes);
  chart("rtt", [["median", s.p50, []], ["95 %", s.p95, [6, 4]], ["99 %", s.p99, [2, 3]]], micro);
  chart("flows", [["opened", s.opened, []], ["closed", s.closed, [6, 4]], ["failed", s.failed, [2, 3]]], count);
}

// ---- who talks to whom ----
async function drawEdges() {
  const by = ["comm", "unit", "container"].includes(state.by) ? state.by : "comm";
  const data = await (await ask("edges", { by, peer: state.peer, filter: state.filter, limit: 200, sort: "-bytes" })).json();
  const picture = $("picture"), NS = "http://www.w3.org/2000/svg", size = (e) => e.tx_bytes + e.rx_bytes;
  const side = (key) => {
    const sums = new Map();
    for (const e of data.rows) sums.set(e[key] ?? "(unknown)", (sums.get(e[key] ?? "(unknown)") || 0) + size(e));
    return [...sums].sort((a, b) => b[1] - a[1]).map((x) => x[0]);
  };
  const from = side("from").slice(0, NODES), to = side("to").slice(0, NODES);
  const left = side("from").length - from.length, right = side("to").length - to.length;
  const rows = Math.max(from.length, to.length, 1), height = rows * 20 + 10, most = Math.max(1, ...data.rows.map(size));
  const y = (list, name) => 18 + 20 * list.indexOf(String(name ?? "(unknown)")) * (rows / Math.max(1, list.length));
  const f = from.map(String), t = to.map(String);
  picture.setAttribute("viewBox", "0 0 480 " + height);
  const parts = [];
  const add = (name, attributes, text) => {
    const e = document.createElementNS(NS, name);
    for (const a in attributes) e.setAttribute(a, attributes[a]);
    if (text !== undefined) e.textContent = text;
    parts.push(e);
    return e;
  };
  for (const e of data.rows) {
    if (!f.includes(String(e.from ?? "(unknown)")) || !t.includes(String(e.to ?? "(unknown)"))) continue;
    const a = y(f, e.from) - 4, b = y(t, e.to) - 4, width = 1 + 9 * Math.sqrt(size(e) / most);
    const path = add("path", { d: `M150 ${a} C 240 ${a}, 240 ${b}, 330 ${b}`, "stroke-width": width.toFixed(1), class: e.retrans ? "again" : "" });
    const title = document.createElementNS(NS, "title");
    title.textContent = `${e.from ?? "(unknown)"} to ${e.to ?? "(unknown)"}: ${bytes(e.tx_bytes)} sent, ${bytes(e.rx_bytes)} received, ${e.flows} open, ${e.closed} closed, ${e.retrans} segments sent again`;
    path.append(title);
  }
  f.forEach((n) => add("text", { x: 145, y: y(f, n), "text-anchor": "end" }, n.slice(0, 22)));
  t.forEach((n) => add("text", { x: 335, y: y(t, n) }, n.slice(0, 24)));
  picture.replaceChildren(...parts);
  picture.setAttribute("aria-label", data.rows.slice(0, 10).map((e) => `${e.from ?? "(unknown)"} to ${e.to ?? "(unknown)"} ${bytes(size(e))}`).join("; ") || "nobody");
  put($("edges-note"), "Bytes of what is open, and of what closed within a minute; dashed: segments were sent again." +
    (left > 0 || right > 0 ? ` ${Math.max(0, left) + Math.max(0, right)} others are not drawn.` : ""));
}

// ---- what is asked for, also in the address ----
function remember() {
  const kept = new URLSearchParams();
  for (const name of ["filter", "by", "sort", "flow", "peer"])
    if (state[name] && !(name === "sort" && state.sort === "-tx_rate") && !(name === "peer" && state.peer === "raddr")) kept.set(name, state[name]);
  history.replaceState(null, "", "#" + kept);
}
function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const name of ["filter", "by", "flow"]) state[name] = kept.get(name) || "";
  state.sort = kept.get("sort") || "-tx_rate";
  state.peer = kept.get("peer") || "raddr";
}
function apply() {
  $("filter").value = state.filter;
  $("by").value = state.by;
  $("peer").value = state.peer;
  if (!state.flow) $("detail").hidden = true;
  remember();
  turn = 0;
  listen();
}
function pause() {
  state.paused = !state.paused;
  $("pause").setAttribute("aria-pressed", String(state.paused));
  put($("pause"), state.paused ? "Go on" : "Pause");
  if (state.paused) put($("state"), "paused, " + new Date().toLocaleTimeString());
}
function setDark(dark) {
  document.documentElement.classList.toggle("dark", dark);
  put($("theme"), dark ? "Light" : "Dark");
  drawCharts();
}
function move(by) {
  const buttons = [...document.querySelectorAll("#table tbody button")];
  const next = buttons[Math.min(buttons.length - 1, Math.max(0, buttons.indexOf(document.activeElement) + by))];
  if (next) next.focus();
}
function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { if (event.target.blur) event.target.blur(); closeDetail(); return; }
  if (["INPUT", "SELECT"].includes(event.target.tagName)) return;
  const select = $("by");
  const actions = {
    "/": () => $("filter").focus(), p: pause, j: () => move(1), k: () => move(-1),
    d: () => setDark(!document.documentElement.classList.contains("dark")),
    g: () => { select.selectedIndex = (select.selectedIndex + 1) % select.length; state.by = select.value; apply(); },
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

$("ask").addEventListener("submit", (event) => { event.preventDefault(); state.filter = $("filter").value.trim(); apply(); });
$("by").addEventListener("change", () => { state.by = $("by").value; apply(); });
$("peer").addEventListener("change", () => { state.peer = $("peer").value; remember(); quietly(drawEdges()); });
$("pause").addEventListener("click", pause);
$("theme").addEventListener("click", () => setDark(!document.documentElement.classList.contains("dark")));
$("more").addEventListener("click", () => { state.limit = Math.min(ROWS_MAX, state.limit * 2); apply(); });
$("detail-close").addEventListener("click", closeDetail);
$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", $("token").value.trim());
  $("token").value = "";
  $("login").hidden = true;
  quiet();
  apply();
});
window.addEventListener("hashchange", () => { recall(); apply(); });
window.addEventListener("resize", drawCharts);
document.addEventListener("keydown", key);
setDark(matchMedia("(prefers-color-scheme: dark)").matches);
recall();
quietly(fillSeries());
apply();
