# SPDX-License-Identifier: BSD-2-Clause
"""A real, headless Chromium, through tests/page/driver.js."""

import json
import os
import shutil
import subprocess
import tempfile

from flows import wait_until
from sight import BUILD, PATIENCE_SEC, ROOT

MODULES = (BUILD / "page/node_modules").absolute()


class Browser:
    """`user`: whose processes they are, by number; else ours."""

    def __init__(self, user=None):
        assert MODULES.is_dir(), f"{MODULES} is missing: ./dev page or ./dev test installs it"
        self.process = subprocess.Popen(
            ["node", str(ROOT / "tests/page/driver.js"), str(MODULES), shutil.which("chromium")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, user=user,
            env={**os.environ, **({"HOME": tempfile.gettempdir()} if user else {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.read()
        assert self.process.wait(PATIENCE_SEC) == 0

    def ask(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the browser has gone"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def page(self, **options):
        return Page(self, self.ask(open=options))


class Page:
    """One page; what it cannot do by a name of its own, call() does by Playwright's."""

    def __init__(self, browser, number):
        self.browser, self.number = browser, number

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.call("close")

    def call(self, name, *args):
        return self.browser.ask(page=self.number, call=name, args=list(args))

    def goto(self, url):
        """The status of the answer."""
        return self.call("goto", url)

    def press(self, *keys):
        for key in keys:
            self.call("keyboard.press", key)

    def eval(self, script):
        """The value of a JavaScript expression in the page."""
        return self.call("evaluate", script)

    def text(self, selector):
        """What can be read there; None if nothing is, or is not shown."""
        return self.eval(f"""(() => {{ const e = document.querySelector({json.dumps(selector)});
            return e && e.getClientRects().length ? e.innerText : null; }})()""")

    @staticmethod
    def _wait(look, what, wanted):
        seen = [None]

        def find():
            seen[0] = look()
            return wanted(seen[0])

        wait_until(find, lambda: f"{what}: {seen[0]}", pause_sec=0.1)
        return seen[0]

    def until(self, script, what, wanted=bool):
        """Wait until `wanted` is true of the expression's value; returns it."""
        return self._wait(lambda: self.eval(script), what, wanted)

    def rows(self):
        """The table as texts, {title of the column: text} for each row."""
        return self.eval("""(() => { const t = document.getElementById("table");
            const texts = (row) => [...row.cells].map((c) => c.textContent);
            if (!t.tHead.rows.length) return [];
            const names = texts(t.tHead.rows[0]);
            return [...t.tBodies[0].rows].map((row) =>
              Object.fromEntries(texts(row).map((text, i) => [names[i], text]))); })()""")

    def wait_rows(self, wanted, what):
        return self._wait(self.rows, what, wanted)

    def violations(self):
        """What axe-core finds: rule and place."""
        if not self.eval("!!window.axe"):
            self.eval((MODULES / "axe-core/axe.min.js").read_text(encoding="utf-8") + "; true")
        return self.eval("""window.axe.run().then((found) =>
            found.violations.map((v) => [v.id, v.nodes[0].html]))""")

    def figures(self):
        """What its scripts took since the last call (ms: all, script, collector), and bytes that they hold."""
        return self.browser.ask(page=self.number, figures=True)

    def errors(self):
        """What the console and scripts complained of since the last look."""
        return self.browser.ask(page=self.number, errors=True)
