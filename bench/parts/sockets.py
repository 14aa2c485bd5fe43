# SPDX-License-Identifier: BSD-2-Clause
"""CPU time for each live socket and interval: `top` against one call of `ss` each interval.

Everything is user and system time of the reading process. The kernel walks the sockets in that
process's context, for BPF iterators and for sock_diag alike, so the kernel's side is in it.
"""

import collections
import json
import statistics
import tempfile
import time

from harness import private
from harness.bench import rotate
from harness.process import cpu_clock_s, memory_kib, ready_program, run_quiet
from harness.table import Row

ROUNDS = 2
# Long enough that work which is not done in every interval has its share.
INTERVALS = 5
PERIOD_MS = 1000
SS_CALLS = 3  # of the cheap one, their mean is a sample
NO_NAMES = ("<=", 1 / 15)
ALL = ("<=", 1 / 6)  # where a row is written for each
NAMES = ("<=", 1 / 80)  # of idle ones: what a look and the search for owners cost
# What top is asked to show, by mode. Idle flows have no rows, so there is nothing to choose.
VIEWS = {
    "idle": {"no rows": ()},
    "traffic": {"all as JSON": (), "best 20 as JSON": ("-r", "20")},
}


def measure(bench):
    """Rows of this part, for each size."""
    rows = []
    for sockets in bench.sockets:
        private.enter_network()
        bench.say(f"sockets: connecting {sockets:,}")
        with bench.hold(sockets) as hold:
            in_use = private.sockets_in_use()
            rows += _mode(bench, in_use, "idle")
            hold.say(f"traffic {PERIOD_MS}")
            time.sleep(PERIOD_MS / 1e3)
            rows += _mode(bench, in_use, "traffic")
            rows.append(_seen(bench, hold, sockets))
    return rows


def _mode(bench, sockets, mode):
    """Rounds of top (each view), ss -nti and ss -ntip; their rows."""
    samples = collections.defaultdict(list)
    starts = []
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"sockets: {sockets:,} {mode}, round {i + 1}")
        for name in rotate(["-nti", "-ntip", *VIEWS[mode]], i):
            if name in VIEWS[mode]:
                value, start = of_top(bench, VIEWS[mode][name])
                starts.append(start)
            else:
                value = of_ss(bench, name)
            samples[name].append(value / sockets * 1e6)
    rows = []
    for view in VIEWS[mode]:
        for peer, what, target in (("-nti", "", ALL if view.startswith("all") else NO_NAMES),
                                   ("-ntip", ", names", NAMES if mode == "idle" else None)):
            rows.append(Row("sockets", f"{sockets:,} {mode}, {view}: CPU a socket{what}", "us",
                            samples[view], samples[peer], f"ss {peer}", target))
    cpu_s, ready_s, peak_kib = (statistics.median(values) for values in zip(*starts))
    rows[-1].note = (f"not counted: {cpu_s * 1e3:.0f} ms of CPU from the start of top to its first "
                     f"interval; ready after {ready_s:.2f} s; peak memory "
                     f"{peak_kib / 1024:.1f} MiB")
    return rows


def of_ss(bench, options):
    calls = SS_CALLS if options == "-nti" else 1
    return statistics.mean(run_quiet(bench.ss(options)).cpu_s for _ in range(calls))


def of_top(bench, options):
    """CPU seconds of one interval, and (CPU seconds of the start, seconds to READY, peak memory).
    The clock is read half-way between intervals, after the first, and INTERVALS later."""
    command = bench.tcpsight("top", "--json", "-C", *options, "1")
    with ready_program(command) as (child, ready_s):
        time.sleep(1.5)
        first_s = cpu_clock_s(child.pid)
        time.sleep(INTERVALS)
        last_s = cpu_clock_s(child.pid)
        peak_kib = memory_kib(child.pid)["VmHWM"]
    return (last_s - first_s) / INTERVALS, (first_s, ready_s, peak_kib)


def _seen(bench, hold, sockets):
    """How many of the sockets have a row in one interval: is top doing what its CPU time is for?"""
    bursts = hold.bursts()
    note = f"traffic: {len(bursts)} bursts of one byte on every socket"
    if bursts and max(bursts) * 1e3 > PERIOD_MS:
        note += f"; the slowest took {max(bursts):.1f} s: not every interval saw all sockets"
    with tempfile.TemporaryFile() as output:
        with ready_program(bench.tcpsight("top", "--json", "-C", "1"), stdout=output):
            time.sleep(3.5)
        output.seek(0)
        rows = collections.Counter(row["time"] for row in map(json.loads, output)
                                   if row.get("comm") == "hold")
    most = max(rows.values(), default=0)
    return Row("sockets", f"{sockets:,} traffic: sockets with a row in one interval", "", [most],
               target=(">=", sockets), absolute=True, note=note)
