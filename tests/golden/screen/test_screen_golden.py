# SPDX-License-Identifier: BSD-2-Clause
"""Golden screens: events, keys, and what a terminal shows then. No privilege needed.

A case file reads: a sentence; `$ tcpsight ...` (the events are given with --read); `@ 80x24 TERM
[NAME=VALUE]...`; lines that begin with `> ` are events, with `< ` keys (tests/e2e/pyterm.py); then
`|` before each line of the screen, and `:N ` before the attributes of line N, where it has any. Keys
are sent when the whole file was read. UPDATE=1 rewrites the screen: review the difference.
"""

import os
import pathlib
import shlex
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ.get("TCPSIGHT_BUILD", HERE.parents[2] / "build"))
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
from pyterm import PyTerm  # noqa: E402


class Case:
    def __init__(self, path):
        self.path = path
        self.head, self.events, self.keys, self.shown = [], [], [], []
        self.size, self.term, self.env = (80, 24), "xterm-256color", {}
        for line in path.read_text().splitlines():
            if line.startswith("$ "):
                self.command = shlex.split(line[2:])
            elif line.startswith("@ "):
                size, self.term, *env = line[2:].split()
                self.size = tuple(int(n) for n in size.split("x"))
                self.env = dict(word.split("=") for word in env)
            elif line.startswith("> "):
                self.events.append(line[2:])
            elif line.startswith("< "):
                self.keys += shlex.split(line[2:])
            if line[:1] in ("|", ":"):
                self.shown.append(line)
            else:
                self.head.append(line)

    def start(self, tmp_path):
        events = tmp_path / "events"
        events.write_text("".join(line + "\n" for line in self.events))
        return PyTerm([str(BUILD / self.command[0]), *self.command[1:], "--source", "replay", "--read",
                       str(events)], self.size, self.term, self.env)


def shown(term):
    lines = ["|" + line for line in term.lines()]
    return lines + [f":{n} {text}" for n, text in enumerate(term.attributes(), 1) if text]


def is_read(term):
    return "PAST" in term.text() or "too small" in term.text()


CASES = sorted(HERE.glob("*.case"))


@pytest.mark.parametrize("path", CASES, ids=[c.stem for c in CASES])
def test_screen(path, tmp_path):
    case = Case(path)
    term = case.start(tmp_path)
    try:
        term.wait(is_read, "screen of the whole file")
        term.script(case.keys)
        if os.environ.get("UPDATE"):
            term.idle()
            path.write_text("\n".join(case.head + shown(term)) + "\n")
        else:
            try:
                term.wait(lambda term: shown(term) == case.shown, "screen as expected")
            except AssertionError:
                assert shown(term) == case.shown
        term.signal(signal.SIGTERM)
        assert term.end() == (0, "")
        assert term.is_restored() or case.term not in ("xterm-256color", "xterm")
    finally:
        term.close()
