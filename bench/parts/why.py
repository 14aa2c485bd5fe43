# SPDX-License-Identifier: BSD-2-Clause
"""What `why` costs beside `top`: a ping-pong that shares its CPU with one or the other, both ranked over
the same interval. Nothing is lost, so no program of `why` runs either."""

import contextlib
import os

from harness import private
from harness.bench import rotate
from harness.process import ready_program
from harness.table import Row

ROUNDS = 10
RUN_MS = 2400
BYTES = 64
THROUGHPUT = (">=", 0.97)


def measure(bench):
    """Rows of this part."""
    private.enter_network()
    cpus = [max(os.sched_getaffinity(0))]
    tools = {"top": bench.tcpsight("top", "--json", "-C", "2"),
             "why": bench.tcpsight("why", "--json", "--interval", "2")}
    runs = {name: [] for name in tools}
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"why: round {i + 1}")
        for name in rotate(list(tools), i):
            with contextlib.ExitStack() as stack:
                stack.enter_context(ready_program(tools[name], cpus))
                runs[name].append(bench.load("pingpong", RUN_MS, BYTES, cpus=cpus))
    speed = {k: [run["round_trips"] / run["seconds"] for run in v] for k, v in runs.items()}
    return [Row("why", "round trips with why / with top", "/s", speed["why"], speed["top"], "top",
                THROUGHPUT)]
