# SPDX-License-Identifier: BSD-2-Clause
"""Capture files of known content, made with scapy, and what tshark says of a capture."""

import collections
import json
import struct
import subprocess

from scapy.all import IP, TCP, Ether, IPv6, Raw, wrpcap
from sight import PATIENCE_SEC

BASE_SEC = 1_700_000_000


class Wire:
    """One connection, packet by packet: numbers are kept, times are given."""

    def __init__(self, client="10.0.0.1", server="10.0.0.2", sport=40000, dport=80, isn=(1000, 9000)):
        self.ends = (client, sport), (server, dport)
        self.layer = IPv6 if ":" in client else IP
        self.next = list(isn)
        self.packets = []

    def send(self, sec, side, flags, data=b"", seq=None, ack=None, repeat=False):
        """One segment from side 0 (client) or 1 (server); `repeat`: numbers do not move on."""
        (src, sport), (dst, dport) = self.ends[side], self.ends[1 - side]
        segment = TCP(sport=sport, dport=dport, flags=flags,
                      seq=(self.next[side] if seq is None else seq) % 2**32,
                      ack=(self.next[1 - side] if ack is None else ack) % 2**32 if "A" in flags else 0)
        address = self.layer(src=src, dst=dst)
        if self.layer is IP:
            address.id = len(self.packets) + 1
        packet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / address / segment
        if data:
            packet /= Raw(data)
        packet.time = BASE_SEC + sec
        self.packets.append(packet)
        if not repeat:
            self.next[side] += len(data) + ("S" in flags) + ("F" in flags)
        return packet

    def open(self, sec, rtt=0.010):
        self.send(sec, 0, "S")
        self.send(sec + rtt, 1, "SA")
        self.send(sec + rtt + 0.001, 0, "A")
        return self

    def close(self, sec):
        self.send(sec, 0, "FA")
        self.send(sec + 0.010, 1, "FA")
        self.send(sec + 0.011, 0, "A")
        return self


def write(path, *wires, **options):
    """The packets of all wires in the order of time."""
    packets = sorted((p for w in wires for p in w.packets), key=lambda p: float(p.time))
    wrpcap(str(path), packets, **options)
    return path


def write_pcapng(path, *wires, endianness):
    """The same as a pcapng file of either byte order, with time in microseconds."""
    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        size = struct.pack(endianness + "I", 12 + len(body))
        return struct.pack(endianness + "I", kind) + size + body + size

    with open(path, "wb") as out:
        out.write(block(0x0a0d0d0a, struct.pack(endianness + "IHHq", 0x1a2b3c4d, 1, 0, -1)))
        out.write(block(1, struct.pack(endianness + "HHI", 1, 0, 0)))
        for packet in sorted((p for w in wires for p in w.packets), key=lambda p: float(p.time)):
            data, time_us = bytes(packet), round(float(packet.time) * 1e6)
            head = struct.pack(endianness + "IIIII", 0, time_us >> 32, time_us & 0xffffffff, len(data),
                               len(data))
            out.write(block(6, head + data))
    return path


def convert(path, *options):
    """Through editcap: another format, or packets cut short."""
    out = path.with_name(path.name + ".converted")
    subprocess.run(["editcap", *options, str(path), str(out)], check=True, capture_output=True)
    return out


class Dumpcap:
    """Wireshark's own capture into a file, beside tcpsight."""

    def __init__(self, netns, interface, path):
        self.path = path
        self.process = subprocess.Popen(
            ["nsenter", f"--net={netns.path}", "dumpcap", "-q", "-i", interface, "-w", str(path)],
            stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line.startswith("File:"):
                break

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE_SEC)
        return self.path


# tshark's words for a segment whose bytes were on the wire before, or that it cannot tell from one.
TSHARK_AGAIN = {"tcp.analysis." + word for word in
                ("retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order")}


def tshark_rows(path):
    """Per direction (src, sport, dst, dport): payload bytes, of these the ones that were not on the
    wire before, also by second ("new", "new at 1700000000"), and segments sent again."""
    fields = ["frame.time_epoch", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport", "tcp.len",
              *TSHARK_AGAIN]
    said = subprocess.run(
        ["tshark", "-r", str(path), "-Y", "tcp", "-T", "json",
         *(word for field in fields for word in ("-e", field))],
        check=True, capture_output=True, text=True)
    rows = collections.defaultdict(collections.Counter)
    for frame in json.loads(said.stdout):
        got = {name: values[0] for name, values in frame["_source"]["layers"].items()}
        key = (got.get("ip.src") or got["ipv6.src"], int(got["tcp.srcport"]),
               got.get("ip.dst") or got["ipv6.dst"], int(got["tcp.dstport"]))
        again, size = bool(TSHARK_AGAIN & got.keys()), int(got["tcp.len"])
        rows[key]["retrans"] += again
        rows[key]["bytes"] += size
        rows[key]["new"] += 0 if again else size
        rows[key][f"new at {got['frame.time_epoch'][:10]}"] += 0 if again else size
    return rows
