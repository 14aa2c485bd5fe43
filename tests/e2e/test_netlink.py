# SPDX-License-Identifier: BSD-2-Clause
"""`--source netlink`: what is its own. That it tells what bpf tells, but for the exceptions in
sources.py, is tested beside bpf: whatever takes the fixture `source`."""

import csv
import json
import os
import signal
import subprocess
import time

import pytest
import sight
from flows import Traffic, actor, churn, traffic, wait_until
from sight import Tcpsight, tuple_of
from sources import Netlink
from test_exact_bytes import assert_both_exact

NETLINK = ["--json", "--source", "netlink"]


@pytest.fixture(scope="module")
def space(built):
    """One network namespace for the flows of all tests; older than the tool, which must enter it."""
    from netns import Netns

    if os.geteuid() != 0:
        pytest.skip("needs root")
    made = Netns()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def life(space):
    with Tcpsight("life", *NETLINK, "--netns", space.name) as tool:
        yield tool


def test_slow_peer_that_closes_long_after_us(life, space):
    """The closing side's socket gives way to a stand-in that waits for the peer's FIN alone."""
    with Traffic(netns=space, hold=True, bytes=3_000, reply=200, close="half") as flow:
        flow.go()
        flow.go()
        wait_until(lambda: "FIN-WAIT-2" in space.run("ss", "-Htan"), "FIN-WAIT-2")
        assert_both_exact(life, flow.finish(), space.inode, Netlink)


def test_flow_seen_in_a_look_has_owner_and_no_age(space):
    # It looks once a second, but no line tells that it has. A busy machine is given more time.
    for open_sec in 1.5, 3, 6, 12:
        with Tcpsight("life", *NETLINK, "-o", columns("seen"), "--netns", space.name) as tool:
            with Traffic(netns=space, hold=True, rounds=2, bytes=1000) as flow:
                flow.go()
                time.sleep(open_sec)
                flow.go()
                truth = flow.finish()
            client, server = assert_both_exact(tool, truth, space.inode, Netlink)
        if client["pid"] and server["pid"]:
            break
    for row, side, comm in (client, truth.client, "tcp-client"), (server, truth.server, "tcp-server"):
        assert (row["pid"], row["comm"], row["owner_source"]) == (side.pid, comm, "files")
        assert (row["seen"], row["duration_us"]) == ("late", None)


def columns(*more):
    return ",".join([*sorted(sight.KEYS - {"cookie"}), "cookie", "end_reason", *more])


def test_older_flow_counts_from_the_start_of_the_tool(space):
    with Traffic(netns=space, hold=True, rounds=2, bytes=70_000, reply=11) as flow:
        flow.go()
        with Tcpsight("top", *NETLINK, "--netns", space.name, 3600) as tool:
            truth = flow.go()
            rows = {tuple_of(row): row for row in tool.stop().rows}
    client, server = rows[truth.client.tuple], rows[truth.server.tuple]
    assert (client["tx_bytes"], client["rx_bytes"]) == (70_000, 11)
    assert (server["tx_bytes"], server["rx_bytes"]) == (11, 70_000)
    assert (client["pid"], server["pid"]) == (truth.client.pid, truth.server.pid)


def test_many_short_flows_are_all_counted(space):
    with Tcpsight("life", *NETLINK, "--netns", space.name) as tool:
        total = churn("127.0.0.1", 3000, 4, netns=space)
        outcome = tool.stop()
    assert (outcome.summary["lost"], outcome.summary["missed"], outcome.stderr) == (0, 0, "")
    assert len(outcome.rows) == 6000
    assert sum(row["tx_bytes"] for row in outcome.rows) == total["tx_bytes"]
    # Every second flow is closed by the accepting side first: see the exceptions.
    missing = total["tx_bytes"] - sum(row["rx_bytes"] for row in outcome.rows)
    assert 0 <= missing <= outcome.summary.get("inexact", 0) <= 3000


def test_reset_that_erased_the_counters_is_counted_as_lost(space):
    with Tcpsight("life", *NETLINK, "--netns", space.name) as tool:
        truth = traffic(netns=space, bytes=500, close="reset")
        tool.wait_row(truth.server)
        outcome = tool.stop()
    assert truth.client.tuple not in [tuple_of(row) for row in outcome.rows]
    assert outcome.summary["lost"] >= 1
    assert "lost" in outcome.stderr


def wait_met(tool, port):
    """Until a list had a socket of this port."""
    return tool.wait_for(lambda lines: any(f'"lport":{port},' in line for line in lines), "a list")


def watching(space):
    return Tcpsight("stat", "-i", 1, *NETLINK, "--netns", space.name, "-o", "lport,rport,bytes_sent")


def sums_up(outcome):
    account = json.loads(outcome.lines[-1])
    assert account["opened"] + account["adopted"] == (account["closed"] + account["live"]
                                                      + account["lost"]), account
    return account


@pytest.mark.parametrize("addr", ["127.0.0.1", "::1"])
def test_counters_that_were_erased_after_a_list_are_lost_too(netns, addr):
    """What it moved since the list is not known, and the row does not pretend that it is."""
    with watching(netns) as tool:
        with Traffic(netns=netns, addr=addr, hold=True, bytes=1000, close="reset") as flow:
            flow.go()
            wait_met(tool, flow.opened.client.lport)
            flow.finish()
            wait_until(lambda: not netns.run("ss", "-Htan"), "the end of both sockets")
        account = sums_up(tool.stop())
    assert (account["opened"], account["closed"], account["lost"], account["live"]) == (2, 1, 1, 0)


@pytest.mark.parametrize("addr", ["127.0.0.1", "::1"])
def test_an_attempt_that_failed_moved_nothing_for_certain(netns, addr):
    """Its socket was disconnected too, but it had never been connected."""
    netns.run("nft", "add table inet t; add chain inet t i { type filter hook input priority 0; };"
                     " add rule inet t i tcp dport 5001 drop")
    with watching(netns) as tool:
        with actor("try_connect", addr, 5001, 2500, netns=netns) as trying:
            wait_met(tool, trying.hear()["client"]["lport"])
            assert trying.hear()["error"] == "ETIMEDOUT"
        wait_until(lambda: not netns.run("ss", "-Htan"), "the end of the socket")
        account = sums_up(tool.stop())
    assert (account["opened"], account["closed"], account["lost"], account["live"]) == (1, 1, 0, 0)


def test_connections_that_nobody_accepted_are_lost_with_their_listener(netns):
    with watching(netns) as tool:
        with actor("listen_only", "127.0.0.1", 5003, 8, netns=netns) as listening:
            listening.hear()
            with actor("hold_connected", "127.0.0.1", 5003, 3, netns=netns) as clients:
                ports = clients.hear()["ports"]
                wait_met(tool, ports[0])
                listening.go()
                clients.tell()
                clients.hear()
                wait_until(lambda: not netns.run("ss", "-Htan"), "the end of all sockets")
        account = sums_up(tool.stop())
    # Three clients were reset; three children took their counters with them.
    assert (account["opened"], account["lost"], account["live"]) == (6, 3, 0)


def dropped(space):
    """By the kernel's own count: messages that found no room, of all netlink sockets there."""
    lines = space.run("cat", "/proc/net/netlink").splitlines()
    column = lines[0].split().index("Drops")
    return sum(int(line.split()[column]) for line in lines[1:])


def test_notices_without_room_are_counted(new_netns):
    space = new_netns()
    with Tcpsight("life", *NETLINK, "--ring", 4, "--netns", space.name) as tool:
        tool.process.send_signal(signal.SIGSTOP)
        try:
            churn("127.0.0.1", 500, 1, netns=space)
            wait_until(lambda: dropped(space) > 900, "dropped notices")
        finally:
            tool.process.send_signal(signal.SIGCONT)
        wait_until(tool.rows, "row of a notice that found room")
        lost = dropped(space)
        outcome = tool.stop()
    assert outcome.summary["missed"] >= lost
    [told] = [line for line in outcome.stderr.splitlines() if "ENOBUFS" in line]
    assert f"missed {outcome.summary['missed']} notices of closed sockets" in told
    assert "are missing" in told and "--ring" in told
    # Each end of each flow was told of, or its notice was lost.
    assert outcome.summary["opened"] + outcome.summary["missed"] >= 1000


@pytest.mark.parametrize("words", [["-L", "{port}"], ["-L", "1,2,3,{port},65535"], ["-D", "{port}"],
                                   ["-4", "-L", "{port}"], ["-4", "-L", "{port}", "-D", "{peer}"]])
@pytest.mark.parametrize("addr", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_ports_and_family_are_filtered_by_the_kernel(space, addr, words):
    with Traffic(netns=space, hold=True, rounds=2, addr=addr, bytes=100) as wanted, \
         Traffic(netns=space, hold=True, rounds=2, addr="::1", bytes=100) as other:
        first = wanted.go()
        other.go()
        ports = {"port": first.server.lport, "peer": first.client.lport}
        with Tcpsight("top", *NETLINK, "--netns", space.name,
                      *[word.format(**ports) for word in words], 3600) as tool:
            truth = wanted.go()
            other.go()
            rows = tool.stop().rows
    side = truth.client if words[0] == "-D" else truth.server
    assert [tuple_of(row) for row in rows] == [side.tuple]


# What an ordinary user gets who has nothing but his login.
ORDINARY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
            "--inh-caps=-all"]


@pytest.mark.parametrize("asked", [[], ["--source", "netlink"]])
def test_ordinary_user(space, asked, tmp_path):
    """Without --source, the refusal of BPF leads here by itself, and says so. All that this user
    cannot see is said too, at the start, whether there is something to see or not."""
    command = ["nsenter", f"--net={space.path}", *ORDINARY, str(sight.PROGRAM), "life", "--json",
               "-o", columns("uid"), *asked]
    with open(tmp_path / "out", "w", encoding="utf-8") as out, \
         open(tmp_path / "err", "w", encoding="utf-8") as err:
        tool = subprocess.Popen(command, stdout=out, stderr=err)
        try:
            wait_until(lambda: watches(tool.pid), "sandbox")
            truth = traffic(netns=space, bytes=4_321, reply=99, close="half")
            sides = {side.tuple: side for side in (truth.client, truth.server)}
            wait_until(lambda: sides.keys() <= rows_in(tmp_path / "out").keys(), "rows")
        finally:
            tool.send_signal(signal.SIGINT)
            status = tool.wait()
    rows = rows_in(tmp_path / "out")
    for key, side in sides.items():
        assert (rows[key]["tx_bytes"], rows[key]["rx_bytes"]) == (side.tx_bytes, side.rx_bytes)
    said = (tmp_path / "err").read_text()
    assert status == 0, said
    assert ('using the source "netlink" instead' in said) == (not asked)
    assert "other network namespaces are not seen (needs CAP_SYS_ADMIN)" in said
    assert "processes of other users may not be looked into: their connections show no owner" in said
    # A notice does not say whose socket it was: that is not root's, it is not known.
    assert all(rows[key]["uid"] is None and rows[key]["pid"] is None for key in sides)


def test_an_ordinary_user_may_list_all_sockets(space):
    """Without --source: other users' sockets with all counters, but not whose process holds them."""
    with Traffic(netns=space, hold=True, bytes=7_000) as flow:
        side = flow.go().client
        done = subprocess.run(
            ["nsenter", f"--net={space.path}", *ORDINARY, str(sight.PROGRAM), "stat", "--live",
             "--json", "-o", "lport,bytes_sent,uid,pid,cwnd,congestion"],
            capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    [row] = [row for row in rows if row.get("lport") == side.lport]
    assert (row["bytes_sent"], row["uid"], row["pid"]) == (7_000, 0, None)
    assert row["cwnd"] and row["congestion"]
    assert "their connections show no owner" in done.stderr


def rows_in(path):
    lines = [line for line in path.read_text().splitlines() if line.endswith("}")]
    rows = [sight.parse_json_line(line, "life", sight.END_REASONS | {None}) for line in lines]
    return {tuple_of(row): row for row in rows if row.get("type") != "summary"}


def watches(pid):
    """It has given up its privileges, which is the last thing before it listens."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return "NoNewPrivs:\t1" in status.read()


def test_sockets_that_found_no_room_at_the_start_are_not_taken_for_new(space):
    """Room comes free while the tool runs: what is met then may be older, so what it had moved does
    not count. IPv4 is listed first."""
    def moved():
        return sum(int(row["bytes_sent"]) for row in csv.DictReader(tool.lines)
                   if row["lport"] == str(truth.client.lport))

    with Traffic(netns=space, hold=True, bytes=500) as first, \
         Traffic(netns=space, hold=True, rounds=1000, addr="::1", bytes=6_000) as second:
        truth = second.go()
        with Tcpsight("stat", "--csv", "--source", "netlink", "-o", "lport,bytes_sent", "-i", 1,
                      "--netns", space.name, "--max-flows", 2) as tool:
            first.finish()
            wait_until(lambda: second.go() and moved(), "row of a socket that found room later")
            truth = second.go()
            outcome = tool.stop()
    assert "--max-flows" in outcome.stderr
    assert 0 < moved() <= truth.client.tx_bytes - 6_000
