# SPDX-License-Identifier: BSD-2-Clause
"""What names cost that are shown with flows: community id, unit, container, pod."""

from harness.table import Row

ROUNDS = 7
TIMES = 300_000
WHAT = {
    "community_id_ns": "a community id",
    "lookup_ns": "unit, container and pod of one of 1,000 cgroups that are known",
    "read_path_ns": "the same of one that is new: the reading of its path",
}


def measure(bench):
    """Rows of this part."""
    samples = []
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"names: round {i + 1}")
        samples.append(bench.load("names", TIMES))
    return [Row("names", what, "ns", [sample[name] for sample in samples], absolute=True)
            for name, what in WHAT.items()]
