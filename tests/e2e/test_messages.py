# SPDX-License-Identifier: BSD-2-Clause
"""Messages sent and received are the same numbers on every way that the kernel allows."""

import csv
import json
import subprocess

import pytest
from sight import PROGRAM, run
from test_stat import FAULTS

WAYS = ["tracepoint", "fexit"]


@pytest.fixture(scope="module")
def states(privileged):
    told = subprocess.run([PROGRAM, "doctor", "--json"], check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    return {line["rung"]: line["state"] for line in lines if line.get("need") == "messages"}


def counted(tool, netns):
    """Both ends of 20 connections send four times; the sums of what was counted."""
    netns.run(*FAULTS, "plain", "127.0.0.1")
    rows = list(csv.DictReader(tool.stop().lines))
    return [sum(int(row[key] or 0) for row in rows) for key in ("messages_sent", "messages_received")]


@pytest.mark.parametrize("way", WAYS)
def test_forced_way(sight, netns, states, way):
    words = ["stat", "--csv", "--netns", netns.name, "--rung", f"messages={way}"]
    if states[way] == "unavailable":
        outcome = run(*words)
        assert (outcome.status, outcome.text) == (3, "")
        assert f"messages={way}" in outcome.stderr
        return
    sent, received = counted(sight(*words), netns)
    assert sent == 20 * 4
    assert received >= 20 * 4


def test_without(sight, netns):
    tool = sight("stat", "--csv", "--netns", netns.name, "--rung", "messages=none")
    netns.run(*FAULTS, "plain", "127.0.0.1")
    outcome = tool.stop()
    assert outcome.stderr == ""
    rows = list(csv.DictReader(outcome.lines))
    assert rows and {row["messages_sent"] for row in rows} == {""}
