// SPDX-License-Identifier: BSD-2-Clause
// What all connections of the host did, whatever the filter.
import { $, bytes, put, short } from "./text.js";
import { askJson } from "./ask.js";

function draw(flows, interval, moved) {
  const rate = (n) => n === undefined ? "-" : short(n / interval, "/s");
  put($("sum-flows"), flows);
  put($("sum-tx"), bytes(Math.round(moved.tx_bytes / interval)) + "/s");
  put($("sum-rx"), bytes(Math.round(moved.rx_bytes / interval)) + "/s");
  for (const name of ["retrans", "opened", "closed", "failed"])
    put($("sum-" + name), rate(moved[name]));
}

export function drawSums({ host, interval }) { draw(host.flows, interval, host); }

// The same of groups whose counters are of an interval; who opened is not among them.
export function drawRates({ rows, interval, total }) {
  const moved = {};
  for (const name of ["tx_bytes", "rx_bytes", "retrans", "closed", "failed"])
    moved[name] = rows.reduce((sum, row) => sum + row[name], 0);
  draw(total, interval, moved);
}

export function drawNoSums() {
  for (const name of ["flows", "tx", "rx", "retrans", "opened", "closed", "failed"])
    put($("sum-" + name), "-");
}

export async function drawAbout() {
  const s = await askJson("status");
  put($("sum-lost"), s.account.missed + s.account.table_full);
  put($("about"), "tcpsight " + s.version + ", source " + s.source + ", since " +
    new Date(s.started).toLocaleString());
  $("recorded").hidden = !s.api.has_recording;
}
