# SPDX-License-Identifier: BSD-2-Clause
"""What `life` and libbpf-tools' tcplife cost for each flow that ends, and how much they slow a loop
of connect, accept and close down.

A tool's programs run in the context of the processes that it watches, so their time is in the
slow-down; what the tool's own process takes is its CPU time. Client and server share one CPU and
the tool has another (where there is one), so the loop's speed is not mixed with the tool's process.
Each run has a network namespace of its own: no TIME_WAIT is left over from the run before.
"""

import collections
import dataclasses
import os
import re
import statistics
import subprocess
import tempfile

from harness import bpf, private
from harness.bench import rotate
from harness.process import Failure, cpu_clock_s, pinned, ready_program, settle, stop
from harness.table import Row

ROUNDS = 5
CONNECTIONS = 50_000
BLIND_SHARE = 0.1
ENDS = 2  # both ends of a connection are on this machine, and each is a flow
CPU = ("<=", 1 / 5)
SLOW_DOWN = ("<=", 1 / 2)
LOST = ("<=", 0)


@dataclasses.dataclass
class Run:
    """One run of the loop: microseconds of wall time and of CPU time for each connection; and, with
    a tool, its CPU time for each flow, the rows that are missing, the rows that name another
    process, and the programs' run time for each connection in nanoseconds (None where not
    counted). @port is the server's."""

    wall_us: float
    load_us: float
    port: int
    tool_us: float = 0.0
    lost: int = 0
    misnamed: int = 0
    programs_ns: float = None


def measure(bench):
    """Rows of this part."""
    tools = {"none": loop, "tcplife": _tcplife, "tcpsight": _tcpsight}
    if not bench.tcplife():
        del tools["tcplife"]
    runs = {name: [] for name in tools}
    for i in range(bench.rounds or ROUNDS):
        for name in rotate(list(tools), i):
            bench.say(f"life: round {i + 1}, {name}")
            private.enter_network()
            runs[name].append(tools[name](bench))
    counted = {}
    with bpf.statistics() as counting:
        for name in (set(tools) - {"none"}) if counting else ():
            bench.say(f"life: run time of the programs, {name}")
            private.enter_network()
            counted[name] = [tools[name](bench).programs_ns]
    return _rows(runs, counted)


def _rows(runs, counted):
    flows = ENDS * CONNECTIONS
    # A peer that saw much less than happened had less to do: such a round compares nothing.
    fair = [i for i, run in enumerate(runs.get("tcplife", [])) if run.lost <= BLIND_SHARE * flows]
    lost = [run.lost for run in runs.get("tcplife", [])]
    if lost and not fair:
        raise Failure(f"tcplife lost {statistics.median(lost):,.0f} of {flows:,} flows a run")
    ours, peer, none = ([tool[i] for i in fair] if lost else tool
                        for tool in (runs["tcpsight"], runs.get("tcplife", []), runs["none"]))

    def column(tool, field):
        return [getattr(run, field) for run in tool]

    def slower(tool, field):
        return [after - before for after, before in zip(column(tool, field), column(none, field))]

    alone = statistics.median(column(none, "load_us"))
    rate = 1e6 / statistics.median(column(none, "wall_us"))
    rows = [
        Row("life", "CPU of the tool for a closed flow", "us", column(ours, "tool_us"),
            column(peer, "tool_us"), "tcplife", CPU,
            note=f"{flows:,} flows a run, both ends of {CONNECTIONS:,} connections; rounds left "
            f"out because tcplife lost over a tenth: {len(lost) - len(fair)}"),
        Row("life", "slow-down: CPU of the loop for a connection", "us", slower(ours, "load_us"),
            slower(peer, "load_us"), "tcplife", SLOW_DOWN,
            note=f"the loop alone takes {alone:.1f} us of CPU"),
        Row("life", "slow-down: wall time for a connection", "us", slower(ours, "wall_us"),
            slower(peer, "wall_us"), "tcplife",
            note=f"the loop alone makes {rate:,.0f} connections a second"),
        Row("life", "flows lost of each run", "", column(runs["tcpsight"], "lost"), lost,
            "tcplife", LOST, absolute=True),
        Row("life", "flows with the wrong process name", "", column(ours, "misnamed"),
            column(peer, "misnamed"), "tcplife", absolute=True),
    ]
    if counted:
        rows.append(Row("life", "run time of the BPF programs for a connection", "ns",
                        counted["tcpsight"], counted.get("tcplife", []), "tcplife",
                        note="one run each, as the kernel counts it (bpf_stats); the way into a "
                        "program is not in it"))
    return [row.without_peer("tcplife") for row in rows]


def cpus():
    """CPUs of the loop, and of the tool."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[-1:], allowed[:-1] or allowed


def loop(bench):
    """One run with nothing watching."""
    done = bench.load("churn", CONNECTIONS, cpus=cpus()[0])
    return Run(done["seconds"] / CONNECTIONS * 1e6, done["cpu_seconds"] / CONNECTIONS * 1e6,
               done["port"])


def _watched(bench, child, output):
    """Run the loop while @child watches it and writes to the file @output."""
    settle(child.pid)
    ids = bpf.program_ids(child.pid)
    programs_ns = -bpf.run_totals(ids)[1]
    cpu_s = -cpu_clock_s(child.pid)
    run = loop(bench)
    settle(child.pid)
    cpu_s += cpu_clock_s(child.pid)
    programs_ns += bpf.run_totals(ids)[1]
    run.tool_us = cpu_s / (ENDS * CONNECTIONS) * 1e6
    run.programs_ns = programs_ns / CONNECTIONS
    stop(child)
    names = _names(output, run.port)
    run.lost = ENDS * CONNECTIONS - sum(names.values())
    run.misnamed = sum(names.values()) - names["churn"]
    return run


def _names(output, port):
    """How many rows of @output, for a flow from or to @port, have each process name. Both tools
    print PID COMM LADDR LPORT RADDR RPORT; either of the first two may be empty, and a name may
    have blanks in it."""
    output.seek(0)
    row = re.compile(r"\S* +(.*?) *[0-9.]+ +(\d+) +[0-9.]+ +(\d+) ")
    names = collections.Counter()
    for line in output.read().decode(errors="replace").splitlines():
        found = row.match(line)
        if found and str(port) in found.group(2, 3):
            names[found[1]] += 1
    return names


def _tcpsight(bench):
    with tempfile.TemporaryFile() as output:
        with ready_program(bench.tcpsight("life"), cpus()[1], stdout=output) as (child, _):
            return _watched(bench, child, output)


def _tcplife(bench):
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(pinned(bench.tcplife(), cpus()[1]), stdin=subprocess.DEVNULL,
                                 stdout=output, stderr=errors)
        try:
            run = _watched(bench, child, output)
        finally:
            stop(child)
        if child.returncode:
            errors.seek(0)
            raise Failure(f"tcplife: {errors.read().decode(errors='replace').strip()}")
        return run
