# SPDX-License-Identifier: BSD-2-Clause
"""Every parser, five seconds each, from its seeds. `./dev fuzz` runs them longer."""

import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("TCPSIGHT_BUILD", HERE.parent.parent / "build"))
NAMES = sorted(p.stem.removeprefix("fuzz_") for p in HERE.glob("fuzz_*.c"))


@pytest.mark.computes
@pytest.mark.parametrize("name", NAMES)
def test_fuzz(name, tmp_path):
    seeds = HERE / "corpus" / name
    assert any(seeds.iterdir()), "a target starts from seeds"
    done = subprocess.run(
        [str(BUILD / f"fuzz/fuzz_{name}"), "-max_total_time=5", "-rss_limit_mb=1024",
         f"-artifact_prefix={tmp_path}/", str(tmp_path), str(seeds)],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-4000:]
