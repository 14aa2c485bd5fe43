// SPDX-License-Identifier: BSD-2-Clause
// Questions to the API, and what it says of those that make no sense.
import { $, put } from "./text.js";
import { state } from "./state.js";

// A token is kept for this tab only, and sent as a header: it never stands in an address.
function headers() {
  const token = sessionStorage.getItem("token");
  return token ? { Authorization: "Bearer " + token } : {};
}

export function keepToken(token) { sessionStorage.setItem("token", token); }

function askForToken(detail, wasGiven) {
  put($("login-why"), wasGiven ? "The agent refused this token: " + detail : detail);
  $("login").hidden = false;
  if (wasGiven) sessionStorage.removeItem("token");
}

export async function ask(path, parameters = {}, options = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, v]) => v !== ""));
  const mine = headers();
  const answer = await fetch("api/v1/" + path + "?" + query,
    { headers: { ...mine, ...options.headers }, signal: options.signal });
  if (answer.ok || answer.status === 410) return answer;
  const problem = await answer.json().catch(() => ({ detail: "the server says " + answer.status }));
  if (answer.status === 401) askForToken(problem.detail, Boolean(mine.Authorization));
  throw Object.assign(new Error(problem.detail), { problem, status: answer.status });
}

export async function askJson(path, parameters) {
  return (await ask(path, parameters)).json();
}

export function complain(error) {
  const problem = error.problem || {}, p = problem.pointer;
  const isOfFilter = p && p.parameter === "filter";
  const rest = isOfFilter && state.filter && p.column !== undefined ?
    " (at: " + (state.filter.slice(p.column) || "its end") + ")" : "";
  put($("problem"), (problem.title ? problem.title + ": " : "") + error.message + rest);
  $("problem").hidden = false;
  $("filter").setAttribute("aria-invalid", String(Boolean(isOfFilter)));
}

export function quiet() {
  $("problem").hidden = true;
  $("filter").setAttribute("aria-invalid", "false");
}

// That nobody answers is told by the stream.
export function quietly(promise) {
  return promise.catch((error) => {
    if (error.status && error.status !== 401) complain(error);
  });
}
