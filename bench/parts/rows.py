# SPDX-License-Identifier: BSD-2-Clause
"""What user space does for a flow and interval: from the events of a look to the text that is written."""

from harness.table import Row

ROUNDS = 7
FLOWS = 20_000
TIMES = 20
WHAT = {
    "all as JSON": (),
    "all as CSV": ("csv",),
    "all as a table": ("table",),
    "best 20 as JSON": ("best",),
}


def measure(bench):
    """Rows of this part."""
    samples = {what: [] for what in WHAT}
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"rows: round {i + 1}")
        for what, options in WHAT.items():
            samples[what].append(bench.load("rows", FLOWS, TIMES, *options)["median_ns"])
    return [Row("rows", f"{FLOWS:,} flows that move, {what}: user space for one", "ns", values,
                absolute=True) for what, values in samples.items()]
