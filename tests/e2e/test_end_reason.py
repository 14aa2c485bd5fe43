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
    def play():
        with actor("try_connect", address, 5001, timeout_ms, netns=netns) as trying:
            side = Side(trying.hear()["client"])
            return side, netns.inode, trying.hear()["error"]
    row, side, error = life.played(play)
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


def test_peer_vanishes_from_an_established_flow(life, new_netns):
    def play():
        link = Link(new_netns(), new_netns())
        with Traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address, hold=True,
                     bytes=1000, close="broken", user_timeout=500) as flow:
            flow.go()
            link.cut()
            client = flow.finish().client
        return client, link.near.inode
    row, client = life.played(play)
    assert client.error == "ETIMEDOUT"
    assert row["end_reason"] == "timeout"
    assert row["tx_bytes"] == client.tx_bytes == 2000


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


@pytest.fixture
def errors(sight):
    """A `life` that shows the errno too."""
    return sight("life", "--json", "-o", "pid,laddr,lport,raddr,rport,netns,state,retrans,error,end_reason")


REJECTS = {
    "tcp reset": "refused",
    "icmpx type port-unreachable": "refused",
    "icmpx type admin-prohibited": "unreachable",
    "icmpx type host-unreachable": "unreachable",
    "icmpx type no-route": "unreachable",
}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("reject", REJECTS)
def test_rejected_by_a_firewall_while_the_client_does_not_wait(errors, netns, reject, address):
    """The error comes before connect() returns: the client has to ask for it."""
    netns.run("nft", "add table inet t; add chain inet t o { type filter hook output priority 0; };"
                     f" add rule inet t o tcp dport 5001 reject with {reject}")
    with actor("ask_connect", address, 5001, 10_000, netns=netns) as trying:
        told = trying.hear()
    row = errors.wait_row(Side(told["client"]), netns.inode)
    assert told["error"] and row["error"] == told["error"], row
    assert row["end_reason"] == REJECTS[reject] and row["pid"] == told["client"]["pid"]
    assert (told["error"] == "ECONNREFUSED") == (row["end_reason"] == "refused")


def test_rejected_by_a_firewall_on_the_way(errors, link):
    """The same from another machine."""
    link.far.sysctl("net.ipv4.icmp_ratelimit", 0)
    link.far.run("nft", "add table inet t; add chain inet t i { type filter hook input priority 0; };"
                        " add rule inet t i tcp dport 5001 reject with icmpx type admin-prohibited")
    with actor("ask_connect", link.far_address, 5001, 10_000, netns=link.near) as trying:
        told = trying.hear()
    row = errors.wait_row(Side(told["client"]), link.near.inode)
    assert row["error"] == told["error"] == "EHOSTUNREACH"
    assert row["end_reason"] == "unreachable"


@pytest.mark.parametrize("rung", ["tracepoint", "socket"])
def test_rejected_and_the_client_never_asks(sight, netns, rung):
    life = sight("life", "--json", "--rung", f"icmp={rung}", "-o",
                 "laddr,lport,raddr,rport,netns,error,end_reason")
    netns.run("nft", "add table inet t; add chain inet t o { type filter hook output priority 0; };"
                     " add rule inet t o tcp dport 5001 reject with icmpx type admin-prohibited")
    with actor("abandon_connect", "127.0.0.1", 5001, netns=netns) as trying:
        side = Side(trying.hear()["client"])
        trying.go()
    row = life.wait_row(side)
    assert (row["error"], row["end_reason"]) == ("EHOSTUNREACH", "unreachable")


@pytest.mark.parametrize("kind", ["bound", "reused"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_no_local_port(errors, netns, kind, address):
    with actor("connect_from_taken_port", kind, address, 5432, netns=netns) as trying:
        told = trying.hear()
        assert told["error"] == "EADDRNOTAVAIL"
        row = errors.wait_for(lambda _: [row for row in errors.objects()
                                       if row.get("pid") == told["pid"]
                                       and row["end_reason"] == "no_port"], "no_port")[0]
        trying.tell()
    assert row["error"] == "EADDRNOTAVAIL" and row["state"] == "syn_sent" and row["rport"] == 5432


def test_connect_given_up(life, link):
    link.cut()
    with actor("abandon_connect", link.far_address, 5001, netns=link.near) as trying:
        side = Side(trying.hear()["client"])
        trying.go()
    row = life.wait_row(side, link.near.inode)
    assert row["end_reason"] == "aborted"
    assert (row["pid"], row["comm"], row["tx_bytes"]) == (side.pid, "tcp-try", 0)
