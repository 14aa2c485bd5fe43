# SPDX-License-Identifier: BSD-2-Clause
"""Runs questions over an event file: each alone, and all in one run. A folder holds all that belongs
to one case, and its script `run` makes the same again."""

import os
import pathlib
import random
import shlex
import subprocess

from questions import questions
from scenario import Scenario

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TCPSIGHT_BUILD", ROOT / "build"))
PROGRAM = pathlib.Path(os.environ.get("TCPSIGHT", BUILD / "tcpsight")).absolute()
PATIENCE_SEC = 120
ENVIRONMENT = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C"}


class Case:
    """A scenario and the questions that are asked of it."""

    def __init__(self, folder, scenario, asked):
        self.folder, self.asked = folder, asked
        # `peek` knows no --max-flows, so it is not the run's first question unless it is alone.
        self.asked.sort(key=lambda words: words[0] == "peek")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "events").write_text(scenario.text, encoding="ascii")
        self.limit = ["--max-flows", str(scenario.max_flows)]

    def alone(self, i):
        """One question is a run; what it says goes to stdout, as it does for most people."""
        report, *options = self.asked[i]
        # The table of `peek` is for the terminal, but for --output.
        more = ["--output", f"alone{i}"] if report == "peek" else self.limit
        command = [str(PROGRAM), report, "--read", "events", *more, *options]
        stdout = "alone.out" if report == "peek" else f"alone{i}"
        return shlex.join(command) + f" </dev/null >{stdout} 2>alone{i}.err"

    def together(self):
        (report, *options), *others = self.asked
        command = [str(PROGRAM), report, "--read", "events", "--output", "together0"]
        command += [] if report == "peek" else self.limit
        for i, (name, *more) in enumerate(others, 1):
            command += ["--also", shlex.join([name, "--output", f"together{i}", *more])]
        return shlex.join(command + options) + " </dev/null >together.out 2>together.err"

    def run(self):
        """All of it by one shell: starting processes is most of the work."""
        count = range(len(self.asked))
        lines = [f"{self.alone(i)}; echo {i} $? >>status" for i in count]
        lines.append(f"{self.together()}; echo together $? >>status")
        script = "cd \"$(dirname \"$0\")\" && rm -f alone* together* status\n" + "\n".join(lines)
        (self.folder / "run").write_text(script + "\n", encoding="utf-8")
        subprocess.run(["sh", str(self.folder / "run")], env=ENVIRONMENT, check=True,
                       timeout=PATIENCE_SEC, stdin=subprocess.DEVNULL)

    def text(self, name):
        path = self.folder / name
        return path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else None

    def difference(self):
        """What is not the same alone and together, in words; empty if nothing is."""
        statuses = dict(line.split() for line in self.text("status").splitlines())
        if set(statuses.values()) != {"0"}:
            told = [self.text(f"alone{i}.err") for i in range(len(self.asked))]
            return f"exit statuses {statuses}: {' '.join(told)} {self.text('together.err')}"
        for i, question in enumerate(self.asked):
            alone, together = self.text(f"alone{i}"), self.text(f"together{i}")
            if alone != together:
                return f"{shlex.join(question)}:\n{first_difference(alone, together)}"
        return self.text("together.out")


def make(folder, profile, seed):
    """The case of a seed."""
    return Case(folder, Scenario(seed, profile), questions(random.Random(f"questions/{seed}")))


def first_difference(alone, together):
    alone, together = (alone or "").splitlines(), (together or "").splitlines()
    for number, (a, b) in enumerate(zip(alone, together), 1):
        if a != b:
            return f"line {number}\n  alone:    {a}\n  together: {b}"
    return f"{len(alone)} lines alone, {len(together)} together"
