# SPDX-License-Identifier: BSD-2-Clause
"""`why`: each way to fail is made on purpose, and must be told as what it is, at the end that can tell;
what is well must not be told as a fault."""

import contextlib
import json
import time

import pytest
from failures import FAILURES, Stage
from netns import Netns

WINDOW = ["--json", "--all", "--interval", "2"]
SEVERITY = ["fine", "watch", "slow", "stalled", "failed"]


@contextlib.contextmanager
def staged(failure):
    """The failure, going on."""
    near, far = Netns(), Netns()
    stage = Stage(near, far, failure.delay_sec, failure.sysctls)
    try:
        with failure.run(stage):
            yield stage
    finally:
        stage.close()
        near.remove()
        far.remove()


@pytest.fixture(scope="module")
def aged(privileged):
    """Failures that are told only after a while begin before all others."""
    with contextlib.ExitStack() as stages:
        begun = {failure.name: (time.monotonic(), stages.enter_context(staged(failure)))
                 for failure in FAILURES if failure.age_sec}
        yield begun


def told(lines):
    return [json.loads(line) for line in lines if '"verdict":' in line]


def check(sight, failure, stage):
    netns = stage.near if failure.side == "near" else stage.far
    tool = sight("why", *WINDOW, "--netns", netns.name)
    rows = tool.wait_for(
        lambda lines: [row for row in told(lines) if row["verdict"] == failure.code
                       and row["severity"] == failure.severity],
        f"verdict {failure.code}")
    row = rows[0]
    assert row["sentence"] and row["next"] is not None and row["evidence"] is not None
    if failure.limit:
        assert row["limited_by"] == failure.limit, row
    right = {failure.code, *failure.also}
    wrong = [row for row in told(tool.lines) if row["verdict"] not in right and
             SEVERITY.index(row["severity"]) > max(SEVERITY.index(failure.severity),
                                                   SEVERITY.index("watch"))]
    assert not wrong, wrong
    return row


@pytest.mark.parametrize("failure", [f for f in FAILURES if not f.age_sec],
                         ids=lambda failure: failure.name)
def test_a_failure_is_told_as_what_it_is(sight, aged, failure):
    with staged(failure) as stage:
        check(sight, failure, stage)


@pytest.mark.parametrize("failure", [f for f in FAILURES if f.age_sec],
                         ids=lambda failure: failure.name)
def test_a_failure_that_takes_a_while(sight, aged, failure):
    begun, stage = aged[failure.name]
    time.sleep(max(0, begun + failure.age_sec - time.monotonic()))
    check(sight, failure, stage)
