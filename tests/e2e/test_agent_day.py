# SPDX-License-Identifier: BSD-2-Clause
"""Hours of an agent with a made-up clock: its memory stays, and everything is accounted for."""

import subprocess

from sight import BUILD, PATIENCE_SEC, ROOT

HOURS, SERIES_LIMIT = 8, 200


def test_hours_pass_and_memory_stays(privileged):
    done = subprocess.run([ROOT / "bench/agent_day", BUILD, str(HOURS), str(SERIES_LIMIT)], capture_output=True,
                          text=True, timeout=20 * PATIENCE_SEC, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == HOURS + 3
