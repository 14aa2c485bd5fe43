# SPDX-License-Identifier: BSD-2-Clause
"""Every BPF program loads alone, and proving it safe costs the verifier no more than it used to.

tests/kernels/cost.csv holds what `./dev kernels --update` measured. A jump means that a branch or a
loop is walked many times over: it loads more slowly everywhere, and not at all on some kernel.
"""

import json
import pathlib
import platform
import subprocess
import sys

import pytest
from sight import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests"))

from kernels import table  # noqa: E402 (found through the line above)

# What stands behind the dash in the name of a kernel of this machine (tests/kernels/machine.py).
KIND = {"x86_64": "", "aarch64": "arm64", "s390x": "s390x"}[platform.machine()]


@pytest.fixture(scope="module")
def verified(built):
    program = BUILD / "tests/verify"
    assert program.exists(), f"{program} is not built (make test-programs builds it)"
    objects = sorted(BUILD.glob("gen/*.o"))
    done = subprocess.run([program, *objects], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def recorded():
    """The highest cost of each program over all kernels of this machine."""
    text = (pathlib.Path(ROOT) / "tests/kernels/cost.csv").read_text(encoding="ascii")
    highest = {}
    costs = table.read_costs(text)
    for programs in (costs[kernel] for kernel in costs if kernel.partition("-")[2] == KIND):
        for program, cost in programs.items():
            highest[program] = max(highest.get(program, 0), cost)
    return highest


def test_every_program_is_recorded(verified):
    assert {line["program"] for line in verified} == recorded().keys()


def test_cost_did_not_jump(privileged, verified):
    for line in verified:
        assert line["optional"] or line["error"] == 0, f"{line['program']}: {line['why']}"
    assert table.jumps(verified, recorded()) == []


def test_a_jump_is_seen():
    """By the function that the tests above and `./dev kernels` ask."""
    lines = [{"program": "same", "insns": 100, "error": 0}, {"program": "grown", "insns": 126, "error": 0},
             {"program": "new", "insns": 1, "error": 0}, {"program": "free", "insns": 0, "error": 0},
             {"program": "refused", "insns": 0, "error": 22}]
    known = dict.fromkeys(["same", "grown", "free", "refused"], 100)
    assert [text.split()[0] for text in table.jumps(lines, known)] == ["grown", "new", "free"]
