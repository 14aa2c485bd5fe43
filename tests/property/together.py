# SPDX-License-Identifier: BSD-2-Clause
"""Runs questions over an event file, or a capture: each alone, and all in one run. A folder holds all
that belongs to one case, and its script `run` makes the same again."""

import os
import pathlib
import random
import shlex
import subprocess

from captured import Capture
from questions import of_a_capture, questions
from scenario import Scenario

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TCPSIGHT_BUILD", ROOT / "build"))
PROGRAM = pathlib.Path(os.environ.get("TCPSIGHT", BUILD / "tcpsight")).absolute()
PATIENCE_SEC = 120
ENVIRONMENT = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C"}


# What is asked of two recordings to see whether they are one: their marks are random.
READ_BACK = ["top", "--json", "1", "--also", "life --json", "--also", "subnet --json -i 7"]


class Case:
    """A scenario or capture, and the questions that are asked of it, or of a recording of it."""

    def __init__(self, folder, scenario, asked, is_recorded=False):
        self.folder, self.asked = folder, asked
        self.is_recorded = is_recorded
        # `peek` knows no --max-flows, so it is not the run's first question unless it is alone.
        self.asked.sort(key=lambda words: words[0] == "peek")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / scenario.file).write_bytes(scenario.data)
        self.file = scenario.file
        self.read = ["--read", "recorded" if is_recorded else scenario.file, *scenario.watch]
        self.limit = ["--max-flows", str(scenario.max_flows)]

    def alone(self, i):
        """One question is a run; what it says goes to stdout, as it does for most people."""
        report, *options = self.asked[i]
        command = [str(PROGRAM), report, *self.read, *options]
        command += [] if report == "peek" else self.limit
        stdout = f"alone{i}"
        # The table of `peek` is for the terminal, but for --output; a recording is for a file.
        if report in ("peek", "record"):
            command += ["--output", stdout]
            stdout = "alone.out"
        return shlex.join(command) + f" </dev/null >{stdout} 2>alone{i}.err"

    def together(self):
        (report, *options), *others = self.asked
        command = [str(PROGRAM), report, *self.read, "--output", "together0"]
        command += [] if report == "peek" else self.limit
        for i, (name, *more) in enumerate(others, 1):
            command += ["--also", shlex.join([name, "--output", f"together{i}", *more])]
        return shlex.join(command + options) + " </dev/null >together.out 2>together.err"

    def run(self):
        """All of it by one shell: starting processes is most of the work."""
        count = range(len(self.asked))
        lines = []
        if self.is_recorded:
            lines.append(shlex.join([str(PROGRAM), "record", "--with", "extra,handshakes,resets",
                                     "--read", self.file, "--output", "recorded", *self.limit])
                         + " 2>recorded.err")
        lines += [f"{self.alone(i)}; echo {i} $? >>status" for i in count]
        lines.append(f"{self.together()}; echo together $? >>status")
        for i in count:
            if self.asked[i][0] == "record":
                lines += [f"mv {name}{i} recording; {shlex.join([str(PROGRAM), *READ_BACK])} "
                          f"--read recording </dev/null >{name}{i} 2>&1"
                          for name in ("alone", "together")]
        script = "cd \"$(dirname \"$0\")\" && rm -f alone* together* record* status\n" + "\n".join(lines)
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
            if question[0] == "peek" and summary_of(self.text(f"alone{i}.err")) not in \
                    self.text("together.err"):
                return f"{shlex.join(question)}: its summary\n{self.text('together.err')}"
        return self.text("together.out")


def make(folder, profile, seed):
    """The case of a seed; of every fifth, from a recording. Profile: of a Scenario, or "captured"."""
    chance = random.Random(f"questions/{seed}")
    if profile == "captured":
        capture = Capture(seed)
        return Case(folder, capture, of_a_capture(chance, capture.is_full))
    return Case(folder, Scenario(seed, profile), questions(chance), chance.random() < 0.2)


def summary_of(stderr):
    """What `peek` sums up in the end."""
    return stderr[stderr.index("=== TCPEEK SUMMARY ==="):stderr.rindex("====\n")]


def first_difference(alone, together):
    alone, together = (alone or "").splitlines(), (together or "").splitlines()
    for number, (a, b) in enumerate(zip(alone, together), 1):
        if a != b:
            return f"line {number}\n  alone:    {a}\n  together: {b}"
    return f"{len(alone)} lines alone, {len(together)} together"
