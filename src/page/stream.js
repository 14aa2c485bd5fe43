// SPDX-License-Identifier: BSD-2-Clause
// Server-sent events: what EventSource does, with a header that it cannot send.
import { $, put } from "./text.js";
import { ask, complain, quiet } from "./ask.js";

const RETRY_MAX_S = 30;
let stream = null, retry = 1, lastId = "", lostSince = null;

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

// `parameters` says what to ask for, each time; found(interval, isBack) is told of each interval.
export async function listen(parameters, found) {
  if (stream) stream.abort();
  const mine = stream = new AbortController();
  const again = () => { if (mine === stream) listen(parameters, found); };
  try {
    const answer = await ask("events", parameters(),
      { signal: mine.signal, headers: lastId ? { "Last-Event-ID": lastId } : {} });
    quiet();
    for await (const event of events(answer.body)) {
      if (mine !== stream) return;
      lastId = event.id || lastId;
      if (event.event !== "interval") continue;
      const isBack = lostSince !== null;
      back();
      found(JSON.parse(event.data), isBack);
    }
    throw new Error("the server ended the stream");
  } catch (error) {
    if (mine !== stream || error.name === "AbortError") return;
    if (error.status && error.status < 500) {
      if (error.status !== 401) complain(error);
      put($("state"), "past, no answer");
    } else lost(again);
  }
}

function back() {
  lostSince = null;
  retry = 1;
  document.documentElement.classList.remove("stale");
  $("lost").hidden = true;
}

function lost(again) {
  lostSince = lostSince || new Date();
  document.documentElement.classList.add("stale");
  put($("state"), "past, until " + lostSince.toLocaleTimeString());
  put($("lost"), "No connection to the agent since " + lostSince.toLocaleTimeString() +
    ": what is shown is old. Next try in " + retry + " s.");
  $("lost").hidden = false;
  setTimeout(again, retry * 1000);
  retry = Math.min(RETRY_MAX_S, retry * 2);
}
