// SPDX-License-Identifier: BSD-2-Clause
// What is asked for. It stands in the address, too, so that a link shows the same.

export const ROWS = 60, ROWS_MAX = 500;
const BASIC = { filter: "", by: "", sort: "-tx_rate", flow: "", peer: "raddr", at: "" };

// `at`: an earlier moment (RFC 3339), or "" for now. What is paused shows when it was paused.
export const state = { ...BASIC, limit: ROWS, isPaused: false };

// What the parts ask of the whole: show anew what is asked for; look at the connection state.flow.
export const whole = { apply() {}, look() {} };

export function remember() {
  const kept = new URLSearchParams();
  for (const name in BASIC) if (state[name] !== BASIC[name]) kept.set(name, state[name]);
  history.replaceState(null, "", "#" + kept);
}

export function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const name in BASIC) state[name] = kept.get(name) || BASIC[name];
  if (Number.isNaN(Date.parse(state.at))) state.at = "";
}
