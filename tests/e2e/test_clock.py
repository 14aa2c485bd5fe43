# SPDX-License-Identifier: BSD-2-Clause
"""The clock is set while tcpsight runs. It is set for tcpsight alone (preload/clockstep.c); the truth
is this process's clock, and by how much it was set."""

import datetime
import json
import os
import pathlib
import re
import struct
import subprocess
import time

import pytest
from flows import wait_until
from sight import ROOT

HOUR = 3600
# Between an event and this process's look at the clock.
SLACK_SEC = 2


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("preload") / "clockstep.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", path,
                    ROOT / "tests/e2e/preload/clockstep.c"], check=True)
    return path


class Clock:
    """The clock of a tcpsight."""

    def __init__(self, library, tmp_path):
        self.step_sec = 0
        self.file = pathlib.Path(tmp_path) / "step"
        self.file.write_bytes(bytes(8))
        self.cancelled, self.cancel = os.pipe()
        os.set_blocking(self.cancelled, False)
        self.wrap = ["env", f"LD_PRELOAD={library}", f"STEP_FILE={self.file}",
                     f"STEP_FD={self.cancelled}"]

    def step(self, sec):
        """As the kernel does it: all at once, and whoever waits for it is woken."""
        self.step_sec = sec
        with open(self.file, "r+b", buffering=0) as file:
            file.write(struct.pack("=q", round(sec * 1e9)))
        os.write(self.cancel, b"x")

    def now(self):
        return time.time() + self.step_sec

    def close(self):
        os.close(self.cancelled)
        os.close(self.cancel)


@pytest.fixture
def clock(library, tmp_path):
    made = Clock(library, tmp_path)
    yield made
    made.close()


@pytest.fixture
def start(sight, netns, clock):
    return lambda *args: sight(*args, "--netns", netns.name, wrap=clock.wrap,
                               pass_fds=[clock.cancelled])


CONNECT = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
client.sendall(b"x" * 1000)
server.recv(1000)
client.close()
server.close()
"""


def connect(netns):
    netns.run("python3", "-c", CONNECT)


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def assert_told(tool, *jumps):
    told = re.findall(r"the system clock jumped (forward|back) by ([0-9.]+) s", "".join(tool.errors))
    assert told == [("forward" if sec > 0 else "back", f"{abs(sec):.1f}") for sec in jumps]


def times(tool, clock, count):
    """Wait for more rows; those of the new ones, compared with the clock."""
    before = len([line for line in tool.lines if line.startswith('{"time"')])
    yield
    tool.wait_for(lambda lines: sum(line.startswith('{"time"') for line in lines) >= before + count,
                  "rows")
    for line in [line for line in tool.lines if line.startswith('{"time"')][before:]:
        assert abs(seconds(json.loads(line)["time"]) - clock.now()) < SLACK_SEC, line


REPORTS = [["life", "--json"], ["life", "--json", "--source", "netlink"],
           ["peek", "--json", "--source", "bpf", "-U", "/tmp/tcpsight-test-clock.sock"],
           ["top", "--json"], ["top", "--json", "--source", "netlink"]]


@pytest.mark.parametrize("sec", [HOUR, -HOUR, 30 * 86400])
@pytest.mark.parametrize("words", REPORTS, ids=lambda words: " ".join(words[:4]))
def test_rows_follow(start, netns, clock, words, sec):
    tool = start(*words)
    for step in (0, sec):
        if step:
            clock.step(step)
        for _ in times(tool, clock, 1):
            connect(netns)
    outcome = tool.stop()
    assert outcome.status == 0
    assert_told(tool, sec)
    durations = [row["duration_us"] for row in map(json.loads, outcome.lines) if "duration_us" in row]
    assert all(0 <= us < SLACK_SEC * 1e6 for us in durations if us is not None)


def test_rows_keep_their_order(start, netns, clock):
    tool = start("life", "--json", "-o", "time,role")
    for n in range(8):
        if n == 3:
            before = time.monotonic()
        if n == 4:
            # What is read after the step is told by the new clock: when it was set no kernel says.
            tool.wait_for(lambda lines: sum('"connect"' in line for line in lines) == 4, "rows before the step")
            clock.step(-HOUR)
        connect(netns)
    rows = list(map(json.loads, tool.stop().lines))[:-1]
    took = time.monotonic() - before
    shown = [seconds(row["time"]) for row in rows if row["role"] == "connect"]
    assert len(shown) == 8
    assert shown[:4] == sorted(shown[:4]) and shown[4:] == sorted(shown[4:])
    assert HOUR - took < shown[3] - shown[4] < HOUR


def test_one_run_shows_one_clock(start, netns, clock):
    """The heading of a table is told by the clock of the rows."""
    tool = start("top", "-C")
    heading = re.compile(r"^(\d\d:\d\d:\d\d) loadavg")
    clock.step(HOUR)

    def follows(lines):
        shown = [found[1] for found in map(heading.match, lines) if found]
        near = {time.strftime("%H:%M:%S", time.localtime(clock.now() - back)) for back in range(3)}
        return shown and shown[-1] in near

    tool.wait_for(follows, "heading by the new clock")
    tool.stop()
    assert_told(tool, HOUR)


@pytest.mark.parametrize("words", [
    ["life"], ["life", "--source", "netlink"], ["top", "-C", "3600"], ["stat"], ["subnet", "-i", "3600"],
    ["peek", "--source", "bpf", "-U", "/tmp/tcpsight-test-clock.sock"],
], ids=lambda words: " ".join(words[:3]))
def test_a_step_is_told_at_once_though_nothing_happens(start, clock, words):
    tool = start(*words)
    clock.step(HOUR)
    wait_until(lambda: any("the system clock jumped" in line for line in tool.errors), "message")
    clock.step(0)
    wait_until(lambda: "jumped back" in "".join(tool.errors), "second message")
    tool.stop()
    assert_told(tool, HOUR, -HOUR)


def test_a_small_step_is_followed_without_a_word(start, netns, clock):
    tool = start("life", "--json")
    for sec in (0.9, 0.1, -0.7):
        clock.step(sec)
        for _ in times(tool, clock, 2):
            connect(netns)
    assert tool.stop().stderr == ""


def test_nothing_is_told_of_a_clock_that_goes_on(start, netns, clock):
    tool = start("life", "--json")
    for _ in range(5):
        connect(netns)
    outcome = tool.stop()
    assert outcome.stderr == ""
    assert len(outcome.rows) == 10


def test_the_summary_of_peek_is_as_long_as_it_ran(start, clock):
    began = time.monotonic()
    tool = start("peek", "--source", "bpf", "-U", "/tmp/tcpsight-test-clock.sock")
    clock.step(HOUR)
    wait_until(lambda: "jumped" in "".join(tool.errors), "message")
    outcome = tool.stop()
    took = re.search(r"time : +([0-9.]+) \(sec\)", outcome.stderr)
    assert float(took[1]) <= time.monotonic() - began
    end = re.search(r"to : (\S+ \S+)", outcome.stderr)[1]
    assert abs(time.mktime(time.strptime(end, "%Y-%m-%d %H:%M:%S")) - clock.now()) < SLACK_SEC + 1
