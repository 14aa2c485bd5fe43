// SPDX-License-Identifier: BSD-2-Clause
// A real Chromium for tests/e2e/browser.py: a command in a line of JSON in, its result in one out.
//   {"open": {options of a page}} | {"page": N, "call": "keyboard.press", "args": [...]} |
//   {"page": N, "errors": true}: what the console and the page's scripts complained of since then
//   {"page": N, "figures": true}: what its scripts took since the last such question, and hold
// usage: driver.js MODULES CHROMIUM    (a folder with playwright-core; the browser's program)
"use strict";
const path = require("path"), readline = require("readline");
const [modules, executablePath] = process.argv.slice(2);
const { chromium } = require(path.join(modules, "playwright-core"));
const pages = [];

async function open(browser, options) {
  const page = await browser.newPage(options), errors = [];
  page.on("console", (m) => { if (m.type() === "error") errors.push(m.text()); });
  page.on("pageerror", (e) => errors.push(String(e)));
  return pages.push({ page, errors }) - 1;
}

// Milliseconds since the last call: in all, and of them scripts and the collector of what they
// leave; and what is in use once that was collected. The browser's own ScriptDuration leaves out
// what goes on after an await.
async function figures(one) {
  const i = one.inspector ??= await one.page.context().newCDPSession(one.page);
  const ms = { all: 0, script: 0, collector: 0 };
  await i.send("Profiler.enable");
  if (one.isWatched) {
    const { nodes, samples, timeDeltas } = (await i.send("Profiler.stop")).profile;
    const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
    samples.forEach((id, n) => {
      const name = names.get(id), took = timeDeltas[n] / 1000;
      ms.all += took;
      if (name === "(garbage collector)") ms.collector += took;
      else if (name !== "(idle)" && name !== "(program)") ms.script += took;
    });
  }
  await i.send("HeapProfiler.collectGarbage");
  const { usedSize } = await i.send("Runtime.getHeapUsage");
  await i.send("Profiler.setSamplingInterval", { interval: 100 });
  await i.send("Profiler.start");
  one.isWatched = true;
  return { ...ms, held: usedSize };
}

async function carryOut(browser, command) {
  if (command.open) return open(browser, command.open);
  const { page, errors } = pages[command.page];
  if (command.figures) return figures(pages[command.page]);
  if (command.errors) return errors.splice(0);
  const names = command.call.split("."), name = names.pop();
  const result = await names.reduce((object, n) => object[n], page)[name](...command.args);
  // Of an answer: its status; pictures were written to files.
  if (result && result.status) return result.status();
  return Buffer.isBuffer(result) ? null : result;
}

async function main() {
  const browser = await chromium.launch({ executablePath,
    args: ["--no-sandbox", "--host-resolver-rules=MAP evil.example 127.0.0.1"] });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = { result: await carryOut(browser, JSON.parse(line)) ?? null };
    } catch (error) {
      answer = { error: String(error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
  await browser.close();
}

main().catch((error) => { console.error(error); process.exit(1); });
