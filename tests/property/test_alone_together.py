# SPDX-License-Identifier: BSD-2-Clause
"""Alone or together, the same: each of one to eight questions of a run over an event file, or of one to
five over a capture, yields, byte for byte, what it yields alone. `./dev fuzz` does the same with seeds of
the moment."""

import concurrent.futures
import json
import os
import subprocess

import pytest
from captured import Capture
from scenario import Scenario
from together import ENVIRONMENT, PROGRAM, Case, make

FILES = {"any": 460, "full": 30, "long": 12, "captured": 240}
AT_ONCE = 20
BATCHES = [(profile, first) for profile, count in FILES.items()
           for first in range(0, count, AT_ONCE)]


@pytest.mark.parametrize("profile, first", BATCHES)
def test_alone_or_together(tmp_path, profile, first):
    seeds = range(first, min(first + AT_ONCE, FILES[profile]))

    def check(seed):
        case = make(tmp_path / str(seed), profile, seed)
        case.run()
        return case.difference()

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for seed, difference in zip(seeds, pool.map(check, seeds)):
            assert not difference, f"{profile} {seed}: {difference}\n{tmp_path / str(seed)}/run"


def test_files_differ_and_are_not_empty():
    """What is compared above would prove little if it said nothing."""
    texts = {Scenario(seed).text for seed in range(50)}
    assert len(texts) == 50
    for words in ("open", "sample", "close", "reset", "handshake", "time", "seen=adopted", "[2001",
                  "role=listen", "seen=late"):
        assert any(words in text for text in texts), words


def test_captures_have_what_may_differ(tmp_path):
    """Flows that are open at the end, flows that are lost, clocks that are set, several links."""
    seen = set()
    for seed in range(60):
        capture = Capture(seed)
        (tmp_path / capture.file).write_bytes(capture.data)
        done = subprocess.run([str(PROGRAM), "life", "--json", "--read", capture.file, "--max-flows",
                               str(capture.max_flows)], cwd=tmp_path, env=ENVIRONMENT, check=True,
                              capture_output=True, text=True, timeout=60)
        *rows, summary = map(json.loads, done.stdout.splitlines())
        ends = {row["end_reason"] for row in rows}
        assert len(rows) == summary["closed"] + summary["live"]
        seen |= ends | {name for name in ("lost", "live", "adopted") if summary[name]}
        seen |= {"leap"} if capture.shift_ns else set()
        seen |= {f"links {len(set(capture.links))}"}
    assert {None, "fin", "reset_sent", "timeout", "refused", "lost", "live", "adopted", "leap", "links 1",
            "links 2"} <= seen, seen


REPORTS = {"top": ["1"], "life": [], "stat": ["-i", "3", "index=lport"],
           "subnet": ["-i", "7", "10.0.0.0/8,::/0"]}


@pytest.mark.parametrize("seed", range(8))
def test_one_standard_output_for_all(tmp_path, seed):
    """As JSON they may share it: each line says whose it is, and is else the same."""
    asked = [[report, "--json", *options] for report, options in REPORTS.items()]
    case = Case(tmp_path, Scenario(seed), asked)
    (first, *options), *others = asked
    command = [str(PROGRAM), first, "--read", "events", *case.limit, *options]
    for words in others:
        command += ["--also", " ".join(words)]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True,
                          timeout=60, check=True)
    case.run()
    said = {report: [] for report in REPORTS}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        said[row.pop("report")].append(row)
    for i, report in enumerate(REPORTS):
        alone = [json.loads(line) for line in case.text(f"alone{i}").splitlines()]
        assert said[report] == alone, report
