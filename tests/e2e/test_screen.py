# SPDX-License-Identifier: BSD-2-Clause
"""`top --format screen` on a terminal: each report replaces the one before and fits the window."""

import fcntl
import os
import pty
import re
import signal
import struct
import termios
import time

import pytest
from flows import churn
from ready import readable
from sight import PATIENCE_SEC

ERASE = re.compile(r"\x1b\[[0-3]?J")
# Lines at most that are no rows: load, empty ones, headers, the last.
FURNITURE = 6
ESCAPE = re.compile(r"\x1b[\[(][0-9;?]*[A-Za-z]|\r")


class Terminal:
    """A pseudo-terminal of some size, on which a tcpsight writes."""

    def __init__(self, rows, columns):
        self.master, self.slave = pty.openpty()
        self.text = ""
        self.resize(rows, columns)

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def adopt(self):
        """In the child: make this the controlling terminal, so that resizing is signalled."""
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def frames(self):
        """What each report left on the screen, as lists of lines."""
        parts = [ESCAPE.sub("", part) for part in ERASE.split(self.text)]
        return [part.rstrip("\n").split("\n") for part in parts]

    def wait_frame(self, wanted, what):
        """Read until a complete frame (another began after it) is as wanted."""
        deadline = time.monotonic() + PATIENCE_SEC
        while time.monotonic() < deadline:
            for frame in self.frames()[:-1]:
                if wanted(frame):
                    return frame
            if readable(self.master, seconds=0.1):
                self.text += os.read(self.master, 65536).decode()
        raise AssertionError(f"no {what}; frames: {self.frames()[-3:]}")

    def drain(self):
        while readable(self.master, seconds=0):
            self.text += os.read(self.master, 65536).decode()

    def close(self):
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal():
    made = Terminal(12, 80)
    yield made
    made.close()


def start(sight, terminal, netns, *args):
    return sight("top", "--format", "screen", "--netns", netns.name, *args, 1, stdout=terminal.slave,
                 preexec_fn=terminal.adopt)


def has_rows(frame):
    return any("churn" in line for line in frame)


def test_rows_fit_the_window_and_follow_a_resize(sight, terminal, netns):
    tool = start(sight, terminal, netns)
    churn("127.0.0.1", 60, 1, netns=netns)
    frame = terminal.wait_frame(has_rows, "rows")
    assert len(frame) <= 12
    terminal.text = ""
    terminal.resize(40, 100)
    churn("127.0.0.1", 60, 1, netns=netns)
    terminal.wait_frame(lambda frame: has_rows(frame) and len(frame) > 12, "rows after the resize")
    assert all(len(frame) <= 40 for frame in terminal.frames()[1:])
    assert tool.stop().status == 0


def test_each_report_clears_the_one_before(sight, terminal, netns):
    tool = start(sight, terminal, netns)
    terminal.wait_frame(lambda frame: "loadavg" in frame[0], "first report")
    churn("127.0.0.1", 3, 1, netns=netns)
    frame = terminal.wait_frame(has_rows, "second report")
    assert sum("loadavg" in line for line in frame) == 1
    assert tool.stop().status == 0


def test_rolls_without_clearing_when_asked(sight, terminal, netns):
    tool = start(sight, terminal, netns, "-C")
    churn("127.0.0.1", 60, 1, netns=netns)
    assert tool.stop().status == 0
    terminal.drain()
    assert not ERASE.search(terminal.text)
    assert sum("churn" in line for line in terminal.frames()[-1]) == 120


@pytest.mark.parametrize("size", [(24, 1), (1, 80), (1, 1)])
def test_tiny_window(sight, terminal, netns, size):
    terminal.resize(*size)
    tool = start(sight, terminal, netns)
    seen = []
    churn("127.0.0.1", 60, 1, netns=netns)
    while len(seen) < 2:
        terminal.wait_frame(lambda _: len(terminal.frames()) > len(seen) + 1, "report")
        seen = terminal.frames()[:-1]
    assert tool.stop(signal.SIGTERM).status == 0
    assert tool.outcome.stderr == ""
    for frame in seen[1:]:
        assert len(frame) <= size[0]
        assert all(len(line) <= size[1] for line in frame)


@pytest.mark.parametrize("rows", [30, 700, 1000])
def test_the_window_is_full_of_the_busiest(sight, terminal, tmp_path, rows):
    """More flows than any window has lines, in the order of nothing; each line is where it belongs."""
    flows = 2000
    events = tmp_path / "events"
    lines = ["clock 2026-11-21T09:00:00Z"]
    for i in range(1, flows + 1):
        sent = i * 7919 % flows * 1024 + 1024
        lines.append(f"0.1 open {i} pid={i} comm=c{i} owner=connect local=10.0.0.1:{i} remote=10.0.0.2:80 tx={sent}")
    events.write_text("\n".join(lines) + "\n0.9 close 1\n")
    terminal.resize(rows, 100)
    tool = sight("top", "--format", "screen", "--read", events, 1, stdout=terminal.slave,
                 preexec_fn=terminal.adopt)
    # The terminal's own buffer is small: it waits for whoever looks at it.
    while tool.process.poll() is None:
        terminal.drain()
    terminal.drain()
    shown = [int(line.split()[-1]) for line in terminal.frames()[1] if " c" in line]
    assert shown == list(range(flows, flows - len(shown), -1))
    assert rows - FURNITURE <= len(shown) < rows
    assert tool.stop().status == 0
