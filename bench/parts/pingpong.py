# SPDX-License-Identifier: BSD-2-Clause
"""Does `top` slow a ping-pong of 64 bytes down, and does any program of ours run on its path?

Client, server and tcpsight share one CPU, so every cycle that tcpsight takes is missing in the
throughput.
"""

import contextlib
import os

from harness import bpf, private
from harness.bench import rotate
from harness.process import ready_program
from harness.table import Row

ROUNDS = 10
RUN_MS = 1200
BYTES = 64
THROUGHPUT = (">=", 0.99)
# A program on the path would run at least once in each round trip, that is 1000 times or more. Some
# runs are right: an interval's readings, and the edges of all connections on this machine. Others'
# connections come and go, so the least of some short windows says most: no window could be below
# 1000 if there were a program on the path.
RUNS_PER_1000_TRIPS = ("<=", 100)
WINDOWS = 5
WINDOW_MS = 400


def measure(bench):
    """Rows of this part."""
    private.enter_network()
    cpus = [max(os.sched_getaffinity(0))]
    top = bench.tcpsight("top", "--json", "-C", "1")
    runs = {True: [], False: []}
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"pingpong: round {i + 1}")
        for with_top in rotate([False, True], i):
            with contextlib.ExitStack() as stack:
                if with_top:
                    stack.enter_context(ready_program(top, cpus))
                runs[with_top].append(bench.load("pingpong", RUN_MS, BYTES, cpus=cpus))
    speed = {k: [run["round_trips"] / run["seconds"] for run in v] for k, v in runs.items()}
    cost = {k: [run["cpu_seconds"] / run["round_trips"] * 1e6 for run in v]
            for k, v in runs.items()}
    return [
        Row("pingpong", "round trips with top / without", "/s", speed[True], speed[False],
            "alone", THROUGHPUT),
        Row("pingpong", "CPU of a round trip with top / without", "us", cost[True], cost[False],
            "alone"),
        _attached(bench, top, cpus),
    ]


def _attached(bench, top, cpus):
    """Where programs of `top` are attached, and how often they run in 1,000 round trips."""
    row = Row("pingpong", "runs of our programs in 1,000 round trips", target=RUNS_PER_1000_TRIPS,
              absolute=True)
    bench.say("pingpong: what is attached")
    if not bpf.available():
        row.note = "not measured: bpftool is not installed"
        return row
    with bpf.statistics() as counting, ready_program(top, cpus) as (child, _):
        ids = bpf.program_ids(child.pid)
        hooks = bpf.hooks(ids)
        windows = [_window(bench, ids, cpus) for _ in range(WINDOWS)]
    loaded = ", ".join(sorted(set(hooks.values()))) or "nothing that bpftool can see"
    row.note = f"attached while top runs: {loaded}"
    if not ids or not counting:
        row.note += "; runs not measured"
        return row
    row.ours = [min(windows)]
    return row


def _window(bench, ids, cpus):
    """Runs of the programs @ids in 1,000 round trips."""
    before = bpf.run_totals(ids)[0]
    trips = bench.load("pingpong", WINDOW_MS, BYTES, cpus=cpus)["round_trips"]
    return (bpf.run_totals(ids)[0] - before) / trips * 1000
