# SPDX-License-Identifier: BSD-2-Clause
"""A firewall on the way resets connections in the server's name: packets tell it by the TTL, and `why` and
`peek` say so. tshark reads the TTLs of the same capture; resets of the server itself are none of a firewall."""

import contextlib
import json
import socket
import struct
import subprocess

import pytest
from capture import Dumpcap, Wire, write
from flows import wait_until
from sight import PROGRAM

OPEN, CLOSED, REFUSED = 80, 81, 82
CLIENTS = {4: "10.78.1.1", 6: "fd00:78:1::1"}
SERVERS = {4: "10.78.2.2", 6: "fd00:78:2::2"}


class Path:
    """A client and a server, and a router between them."""

    def __init__(self, new_netns):
        self.client, self.router, self.server = (new_netns() for _ in range(3))
        for end, side, number in ((self.client, "near", 1), (self.server, "far", 2)):
            end.ip("link", "add", "wire", "type", "veth", "peer", "name", side, "netns", self.router.name)
            end.ip("link", "set", "wire", "up")
            self.router.ip("link", "set", side, "up")
            own, other = (1, 2) if number == 1 else (2, 1)
            end.add_address(f"10.78.{number}.{own}/24", "wire")
            end.add_address(f"fd00:78:{number}::{own}/64", "wire")
            self.router.add_address(f"10.78.{number}.{other}/24", side)
            self.router.add_address(f"fd00:78:{number}::{other}/64", side)
            end.ip("route", "add", "default", "via", f"10.78.{number}.{other}")
            end.ip("-6", "route", "add", "default", "via", f"fd00:78:{number}::{other}")
        self.router.sysctl("net.ipv4.ip_forward", 1)
        self.router.sysctl("net.ipv6.conf.all.forwarding", 1)
        self.router.run("nft", "add table inet t; add chain inet t f { type filter hook forward priority 0; };"
                               f"add rule inet t f tcp dport {REFUSED} reject with tcp reset")

    def reject_what_is_open(self):
        self.router.run("nft", f"add rule inet t f tcp dport {OPEN} reject with tcp reset")


@pytest.fixture(name="path")
def made(new_netns):
    return Path(new_netns)


def listen(path, version):
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with path.server.inside():
        listener = socket.create_server((SERVERS[version], OPEN), family=family)
    return listener


def connect(path, version, port):
    with path.client.inside():
        one = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6)
    one.settimeout(10)
    try:
        one.connect((SERVERS[version], port))
    except ConnectionRefusedError:
        pass
    return one


def reset(path, version):
    """Everything that can end in a reset; {client's port: verdict}."""
    told = {}
    with contextlib.ExitStack() as stack:
        def add(port):
            one = stack.enter_context(connect(path, version, port))
            return one, one.getsockname()[1] if port == OPEN else None

        listener = stack.enter_context(listen(path, version))
        one, own = add(OPEN)
        peer = stack.enter_context(listener.accept()[0])
        # The server's own: SO_LINGER 0.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        with contextlib.suppress(ConnectionResetError):
            one.recv(1)
        told[own] = "reset_by_peer"
        add(CLOSED)
        add(REFUSED)
        one, own = add(OPEN)
        stack.enter_context(listener.accept()[0])
        path.reject_what_is_open()
        with contextlib.suppress(ConnectionResetError):
            one.send(b"x")
            one.recv(1)
        told[own] = "firewall_reset"
    return told


def resets(capture):
    """What tshark sees: [(port of the client, port of the server, TTL)] of resets to the client."""
    said = subprocess.run(["tshark", "-r", str(capture), "-Y", "tcp.flags.reset == 1 and tcp.srcport < 1024",
                           "-T", "json", *sum((["-e", name] for name in (
                               "tcp.dstport", "tcp.srcport", "ip.ttl", "ipv6.hlim")), [])],
                          check=True, capture_output=True, text=True)
    layers = [frame["_source"]["layers"] for frame in json.loads(said.stdout)]
    return [(int(one["tcp.dstport"][0]), int(one["tcp.srcport"][0]), int((one.get("ip.ttl") or one["ipv6.hlim"])[0]))
            for one in layers]


def told_of(*options):
    done = subprocess.run([PROGRAM, *options, "--json"], check=True, capture_output=True, text=True)
    return [row for row in map(json.loads, done.stdout.splitlines()) if row.get("verdict")]


@pytest.mark.parametrize("version", [4, 6])
def test_a_firewall_is_told_from_the_server(path, tmp_path, version):
    # Neighbours are asked for their addresses now, not while a SYN waits.
    connect(path, version, CLOSED).close()
    capture = Dumpcap(path.client, "wire", tmp_path / "client.pcapng")
    told = reset(path, version)
    wait_until(lambda: len(set(resets(capture.path))) == 4, "resets in the capture")
    truth = resets(capture.stop())
    # The router is one hop nearer than the server.
    assert {ttl for _, port, ttl in truth if port == CLOSED} == {63}, truth
    assert {ttl for _, port, ttl in truth if port == REFUSED} == {64}, truth
    told |= {client: {CLOSED: "refused", REFUSED: "firewall_reset"}[port] for client, port, _ in truth if port != OPEN}
    rows = told_of("why", "--read", capture.path, "--all")
    assert {row["lport"]: row["verdict"] for row in rows if row["laddr"] == CLIENTS[version]} == told
    for row in rows:
        if row["verdict"] != "firewall_reset":
            continue
        assert (row["evidence"]["reset_ttl"], row["evidence"]["peer_ttl"]) == (64, 63), row
        assert row["certainty"] == "inferred" and SERVERS[version] in row["sentence"], row
    handshakes = told_of("peek", "--read", capture.path, "-o", "server_port,verdict")
    assert sorted((row["server_port"], row["verdict"]) for row in handshakes) == [
        (CLOSED, "refused"), (REFUSED, "firewall_reset")]


def flow(sport, ttls, reset_ttl, dport=80, answered=True):
    """A connection that the server resets, its packets with these TTLs; or a SYN that a reset answers."""
    one = Wire(sport=sport, dport=dport)
    one.send(0, 0, "S")
    if answered:
        one.send(0.01, 1, "SA").ttl = ttls[0]
        one.send(0.02, 0, "A")
        for i, ttl in enumerate(ttls[1:]):
            one.send(0.03 + i / 100, 1, "PA", b"x").ttl = ttl
            one.send(0.035 + i / 100, 0, "A")
    one.send(1, 1, "RA" if not answered else "R").ttl = reset_ttl
    for packet in one.packets:
        packet["IP"].ttl = packet.ttl if "ttl" in vars(packet) else packet["IP"].ttl
    return one


@pytest.mark.parametrize("ttls, reset_ttl, verdict", [
    ([57, 57], 57, "reset_by_peer"),
    ([57, 57], 64, "firewall_reset"),
    ([57, 57], 56, "firewall_reset"),  # further away: as little the server
    ([57, 58], 64, "reset_by_peer"),  # its ways differ in length: who knows
])
def test_a_server_is_known_by_all_its_packets(built, tmp_path, ttls, reset_ttl, verdict):
    [row] = told_of("why", "--read", write(tmp_path / "it.pcap", flow(1000, ttls, reset_ttl)), "--all")
    assert row["verdict"] == verdict, row


@pytest.mark.parametrize("others, verdict", [
    ([], "refused"),  # nothing else of that server was seen
    ([57], "firewall_reset"),
    ([64], "refused"),
    ([57, 64], "refused"),  # two hosts behind one address
])
def test_a_server_is_known_by_its_other_connections(built, tmp_path, others, verdict):
    wires = [flow(2000 + i, [ttl], ttl) for i, ttl in enumerate(others)]
    refused = flow(1000, [], 64, answered=False)
    for packet in refused.packets:
        packet.time += 10
    rows = told_of("why", "--read", write(tmp_path / "it.pcap", *wires, refused), "--all")
    assert [row["verdict"] for row in rows if row["lport"] == 1000] == [verdict], rows
