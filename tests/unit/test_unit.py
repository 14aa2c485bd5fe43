# SPDX-License-Identifier: BSD-2-Clause
"""Run every unit test program (cmocka); one pytest case a program, its output on failure."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TCPSIGHT_BUILD", ROOT / "build"))
# With sanitizers it takes longer, and ./dev sanitize says so.
PATIENCE_SEC = float(os.environ.get("TCPSIGHT_PATIENCE_SEC", 15))
NAMES = sorted(str(p.relative_to(ROOT / "tests/unit").with_suffix(""))
               for p in (ROOT / "tests/unit").rglob("test_*.c"))


@pytest.mark.parametrize("name", NAMES)
def test_unit(name):
    # Against one that hangs. test_damage takes 9 s of CPU where pages are slow; a busy machine needed more than 120 s.
    done = subprocess.run([str(BUILD / "tests/unit" / name)], capture_output=True, text=True,
                          timeout=40 * PATIENCE_SEC)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[  PASSED  ]" in done.stderr + done.stdout
