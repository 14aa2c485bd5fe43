# SPDX-License-Identifier: BSD-2-Clause
"""`subnet`: what a flow costs with 10 and with 100,000 prefixes.

A recording of many short flows is read with both lists; it is the same work but for the look-up. What
it costs to read the list itself is taken off, by a run over a recording without flows.
"""

import tempfile

from harness.bench import rotate
from harness.process import run_quiet
from harness.table import Row

ROUNDS = 5
FLOWS = 200_000
# No look-up goes through the list: ten thousand times as many prefixes may not cost twice as much.
GROWTH = ("<=", 2)


def measure(bench):
    """Rows of this part."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = _list(f"{folder}/few", 10), _list(f"{folder}/many", 100_000)
        flows, none = _recording(f"{folder}/flows", FLOWS), _recording(f"{folder}/none", 0)
        cost = {few: [], many: []}
        for i in range(bench.rounds or ROUNDS):
            bench.say(f"subnet: round {i + 1}")
            for prefixes in rotate([few, many], i):
                used_s = [run_quiet(bench.tcpsight("subnet", "--json", "--read", recording,
                                                   "--subnets", prefixes)).cpu_s
                          for recording in (flows, none)]
                cost[prefixes].append((used_s[0] - used_s[1]) / FLOWS * 1e6)
    return [Row("subnet", "CPU of a flow, 100,000 prefixes / 10", "us", cost[many], cost[few],
                "10 prefixes", GROWTH, note="parsing the recording's line is in both")]


def _list(path, count):
    """A file of @count prefixes of several lengths, the last of which holds all that is left."""
    with open(path, "w", encoding="ascii") as out:
        for i in range(count - 1):
            out.write(f"10.{i >> 8 & 255}.{i & 255}.0/{(24, 25, 26, 28)[i >> 16 & 3]}\n")
        out.write("0.0.0.0/0\n")
    return path


def _recording(path, flows):
    """A text recording of @flows flows to as many places."""
    with open(path, "w", encoding="ascii") as out:
        out.write("0 time\n")
        for i in range(flows):
            peer = f"10.{i >> 10 & 255}.{i >> 2 & 255}.{i & 255}"
            out.write(f"{i / flows:.6f} close {i + 1} local=10.0.0.1:1000 remote={peer}:80 tx=1\n")
        out.write("2 time\n")
    return path
