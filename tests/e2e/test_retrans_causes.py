# SPDX-License-Identifier: BSD-2-Clause
"""Why segments were sent again: each cause provoked alone and all mixed, over a wire that loses what it
is told to. The truth is what the kernel counts in the namespace, and what the wire saw again."""

import contextlib
import json
import random
import socket
import subprocess
import threading

import bpfstate
import pytest
from flows import wait_until
from resent import (CAUSES, COLUMNS, MSS, PORT, UNSEEN_SEGS_MAX, Watched, data, data_once, deliver, first,
                    held_until_sent_again, quiet)
from sight import PROGRAM
from wire import ACK, DROP, Wire, too_big

FASTOPEN_CONNECT = 30


@pytest.fixture
def watched(sight, new_netns):
    with contextlib.ExitStack() as running:
        def make(**sysctls):
            return running.enter_context(contextlib.closing(Watched(sight, new_netns, **sysctls)))
        yield make


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["v4", "v6"])
def test_a_timeout_and_the_repair_behind_it(watched, family):
    seen = watched()
    with seen.connected(family) as (client, accepted):
        seen.wire.fate = first(10, data_once)
        deliver(client, accepted, 10 * MSS)
    sums = seen.check()
    assert sums["retrans_rto"] + sums["retrans_other"] == sums["retrans_segs"] >= 10, sums


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["v4", "v6"])
def test_fast_retransmit(watched, family):
    seen = watched()
    with seen.connected(family) as (client, accepted):
        deliver(client, accepted, 20 * MSS)
        seen.wire.fate = lambda packet: DROP if data_once(packet) and packet.index % 40 == 25 else None
        deliver(client, accepted, 200 * MSS)
    sums = seen.check()
    assert sums["retrans_fast"] >= 4 and sums["retrans_spurious"] == 0, sums


def test_fast_retransmit_without_sack(watched):
    seen = watched(tcp_sack=0)
    with seen.connected() as (client, accepted):
        deliver(client, accepted, 20 * MSS)
        seen.wire.fate = lambda packet: DROP if data_once(packet) and packet.index % 40 == 25 else None
        deliver(client, accepted, 200 * MSS)
    assert seen.check()["retrans_fast"] >= 4


def test_the_accepting_side_sends_again_too(watched):
    seen = watched()
    with seen.connected() as (client, accepted):
        seen.wire.fate = first(4, lambda packet: packet.payload and not packet.from_near)
        deliver(accepted, client, 4 * MSS)
    sums = seen.check()
    assert sums["retrans_rto"] >= 4
    rows = {row["lport"] >= PORT and row["lport"] < PORT + 100: row for row in seen.rows()}
    assert rows[False]["retrans_segs"] == 0 and rows[True]["retrans_segs"] >= 4


def test_a_tail_loss_probe(watched):
    seen = watched(tcp_early_retrans=3)
    with seen.connected() as (client, accepted):
        deliver(client, accepted, 8 * MSS)
        quiet(seen.near, PORT)
        last = seen.wire.first[0] + 3
        seen.wire.fate = lambda packet: DROP if data_once(packet) and packet.index == last else None
        deliver(client, accepted, 4 * MSS)
    sums = seen.check()
    assert sums["retrans_tlp"] + sums["retrans_other"] >= 1 and sums["retrans_rto"] == 0, sums


def test_a_syn_that_is_lost(watched):
    seen = watched()
    seen.wire.fate = first(1, lambda packet: packet.is_syn)
    with seen.connected() as (client, accepted):
        deliver(client, accepted, 100)
    sums = seen.check()
    assert sums["retrans_syn"] + sums["retrans_other"] == 1 == sums["retrans_segs"]


def until_the_syn_goes_again():
    """A fate: SYN/ACKs are lost until then. If one alone were, either end's timer could be the first, and
    the client would need no second SYN."""
    syns = 0

    def fate(packet):
        nonlocal syns
        syns += packet.is_syn
        return DROP if packet.is_syn_ack and syns < 2 else None

    return fate


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["v4", "v6"])
def test_a_syn_ack_that_is_lost(watched, family):
    """Sent again before the connection was accepted, and counted in its row all the same."""
    seen = watched()
    seen.wire.fate = until_the_syn_goes_again()
    with seen.connected(family) as (client, accepted):
        deliver(client, accepted, 100)
    sums = seen.check()
    assert sums["retrans_syn"] + sums["retrans_other"] == sums["retrans_segs"] >= 2
    assert all(row["retrans_segs"] for row in seen.rows()), "the SYN, and the SYN/ACK"


def test_a_syn_ack_that_is_lost_and_then_data(watched):
    """What was counted before the connection was accepted is counted once."""
    seen = watched()
    seen.wire.fate = until_the_syn_goes_again()
    with seen.connected() as (client, accepted):
        seen.wire.fate = first(3, lambda packet: packet.payload and not packet.from_near)
        deliver(accepted, client, 3 * MSS)
    sums = seen.check()
    assert sums["retrans_syn"] + sums["retrans_rto"] + sums["retrans_other"] >= 5, sums
    assert sums["retrans_syn"] and sums["retrans_rto"], sums


def test_a_request_that_comes_to_nothing(watched):
    """Its SYN/ACKs are of no connection: no row of one shows them."""
    seen = watched()
    seen.wire.fate = lambda packet: DROP if packet.is_syn_ack else None
    with seen.far.inside():
        listener = socket.create_server((Wire.far_address, PORT))
    with seen.near.inside():
        client = socket.socket()
    with listener, client:
        client.setblocking(False)
        client.connect_ex((Wire.far_address, PORT))
        wait_until(lambda: seen.far.mib()["TcpRetransSegs"] and seen.near.mib()["TcpRetransSegs"],
                   "SYN and SYN/ACK that go again")
        client.close()
    [row] = seen.tool.wait_for(lambda _: [row for row in seen.tool.objects()
                                          if row.get("netns") == seen.near.inode], "row of the client")
    assert row["retrans_segs"] == seen.near.mib()["TcpExtTCPSynRetrans"]
    assert row["retrans_syn"] + row["retrans_other"] == row["retrans_segs"] and row["retrans_syn"]
    assert not any(row.get("netns") == seen.far.inode for row in seen.tool.objects())


def test_data_into_a_window_that_was_closed_over_it(watched):
    seen = watched()
    with seen.connected() as (client, accepted):
        deliver(client, accepted, 20 * MSS)
        quiet(seen.near, PORT)
        begin = seen.wire.first[0]

        def fate(packet):
            if data(packet) and packet.again:
                seen.wire.fate = None
            elif data(packet) and packet.index > begin:
                return DROP
            elif not packet.from_near and packet.flags & ACK:
                return packet.with_window(0)
            return None

        seen.wire.fate = fate
        deliver(client, accepted, 5 * MSS)
    sums = seen.check()
    assert sums["retrans_zwp"] >= 1 and sums["retrans_fast"] == 0, sums


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["v4", "v6"])
def test_a_path_that_takes_only_smaller_packets(watched, family):
    seen = watched()
    with seen.connected(family) as (client, accepted):
        def fate(packet):
            if not data(packet) or len(packet.raw) <= 1300:
                return None
            seen.wire.answer(packet, too_big(packet, 1300))
            return DROP

        seen.wire.fate = fate
        deliver(client, accepted, 10 * MSS)
    sums = seen.check()
    assert sums["retrans_pmtu"] + sums["retrans_other"] >= 10, sums


def test_data_of_a_fast_open_that_the_server_did_not_take(watched):
    seen = watched()
    # Client, and no cookie is needed; the server takes none.
    seen.near.sysctl("net.ipv4.tcp_fastopen", 5)
    seen.far.sysctl("net.ipv4.tcp_fastopen", 0)
    with seen.connected(before=lambda sock: sock.setsockopt(socket.IPPROTO_TCP, FASTOPEN_CONNECT, 1)
                        ) as (_, accepted):
        assert len(accepted.recv(100)) == 100
    row = seen.row_of(seen.near)
    assert row["retrans_other"] == row["retrans_segs"] == seen.near.mib()["TcpRetransSegs"] == 1, seen.rows()


def test_what_this_machine_kept_is_not_of_what_went_next(watched):
    """
    A firewall refuses the probe. The kernel counts it as sent again, and since Linux 6.18 announces it; before, it is
    of no cause, and in no case one of the timeouts that come after it.
    """
    seen = watched(delay_s=0.1, tcp_early_retrans=3)
    with seen.connected() as (client, accepted):
        deliver(client, accepted, 8 * MSS)
        quiet(seen.near, PORT)
        went = sum(seen.wire.first)
        seen.wire.fate = lambda packet: DROP if data(packet) else None
        client.sendall(b"x" * 100)
        wait_until(lambda: sum(seen.wire.first) > went, "data on the wire")
        seen.near.run("nft", "add table ip t; add chain ip t out { type filter hook output priority 0; };"
                             f" add rule ip t out tcp dport {PORT} drop")
        wait_until(lambda: seen.near.mib()["TcpRetransSegs"], "something sent again")
        seen.near.run("nft", "delete table ip t")
        seen.wire.fate = None
        assert accepted.recv(100) == b"x" * 100
    sums, kernel = {name: sum(row[name] for row in seen.rows()) for name in COLUMNS[3:]}, seen.kernel()
    said = f"{sums}\n{kernel}\n{seen.wire.again}, {seen.wire.fins_again}"
    kept = kernel["TcpExtTCPRetransFail"]
    assert sums["retrans_segs"] == kernel["TcpRetransSegs"] == kept + seen.wire.sent_again(), said
    assert kept >= 1 and sums["retrans_rto"] <= kernel["TcpExtTCPTimeouts"], said
    assert sums["retrans_rto"] + sums["retrans_tlp"] + sums["retrans_other"] == sums["retrans_segs"], said
    assert sums["retrans_other"] <= kept + UNSEEN_SEGS_MAX, said
    assert sums["retrans_other"] + sums["retrans_tlp"] >= 1, said


@pytest.mark.parametrize("sysctls", [{}, {"tcp_dsack": 0}, {"tcp_sack": 0}, {"tcp_timestamps": 0}],
                         ids=["dsack_and_undo", "undo", "no_sack", "no_timestamps"])
def test_data_that_was_late_and_not_lost(watched, sysctls):
    """Needless: the peer says so, or the kernel finds out and takes it back."""
    seen = watched(**sysctls)
    with seen.connected() as (client, accepted):
        deliver(client, accepted, 20 * MSS)
        quiet(seen.near, PORT)
        seen.wire.fate = held_until_sent_again(seen.wire)
        deliver(client, accepted, 3 * MSS)
    sums = seen.check()
    # What no program was shown is in no repair, and so is not known to be taken back.
    for name in "retrans_rto", "retrans_spurious":
        assert sums[name] + sums["retrans_other"] >= 1, (sums, seen.kernel(), seen.rows())
    told, undone = needless(seen.near)
    assert told + undone >= 1, seen.near.mib()
    if told:
        assert seen.row_of(seen.near)["retrans_spurious"] == told, (seen.rows(), seen.near.mib())


def needless(netns):
    """What the kernel counts there: segments that the peer had twice, and repairs that it took back."""
    kernel = netns.mib()
    return (kernel["TcpExtTCPDSACKRecvSegs"],
            sum(kernel[f"TcpExtTCP{name}Undo"] for name in ("Loss", "Full", "Partial", "DSACK")))


def test_packets_that_are_overtaken(watched):
    """Each is sent again needlessly, and the peer says so of each."""
    seen = watched()
    with seen.connected() as (client, accepted):
        deliver(client, accepted, 20 * MSS)
        seen.wire.fate = lambda packet: 0.03 if data_once(packet) and packet.index % 60 == 30 else None
        deliver(client, accepted, 300 * MSS)
    seen.check()
    told, _ = needless(seen.near)
    assert told >= 1 and seen.row_of(seen.near)["retrans_spurious"] == told, (seen.rows(), seen.near.mib())


def test_what_was_lost_was_not_needless(watched):
    seen = watched()
    with seen.connected() as (client, accepted):
        deliver(client, accepted, 20 * MSS)
        seen.wire.fate = lambda packet: DROP if data_once(packet) and packet.index % 40 == 25 else None
        deliver(client, accepted, 200 * MSS)
    sums = seen.check()
    assert sums["retrans_segs"] >= 4, sums
    assert seen.row_of(seen.near)["retrans_spurious"] == needless(seen.near)[0], (seen.rows(), seen.near.mib())


def test_what_an_adopted_socket_sent_again_before_is_of_no_cause(sight, watched):
    seen = watched()
    seen.tool.stop()
    with seen.connected() as (client, accepted):
        seen.wire.fate = first(3, data_once)
        deliver(client, accepted, 3 * MSS)
        before = seen.near.mib()["TcpRetransSegs"]
        assert before >= 3
        quiet(seen.near, PORT)
        seen.tool = sight("stat", "--on-close", "--json", "-o", ",".join(COLUMNS))
        live = subprocess.run([PROGRAM, "stat", "--live", "--json", "-o", ",".join(COLUMNS)],
                              capture_output=True, text=True, check=True)
        [row] = [row for row in map(json.loads, live.stdout.splitlines())
                 if row.get("rport") == PORT and row.get("netns") == seen.near.inode]
        assert row["retrans_segs"] == row["retrans_other"] == before
        seen.wire.fate = first(2, data_once)
        deliver(client, accepted, 2 * MSS)
    [row] = [row for row in seen.rows() if row["rport"] == PORT]
    after = seen.near.mib()["TcpRetransSegs"]
    assert row["retrans_segs"] == row["retrans_rto"] + row["retrans_other"] == after - before >= 2
    assert row["retrans_other"] <= UNSEEN_SEGS_MAX


def test_all_causes_mixed(watched):
    """Loss of every kind, both ways, on connections of both families, at once."""
    seen = watched(tcp_early_retrans=3)
    dice = random.Random(1)

    def fate(packet):
        if packet.is_syn or packet.is_syn_ack:
            return DROP if dice.random() < 0.3 else None
        if packet.payload and dice.random() < 0.06:
            return DROP
        return 0.03 if packet.payload and dice.random() < 0.01 else None

    def talk(family):
        with seen.connected(family) as (client, accepted):
            for _ in range(4):
                deliver(client, accepted, 60 * MSS)
                deliver(accepted, client, 3 * MSS)

    seen.wire.fate = fate
    talks = [threading.Thread(target=talk, args=(family,)) for family in
             (socket.AF_INET, socket.AF_INET, socket.AF_INET6)]
    for thread in talks:
        thread.start()
    for thread in talks:
        thread.join()
    sums = seen.check(3)
    assert sums["retrans_fast"] and sums["retrans_segs"] > 20, sums


def test_netlink_says_that_it_does_not_know(sight, new_netns):
    netns = new_netns()
    tool = sight("stat", "--on-close", "--json", "--source", "netlink", "--netns", netns.name, "-o",
                 ",".join(COLUMNS))
    with netns.inside():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            accepted, _ = listener.accept()
            client.close()
            accepted.recv(1)
            accepted.close()
    rows = tool.wait_for(lambda lines: len(lines) >= 2 and [json.loads(line) for line in lines],
                         "two rows")
    outcome = tool.stop()
    assert all(row[name] is None for row in rows for name in CAUSES), rows
    assert all(row["retrans_segs"] == 0 and row["retrans_spurious"] == 0 for row in rows), rows
    assert "retrans_rto" in outcome.stderr and "empty, not 0" in outcome.stderr


@pytest.mark.parametrize("column, loaded", [
    ("retrans_segs", set()),
    ("retrans_rto", {"on_retransmit", "on_retransmit_nested", "on_synack_again"}),
    ("retrans_spurious", {"on_retransmit", "on_retransmit_nested", "on_synack_again", "on_congestion"})])
def test_nothing_is_loaded_for_it_unless_a_column_asks(sight, column, loaded):
    tool = sight("stat", "--on-close", "--json", "-o", f"lport,{column}")
    held = {program["name"] for program in bpfstate.programs(tool.pid)}
    assert "on_state" in held
    assert {name for name in held if name.startswith(("on_retr", "on_synack_a", "on_cong"))} == loaded
