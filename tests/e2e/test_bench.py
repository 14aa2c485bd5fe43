# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark starts from what `make` builds, measures, and writes down its samples."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_a_part_is_measured(privileged, tmp_path):
    samples = tmp_path / "samples.json"
    done = subprocess.run([ROOT / "bench/run", "--binary", os.environ["TCPSIGHT"], "--tools",
                           pathlib.Path(os.environ["TCPSIGHT_BUILD"]) / "bench", "--rounds", "1",
                           "--json", samples, "start"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "from exec to the first possible row" in done.stdout
    rows = json.loads(samples.read_text())["rows"]
    assert rows and all(value > 0 for row in rows for value in row["ours"]), rows
