// SPDX-License-Identifier: BSD-2-Clause
// The live page in a real Chromium: what it shows is what was sent, a hostile name does nothing, no console
// error, axe-core finds nothing, 360 px are enough, and a page of another name for this host gets no data.
// usage: check.js PORT [FOLDER for screenshots]     (an agent serves at 127.0.0.1:PORT; see ./dev page)
"use strict";
const assert = require("assert"), cp = require("child_process"), fs = require("fs"), path = require("path");
const modules = process.env.PAGE_MODULES;
const { chromium } = require(path.join(modules, "playwright-core"));
const axe = fs.readFileSync(path.join(modules, "axe-core/axe.min.js"), "utf8");
const [port, folder] = process.argv.slice(2), NAME = "<img src=x on>&", SENT = 43210;
const ACTOR = `
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, b"${NAME}")
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
client.sendall(b"x" * ${SENT})
left = ${SENT}
while left:
    left -= len(server.recv(left))
print(client.getsockname()[1], flush=True)
sys.stdin.read()`;

async function until(look, what) {
  for (let i = 0; i < 300; i++) {
    const found = await look();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("no " + what);
}
async function main() {
  const actor = cp.spawn("/usr/bin/python3", ["-c", ACTOR]);
  const lport = String(await new Promise((done) => actor.stdout.once("data", done))).trim();
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--host-resolver-rules=MAP evil.example 127.0.0.1"] });
  try {
    for (const colorScheme of ["light", "dark"]) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme });
      const errors = [];
      page.on("console", (m) => { if (m.type() === "error") errors.push(m.text()); });
      page.on("pageerror", (e) => errors.push(String(e)));
      await page.goto(`http://127.0.0.1:${port}/#filter=` + encodeURIComponent("src port " + lport));
      const cells = await until(() => page.evaluate(() => {
        const row = document.querySelector("#table tbody tr");
        return row && [...row.cells].map((c) => c.textContent);
      }), "row");
      assert.strictEqual(cells[0], NAME);
      assert(cells.includes("43.2 kB"), cells);
      assert.strictEqual(await page.evaluate(() => document.images.length), 0);
      await page.keyboard.press("j");
      await page.keyboard.press("Enter");
      const sent = await until(() => page.evaluate(() => {
        const one = [...document.querySelectorAll("#detail-all div")].find((d) => d.firstChild.textContent === "tx_bytes");
        return one && one.lastChild.textContent;
      }), "detail");
      assert.strictEqual(sent, String(SENT));
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run());
      assert.deepStrictEqual(found.violations.map((v) => [v.id, v.nodes[0].html]), []);
      if (folder) await page.screenshot({ path: path.join(folder, colorScheme + ".png"), fullPage: true });
      await page.keyboard.press("Escape");
      await page.setViewportSize({ width: 360, height: 740 });
      assert.strictEqual(await page.evaluate(() => document.documentElement.scrollWidth), 360);
      assert.deepStrictEqual(errors, []);
      await page.fill("#filter", "port 443 and");
      await page.keyboard.press("Enter");
      const problem = await until(() => page.evaluate(() => {
        const p = document.getElementById("problem");
        return !p.hidden && p.textContent;
      }), "problem");
      assert(problem.includes("syntax error"), problem);
      await page.close();
    }
    const page = await browser.newPage();
    const answer = await page.goto(`http://evil.example:${port}/`);
    assert.strictEqual(answer.status(), 421);
    assert(!(await page.content()).includes("page.js"));
    console.log("the page holds");
  } finally {
    await browser.close();
    actor.kill();
  }
}
main().catch((error) => { console.error(error); process.exit(1); });
