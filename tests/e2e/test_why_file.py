# SPDX-License-Identifier: BSD-2-Clause
"""`why` from a capture: how connections ended, which SYNs had no answer, what went again; and that the
rest cannot be seen. Packets are made here, so what is in them is known. And from a recording: what was
wrong while it was written."""

import contextlib
import json
import pathlib
import re
import subprocess
import time

import pytest
from failures import FAILURES
from flows import wait_until
from sight import PROGRAM
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap
from stage import Stage

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
MSS = 1000


class Capture:
    """Packets, each a little later than the one before."""

    def __init__(self):
        self.packets, self.now = [], 1000.0

    def add(self, later, to_server, port, flags, seq, ack=0, payload=b""):
        ends = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
        ports = (port, 80) if to_server else (80, port)
        # Each has a number of its own, or the second would be a copy of the first.
        packet = (Ether() / IP(src=ends[0], dst=ends[1], id=len(self.packets) + 1) /
                  TCP(sport=ports[0], dport=ports[1], flags=flags, seq=seq, ack=ack) / payload)
        self.now += later
        packet.time = self.now
        self.packets.append(packet)

    def handshake(self, port):
        self.add(0.01, True, port, "S", 1)
        self.add(0.01, False, port, "SA", 1, 2)
        self.add(0.01, True, port, "A", 2, 2)


@pytest.fixture(name="capture")
def made(tmp_path):
    c = Capture()
    c.add(0, True, 1000, "S", 1)
    c.add(0.01, False, 1000, "RA", 0, 2)
    for later in (0.1, 1, 2, 4):
        c.add(later, True, 1001, "S", 1)
    c.handshake(1002)
    c.add(0.1, True, 1002, "A", 2, 2, b"x" * MSS)
    c.add(0.1, False, 1002, "RA", 2, 2)
    c.handshake(1003)
    # Every tenth segment goes twice.
    for i in range(100):
        for _ in range(1 + (i % 10 == 9)):
            c.add(0.01, True, 1003, "A", 2 + i * MSS, 2, b"x" * MSS)
            c.add(0.001, False, 1003, "A", 2, 2 + (i + 1) * MSS)
    path = tmp_path / "capture.pcap"
    wrpcap(str(path), c.packets)
    return path


def why(path, *options):
    return subprocess.run([PROGRAM, "why", "--read", path, *options], capture_output=True, text=True,
                          check=True).stdout


def test_what_packets_tell(built, capture):
    rows = [json.loads(line) for line in why(capture, "--json").splitlines()]
    told = {row["lport"]: (row["verdict"], row["severity"]) for row in rows if "verdict" in row}
    assert told == {1000: ("refused", "failed"), 1001: ("blackhole_syn", "failed"),
                    1002: ("reset_by_peer", "failed"), 1003: ("loss", "slow")}
    assert [row["evidence"]["syns"] for row in rows if row.get("lport") == 1001] == [4]
    [loss] = [row for row in rows if row.get("lport") == 1003]
    evidence = loss["evidence"]
    assert evidence["retrans"] == 10 and evidence["retrans_share"] == 0.09, loss
    assert loss["certainty"] == "inferred" and "inferred from packets" in loss["sentence"], loss
    assert all(row["certainty"] == "measured" for row in rows if "verdict" in row and row != loss), rows
    assert loss["limited_by"] is None, "packets do not tell"


def test_what_they_do_not_tell_is_said(built, capture):
    assert "not visible from this source" in why(capture)


def test_netlink_says_what_it_does_not_see(privileged, netns):
    done = subprocess.run([PROGRAM, "why", "--source", "netlink", "--netns", netns.name, "--for", "1"],
                          capture_output=True, text=True, check=True)
    assert "why segments were sent again" in done.stdout and "needs BPF" in done.stdout


@contextlib.contextmanager
def recorded(sight, new_netns, folder, name, *options):
    """A failure, while it is recorded."""
    [failure] = [one for one in FAILURES if one.name == name]
    stage = Stage(new_netns(), new_netns(), failure.delay_sec, failure.sysctls)
    with contextlib.closing(stage):
        sight("record", folder, *options, "--netns", (stage.near if failure.side == "near" else stage.far).name)
        with failure.run(stage):
            yield failure


def told_by(folder, *options):
    return [json.loads(line) for line in why(folder, *options, "--json").splitlines() if '"verdict"' in line]


def unrecorded(folder):
    """What `why --json` says that a recording has not; None before it has anything."""
    rows = [json.loads(line) for line in why(folder, "--json").splitlines() if '"unrecorded"' in line]
    return rows[0]["what"] if rows else None


def wait_span(folder):
    """Until some seconds are recorded."""
    return wait_until(lambda: [text for text in [why(folder)] if re.match(r"in ([2-9]|\d\d)[0-9.]* s", text)],
                      "recording of two seconds")[0]


def wait_told(folder, code):
    return wait_until(lambda: [row for row in told_by(folder) if row["verdict"] == code],
                      f"verdict {code} of the recording")


@pytest.mark.parametrize("name", ["reader_stops", "kernel_gives_up", "every_fortieth_is_lost",
                                  "nobody_accepts"])
def test_a_recording_tells_what_was_wrong(sight, new_netns, tmp_path, name):
    with recorded(sight, new_netns, tmp_path, name, "--with", "extra") as failure:
        rows = wait_told(tmp_path, failure.code)
        assert rows[0]["severity"] == failure.severity, rows
        if failure.code == "loss":
            assert rows[0]["evidence"]["by_fast"] and rows[0]["certainty"] == "measured", rows
        if failure.code == "accept_queue_full":
            assert rows[0]["evidence"]["queue"] == 2 and rows[0]["evidence"]["queue_limit"] == 1, rows
            [listener] = [row for row in rows if row["state"] == "listen"]
            assert listener["lport"], listener


def test_ports_that_ran_out_are_told_of_a_recording(sight, new_netns, tmp_path):
    with recorded(sight, new_netns, tmp_path, [one.name for one in FAILURES if one.code == "ports_exhausted"][0]):
        assert wait_told(tmp_path, "ports_exhausted")[0]["severity"] == "failed"


def test_a_recording_without_states_says_so(sight, new_netns, tmp_path):
    with recorded(sight, new_netns, tmp_path, "every_fortieth_is_lost"):
        [text] = wait_until(lambda: [said for said in [why(tmp_path)] if "1 connection" in said],
                            "the connection in the recording")
        assert "record --with extra" in text and "nothing is wrong" not in text, text
        assert "no listener is in this recording" in text, text
        assert "of the whole host" not in text and "TIME_WAIT" not in text, "the host was recorded"
        assert unrecorded(tmp_path) == ["sockets", "listeners"]


def test_programs_are_told_what_was_not_recorded(sight, new_netns, tmp_path):
    with recorded(sight, new_netns, tmp_path, "nobody_accepts", "--with", "extra"):
        wait_until(lambda: unrecorded(tmp_path) == [], "a listener, and its host")
    with recorded(sight, new_netns, tmp_path / "less", "nobody_accepts", "--with", "extra", "--without", "host"):
        wait_until(lambda: unrecorded(tmp_path / "less") == ["host"], "a listener, without its host")


def test_a_recording_tells_what_was_wrong_with_the_host(sight, new_netns, tmp_path):
    """SYN cookies; what the kernel counted is the truth. A window before them tells nothing of them."""
    stage = Stage(new_netns(), new_netns(), 0.001, {"tcp_max_syn_backlog": 8, "tcp_syncookies": 1})
    with contextlib.closing(stage):
        sight("record", tmp_path, "--netns", stage.far.name)
        wait_span(tmp_path)
        before = time.time()
        stage.flood()
        [row] = wait_told(tmp_path, "syn_backlog")
        assert row["severity"] == "watch" and row["laddr"] is None, row
        counted = stage.far.mib()["TcpExtSyncookiesSent"]
        assert 0 < row["evidence"]["cookies"] <= counted, row
        wait_until(lambda: wait_told(tmp_path, "syn_backlog")[0]["evidence"]["cookies"] >= counted,
                   "all cookies until then")
        assert not told_by(tmp_path, "--until", f"@{int(before) - 1}"), "before they were sent"


def test_levels_of_the_host_are_known_at_any_time(sight, new_netns, tmp_path):
    """A limit never changes, and is told of a window that begins long after the recorder."""
    stage = Stage(new_netns(), new_netns(), 0.001, {"tcp_max_tw_buckets": 1})
    with contextlib.closing(stage):
        sight("record", tmp_path, "--netns", stage.near.name)
        wait_span(tmp_path)
        begin = time.time()
        listener = stage.listen()
        for _ in range(5):
            client = stage.client()
            client.connect(listener.getsockname())
            accepted = listener.accept()[0]
            client.close()
            accepted.close()

        # The last of them may come after the first has been counted.
        def overflows():
            return stage.near.mib()["TcpExtTCPTimeWaitOverflow"]

        wait_until(overflows, "overflows")

        def rows():
            return [row for row in told_by(tmp_path, "--since", f"@{int(begin)}")
                    if row["verdict"] == "time_wait_overflow"
                    and row["evidence"]["time_wait_overflows"] == overflows()]

        [row] = wait_until(rows, "verdict time_wait_overflow")
        limit = int(pathlib.Path("/proc/sys/net/ipv4/tcp_max_tw_buckets").read_text(encoding="ascii"))
        assert row["evidence"]["time_wait_limit"] == limit, row
        assert row["evidence"]["time_wait"] <= 1, row


def test_a_recording_without_the_host_says_so(sight, new_netns, tmp_path):
    stage = Stage(new_netns(), new_netns(), 0.001, {"tcp_max_syn_backlog": 8, "tcp_syncookies": 1})
    with contextlib.closing(stage):
        sight("record", tmp_path, "--netns", stage.far.name, "--without", "host")
        stage.flood()
        wait_until(lambda: stage.far.mib()["TcpExtSyncookiesSent"], "cookies")
        text = wait_span(tmp_path)
        assert "memory and drops of the whole host" in text and "syn_backlog" not in text, text


def test_each_host_is_judged_by_its_own_figures(sight, new_netns, tmp_path):
    stage = Stage(new_netns(), new_netns(), 0.001, {"tcp_max_syn_backlog": 8, "tcp_syncookies": 1})
    with contextlib.closing(stage):
        tools = [sight("record", tmp_path / side, "--netns", netns.name)
                 for side, netns in (("near", stage.near), ("far", stage.far))]
        stage.flood()
        wait_told(tmp_path / "far", "syn_backlog")
        for tool in tools:
            tool.stop()
        # Of one machine both have one name; which of the two it is of is its place.
        for order in ("near", "far"), ("far", "near"):
            done = subprocess.run([PROGRAM, "why", "--json",
                                   *(word for side in order for word in ("--read", tmp_path / side))],
                                  capture_output=True, text=True, check=True)
            rows = [json.loads(line) for line in done.stdout.splitlines() if '"syn_backlog"' in line]
            assert len(rows) == 1, done.stdout
