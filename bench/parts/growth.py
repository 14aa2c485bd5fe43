# SPDX-License-Identifier: BSD-2-Clause
"""How the cost of an interval grows with the number of idle sockets, and what a million of them would take.

A million sockets fit on no machine of ours: their row is arithmetic, the line through the two largest sizes.
"""

import collections

from harness import private
from harness.table import Row

from parts import sockets

SIZES = (1_000, 10_000, 70_000)
MILLION = 1_000_000
ROUNDS = 3


def measure(bench):
    """A row for each size and peer, in milliseconds an interval, and one for the million."""
    samples = collections.defaultdict(list)  # (size, peer or None for us) -> ms
    for size in SIZES:
        private.enter_network()
        bench.say(f"growth: connecting {size:,}")
        with bench.hold(size):
            for i in range(bench.rounds or ROUNDS):
                bench.say(f"growth: {size:,}, round {i + 1}")
                samples[size, None].append(sockets.of_top(bench, ())[0] * 1e3)
                for peer in ("-nti", "-ntip"):
                    samples[size, peer].append(sockets.of_ss(bench, peer) * 1e3)
    for who in (None, "-nti", "-ntip"):
        samples[MILLION, who] = [on_line(*values) for values in
                                 zip(samples[SIZES[-2], who], samples[SIZES[-1], who])]
    return [Row("growth", f"{size:,} idle sockets{', by the slope' if size == MILLION else ''}: CPU an interval", "ms",
                samples[size, None], samples[size, peer], f"ss {peer}")
            for size in (*SIZES, MILLION) for peer in ("-nti", "-ntip")]


def on_line(middle, last):
    """What a million takes, if what is added for each socket between the two largest sizes is added for each further."""
    return last + (MILLION - SIZES[-1]) * (last - middle) / (SIZES[-1] - SIZES[-2])
