# SPDX-License-Identifier: BSD-2-Clause
"""Golden cases: a text file of events, a command, the expected output. No privilege needed.

A case file reads: a sentence; `$ tcpsight ...` (the events are given with --read); lines that begin
with `> ` are events; `? N` is the expected exit status (0 without it); `! TEXT` a line of stderr; all
other lines after the command are stdout. UPDATE=1 rewrites stdout from what the program prints:
review the difference.
"""

import os
import pathlib
import shlex
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ.get("TCPSIGHT_BUILD", HERE.parent.parent / "build"))


class Case:
    def __init__(self, path):
        self.path = path
        self.status = 0
        self.events, self.stdout, self.stderr, self.head = [], [], [], []
        self.command = None
        for line in path.read_text().splitlines():
            self.take(line)

    def take(self, line):
        if self.command is None:
            self.head.append(line)
            if line.startswith("$ "):
                self.command = shlex.split(line[2:])
        elif line.startswith("> ") or line == ">":
            self.events.append(line[2:])
        elif line.startswith("? "):
            self.status = int(line[2:])
        elif line.startswith("! "):
            self.stderr.append(line[2:])
        else:
            self.stdout.append(line)

    def run(self, tmp_path):
        events = tmp_path / "events"
        events.write_text("".join(line + "\n" for line in self.events))
        argv = [str(BUILD / self.command[0]), *self.command[1:], "--read", str(events)]
        # The sanitizers' options stay.
        env = {name: value for name, value in os.environ.items()
               if name == "PATH" or name.endswith("SAN_OPTIONS")}
        env |= {"TZ": "UTC", "LC_ALL": "C"}
        return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=20)

    def rewrite(self, stdout):
        lines = self.head + ["> " + e if e else ">" for e in self.events]
        lines += [f"? {self.status}"] if self.status else []
        lines += ["! " + e for e in self.stderr]
        self.path.write_text("\n".join(lines) + "\n" + stdout)


CASES = sorted(HERE.glob("*.case"))


@pytest.mark.parametrize("path", CASES, ids=[c.stem for c in CASES])
def test_golden(path, tmp_path):
    case = Case(path)
    assert case.command, "a case has a line that begins with '$ '"
    done = case.run(tmp_path)
    if os.environ.get("UPDATE"):
        case.rewrite(done.stdout)
        return
    expected = "".join(line + "\n" for line in case.stdout)
    assert done.stdout == expected
    assert done.returncode == case.status, done.stderr
    for line in case.stderr:
        assert line in done.stderr.replace(str(tmp_path), "TMP")
