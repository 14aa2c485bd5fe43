# SPDX-License-Identifier: BSD-2-Clause
"""
A witness of what programs are not shown. On the kernel of some guests no tracing program is called while a thread of
process 1 runs (ARCHITECTURE.md, Loss), and what a timer or a late packet does to a connection may fall on that thread's
time. The kernel's own trace has it nevertheless: tests/run.py has it written down, and a test that failed meanwhile is played
again, once.
"""

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile
import time

from _pytest.runner import runtestprotocol

# Whatever our programs are called for that may happen on the time of a stranger.
EVENTS = ("sock/inet_sock_set_state", "sock/inet_sk_error_report", "tcp/tcp_retransmit_skb", "tcp/tcp_retransmit_synack",
          "tcp/tcp_send_reset", "tcp/tcp_receive_reset", "tcp/tcp_cong_state_set", "timer/timer_expire_entry")
# Who compares delayed ACKs counts these, and no other test depends on them: they are no reason to play one again.
DELAYED_ACK = "tcp_delack_timer"
TIMERS = " || ".join(f"function.function == {name}" for name in (
    "tcp_write_timer", "tcp_keepalive_timer", "reqsk_timer_handler", DELAYED_ACK))
LINE = re.compile(r"\s*(.+)-(\d+)\s+\[\d+\]\s+\S+\s+(\d+\.\d+): (\w+: .*)")

AGAIN = "played again"  # what a report calls it


def threads_of(pid):
    return sorted(map(int, os.listdir(f"/proc/{pid}/task")))


@contextlib.contextmanager
def watching(tasks):
    """The file in which the kernel writes TCP's events on the time of these tasks; None if it keeps no such trace."""
    with tempfile.TemporaryDirectory(prefix="tcpsight-witness-") as root:
        if subprocess.run(["mount", "-t", "tracefs", "tracefs", root], check=False, capture_output=True).returncode:
            yield None
            return
        instance = pathlib.Path(root, "instances", f"tcpsight-tests-{os.getpid()}")
        try:
            ask(instance, tasks)
            trace = instance / "trace"
        except OSError:
            trace = None
        try:
            yield trace
        finally:
            with contextlib.suppress(OSError):
                instance.rmdir()
            subprocess.run(["umount", "-l", root], check=True)


def ask(instance, tasks):
    instance.mkdir()
    (instance / "trace_clock").write_text("mono")
    (instance / "buffer_size_kb").write_text("64")
    (instance / "set_event_pid").write_text(" ".join(map(str, tasks)))
    (instance / "events/timer/timer_expire_entry/filter").write_text(TIMERS)
    for event in EVENTS:
        (instance / "events" / event / "enable").write_text("1")


def lines_since(trace, began):
    found = map(LINE.match, pathlib.Path(trace).read_text(errors="replace").splitlines())
    return [line for line in found if line and float(line[3]) >= began]


def is_delayed_ack(line):
    return f"function={DELAYED_ACK} " in line[4]


def seen_since(trace, began):
    """What happened there since then (of time.monotonic()), in the kernel's words."""
    return [f"{line[3]} on the time of {line[1]} ({line[2]}): {line[4]}" for line in lines_since(trace, began)
            if not is_delayed_ack(line)]


def count_since(began, is_it):
    trace = os.environ.get("TCPSIGHT_WITNESS")
    return sum(map(is_it, lines_since(trace, began))) if trace else 0


def delayed_acks_since(began):
    """How many of the timers that send delayed ACKs ran unseen by programs since then; 0 where nobody watches."""
    return count_since(began, is_delayed_ack)


def closes_since(began):
    """How many sockets of the machine ended so."""
    return count_since(began, lambda line: line[4].endswith("newstate=TCP_CLOSE"))


def pytest_runtest_protocol(item, nextitem):
    """A test that failed is played once more if the kernel's own trace says that it hid something meanwhile (tests/run.py)."""
    trace = os.environ.get("TCPSIGHT_WITNESS")
    if not trace:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    began = time.monotonic()
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    failures = [report.longreprtext for report in reports if report.failed]
    if failures:
        failures += [text for _, text in reports[-1].sections]
    hidden = seen_since(trace, began) if failures else []
    if hidden:
        item.user_properties.append((AGAIN, "\n".join(failures + hidden)))
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
