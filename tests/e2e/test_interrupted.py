# SPDX-License-Identifier: BSD-2-Clause
"""Whatever ends tcpsight, at whatever moment, it ends in order and leaves nothing attached."""

import os
import random
import signal
import time

import bpfstate
import pytest
from flows import churn, traffic
from sight import PATIENCE_SEC, Tcpsight

FAILED = 1


@pytest.fixture(autouse=True)
def nothing_stays(nothing_left_attached_after):
    with nothing_left_attached_after():
        yield


@pytest.mark.parametrize("args", [["life"], ["life", "--json"], ["top", "-C", 1],
                                  ["top", "--json", 1], ["life", "-s"], ["life", "--help"]])
def test_disk_full(privileged, args):
    with open("/dev/full", "w", encoding="ascii") as full:
        with Tcpsight(*args, stdout=full, ready=False) as tool:
            while tool.process.poll() is None and "--help" not in args:
                traffic(bytes=10)
            outcome = tool.wait_exit()
    assert outcome.status == FAILED
    assert "No space left on device" in outcome.stderr
    assert len(outcome.stderr.splitlines()) <= 2


@pytest.mark.parametrize("args", [["life"], ["life", "--json"], ["top", "-C", 1],
                                  ["top", "--json", 1]])
def test_reader_goes_away(sight, source, args):
    reader, writer = os.pipe()
    tool = sight(args[0], *source.options, *args[1:], stdout=writer)
    os.close(writer)
    os.close(reader)
    deadline = time.monotonic() + PATIENCE_SEC
    while tool.process.poll() is None and time.monotonic() < deadline:
        traffic(bytes=10)
    assert tool.process.poll() is not None, "it went on without a reader"
    outcome = tool.wait_exit()
    assert outcome.status in (0, -signal.SIGPIPE)
    assert outcome.stderr == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("args", [["top", "--json", 3600], ["life", "--json"]])
def test_signals_end_it_with_what_is_owed(sight, netns, source, args, number):
    tool = sight(args[0], *source.options, "--netns", netns.name, *args[1:])
    held = bpfstate.held(tool.pid)
    truth = traffic(netns=netns, bytes=4321)
    outcome = tool.stop(number)
    assert (outcome.status, outcome.stderr) == (0, "")
    rows = [row for row in outcome.rows if row["lport"] == truth.client.lport]
    assert [row["tx_bytes"] for row in rows] == [4321]
    assert outcome.summary
    assert {kind for kind, _ in held} == source.holds
    assert bpfstate.remaining(held) == set()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL])
def test_other_signals_leave_nothing_behind(sight, number):
    tool = sight("top", "--json", 3600)
    held = bpfstate.held(tool.pid)
    assert held
    tool.process.send_signal(number)
    tool.process.wait(PATIENCE_SEC)
    tool.report = None
    assert bpfstate.remaining(held) == set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("args", [["top", "-C", "1"], ["life", "--json"]])
def test_signals_at_random_moments_of_the_start(privileged, source, args, number):
    chance = random.Random(f"{args}{number}")
    for _ in range(8):
        with Tcpsight(args[0], *source.options, *args[1:], ready=False) as tool:
            tool.report = None
            time.sleep(chance.uniform(0, 0.25))
            assert tool.stop(number).status in (0, -number)


def test_signal_while_the_reader_sleeps(sight, netns, source):
    """The pipe is full, so writing waits: the user must be able to end it all the same."""
    reader, writer = os.pipe()
    tool = sight("life", "--json", *source.options, stdout=writer)
    tool.report = None
    os.close(writer)
    churn("127.0.0.1", 3000, 1, netns=netns)
    tool.process.send_signal(signal.SIGINT)
    try:
        tool.wait_exit()
    finally:
        os.close(reader)


def test_second_instance_does_not_disturb_the_first(sight):
    first = sight("life", "--json")
    second = sight("life", "--json")
    truth = traffic(bytes=10)
    assert second.stop().status == 0
    later = traffic(bytes=20)
    for side in truth.client, later.client:
        assert first.wait_row(side)["tx_bytes"] == side.tx_bytes
