# SPDX-License-Identifier: BSD-2-Clause
"""Ways to carry a frame inside another, as scapy writes them, and where it has no such layer by hand."""

import struct

from scapy.all import (GRE, IP, Dot1AD, Dot1Q, Ether, IPv6, PPP, PPPoE, Raw, UDP, VXLAN, raw)
from scapy.contrib.etherip import EtherIP
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.l2 import LLC, SNAP, Dot3

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def outer(packet, version=4):
    """An IP header around the packet; its ends answer each other as those of the packet do."""
    ends = ("192.0.2.11", "192.0.2.12") if version == 4 else ("2001:db8:f::1", "2001:db8:f::2")
    inner = packet[IP] if IP in packet else packet[IPv6]
    src, dst = ends if inner.src < inner.dst else ends[::-1]
    return Ether(**MACS) / (IP if version == 4 else IPv6)(src=src, dst=dst)


def bare(packet):
    """The IP packet of a frame."""
    return packet[IP if IP in packet else IPv6].copy()


def ethertype(packet):
    return 0x0800 if IP in packet else 0x86dd


def below(header):
    """In an Ethernet frame, behind this header."""
    return lambda packet: Ether(**MACS) / header(packet)


def inside(layer, version=4):
    """In an IP packet, behind what `layer` puts in front."""
    return lambda packet: outer(packet, version) / layer(packet)


def udp(port, header, version=4, sport=50000):
    """In a UDP datagram."""
    return lambda packet: outer(packet, version) / UDP(sport=sport, dport=port) / header(packet)


def typed(number, header, tail):
    """An Ethernet frame of this type: bytes, then what `tail` gives."""
    return lambda packet: Ether(type=number, **MACS) / Raw(header(packet) + raw(tail(packet)))


def gre(protocol, flags=0, fields=b"", carried=bare):
    """GRE by hand: `fields` are those that the flags announce."""
    def wrap(packet):
        number = protocol if protocol else ethertype(packet)
        head = outer(packet)
        head[IP].proto = 47
        return head / Raw(struct.pack("!HH", flags, number) + fields + raw(carried(packet)))
    return wrap


def wlan(packet):
    """A data frame of 802.11 with LLC and SNAP."""
    head = bytes.fromhex("0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000")
    return head + struct.pack("!H", ethertype(packet)) + raw(bare(packet))


# By name: in an Ethernet frame.
WAYS = {
    "vlan": below(lambda p: Dot1Q(vlan=5) / bare(p)),
    "qinq": below(lambda p: Dot1AD(vlan=5) / Dot1Q(vlan=6) / bare(p)),
    "mpls": below(lambda p: MPLS(label=100, s=0) / MPLS(label=200, s=1) / bare(p)),
    "mpls in vlan": below(lambda p: Dot1Q(vlan=5) / MPLS(label=200, s=1) / bare(p)),
    "pseudowire": below(lambda p: MPLS(label=200, s=1) / Raw(b"\0\0\0\0" + raw(p))),
    "pppoe": below(lambda p: PPPoE(sessionid=7) / PPP(proto=0x21 if IP in p else 0x57) / bare(p)),
    "802.1ah": typed(0x88e7, lambda p: b"\0\0\1\2" + raw(p)[:12], lambda p: Raw(raw(p)[12:])),
    "snap": lambda p: Dot3(**MACS) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(code=ethertype(p)) / bare(p),
    "macsec": typed(0x88e5, lambda p: b"\0\0\0\0\0\1" + struct.pack("!H", ethertype(p)),
                    lambda p: raw(bare(p)) + b"\0" * 16),
    "vntag": typed(0x8926, lambda p: b"\0\1\0\2" + struct.pack("!H", ethertype(p)), bare),
    "ip in ip": inside(bare),
    "ip in ipv6": inside(bare, 6),
    "gre": inside(lambda p: GRE() / bare(p)),
    "gre over ipv6": inside(lambda p: GRE() / bare(p), 6),
    "gre, all fields": inside(lambda p: GRE(chksum_present=1, key_present=1, seqnum_present=1,
                                            key=9, sequence_number=1) / bare(p)),
    "ethernet in gre": inside(lambda p: GRE(proto=0x6558) / p),
    "erspan type 2": gre(0x88be, 0x1000, b"\0\0\0\1" + bytes.fromhex("1001000100000000"), Ether),
    "erspan type 3": gre(0x22eb, 0x1000, b"\0\0\0\1" + bytes.fromhex("200100010000000000000000"), Ether),
    "802.11 in gre": gre(0x8200, carried=wlan),
    "etherip": inside(lambda p: EtherIP() / p),
    "vxlan": udp(4789, lambda p: VXLAN(vni=9, flags=8) / p),
    "vxlan over ipv6": udp(4789, lambda p: VXLAN(vni=9, flags=8) / p, 6),
    "vxlan with vlan": udp(4789, lambda p: VXLAN(vni=9, flags=8) / Ether(**MACS) / Dot1Q(vlan=7) / bare(p)),
    "vxlan gpe": udp(4790, lambda p: Raw(bytes([0x0c, 0, 0, 1 if IP in p else 2, 0, 0, 9, 0]) + raw(bare(p)))),
    "geneve": udp(6081, lambda p: GENEVE(vni=9, proto=0x6558) / p),
    "gtp-u": udp(2152, lambda p: GTP_U_Header(teid=7) / bare(p), sport=2152),
    "l2tp": udp(1701, lambda p: Raw(bytes.fromhex("0002 0001 0002 ff03") +
                                    struct.pack("!H", 0x21 if IP in p else 0x57) + raw(bare(p))), sport=1701),
    "mpls in udp": udp(6635, lambda p: MPLS(label=200, s=1) / bare(p)),
    "tzsp": udp(37008, lambda p: Raw(bytes.fromhex("01 00 0001 01") + raw(p))),
    "vxlan in gre": inside(lambda p: GRE() / IP(src="198.18.0.1", dst="198.18.0.2") / UDP(dport=4789) /
                           VXLAN(vni=9, flags=8) / p),
}
# These carry IPv6 alone, or IPv4.
ONLY = {
    "teredo": (6, udp(3544, bare, sport=3544)),
    "6in4": (6, inside(bare)),
    "4in6": (4, inside(bare, 6)),
}
# Not decoded by tshark 4.0 without being told how.
TSHARK_DOES_NOT = {"pseudowire"}
