# SPDX-License-Identifier: BSD-2-Clause
"""What is shown from a recording is what is shown from what was recorded, byte for byte."""

import subprocess

import pytest
from scenario import Scenario
from together import ENVIRONMENT, PROGRAM, first_difference

SEEDS = 25
EMPTY_TICKS_SEC = 60
QUESTIONS = (["life"], ["life", "--sort", "tx_bytes", "--rows", "5"], ["top", "1"], ["top", "3"],
             ["top", "--by", "process", "1"], ["top", "--sort", "srtt_us", "--rows", "3", "1"],
             ["subnet"], ["subnet", "--direction", "both", "-i", "2"])


def ask(folder, source, *words):
    done = subprocess.run([str(PROGRAM), *words, "--json", "--read", source], cwd=folder,
                          env=ENVIRONMENT, capture_output=True, text=True, timeout=60,
                          errors="surrogateescape")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("profile", ["any", "long"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_from_a_recording_as_from_its_source(tmp_path, profile, seed):
    text = Scenario(f"recording/{seed}", profile).text
    times = [float(line.split()[0]) for line in text.splitlines() if line[:1].isdigit()]
    has_gap = any(b - a > EMPTY_TICKS_SEC for a, b in zip(times, times[1:]))
    (tmp_path / "events").write_text(text, encoding="ascii")
    subprocess.run([str(PROGRAM), "record", "--read", "events", "--output", "R.tsr"], cwd=tmp_path,
                   env=ENVIRONMENT, check=True, timeout=60)
    for question in QUESTIONS:
        # Over a long gap a pace makes no ticks; another pace would have made them elsewhere.
        if has_gap and question[-1] in ("2", "3"):
            continue
        events, recording = (ask(tmp_path, source, *question) for source in ("events", "R.tsr"))
        assert events == recording, f"{question}:\n{first_difference(events, recording)}"
