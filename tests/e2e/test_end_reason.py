# SPDX-License-Identifier: BSD-2-Clause
"""`life` says why a flow ended, and shows attempts that never became one."""

import pytest
from flows import Side, Traffic, actor, traffic
from netns import Link

CLOSINGS = {
    "client": ("fin", "fin"),
    "server": ("fin", "fin"),
    "exit": ("fin", "fin"),
    "half": ("fin", "fin"),
    "reset": ("reset_sent", "reset_received"),
    "unread": ("reset_received", "reset_sent"),
    "stalled": ("reset_sent", "reset_received"),
}


@pytest.fixture
def link(new_netns):
    return Link(new_netns(), new_netns())


def attempt(life, netns, address, timeout_ms=10_000):
    """Try to connect to port 5001; returns errno's name and the row."""
    with actor("try_connect", address, 5001, timeout_ms, netns=netns) as trying:
        side = Side(trying.hear()["client"])
        error = trying.hear()["error"]
    row = life.wait_row(side, netns.inode)
    assert (row["tx_bytes"], row["rx_bytes"]) == (0, 0)
    assert (row["pid"], row["comm"], row["role"]) == (side.pid, "tcp-try", "connect")
    assert row["handshake_us"] is None
    return error, row


@pytest.mark.parametrize("close", CLOSINGS)
def test_established_flows(each_life, source, close):
    way, size = ("partial", 10**9) if close == "stalled" else ("send", 3000)
    truth = traffic(way, bytes=size, reply=100, close=close)
    sides = {truth.client: CLOSINGS[close][0], truth.server: CLOSINGS[close][1]}
    if close in ("reset", "stalled") and not source.knows_erased:
        del sides[truth.client]
    for side, reason in sides.items():
        assert each_life.wait_row(side)["end_reason"] == source.end(reason)


def test_refused(life, netns):
    error, row = attempt(life, netns, "127.0.0.1")
    assert error == "ECONNREFUSED"
    assert row["end_reason"] == "refused"


def test_no_answer_to_the_syn(life, link):
    link.cut()
    error, row = attempt(life, link.near, link.far_address, timeout_ms=500)
    assert error == "ETIMEDOUT"
    assert row["end_reason"] == "timeout"
    assert row["duration_us"] >= 500_000


def test_peer_vanishes_from_an_established_flow(life, link):
    with Traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address, hold=True,
                 bytes=1000, close="broken", user_timeout=500) as flow:
        flow.go()
        link.cut()
        truth = flow.finish()
    assert truth.client.error == "ETIMEDOUT"
    row = life.wait_row(truth.client, link.near.inode)
    assert row["end_reason"] == "timeout"
    assert row["tx_bytes"] == truth.client.tx_bytes == 2000


def test_no_such_neighbour(life, link):
    link.near.sysctl("net.ipv4.neigh.wire.retrans_time_ms", 50)
    error, row = attempt(life, link.near, "10.77.0.99")
    assert error == "EHOSTUNREACH"
    assert row["end_reason"] == "unreachable"


def test_router_says_unreachable(life, link):
    link.near.ip("route", "add", "default", "via", link.far_address)
    link.far.ip("route", "add", "unreachable", "192.0.2.0/24")
    link.far.sysctl("net.ipv4.ip_forward", 1)
    link.far.sysctl("net.ipv4.icmp_ratelimit", 0)
    error, row = attempt(life, link.near, "192.0.2.9")
    assert error == "EHOSTUNREACH"
    assert row["end_reason"] == "unreachable"


def test_connect_given_up(life, link):
    link.cut()
    with actor("abandon_connect", link.far_address, 5001, netns=link.near) as trying:
        side = Side(trying.hear()["client"])
        trying.go()
    row = life.wait_row(side, link.near.inode)
    assert row["end_reason"] == "aborted"
    assert (row["pid"], row["comm"], row["tx_bytes"]) == (side.pid, "tcp-try", 0)
