// SPDX-License-Identifier: BSD-2-Clause
// Numbers as people read them, and texts on the page: by textContent only, so that no name that a
// process gives itself is ever read as markup.

export const $ = (id) => document.getElementById(id);
export const UNKNOWN = "(unknown)";

export function short(n, unit) {
  if (n === null || n === undefined) return "";
  const steps = ["", "k", "M", "G", "T", "P"];
  let i = 0;
  while (n >= 1000 && i < steps.length - 1) { n /= 1000; i++; }
  return (i && n < 100 ? n.toFixed(1) : Math.round(n)) + " " + steps[i] + unit;
}

export function bytes(n) {
  return n === null || n === undefined ? "" : n === 0 ? "0" : short(n, "B");
}

export function micro(n) {
  if (n === null || n === undefined) return "";
  if (n < 1000) return n + " µs";
  return n < 1e6 ? (n / 1000).toFixed(n < 1e5 ? 1 : 0) + " ms" : (n / 1e6).toFixed(1) + " s";
}

// Seconds, as "4 min 10 s"; hours and days alone when there are many.
export function span(seconds) {
  const s = Math.round(seconds), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (h >= 48) return Math.floor(h / 24) + " days";
  if (h) return h + " h " + m % 60 + " min";
  return (m ? m + " min " : "") + s % 60 + " s";
}

export function put(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}

export function make(name, text, kind) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (kind) e.className = kind;
  return e;
}

export function isBad(severity) {
  return ["slow", "stalled", "failed"].includes(severity);
}
