# SPDX-License-Identifier: BSD-2-Clause
"""`why`: each way to fail is made on purpose, and must be told as what it is, at the end that can tell;
what is well must not be told as a fault."""

import contextlib
import json
import pathlib
import re
import socket
import subprocess
import time

import bpfstate
import pytest
from failures import FAILURES
from flows import wait_until
from netns import Netns
from sight import PROGRAM
from stage import Stage

WINDOW = ["--json", "--all", "--interval", "2"]
SEVERITY = ["fine", "watch", "slow", "stalled", "failed"]


@contextlib.contextmanager
def set_up(failure):
    """The stage for it, on which nothing happens yet."""
    near, far = Netns(), Netns()
    stage = Stage(near, far, failure.delay_sec, failure.sysctls)
    try:
        yield stage
    finally:
        stage.close()
        near.remove()
        far.remove()


@contextlib.contextmanager
def staged(failure):
    """The failure, going on."""
    with set_up(failure) as stage, failure.run(stage):
        yield stage


def watch(sight, failure, stage):
    netns = stage.near if failure.side == "near" else stage.far
    return sight("why", *WINDOW, "--netns", netns.name)


@pytest.fixture(scope="module")
def aged(privileged):
    """Failures that are told only after a while begin before all others."""
    with contextlib.ExitStack() as stages:
        begun = {failure.name: (time.monotonic(), stages.enter_context(staged(failure)))
                 for failure in FAILURES if failure.age_sec}
        yield begun


def told(lines):
    return [json.loads(line) for line in lines if '"verdict":' in line]


def check(failure, tool):
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
    assert not wrong, [(row["verdict"], row["sentence"], row["evidence"]) for row in wrong]
    return row


@pytest.mark.parametrize("failure", [f for f in FAILURES if not f.age_sec],
                         ids=lambda failure: failure.name)
def test_a_failure_is_told_as_what_it_is(sight, aged, failure):
    with set_up(failure) as stage:
        tool = watch(sight, failure, stage) if failure.before else None
        with failure.run(stage):
            check(failure, tool or watch(sight, failure, stage))


@pytest.mark.parametrize("failure", [f for f in FAILURES if f.age_sec],
                         ids=lambda failure: failure.name)
def test_a_failure_that_takes_a_while(sight, aged, failure):
    begun, stage = aged[failure.name]
    time.sleep(max(0, begun + failure.age_sec - time.monotonic()))
    check(failure, watch(sight, failure, stage))


# What is well. Each runs on a stage; those that go over loopback do so in the near namespace.


def bulk_over_the_wire(stage):
    stage.bulk(*stage.pair())


def requests_over_the_wire(stage):
    stage.echo(*stage.pair(), 300, 0)


def large_answers_over_the_wire(stage):
    client, accepted = stage.pair()

    def ask():
        client.sendall(b"x" * 100)
        left = 200000
        while left:
            left -= len(client.recv(left))

    def answer():
        if not accepted.recv(100):
            raise OSError("closed")
        accepted.sendall(b"y" * 200000)

    stage.loop(answer)
    stage.loop(ask, 0.02)


def nothing_at_all(stage):
    stage.pair()


def short_connections_over_the_wire(stage):
    listener = stage.listen()

    def serve():
        accepted = listener.accept()[0]
        with accepted:
            accepted.sendall(accepted.recv(1000))
            accepted.recv(1)

    def ask():
        with stage.client() as client:
            client.connect((stage.wire.far_address, stage.port))
            client.sendall(b"x" * 500)
            client.recv(1000)
        stage.open.remove(client)

    stage.loop(serve)
    for _ in range(4):
        stage.loop(ask)


def looped(stage):
    """Both ends of a connection over loopback."""
    with stage.near.inside():
        listener = stage.keep(socket.create_server(("127.0.0.1", 0)))
        client = stage.keep(socket.create_connection(listener.getsockname()))
    return client, stage.keep(listener.accept()[0])


def bulk_over_loopback(stage):
    stage.bulk(*looped(stage))


def bulk_over_loopback_in_large_pieces(stage):
    stage.bulk(*looped(stage), size=1 << 20)


def requests_over_loopback(stage):
    stage.echo(*looped(stage), 200, 0)


def server_that_thinks(stage):
    """What is in flight until the answer comes is no queue."""
    client, accepted = looped(stage)

    def answer():
        data = accepted.recv(65536)
        time.sleep(0.06)
        accepted.sendall(data)

    stage.loop(answer)
    stage.loop(lambda: (client.sendall(b"x" * 300), client.recv(65536)))


def many_kinds_at_once(stage):
    requests_over_the_wire(stage)
    bulk_over_loopback(stage)
    requests_over_loopback(stage)
    server_that_thinks(stage)


HEALTHY = [bulk_over_the_wire, requests_over_the_wire, large_answers_over_the_wire, nothing_at_all,
           short_connections_over_the_wire, bulk_over_loopback, bulk_over_loopback_in_large_pieces,
           requests_over_loopback, server_that_thinks, many_kinds_at_once]


@pytest.mark.parametrize("traffic", HEALTHY, ids=lambda traffic: traffic.__name__)
def test_what_is_well_is_no_fault(sight, new_netns, traffic):
    stage = Stage(new_netns(), new_netns(), 0.01, {})
    with contextlib.closing(stage):
        traffic(stage)
        tools = [sight("why", *WINDOW, "--count", 2, "--netns", netns.name)
                 for netns in (stage.near, stage.far)]
        for tool in tools:
            tool.wait_for(lambda lines: any('"summary"' in line for line in lines), "its end")
            wrong = [row for row in told(tool.lines)
                     if SEVERITY.index(row["severity"]) > SEVERITY.index("watch")]
            # A wire that is carried late has a queue, and is longer than the largest send buffer covers: it is
            # right to say so; and what it held up longer than a probe or a timeout waits went twice.
            if stage.wire.lateness_s > 0.01:
                wrong = [row for row in wrong if row["verdict"] not in ("bufferbloat", "sndbuf")]
            # A probe goes out after two round trips of 20 ms, if nothing was acknowledged.
            if stage.wire.lateness_s > 0.02:
                wrong = [row for row in wrong if row["verdict"] != "spurious"]
            # So does who reads what comes at the pace of the wire: if it came late half of the window was full.
            if stage.reads_late and traffic is bulk_over_the_wire:
                wrong = [row for row in wrong if row["verdict"] != "peer_reads_slowly"]
            assert not wrong, [(row["verdict"], row["sentence"], row["evidence"]) for row in wrong]


def test_syn_cookies_are_told_of_the_host(sight, new_netns):
    """More SYNs than the listener may remember, from addresses that never answer."""
    stage = Stage(new_netns(), new_netns(), 0.001, {"tcp_max_syn_backlog": 8, "tcp_syncookies": 1})
    with contextlib.closing(stage):
        tool = sight("why", *WINDOW, "--netns", stage.far.name)
        stage.flood()
        [row] = tool.wait_for(
            lambda lines: [row for row in told(lines) if row["verdict"] == "syn_backlog"][:1],
            "verdict syn_backlog")
        assert row["severity"] == "watch" and row["laddr"] is None, row
        assert row["evidence"]["cookies"] > 0, row
        assert stage.far.mib()["TcpExtSyncookiesSent"] >= row["evidence"]["cookies"]


@pytest.mark.parametrize("filters,status", [(["port 9"], 11), ([], 0)], ids=["no_match", "fine"])
def test_check_says_by_its_status(sight, new_netns, filters, status):
    stage = Stage(new_netns(), new_netns(), 0.001, {})
    with contextlib.closing(stage):
        requests_over_the_wire(stage)
        done = subprocess.run([PROGRAM, "why", "--check", "--for", "1", "--netns", stage.near.name,
                               *filters], capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr


def test_check_says_that_something_is_wrong(sight, new_netns):
    stage = Stage(new_netns(), new_netns(), 0.001, {})
    with contextlib.closing(stage):
        stage.listen(backlog=0)
        # It fills the queue before the others ask: a SYN that finds room would be answered.
        stage.start_connect()
        wait_until(lambda: "ESTAB" in stage.far.run("ss", "-Htan"), "a connection in the queue")
        for _ in range(3):
            stage.start_connect()
        wait_until(lambda: "SYN-SENT" in stage.near.run("ss", "-Htan"), "a connect that waits")
        done = subprocess.run([PROGRAM, "why", "--check", "--for", "1", "--netns", stage.far.name],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 10 and "does not accept" in done.stdout, done.stdout + done.stderr


def programs_of(pid):
    """Names of the BPF programs that a process holds, by itself or through links."""
    ids = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            ids |= {int(n) for n in re.findall(r"^prog_id:\s*(\d+)", info.read_text(), re.M)}
    listed = json.loads(subprocess.run(["bpftool", "-j", "prog"], capture_output=True, text=True,
                                       check=True).stdout)
    return {program.get("name") for program in listed if program["id"] in ids}


def test_no_program_is_on_the_path_of_data(sight, netns):
    tool = sight("why", *WINDOW, "--netns", netns.name)
    names = programs_of(tool.pid)
    assert {"on_state", "on_retransmit"} <= names, names
    assert not names & {"on_send", "on_receive", "on_send_exit", "on_receive_exit", "on_packet_in",
                        "on_packet_out", "on_timer_begin"}, names


def test_owners_are_looked_for_once_in_a_window(sight, new_netns):
    """However many connections come, and however often they are read: owners are told when it ends."""
    stage = Stage(new_netns(), new_netns(), 0.001, {})
    with contextlib.closing(stage):
        short_connections_over_the_wire(stage)
        tool = sight("why", "--json", "--all", "--interval", "4", "--netns", stage.near.name)
        begun = bpfstate.control(tool.pid)["owner_scan"]
        seen = {}

        def look():
            seen.setdefault(bpfstate.control(tool.pid)["owner_scan"], time.monotonic())
            return max(seen) >= begun + 3

        # One that would take more than its share of the time is left out, so there may be some windows between.
        wait_until(look, "three looks for owners", patience_sec=60)
        times = [when for scan, when in sorted(seen.items()) if scan > begun]
        # Two readings are half a second apart.
        assert all(later - when > 1 for when, later in zip(times, times[1:])), seen
