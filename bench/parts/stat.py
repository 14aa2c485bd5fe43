# SPDX-License-Identifier: BSD-2-Clause
"""`stat`: what each probe that is loaded on demand costs, and how long --live takes.

The price of a probe is what it adds to a round trip of the ping-pong, in CPU time of the two programs
and the kernel, all on one CPU; `in_segs` needs none of them and is the base. --live is compared with
`ss -antp`, which shows the same.
"""

import os
import statistics

from harness import private
from harness.bench import rotate
from harness.process import ready_program, run_quiet
from harness.table import Row

ROUNDS = 6
RUN_MS = 800
BYTES = 64
LIVE_ROUNDS = 3
LIVE_SOCKETS = 70_000
LIVE_WALL_S = ("<=", 1)
# As people type it: all states, as text. A part of what --live takes is the start, so fewer too.
TYPED_SOCKETS = 20_000
# Of counters.def: one counter for each kind of probe.
PROBES = {"messages_sent": "calls", "in_receives": "packets", "out_rsts": "resets",
          "delayed_acks": "timers"}
BASE = "in_segs"


def measure(bench):
    """Rows of this part."""
    return _probes(bench) + _live(bench) + _typed(bench)


def _probes(bench):
    private.enter_network()
    cpus = [max(os.sched_getaffinity(0))]
    cost = {name: [] for name in (BASE, *PROBES)}
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"stat: probes, round {i + 1}")
        for name in rotate(list(cost), i):
            with ready_program(bench.tcpsight("stat", "-o", name), cpus):
                run = bench.load("pingpong", RUN_MS, BYTES, cpus=cpus)
            cost[name].append(run["cpu_seconds"] / run["round_trips"] * 1e6)
    return [Row("stat", f"CPU of a round trip with the probe of {probe} / without", "us",
                cost[name], cost[BASE], "no probe", note=f"counter {name}")
            for name, probe in PROBES.items()]


def _live(bench):
    private.enter_network()
    bench.say(f"stat: connecting {LIVE_SOCKETS:,}")
    ours, peer = [], []
    with bench.hold(LIVE_SOCKETS):
        live = bench.tcpsight("stat", "--live", "--json")
        for i in range(bench.rounds or LIVE_ROUNDS):
            bench.say(f"stat: --live, round {i + 1}")
            for command, samples in rotate([(live, ours), (bench.ss("-antp"), peer)], i):
                samples.append(run_quiet(command))
    return [
        Row("stat", f"{LIVE_SOCKETS:,} sockets with owners, --live: time", "s",
            [use.wall_s for use in ours], target=LIVE_WALL_S, absolute=True,
            note=f"ss -antp: {statistics.median(use.wall_s for use in peer):.1f} s"),
        Row("stat", f"{LIVE_SOCKETS:,} sockets with owners, --live: CPU", "s",
            [use.cpu_s for use in ours], [use.cpu_s for use in peer], "ss -antp"),
    ]


def _typed(bench):
    private.enter_network()
    bench.say(f"stat: connecting {TYPED_SOCKETS:,}")
    ours, listeners, peer, idle = [], [], [], []
    with bench.hold(TYPED_SOCKETS):
        commands = [(bench.tcpsight("stat", "--live", "--all"), ours),
                    (bench.tcpsight("stat", "--listening"), listeners),
                    (bench.ss("-antp"), peer), (bench.ss("-lntp"), idle)]
        for i in range(bench.rounds or LIVE_ROUNDS):
            bench.say(f"stat: as ss, round {i + 1}")
            for command, samples in rotate(commands, i):
                samples.append(run_quiet(command))
    return [
        Row("stat", f"{TYPED_SOCKETS:,} sockets with owners, --live --all: CPU", "s",
            [use.cpu_s for use in ours], [use.cpu_s for use in peer], "ss -antp"),
        Row("stat", f"listeners among {TYPED_SOCKETS:,} sockets, --listening: CPU", "s",
            [use.cpu_s for use in listeners], [use.cpu_s for use in idle], "ss -lntp"),
    ]
