# SPDX-License-Identifier: BSD-2-Clause
"""What the interactive screen costs: a drawing of many flows, and the whole program on a terminal, beside
the same without keys, htop and iftop."""

import collections
import shutil
import statistics

from harness import bpf, private
from harness.bench import rotate
from harness.table import Row
from harness.terminal import on_terminal

ROUNDS = 5
FLOWS = 50_000
TIMES = 50
DRAWING = ("<=", 5000)
WHAT = {
    "plain_us": "a drawing at 120x40, 50,000 flows of which 5,000 moved",
    "filter_us": "the same with a filter",
    "group_us": "the same grouped by process",
    "text_us": "the same ordered by a text",
    "word_us": "the same ordered by a word that changes",
    "counter_us": "the same ordered by a counter",
}
LIVE_ROUNDS = 3
IDLE_S, BUSY_S, PROGRAMS_S, SETTLE_S = 10, 10, 6, 3
IDLE, BUSY = 45_000, 5_000
KEYS = 200
CLOSES = 10_000
# The table of `top`, which asks no more of a socket than its bytes, and one more column.
VERDICT_COLUMNS = "pid,comm,local,remote,rx_kb,tx_kb,verdict"
OURS = ["screen", "top", "verdict"]
IDLE_CPU = ("<=", 5)  # ms a second: 0.5 %
IDLE_WAKES = ("<=", 3)
LATENCY = ("<=", 30)
KERNEL = ("<=", 1.05)


def measure(bench):
    """Rows of this part."""
    samples = []
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"screen: round {i + 1}")
        samples.append(bench.load("screen", FLOWS, TIMES))
    rows = [Row("screen", what, "us", [sample[name] for sample in samples], target=DRAWING, absolute=True)
            for name, what in WHAT.items()]
    private.enter_network()
    return rows + _idle(bench) + _busy(bench) + _keys(bench)


def _programs(bench):
    """Name to (command, what is there once it runs); of peers those that are installed."""
    netns = ["--netns", "/proc/self/ns/net"]
    found = {
        "screen": (bench.tcpsight("top", *netns), b"LIVE"),
        "top": (bench.tcpsight("top", "--format", "screen", *netns), b"loadavg"),
        "verdict": (bench.tcpsight("top", "--format", "screen", "-o", VERDICT_COLUMNS, *netns), b"loadavg"),
    }
    if shutil.which("htop"):
        found["htop"] = ["htop", "-d", "10"], b"PID"
    if shutil.which("iftop"):
        found["iftop"] = ["iftop", "-n", "-N", "-P", "-i", "lo"], b"TOTAL"
    return found


def _costs(bench, what, seconds):
    programs, costs = _programs(bench), collections.defaultdict(list)
    for i in range(bench.rounds or LIVE_ROUNDS):
        for name in rotate(list(programs), i):
            bench.say(f"screen: {what}, round {i + 1}, {name}")
            command, text = programs[name]
            with on_terminal(command) as terminal:
                terminal.await_text(text)
                terminal.watch(SETTLE_S)
                costs[name].append(terminal.cost(seconds))
    return costs


def _programs_costs(bench, seconds):
    """Milliseconds a second of their BPF programs, as the kernel counts them, which costs time itself."""
    programs, costs = _programs(bench), collections.defaultdict(list)
    with bpf.statistics() as counting:
        for i in range(bench.rounds or LIVE_ROUNDS) if counting else ():
            for name in rotate(OURS, i):
                bench.say(f"screen: BPF programs, round {i + 1}, {name}")
                command, text = programs[name]
                with on_terminal(command) as terminal:
                    terminal.await_text(text)
                    terminal.watch(SETTLE_S)
                    ids = bpf.program_ids(terminal.pid)
                    before = bpf.run_totals(ids)[1]
                    terminal.watch(seconds)
                    costs[name].append((bpf.run_totals(ids)[1] - before) / 1e6 / seconds)
    return costs


def _of(costs, name, what):
    return [cost[what] for cost in costs[name]]


def _beside(costs):
    names = [name for name in ("htop", "iftop") if costs[name]]
    if not names:
        return "neither htop nor iftop is installed"
    return "CPU, ms/s: " + ", ".join(f"{name} {statistics.median(_of(costs, name, 'cpu')):.1f}" for name in names)


def _idle(bench):
    costs = _costs(bench, "no connection", IDLE_S)
    return [
        Row("screen", "no connection, nobody at the keys: CPU", "ms/s", _of(costs, "screen", "cpu"), target=IDLE_CPU,
            absolute=True, note=_beside(costs)),
        Row("screen", "the same: wake-ups", "/s", _of(costs, "screen", "wakes"), target=IDLE_WAKES, absolute=True),
        Row("screen", "the same: bytes to the terminal", "/s", _of(costs, "screen", "bytes")),
    ]


def _busy(bench):
    bench.say(f"screen: connecting {IDLE + BUSY:,}")
    with bench.hold(IDLE), bench.hold(BUSY) as hold:
        hold.say("traffic 1000")
        costs = _costs(bench, "50,000 flows", BUSY_S)
        programs = _programs_costs(bench, PROGRAMS_S) if bpf.available() else collections.defaultdict(list)
    return [
        Row("screen", "50,000 flows, 5,000 move each second: CPU", "ms/s", _of(costs, "screen", "cpu"),
            _of(costs, "top", "cpu"), "top", note=_beside(costs)),
        Row("screen", "the same: in the kernel", "ms/s", _of(costs, "screen", "system"), _of(costs, "top", "system"),
            "top", KERNEL),
        Row("screen", "the same: in the kernel", "ms/s", _of(costs, "screen", "system"),
            _of(costs, "verdict", "system"), "top with verdicts"),
        Row("screen", "the same: its BPF programs", "ms/s", programs["screen"], programs["top"], "top", KERNEL),
        Row("screen", "the same: its BPF programs", "ms/s", programs["screen"], programs["verdict"],
            "top with verdicts"),
        Row("screen", "the same: bytes to the terminal", "/s", _of(costs, "screen", "bytes")),
    ]


def _keys(bench):
    slow, halfway = [], []
    command, text = _programs(bench)["screen"]
    for i in range(bench.rounds or LIVE_ROUNDS):
        bench.say(f"screen: keys, round {i + 1}")
        with bench.closes(CLOSES), on_terminal(command) as terminal:
            terminal.await_text(text)
            terminal.watch(SETTLE_S)
            times = sorted(terminal.latency_ms(b"jk"[n % 2:n % 2 + 1]) for n in range(KEYS))
        slow.append(times[KEYS * 99 // 100 - 1])
        halfway.append(times[KEYS // 2])
    return [Row("screen", f"{CLOSES:,} closes a second: from key to screen, 99 of 100 within", "ms", slow,
                target=LATENCY, absolute=True, note=f"half of them within {statistics.median(halfway):.1f} ms")]
