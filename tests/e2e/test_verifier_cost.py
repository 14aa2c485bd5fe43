# SPDX-License-Identifier: BSD-2-Clause
"""Every BPF program loads alone, and proving it safe costs the verifier no more than it used to.

tests/kernels/cost.csv holds what `./dev kernels --update` measured. A jump means that a branch or a
loop is walked many times over: it loads more slowly everywhere, and not at all on some kernel.
"""

import csv
import json
import pathlib
import subprocess

import pytest
from sight import BUILD, ROOT

ALLOWED_GROWTH = 1.25


@pytest.fixture(scope="module")
def verified(built):
    program = BUILD / "tests/verify"
    assert program.exists(), f"{program} is not built (make test-programs builds it)"
    done = subprocess.run([program, BUILD / "gen/tcp.o"], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def recorded():
    """The highest cost of each program over all kernels."""
    highest = {}
    with open(pathlib.Path(ROOT) / "tests/kernels/cost.csv", encoding="ascii") as table:
        for row in csv.DictReader(table):
            highest[row["program"]] = max(highest.get(row["program"], 0), int(row["insns"]))
    return highest


def test_every_program_is_recorded(verified):
    assert {line["program"] for line in verified} == recorded().keys()


def test_cost_did_not_jump(privileged, verified):
    for line in verified:
        if line["optional"] and line["error"]:
            continue
        assert line["error"] == 0, f"{line['program']}: {line['why']}"
        limit = ALLOWED_GROWTH * recorded()[line["program"]]
        assert 0 < line["insns"] <= limit, f"{line['program']} costs {line['insns']}, not {limit}"
