# SPDX-License-Identifier: BSD-2-Clause
"""Packets in packets, and other link types: the connection is the inner one, as tshark has it too."""

import collections
import struct
import subprocess

import pytest
import tunnels
from capture import BASE_SEC, Wire, convert, write
from netns import Link
from scapy.all import IP, UDP, Ether, Raw, raw, wrpcap
from sight import Tcpsight, run
from test_pcap_file import life, whole

pytestmark = pytest.mark.usefixtures("built")
V6 = {"client": "2001:db8::1", "server": "2001:db8::2"}
SAME = ["tx_bytes", "rx_bytes", "role", "end_reason", "state", "handshake_us", "duration_us", "retrans"]
SENT, RECEIVED = 300, 1300


def connections():
    """Each way with IPv4 and with IPv6 in it, as (name, port of the client, wire)."""
    ways = [(name, wrap, ends) for name, wrap in tunnels.WAYS.items() for ends in ({}, V6)]
    ways += [(name, wrap, V6 if version == 6 else {}) for name, (version, wrap) in tunnels.ONLY.items()]
    for number, (name, wrap, ends) in enumerate(ways):
        port = 30000 + number
        yield name, port, wrapped(whole(sport=port, sent=b"q" * SENT, received=b"a" * RECEIVED,
                                        start=number * 10, **ends), wrap)


def wrapped(wire, wrap):
    for i, packet in enumerate(wire.packets):
        wire.packets[i] = wrap(packet)
        wire.packets[i].time = packet.time
    return wire


def tshark_bytes(path, *options):
    """Payload by client's port and direction of the innermost segments."""
    said = subprocess.run(
        ["tshark", "-r", str(path), "-n", *options, "-Y", "tcp", "-T", "fields", "-E", "occurrence=l",
         "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "tcp.len"], check=True, capture_output=True, text=True)
    sent = collections.defaultdict(lambda: [0, 0])
    for line in said.stdout.splitlines():
        source, target, size = map(int, line.split("\t"))
        sent[max(source, target)][source < target] += size
    return {port: tuple(sizes) for port, sizes in sent.items()}


def test_the_inner_connections_are_seen(tmp_path):
    all_ways = list(connections())
    (plain,) = life(write(tmp_path / "plain.pcap", whole(received=b"a" * RECEIVED))).rows
    path = write(tmp_path / "tunnels.pcap", *(wire for _, _, wire in all_ways))
    outcome = life(path)
    truth, rows = tshark_bytes(path), {row["lport"]: row for row in outcome.rows}
    for name, port, _ in all_ways:
        assert {c: rows[port][c] for c in SAME} == {c: plain[c] for c in SAME}, name
        if name not in tunnels.TSHARK_DOES_NOT:
            assert truth[port] == (rows[port]["tx_bytes"], rows[port]["rx_bytes"]), name
    assert len(outcome.rows) == len(all_ways)
    assert outcome.summary["undecoded"] == 0
    assert {row["client_port"]: row["outcome"] for row in handshakes(path)} == \
        {port: "established" for _, port, _ in all_ways}
    # Without payload too, and what is too short for that is counted.
    assert life(convert(path, "-s", "256")).rows == outcome.rows
    short = life(convert(path, "-s", "33"))
    assert short.summary["undecoded"] == sum(len(wire.packets) for _, _, wire in all_ways)
    assert not short.rows


def handshakes(path, *options):
    return [row for row in run("peek", "--json", "--read", path, *options).rows if "outcome" in row]


def radiotap(packet):
    return b"\0\0\x08\0\0\0\0\0" + tunnels.wlan(packet)


def qos_radiotap(packet):
    """With a clock, flags that say "padded", and a QoS field."""
    head = bytes.fromhex("0000 1100 03000000") + bytes(8) + b"\x20"
    qos = bytes.fromhex("8801 0000 020000000001 020000000002 020000000003 1000 0000 0000 aaaa03 000000")
    return head + qos + struct.pack("!H", tunnels.ethertype(packet)) + raw(tunnels.bare(packet))


def nflog(packet):
    inner = raw(tunnels.bare(packet))
    return bytes([2 if IP in packet else 10, 0, 0, 0]) + struct.pack("<HH", 6, 10) + b"x\0\0\0" + \
        struct.pack("<HH", 4 + len(inner), 9) + inner


def ppp(packet):
    return b"\xff\x03" + struct.pack("!H", 0x21 if IP in packet else 0x57) + raw(tunnels.bare(packet))


def chdlc(packet):
    return b"\x0f\0" + struct.pack("!H", tunnels.ethertype(packet)) + raw(tunnels.bare(packet))


def frame_relay(packet):
    return b"\x18\x41\x03" + (b"\xcc" if IP in packet else b"\x8e") + raw(tunnels.bare(packet))


def fddi(packet):
    return b"\x50" + raw(packet)[:12] + b"\xaa\xaa\x03\0\0\0" + raw(packet)[12:]


def ppi(packet):
    return struct.pack("<BBHI", 0, 0, 8, 1) + raw(packet)


LINKS = {"radiotap": (127, radiotap), "radiotap, qos": (127, qos_radiotap), "802.11": (105, tunnels.wlan),
         "nflog": (239, nflog), "ppp": (9, ppp), "ppp on a serial line": (50, ppp), "c-hdlc": (104, chdlc),
         "frame relay": (107, frame_relay), "fddi": (10, fddi), "ppi": (192, ppi)}


@pytest.mark.parametrize("name", LINKS)
def test_link_types(tmp_path, name):
    number, link = LINKS[name]
    wires = whole(), whole(40001, start=10, **V6)
    plain = life(write(tmp_path / "plain.pcap", *wires)).rows
    packets = []
    for packet in (packet for wire in wires for packet in wire.packets):
        packets.append(Raw(link(packet)))
        packets[-1].time = packet.time
    path = tmp_path / "link.pcap"
    wrpcap(str(path), packets, linktype=number)
    outcome = life(path)
    assert outcome.rows == plain
    assert outcome.summary["undecoded"] == 0
    assert life(convert(path, "-F", "pcapng")).rows == plain
    if name != "ppi":  # tshark 4.0 takes it for 802.11
        assert tshark_bytes(path) == {row["lport"]: (row["tx_bytes"], row["rx_bytes"]) for row in plain}


def test_a_link_type_that_is_not_understood_is_named(tmp_path):
    path = tmp_path / "usb.pcap"
    wrpcap(str(path), [Raw(b"x" * 60)], linktype=220)
    outcome = run("life", "--read", path)
    assert outcome.status == 1 and "USB_LINUX_MMAPPED" in outcome.stderr and not outcome.lines


def test_what_cannot_be_looked_into_is_counted(tmp_path):
    wire = whole()
    head = Ether(**tunnels.MACS) / IP(src="192.0.2.1", dst="192.0.2.2")
    others = [head / IP(proto=50) / Raw(b"x" * 60),                  # ESP, in IP
              head.copy() / Raw(b"\0\0\x99\x99" + b"x" * 60),        # GRE of an unknown protocol
              Ether(type=0x88e5, **tunnels.MACS) / Raw(b"\x0c" + b"x" * 60)]
    others[1][IP].proto = 47
    deep = tunnels.bare(whole().packets[0])
    for _ in range(12):
        deep = IP(src="192.0.2.1", dst="192.0.2.2") / deep
    others.append(Ether(**tunnels.MACS) / deep)
    # What nobody takes for a tunnel, and what is no IP at all, is no loss.
    others += [head.copy() / UDP(sport=53, dport=50000) / Raw(b"x" * 60),
               head.copy() / UDP(sport=4789, dport=50000) / Raw(b"\x08" + b"x" * 60),
               Ether(type=0x88cc, **tunnels.MACS) / Raw(b"x" * 60)]
    for packet in others:
        packet.time = BASE_SEC + 1
        wire.packets.append(packet)
    outcome = life(write(tmp_path / "c.pcap", wire))
    assert len(outcome.rows) == 1
    assert outcome.summary["undecoded_why"] == "too-many-headers 1, unknown-tunnel 1, encrypted 2"
    assert run("life", "--strict", "--read", tmp_path / "c.pcap").status == 4


def test_the_checksum_is_that_of_the_inner_segment(tmp_path):
    wire = wrapped(Wire(sport=1).open(0), tunnels.WAYS["vxlan"])
    other = wrapped(Wire(sport=2).open(0), tunnels.WAYS["gre"])
    path = write(tmp_path / "c.pcap", wire, other)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"\x00\x02\x00\x50")  # the last segment from port 2
    data[at + 4] ^= 0x10
    path.write_bytes(data)
    ports = {row["client_port"]: row["outcome"] for row in handshakes(path, "-c", "2")}
    assert ports == {1: "established", 2: "pending"}


# An interface

SEND = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("wire", 0))
print(sum(s.send(bytes.fromhex(line)) > 0 for line in sys.stdin))
"""


@pytest.fixture
def link(new_netns):
    return Link(new_netns(), new_netns())


@pytest.mark.parametrize("interface", ["wire", "any"])
def test_the_inner_connections_of_an_interface(privileged, link, interface):
    # The kernel's filter does not let 802.3 pass, which nobody uses for IP any more.
    all_ways = [way for way in connections() if way[0] != "snap"]
    link.far.run("ip", "link", "set", "wire", "promisc", "on")
    with Tcpsight("life", "--json", "-i", interface, "--local", "10.0.0.1,2001:db8::1",
                  wrap=["nsenter", f"--net={link.far.path}"]) as tool:
        # What waits when the filter is set is looked at again by libpcap, which does not know tags
        # behind tags on `any`.
        send(link.near, whole(sport=1, received=b"a" * RECEIVED).packets)
        tool.wait_for(len, "a row of the first connection")
        send(link.near, [packet for _, _, wire in all_ways for packet in wire.packets])
        tool.wait_for(lambda lines: len(lines) > len(all_ways), "a row of each")
        rows = {row["lport"]: (row["tx_bytes"], row["rx_bytes"], row["end_reason"]) for row in tool.rows()}
    assert rows == {port: (SENT, RECEIVED, "fin") for port in (1, *(port for _, port, _ in all_ways))}


def send(netns, frames):
    done = subprocess.run(["nsenter", f"--net={netns.path}", "/usr/bin/python3", "-c", SEND], check=True,
                          text=True, input="\n".join(raw(f).hex() for f in frames), stdout=subprocess.PIPE)
    assert int(done.stdout) == len(frames)
