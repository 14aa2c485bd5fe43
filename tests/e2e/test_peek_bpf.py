# SPDX-License-Identifier: BSD-2-Clause
"""`peek --source bpf`: this host's own handshakes from kernel edges, with owner and errno, each
kind of failure made between two network namespaces. What the kernel counts (nstat) is the truth."""

import contextlib
import json
import os
import socket

import pytest
from flows import Side, Traffic, actor, traffic
from handshakes import COMPANY, Peek, peek
from netns import Link
from sight import UNSEEN_MAX, Tcpsight, open_to_all, run
from test_peek_live import attempt, peek as peek_packets, status_of


PORT = 5001
CPUS = sorted(os.sched_getaffinity(0))
DROP = "add table inet t; add chain inet t c { type filter hook input priority 0; };"


@pytest.fixture
def link(new_netns):
    both = Link(new_netns(), new_netns())
    for side in (both.near, both.far):
        side.run("sh", "-c", "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit")
        # One segment is one packet, so that nft can tell them apart.
        side.ip("link", "set", "wire", "gso_max_segs", "1")
    return both


@pytest.fixture(autouse=True, params=["alone", "beside"])
def company(request, tmp_path):
    """Whatever it tells of handshakes, it tells beside a report that follows their flows, too."""
    COMPANY[:] = ["--also", f"top --json --output {tmp_path}/top 1"] if request.param == "beside" else []
    return request.param


def nft(netns, rule):
    netns.run("nft", f"{DROP} add rule inet t c {rule}")


def listener(netns, address, backlog=5):
    return actor("listen_only", address, PORT, backlog, netns=netns)


def test_success_and_reject_with_owner_and_errno(link, tmp_path):
    with peek(link.near, tmp_path) as client, \
            peek(link.far, tmp_path, "-U", tmp_path / "far") as server:
        truth = traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address)
        side, error = attempt(link.near, link.far_address)
        assert error == "ECONNREFUSED"
        sent = client.wait(client_port=truth.client.lport)
        assert (sent["direction"], sent["outcome"], sent["conn_state"]) == ("tx", "established", "S1")
        assert (sent["pid"], sent["server_port"]) == (truth.client.pid, truth.client.rport)
        assert (sent["client_addr"], sent["server_addr"]) == (link.near_address, link.far_address)
        came = server.wait(client_port=truth.client.lport)
        assert (came["direction"], came["outcome"]) == ("rx", "established")
        assert came["pid"] == truth.server.pid
        # From its SYN on: not longer than the client's, which began before and ended before.
        assert 0 < came["duration_us"] < truth.elapsed_us and came["started"] > sent["started"]
        refused = client.wait(client_port=side.lport)
        assert (refused["outcome"], refused["error"]) == ("rejected", "ECONNREFUSED")
        assert (refused["conn_state"], refused["pid"]) == ("REJ", side.pid)
        rows, summary = client.stop()
        assert len(rows) == 2 and summary["lost"] <= UNSEEN_MAX
        # No socket: the host that refuses has nothing to tell.
        rows, _ = server.stop()
        assert len(rows) == 1


def test_a_recorder_keeps_handshakes_beside_flows(link, tmp_path):
    open_to_all(tmp_path)
    folder = tmp_path / "recording"
    with Tcpsight("record", "--source", "bpf", "--netns", link.near.inode, "--with", "handshakes",
                  "-i", "1", folder) as tool:
        truth = traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address)
        side, _ = attempt(link.near, link.far_address)
        assert tool.stop().status == 0
    told = {name: [json.loads(line) for line in run(name, "--json", "--read", folder).lines]
            for name in ("peek", "life")}
    outcome = {row["client_port"]: row["outcome"] for row in told["peek"] if "client_port" in row}
    assert outcome == {truth.client.lport: "established", side.lport: "rejected"}
    row, = (row for row in told["life"] if row.get("lport") == truth.client.lport)
    assert (row["tx_bytes"], row["rx_bytes"]) == (truth.client.tx_bytes, truth.client.rx_bytes)


def test_verdicts_of_handshakes(link, tmp_path):
    columns = "client_port,outcome,verdict,severity,certainty,sentence"
    with peek(link.near, tmp_path, "-o", columns) as client:
        truth = traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address)
        assert client.wait(client_port=truth.client.lport)["verdict"] is None
        side, _ = attempt(link.near, link.far_address)
        refused = client.wait(client_port=side.lport)
        assert (refused["verdict"], refused["severity"]) == ("refused", "failed"), refused
        assert refused["certainty"] == "measured" and refused["sentence"].startswith("refused: "), refused
        client.stop()


def test_lines_name_the_owner_and_the_summary_counts(link, tmp_path):
    with Tcpsight("peek", "--source", "bpf", "--netns", link.near.inode, "-U", tmp_path / "s",
                  f"web:TX@10.77.0.0/24:{PORT}") as tool:
        side, _ = attempt(link.near, link.far_address)
        tool.wait_for(lambda _: any(f":{side.lport} " in line for line in tool.errors), "line")
        stderr = tool.stop().stderr
    assert stderr.startswith("listening on this host's own handshakes")
    line = next(line for line in stderr.splitlines() if f":{side.lport} " in line)
    assert "| failure (reject)  |" in line and line.endswith(f"| tcp-try[{side.pid}] ")
    web = stderr.split("\n web\n")[1]
    assert "Failure: 1 session" in web and "Connection Rejected   :      1" in web
    assert "pcap stats" not in stderr


def ended_by_timers(link):
    """
    Three attempts to connect to the far side: {port: the errno that each ended with}. One after the other, so that no
    run of the timers ends two of them.
    """
    tried = (attempt(link.near, link.far_address, 0) for _ in range(3))
    return {side.lport: error for side, error in tried}


def test_no_answer_is_a_timeout_when_the_kernel_gives_up(link, tmp_path):
    link.cut()
    link.near.sysctl("net.ipv4.tcp_syn_retries", 1)
    with peek(link.near, tmp_path) as tool:
        ends = ended_by_timers(link)
        assert set(ends.values()) == {"ETIMEDOUT"}
        rows = tool.rows_of(ends)
        for row in rows:
            assert (row["outcome"], row["error"]) == ("timed_out", "ETIMEDOUT")
            assert row["dup_syn"] == link.near.counted("TcpRetransSegs") / len(ends) > 0
            assert row["conn_state"] == "S0" and row["duration_us"] > 1_000_000


@pytest.mark.parametrize("icmp,error", [("port-unreachable", "ECONNREFUSED"),
                                        ("admin-prohibited", "EHOSTUNREACH"),
                                        ("net-unreachable", "ENETUNREACH")])
def test_an_icmp_error_is_no_reset_though_the_errno_be_the_same(link, tmp_path, icmp, error):
    """The first comes while connect() has the socket locked, and is passed over: the SYN that a timer sends again ends it."""
    nft(link.far, f"tcp dport {PORT} reject with icmp {icmp}")
    with peek(link.near, tmp_path) as tool:
        ends = ended_by_timers(link)
        assert set(ends.values()) == {error}
        assert {(row["outcome"], row["error"]) for row in tool.rows_of(ends)} == {("unreachable", error)}


def test_the_application_that_gives_up_is_an_abort_and_named(link, tmp_path):
    link.cut()
    with peek(link.near, tmp_path) as tool:
        with actor("abandon_connect", link.far_address, PORT, netns=link.near) as trying:
            side = Side(trying.hear()["client"])
            trying.go()
        row = tool.wait(client_port=side.lport)
        assert (row["outcome"], row["error"], row["pid"]) == ("aborted", None, side.pid)


def test_a_connect_that_found_no_port_sent_nothing(link, tmp_path):
    link.cut()
    link.near.sysctl("net.ipv4.ip_local_port_range", "'40000 40000'")
    with peek(link.near, tmp_path) as tool:
        with actor("no_port_left", link.far_address, PORT, netns=link.near) as trying:
            told = trying.hear()
            assert told["errors"] == ["EINPROGRESS", "EADDRNOTAVAIL"]
            row = tool.wait(outcome="not_sent")
            assert (row["pid"], row["server_port"], row["dup_syn"]) == (told["pid"], PORT, 0)
            assert row["server_addr"] == link.far_address and row["conn_state"] is None
            assert row["error"] == "EADDRNOTAVAIL"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_the_icmp_error_of_a_firewall_is_named(netns, tmp_path, address):
    """But one of ICMPv6 only to a client that wants to know (IPV6_RECVERR)."""
    name = "admin-prohibited"
    netns.run("nft", "add table inet t; add chain inet t o { type filter hook output priority 0; };"
                     f" add rule inet t o tcp dport {PORT} reject with icmpx type {name}")
    errors = {}
    with peek(netns, tmp_path) as tool:
        # That one ends by a timer.
        for _ in range(3 if address == "::1" else 1):
            with actor("ask_connect", address, PORT, 10_000, netns=netns) as trying:
                errors |= {told["client"]["lport"]: told["error"] for told in [trying.hear()]}
        for row in tool.rows_of(errors):
            assert (row["outcome"], row["error"]) == ("unreachable", errors[row["client_port"]]), row
            assert row["icmp"] == (None if address == "::1" else name)


def test_what_is_undecided_at_the_end_is_pending(link, tmp_path):
    # The client hears no SYN/ACK: it waits, and so does the server.
    nft(link.near, f"tcp sport {PORT} drop")
    with peek(link.near, tmp_path) as client, \
            peek(link.far, tmp_path, "-U", tmp_path / "far") as server, \
            listener(link.far, link.far_address) as listening:
        pid = listening.hear()["pid"]
        with actor("abandon_connect", link.far_address, PORT, netns=link.near) as trying:
            side = Side(trying.hear()["client"])
            for tool, owner in ((client, side.pid), (server, pid)):
                rows, summary = tool.stop()
                assert [row["outcome"] for row in rows] == ["pending"]
                assert rows[0]["client_port"] == side.lport and rows[0]["pid"] == owner
                assert summary["live"] >= 1


def test_a_request_without_an_ack_times_out_with_the_listener_s_owner(link, tmp_path):
    nft(link.near, f"tcp sport {PORT} drop")
    link.far.sysctl("net.ipv4.tcp_synack_retries", 1)
    with peek(link.far, tmp_path) as tool, listener(link.far, link.far_address) as listening:
        pid = listening.hear()["pid"]
        with actor("abandon_connect", link.far_address, PORT, netns=link.near) as trying:
            side = Side(trying.hear()["client"])
            # The SYN comes again too, so let the client be silent from now on.
            trying.go()
            row = tool.wait(direction="rx")
        assert (row["outcome"], row["client_port"]) == ("timed_out", side.lport)
        assert (row["pid"], row["comm"]) == (pid, "tcp-listen")
        assert row["dup_syn_ack"] == link.far.counted("TcpRetransSegs") == 1
        assert row["dup_syn"] == 0
        # One second, then two more.
        assert 2_900_000 < row["duration_us"] < 4_000_000


def test_repeated_syns_and_syn_acks_of_a_success_are_told_apart(link, tmp_path):
    # Two SYN/ACKs are lost. Whichever of the two timers of one second runs first, the client's or the
    # server's: both SYN and SYN/ACK are sent again before a SYN/ACK arrives.
    nft(link.near, f"tcp sport {PORT} tcp flags & (syn|ack) == (syn|ack) quota until 150 bytes drop")
    with peek(link.far, tmp_path) as server, \
            peek(link.near, tmp_path, "-U", tmp_path / "near") as client, \
            listener(link.far, link.far_address) as listening:
        listening.hear()
        side, error = attempt(link.near, link.far_address)
        assert not error
        sent, came = client.wait(client_port=side.lport), server.wait(client_port=side.lport)
        assert sent["outcome"] == came["outcome"] == "established"
        assert sent["dup_syn"] == link.near.counted("TcpRetransSegs") >= 1
        assert came["dup_syn_ack"] == link.far.counted("TcpRetransSegs") >= 2
        # The server's side knows of a SYN by the SYN/ACK that answers it.
        assert came["dup_syn"] <= sent["dup_syn"] and came["duration_us"] > 900_000


def test_a_reset_of_a_half_open_request_is_the_client_s_abort(link, tmp_path):
    nft(link.near, f"tcp sport {PORT} tcp flags & (syn|ack) == (syn|ack) reject with tcp reset")
    with peek(link.far, tmp_path) as tool, listener(link.far, link.far_address) as listening:
        pid = listening.hear()["pid"]
        with actor("abandon_connect", link.far_address, PORT, netns=link.near) as trying:
            side = Side(trying.hear()["client"])
            row = tool.wait(client_port=side.lport)
            assert (row["outcome"], row["conn_state"], row["pid"]) == ("aborted", "RSTO", pid)
            assert row["duration_us"] < 900_000, "it ended with the reset, not when it was missed"
            # Its SYN comes again each second, and each is a request that it resets.
            tool.tool.wait_for(lambda lines: len(lines) >= 3, "a row for each request")
            trying.go()
        resets = link.far.counted("TcpExtEmbryonicRsts")
        tool.tool.wait_for(lambda lines: len(lines) >= resets, "a row for each reset")
        rows, summary = tool.stop()
        assert [row["outcome"] for row in rows] == ["aborted"] * resets
        assert summary["lost"] <= UNSEEN_MAX


def test_an_icmp_error_about_the_syn_ack_ends_a_request_before_its_time(link, tmp_path):
    nft(link.near, f"tcp sport {PORT} reject with icmp host-unreachable")
    with peek(link.far, tmp_path) as tool, listener(link.far, link.far_address) as listening:
        listening.hear()
        with actor("abandon_connect", link.far_address, PORT, netns=link.near) as trying:
            side = Side(trying.hear()["client"])
            row = tool.wait(client_port=side.lport)
            trying.go()
        assert (row["outcome"], row["dup_syn_ack"]) == ("gone", 0)
        assert link.far.counted("TcpAttemptFails") + link.far.counted("TcpExtListenDrops") > 0


def test_drops_of_a_full_listen_queue_are_told_per_listener(link, tmp_path):
    link.far.sysctl("net.ipv4.tcp_syncookies", 0)
    with peek(link.far, tmp_path) as tool, listener(link.far, link.far_address, 1) as listening, \
            contextlib.ExitStack() as clients:
        pid = listening.hear()["pid"]
        for _ in range(6):
            trying = clients.enter_context(
                actor("abandon_connect", link.far_address, PORT, netns=link.near))
            trying.hear()
        row = tool.wait(outcome="listen_drop")
        assert (row["server_addr"], row["server_port"]) == (link.far_address, PORT)
        assert (row["pid"], row["client_addr"], row["client_port"]) == (pid, None, None)
        listening.go()
        rows, _ = tool.stop()
        told = sum(row["dropped"] for row in rows if row["outcome"] == "listen_drop")
        assert told == link.far.counted("TcpExtListenDrops") > 0


def connect_from(netns, cpu):
    """Send a SYN, of which all that follows is done by one CPU: the far end's half, since a packet
    to another namespace is received where it was sent, and the timer of the SYN/ACK, which is bound."""
    os.sched_setaffinity(0, {cpu})
    try:
        with netns.inside():
            client = socket.socket()
        client.setblocking(False)
        client.connect_ex((Link.far_address, PORT))
    finally:
        os.sched_setaffinity(0, CPUS)
    return client


def accept_queue(netns):
    """How many connections wait for accept() there."""
    return int(netns.run("ss", "-Hltn", "sport", "=", f":{PORT}").split()[1])


@pytest.mark.parametrize("cpus", [[CPUS[0], CPUS[0]], [CPUS[0], CPUS[-1]]], ids=["one_cpu", "two_cpus"])
def test_an_ack_that_finds_the_accept_queue_full_is_an_overflow(link, tmp_path, cpus):
    """There is room for one of two late ACKs. If one comes after the other, the second overflows. On
    two CPUs they may come at once, and the kernel may take both: tcp_v4_syn_recv_sock() looks for
    room, inet_csk_reqsk_queue_add() counts later, and no lock spans the two."""
    link.far.sysctl("net.ipv4.tcp_synack_retries", 2)
    with peek(link.far, tmp_path) as tool, listener(link.far, link.far_address, 2) as listening, \
            contextlib.ExitStack() as clients:
        listening.hear()

        def connect(cpu):
            client = clients.enter_context(connect_from(link.near, cpu))
            return client.getsockname()[1]

        for port in (connect(cpus[0]), connect(cpus[0])):
            tool.wait(client_port=port, outcome="established")
        # The ACKs of two are held back, so that their SYNs are taken.
        nft(link.far, f"tcp dport {PORT} tcp flags == ack drop")
        ports = [connect(cpu) for cpu in cpus]
        link.far.run("nft", "flush", "chain", "inet", "t", "c")
        late = [tool.wait(client_port=port) for port in ports]
        taken = accept_queue(link.far) - 2
        rows, _ = tool.stop()
    assert taken == 1 or (taken == 2 and cpus[0] != cpus[1])
    assert sorted(row["outcome"] for row in late) == sorted(["established"] * taken
                                                            + ["overflow"] * (2 - taken))
    assert all(row["dup_syn_ack"] == 2 for row in late if row["outcome"] == "overflow")
    assert sorted(row["client_port"] for row in rows if row["client_port"] in ports) == sorted(ports)
    told = sum(row["dropped"] for row in rows if row["outcome"] == "listen_drop")
    assert told == link.far.counted("TcpExtListenDrops") == link.far.counted("TcpExtListenOverflows")
    # The one that found no room answers both SYN/ACKs that come again, the first in vain maybe: if
    # the rule above was still there.
    assert 2 - taken <= told <= 2 * (2 - taken)


def test_syn_cookies_leave_no_request_but_a_success(link, tmp_path):
    link.far.sysctl("net.ipv4.tcp_syncookies", 2)
    with peek(link.far, tmp_path) as tool, listener(link.far, link.far_address) as listening:
        listening.hear()
        side, error = attempt(link.near, link.far_address)
        assert not error and link.far.counted("TcpExtSyncookiesRecv") == 1
        assert tool.wait(client_port=side.lport)["outcome"] == "established"
        rows, _ = tool.stop()
        assert len(rows) == 1


def test_the_same_rows_as_from_packets(link, tmp_path):
    """Each end seen both ways at once; only the owner, the errno and some microseconds differ."""
    (tmp_path / "packets").mkdir()
    with peek(link.near, tmp_path) as edges, \
            peek_packets(link.near, tmp_path / "packets", "--json") as packets, \
            listener(link.far, link.far_address, 50) as listening:
        packets.report = None
        listening.hear()
        ports = [attempt(link.near, link.far_address)[0].lport for _ in range(5)]
        listening.go()
        ports += [attempt(link.near, link.far_address)[0].lport for _ in range(5)]
        same = "direction family client_addr client_port server_addr server_port outcome conn_state" \
               " dup_syn dup_syn_ack".split()
        for port in ports:
            seen = Peek(packets).wait(client_port=port)
            known = edges.wait(client_port=port)
            assert {key: seen[key] for key in same} == {key: known[key] for key in same}
            assert abs(seen["duration_us"] - known["duration_us"]) < 500_000
            assert seen["pid"] is None and known["pid"]


def test_flows_that_are_older_are_no_handshakes(link, tmp_path):
    with Traffic("send", netns=link.near, server_netns=link.far.path, addr=link.far_address,
                 hold=True) as old:
        with peek(link.near, tmp_path) as tool:
            old.finish()
            rows, _ = tool.stop()
    assert rows == []


@pytest.mark.parametrize("option", [("-i", "lo"), ("--read", "x.pcap"), ("--promisc",), ("-c", "2"),
                                    ("--local", "10.0.0.0/8")])
def test_options_about_packets_are_refused(built, option):
    wrong = run("peek", "--source", "bpf", *option)
    assert wrong.status == 2 and wrong.text == "" and "about packets" in wrong.stderr


def test_other_sources_show_no_handshakes(built):
    wrong = run("peek", "--source", "netlink")
    assert wrong.status == 2 and wrong.text == "" and "pcap and bpf" in wrong.stderr


def test_an_ordinary_user_sees_what_capabilities_allow(link, tmp_path):
    """CAP_BPF and CAP_PERFMON are enough but for the program that sees SYNs, and that is said."""
    open_to_all(tmp_path)
    tmp_path.chmod(0o777)
    wrap = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
            "--inh-caps=-all,+cap_38,+cap_39", "--ambient-caps=-all,+cap_38,+cap_39"]
    nft(link.near, f"tcp sport {PORT} drop")
    link.far.sysctl("net.ipv4.tcp_synack_retries", 1)
    with peek(link.far, tmp_path, wrap=wrap) as tool, \
            listener(link.far, link.far_address) as listening:
        listening.hear()
        assert int(status_of(tool.tool.pid)["CapEff"], 16) == 1 << 39
        with actor("abandon_connect", link.far_address, PORT, netns=link.near) as trying:
            side = Side(trying.hear()["client"])
            trying.go()
            row = tool.wait(direction="rx")
        assert (row["client_port"], row["outcome"]) == (side.lport, "timed_out")
        tool.stop()
    assert "CAP_NET_ADMIN" in tool.stderr
