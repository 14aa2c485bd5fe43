# SPDX-License-Identifier: BSD-2-Clause
"""What `peek` costs for each connection of this host from kernel edges (--source bpf), beside `peek`
on packets of the same loop (-i lo).

The loop and its CPUs are those of the part life: programs that run in the loop's context are in its
slow-down, and what peek's own process takes is its CPU time.
"""

import json
import tempfile

from harness import private
from harness.bench import rotate
from harness.process import Failure, cpu_clock_s, ready_program, settle, stop
from harness.table import Row
from parts import life

ROUNDS = 5
SOURCES = {"edges": ("--source", "bpf"), "packets": ("-i", "lo")}


def measure(bench):
    """Rows of this part."""
    runs = {name: [] for name in ("none", *SOURCES)}
    for i in range(bench.rounds or ROUNDS):
        for name in rotate(list(runs), i):
            bench.say(f"handshakes: round {i + 1}, {name}")
            private.enter_network()
            runs[name].append(_peek(bench, name) if name in SOURCES else life.loop(bench))

    def column(name, field):
        return [getattr(run, field) for run in runs[name]]

    def slower(name):
        return [after - before for after, before in zip(column(name, "load_us"), column("none", "load_us"))]

    return [
        Row("handshakes", "CPU of peek --source bpf for a connection", "us", column("edges", "tool_us"),
            column("packets", "tool_us"), "peek -i lo", note="the loop tells both ends of each connection"),
        Row("handshakes", "slow-down: CPU of the loop for a connection", "us", slower("edges"),
            slower("packets"), "peek -i lo"),
        Row("handshakes", "rows lost of each run", "", column("edges", "lost"), column("packets", "lost"),
            "peek -i lo", ("<=", 0), absolute=True),
    ]


def _peek(bench, name):
    """Run the loop under peek, which prints a summary only; its counts say what was lost."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
        command = bench.tcpsight("peek", "-q", "--json", "-U", f"{folder}/socket", *SOURCES[name])
        with ready_program(command, life.cpus()[1], stdout=output) as (child, _):
            settle(child.pid)
            cpu_s = -cpu_clock_s(child.pid)
            run = life.loop(bench)
            settle(child.pid)
            cpu_s += cpu_clock_s(child.pid)
            stop(child)
        output.seek(0)
        told = [json.loads(line) for line in output.read().decode().splitlines()]
    if len(told) != 2:
        raise Failure(f"peek printed {len(told)} lines, not its filters and its account")
    run.tool_us = cpu_s / life.CONNECTIONS * 1e6
    counts = {key: value["success"]["total"] for one in told[0]["filters"] for key, value in one.items()
              if key in ("RX", "TX")}
    run.lost = max(0, life.ENDS * life.CONNECTIONS - sum(counts.values()))
    return run
