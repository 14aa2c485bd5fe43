# SPDX-License-Identifier: BSD-2-Clause
"""Frames made by hand on a live interface, under each filter of `peek`: the rows are the same."""

import subprocess

import pytest
from capture import Wire
from netns import Link
from rungs import assert_equal_rows, attempt
from scapy.all import ICMP, IP, TCP, UDP, Dot1AD, Dot1Q, Ether, IPv6, Raw
from scapy.layers.inet6 import IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from tunnels import WAYS


@pytest.fixture
def link(new_netns):
    return Link(new_netns(), new_netns())


SEND = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("wire", 0))
print(sum(s.send(bytes.fromhex(line)) > 0 for line in sys.stdin))
"""


class Lab:
    """Frames that were made by hand, sent from the near end; nobody at the far end answers them."""

    def __init__(self):
        self.frames, self.number = [], 0

    def wire(self, **options):
        self.number += 1
        return Wire("192.0.2.1", "192.0.2.2", sport=20000 + self.number,
                    isn=(1000 + self.number, 9000), **options)

    def add(self, *wires):
        self.frames += [packet for wire in wires for packet in wire.packets]

    def send(self, netns):
        done = subprocess.run(
            ["nsenter", f"--net={netns.path}", "/usr/bin/python3", "-c", SEND], check=True, text=True,
            input="\n".join(bytes(frame).hex() for frame in self.frames), stdout=subprocess.PIPE)
        assert int(done.stdout) == len(self.frames)


def bulk(wire, side, segments=20):
    for _ in range(segments):
        wire.send(1, side, "A", b"x" * 1000)
        wire.send(1, 1 - side, "A")
    return wire


def only(wire, side):
    """What one direction of it shows: asymmetric routing."""
    source = wire.ends[side][0]
    wire.packets = [p for p in wire.packets if p[wire.layer].src == source]
    return wire


def around(wire, wrap):
    wire.packets = [wrap(packet) for packet in wire.packets]
    return wire


def tagged(*tags):
    def wrap(packet):
        ether, inner = packet.copy(), packet.payload
        ether.remove_payload()
        for tag in tags:
            ether /= tag.copy()
        return ether / inner
    return wrap


def talks(lab):
    """Conversations with the outcome that each must have."""
    for wrap in (None, tagged(Dot1Q(vlan=5)), tagged(Dot1AD(vlan=5), Dot1Q(vlan=6)),
                 tagged(Dot1Q(vlan=5), Dot1Q(vlan=6), Dot1Q(vlan=7))):
        wire = bulk(lab.wire().open(0), 1)
        yield around(wire, wrap) if wrap else wire, "established"
    for name in ("mpls", "pppoe", "gre", "ip in ipv6", "vxlan", "gtp-u"):
        yield around(bulk(lab.wire().open(0), 1, segments=2), WAYS[name]), "established"
    half_open = lab.wire()
    half_open.send(0, 0, "S")
    yield around(half_open, WAYS["vxlan"]), "timed_out"
    with_options = bulk(lab.wire().open(0), 0)
    for packet in with_options.packets:
        packet[IP].options = [b"\x94\x04\x00\x00"]
    yield with_options, "established"
    lost = lab.wire()
    lost.send(0, 0, "S")
    lost.send(0, 1, "SA")
    yield bulk(lost, 0), "established"
    yield only(bulk(lab.wire().open(0), 0), 0), "established"
    # A wrong number completes nothing, and ends nothing.
    wrong = lab.wire()
    wrong.send(0, 0, "S")
    wrong.send(0, 1, "SA")
    wrong.send(0, 0, "A", ack=77777, repeat=True)
    wrong.send(0, 0, "R", seq=55555, repeat=True)
    yield wrong, "timed_out"
    # Simultaneous open.
    both = lab.wire()
    both.send(0, 0, "S")
    both.send(0, 1, "S")
    both.send(0, 0, "SA", seq=both.next[0] - 1, repeat=True)
    both.send(0, 1, "SA", seq=both.next[1] - 1, repeat=True)
    yield bulk(both, 0), "established"
    # SYN cookies: the first ISN is acknowledged, or the second.
    for second in (False, True):
        cookie = lab.wire()
        cookie.send(0, 0, "S")
        cookie.send(0, 1, "SA")
        cookie.send(0, 1, "SA", seq=50000, repeat=True)
        cookie.next[1] = 50001 if second else cookie.next[1]
        cookie.send(0, 0, "A")
        yield bulk(cookie, 0), "established"
    for who, outcome in ((0, "aborted"), (1, "rejected")):
        reset = lab.wire()
        reset.send(0, 0, "S")
        reset.send(0, 1, "SA")
        reset.send(0, who, "RA")
        yield reset, outcome


def talks_that_data_tells(lab):
    """The server's data must be seen: it stands in for an ACK, or explains what an ACK is for."""
    lost = lab.wire()
    lost.send(0, 0, "S")
    lost.send(0, 1, "SA")
    yield bulk(lost, 1), "established"
    yield only(bulk(lab.wire().open(0), 1), 1), "established"
    # A server may send before the handshake is over.
    fast = lab.wire()
    fast.send(0, 0, "S", b"hello")
    fast.send(0, 1, "SA")
    fast.send(0, 1, "A", b"answer")
    fast.send(0, 0, "A")
    yield bulk(fast, 1), "established"


def ipv6_talks(lab):
    for headers in ([], [IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt()], [IPv6ExtHdrFragment(m=1)]):
        lab.number += 1
        wire = bulk(Wire("fd00::1", "fd00::2", sport=20000 + lab.number).open(0), 1)
        for packet in wire.packets:
            segment = packet[TCP].copy()
            packet[IPv6].remove_payload()
            for header in headers:
                packet[IPv6].add_payload(header.copy())
            packet[IPv6].add_payload(segment)
        yield wire, "established"


@pytest.mark.parametrize("way", ["in", "out"])
@pytest.mark.parametrize("interface", ["wire", "any"])
def test_frames_made_by_hand(link, rungs, interface, way):
    lab = Lab()
    data_tells = list(talks_that_data_tells(lab))
    told = [*talks(lab), *ipv6_talks(lab), *data_tells]
    lab.add(*(wire for wire, _ in told))
    # A connection that is older than the capture, and what is no handshake at all.
    lab.add(bulk(lab.wire(), 0))
    ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    lab.frames += [ether / IP(src="192.0.2.1", dst="192.0.2.2") / UDP(dport=53) / Raw(b"x" * 50),
                   ether / IP(src="192.0.2.1", dst="192.0.2.2", frag=50, proto=6) / Raw(b"x" * 50),
                   ether / IP(src="192.0.2.1", dst="192.0.2.2") / ICMP() / Raw(b"x" * 50)]
    link.far.run("ip", "link", "set", "wire", "promisc", "on")
    tools = rungs(link.far if way == "in" else link.near, interface, "-t", "3", "--local", "192.0.2.1,fd00::1,10.77.0.0/24")
    # Frames that wait when a classic filter is set are looked at again by libpcap, which does not
    # know tags behind tags on `any`: let what comes now push them out.
    for _ in range(3):
        tools.wait_for(attempt(link)[0].lport, "rejected")
    lab.send(link.near)
    for wire, outcome in told:
        tools.wait_for(wire.ends[0][1], outcome, but=["classic"] if (wire, outcome) in data_tells else [])
    found = tools.stop()
    rows = assert_equal_rows(found, {wire.ends[0][1] for wire, _ in data_tells})
    rows = [row for row in rows if row["client_addr"] != link.near_address]
    assert {row["client_port"]: row["outcome"] for row in rows} == {
        wire.ends[0][1]: outcome for wire, outcome in told}
    assert len(rows) == len(told)
