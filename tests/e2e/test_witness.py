# SPDX-License-Identifier: BSD-2-Clause
"""The witness of what programs are not shown: what it tells, and which tests are played again for it."""

import os
import socket
import subprocess
import sys
import time

import pytest
import witness
from flows import traffic
from sight import ROOT

# Fails until it was played so often.
PLAYED = """
import pathlib

def test_it():
    times = pathlib.Path(__file__).with_name("times")
    played = int(times.read_text()) + 1 if times.exists() else 1
    times.write_text(str(played))
    assert played >= {needed}
"""
HIDDEN = "  tokio-rt-worker-75      [000] .Ns1. {at:.6f}: inet_sock_set_state: sport=5001 newstate=TCP_CLOSE\n"


def test_it_tells_what_happens_on_the_time_of_a_task_and_of_no_other(privileged):
    """listen() is on the time of whoever calls it; what follows may be on anyone's."""
    began = time.monotonic()
    with witness.watching(witness.threads_of(os.getpid())) as trace:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            mine = f"sport={listener.getsockname()[1]} dport=0 "
        other = f"sport={traffic().server.lport} dport=0 "
        told = [line for line in witness.seen_since(trace, began) if "newstate=TCP_LISTEN" in line]
        assert any(mine in line for line in told), told
        assert not any(other in line for line in told), told
        assert not any(mine in line for line in witness.seen_since(trace, time.monotonic()))
        folder = trace.parents[2]
    assert not folder.exists()


@pytest.mark.parametrize("needed,hidden_sec_ago,status,played", [
    (1, 0, 0, 1), (2, 0, 0, 2), (3, 0, 1, 2), (2, 3600, 1, 1), (2, None, 1, 1),
], ids=["passes", "something_hidden", "fails_twice", "hidden_before_it_began", "nothing_hidden"])
def test_a_failure_is_played_again_only_if_something_was_hidden_meanwhile(tmp_path, needed, hidden_sec_ago, status, played):
    (tmp_path / "test_it.py").write_text(PLAYED.format(needed=needed))
    (tmp_path / "conftest.py").write_text("from witness import pytest_runtest_protocol\n")
    # Written down an hour ahead, so that it is after whatever the test's own time will be.
    at = time.monotonic() + 3600
    trace = tmp_path / "trace"
    trace.write_text("# tracer: nop\n" + ("" if hidden_sec_ago is None else HIDDEN.format(at=at - 2 * hidden_sec_ago)))
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", tmp_path / "report",
                           tmp_path / "test_it.py"], check=False, capture_output=True, text=True, cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": f"{ROOT}/tests/e2e", "TCPSIGHT_WITNESS": str(trace)})
    assert done.returncode == status, done.stdout
    assert int((tmp_path / "times").read_text()) == played
    assert ("played again" in (tmp_path / "report").read_text()) == (played == 2)
    assert ("newstate=TCP_CLOSE" in (tmp_path / "report").read_text()) == (played == 2)


def test_timers_of_delayed_acks_are_counted_and_no_reason_to_play_again(tmp_path, monkeypatch):
    line = "  tokio-rt-worker-75 [000] ..s1. {}.000000: timer_expire_entry: timer=00000000ec8e80c8 function={} now=1 baseclk=1\n"
    trace = tmp_path / "trace"
    trace.write_text("".join(line.format(*one) for one in [
        (9, "tcp_delack_timer"), (11, "tcp_delack_timer"), (11, "tcp_write_timer"), (12, "tcp_delack_timer")]))
    monkeypatch.setenv("TCPSIGHT_WITNESS", str(trace))
    assert witness.delayed_acks_since(10) == 2
    [told] = witness.seen_since(trace, 10)
    assert "tcp_write_timer" in told


def test_sockets_that_ended_are_counted(tmp_path, monkeypatch):
    """Of CLOSE and CLOSE_WAIT, one is the end."""
    trace = tmp_path / "trace"
    trace.write_text("".join(HIDDEN.format(at=at) for at in (9, 11, 12)) + HIDDEN.format(at=13).replace("CLOSE", "CLOSE_WAIT"))
    monkeypatch.setenv("TCPSIGHT_WITNESS", str(trace))
    assert witness.closes_since(10) == 2
