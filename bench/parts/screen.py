# SPDX-License-Identifier: BSD-2-Clause
"""What a drawing of the interactive screen costs, with many flows."""

from harness.table import Row

ROUNDS = 5
FLOWS = 50_000
TIMES = 50
DRAWING = ("<=", 5000)
WHAT = {
    "plain_us": "a drawing at 120x40, 50,000 flows of which 5,000 moved",
    "filter_us": "the same with a filter",
    "group_us": "the same grouped by process",
    "text_us": "the same ordered by a text",
}


def measure(bench):
    """Rows of this part."""
    samples = []
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"screen: round {i + 1}")
        samples.append(bench.load("screen", FLOWS, TIMES))
    return [Row("screen", what, "us", [sample[name] for sample in samples], target=DRAWING, absolute=True)
            for name, what in WHAT.items()]
