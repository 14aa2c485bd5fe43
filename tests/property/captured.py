# SPDX-License-Identifier: BSD-2-Clause
"""Captures from a seed: connections that open, move, lose and end, of which some were there before and
some are still there at the end; clocks that are set, packets that are out of order or seen on two
interfaces, more connections than fit, files of every form, and such that break off.
"""

import gzip
import ipaddress
import random
import struct

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ETHERNET, RAW, COOKED = 1, 101, 113
HOSTS = ["10.0.0.1", "10.0.0.2", "127.0.0.1", "192.0.2.9", "2001:db8::1", "2001:db8::2"]
PEERS = ["10.0.0.3", "10.1.7.4", "127.0.0.1", "198.51.100.5", "2001:db8::7", "2001:db8:1::9"]


class Connection:
    """One connection, whose sides know what they have sent."""

    def __init__(self, chance, port):
        self.chance = chance
        host = chance.choice(HOSTS)
        peer = chance.choice([p for p in PEERS if (":" in p) == (":" in host)])
        self.ends = (host, port), (peer, chance.choice([80, 443, 5432, chance.randint(1024, 65535)]))
        self.next = [chance.randrange(1 << 32), chance.randrange(1 << 32)]
        self.sent = [[], []]  # segments with payload, which may be sent again

    def segment(self, side, flags, size=0, seq=None):
        """Bytes of IP, without a link's header; numbers move on unless `seq` is one that was used."""
        is_new = seq is None
        seq = self.next[side] if is_new else seq
        ack = self.next[1 - side] if flags & ACK else 0
        if is_new:
            if size:
                self.sent[side].append((seq, size))
            self.next[side] = (seq + size + bool(flags & SYN) + bool(flags & FIN)) % 2**32
        (src, sport), (dst, dport) = self.ends[side], self.ends[1 - side]
        # No two are alike: what is sent again is never taken for a copy.
        window = self.chance.randrange(40_000, 65_536)
        tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, window, 0, 0)
        payload = tcp + bytes(size)
        src, dst = ipaddress.ip_address(src).packed, ipaddress.ip_address(dst).packed
        if len(src) == 16:
            return struct.pack("!IHBB", 6 << 28, len(payload), 6, 64) + src + dst + payload
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), self.chance.randrange(1, 1 << 16), 0,
                           64, 6, 0)
        return head + src + dst + payload

    def again(self, side):
        seq, size = self.chance.choice(self.sent[side][-3:])
        return self.segment(side, ACK | PSH, size, seq)

    def opening(self):
        """A handshake that succeeds, or how it fails."""
        isn = self.next[0]
        yield self.segment(0, SYN)
        kind = self.chance.choices(["well", "refused", "silent", "aborted"], [12, 1, 2, 1])[0]
        for _ in range(self.chance.choice([0, 0, 0, 1, 3])):
            yield self.segment(0, SYN, seq=isn)
        if kind == "refused":
            yield self.segment(1, RST | ACK)
        if kind in ("refused", "silent"):
            return False
        yield self.segment(1, SYN | ACK)
        yield self.segment(0, RST if kind == "aborted" else ACK)
        return kind == "well"

    def life(self):
        """Its packets, one by one; it may end in any way, or not."""
        c = self.chance
        if c.random() < 0.8 and not (yield from self.opening()):
            return
        for _ in range(c.choice([0, 1, 4, 15])):
            side = c.randrange(2)
            if self.sent[side] and c.random() < 0.15:
                yield self.again(side)
            elif c.random() < 0.6:
                yield self.segment(side, ACK | PSH, c.choice([1, 100, 1000, 1448]))
            else:
                yield self.segment(side, ACK)
        end = c.choice(["fin", "fin", "half", "reset", "open", "open"])
        side = c.randrange(2)
        if end in ("fin", "half"):
            yield self.segment(side, FIN | ACK)
        if end == "fin":
            yield self.segment(1 - side, FIN | ACK)
            if c.random() < 0.8:
                yield self.segment(side, ACK)
        if end == "reset":
            yield self.segment(side, RST | ACK)


class Capture:
    """`data` is the file that stands at `file`; `max_flows` for --max-flows, `watch`: other options."""

    def __init__(self, seed):
        self.chance = c = random.Random(f"captured/{seed}")
        self.links = [c.choice([ETHERNET, ETHERNET, RAW, COOKED])
                      for _ in range(c.choice([1, 1, 2, 3]))]
        self.is_ng = len(self.links) > 1 or c.random() < 0.4
        self.per_second = c.choice([1_000_000, SECOND])
        self.order = c.choice("<>")
        self.time_ns = START + c.randrange(SECOND)
        self.shift_ns = 0  # of the clock that makes stamps
        self.next_port = 1024
        self.frames = []  # stamp, interface, bytes
        self.make(c.choice([10, 60, 250, 800]))
        self.max_flows = c.choice([4, 12, 2000, 2000, 2000, 2000])
        self.is_full = self.max_flows < 2000
        self.watch = ["--local", "10.0.0.0/8,2001:db8::/48"] if c.random() < 0.3 else []
        self.file = "capture.pcapng" if self.is_ng else "capture.pcap"
        self.data = self.pcapng() if self.is_ng else self.pcap()
        if c.random() < 0.1:
            self.data = self.data[:c.randrange(len(self.data) // 2, len(self.data))]
        if c.random() < 0.1:
            self.data = gzip.compress(self.data)

    def make(self, packets):
        c, live = self.chance, []
        while len(self.frames) < packets:
            if len(live) < c.choice([1, 3, 8, 20]):
                live.append(Connection(c, self.next_port).life())
                self.next_port += 1
            one = c.choice(live)
            packet = next(one, None)
            if packet is None:
                live.remove(one)
                continue
            self.put(packet)
            self.pass_time()

    def pass_time(self):
        c = self.chance
        self.time_ns += c.choice([0, 999, 1000, 123_457, 7_000_001, 40_000_000, 300_000_000])
        if c.random() < 0.06:
            self.time_ns += c.choice([1, 2, 5, 31, 61, 77, 200, 400]) * SECOND
        if c.random() < 0.01:
            self.shift_ns += c.choice([-1, -1, 1]) * (c.choice([30, 70, 300, 86_400]) * SECOND
                                                      + c.randrange(SECOND))

    def put(self, packet):
        """On the wire, which one interface or two of them see."""
        c = self.chance
        stamp = self.time_ns + self.shift_ns - (c.random() < 0.05) * c.choice([1000, 3_000_000])
        first = c.randrange(len(self.links))
        self.frames.append((stamp, first, packet))
        if len(self.links) > 1 and c.random() < 0.3:
            self.frames.append((stamp + c.choice([0, 1000, 90_000]), (first + 1) % len(self.links),
                                packet))

    def framed(self, link, packet):
        kind = 0x86dd if packet[0] >> 4 == 6 else 0x0800
        if link == ETHERNET:
            return bytes.fromhex("020000000001020000000002") + struct.pack("!H", kind) + packet
        if link == COOKED:
            return struct.pack("!HHH8sH", 0, 1, 6, bytes(8), kind) + packet
        return packet

    def cut(self, frame):
        """Some captures keep the headers alone."""
        return frame[:self.chance.choice([96, 120])] if self.chance.random() < 0.5 else frame

    def pcap(self):
        magic = 0xa1b2c3d4 if self.per_second == 1_000_000 else 0xa1b23c4d
        out = [struct.pack(self.order + "IHHiIII", magic, 2, 4, 0, 0, 65535, self.links[0])]
        for stamp, _, packet in self.frames:
            frame = self.framed(self.links[0], packet)
            kept = self.cut(frame)
            out.append(struct.pack(self.order + "IIII", stamp // SECOND,
                                   stamp % SECOND * self.per_second // SECOND, len(kept), len(frame)))
            out.append(kept)
        return b"".join(out)

    def block(self, kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack(self.order + "I", 12 + len(body))
        return struct.pack(self.order + "I", kind) + size + body + size

    def pcapng(self):
        digits = 6 if self.per_second == 1_000_000 else 9
        out = [self.block(0x0a0d0d0a, struct.pack(self.order + "IHHq", 0x1a2b3c4d, 1, 0, -1))]
        for link in self.links:
            resolution = struct.pack(self.order + "HHB3xHH", 9, 1, digits, 0, 0)
            out.append(self.block(1, struct.pack(self.order + "HHI", link, 0, 0) + resolution))
        for stamp, interface, packet in self.frames:
            frame = self.framed(self.links[interface], packet)
            kept = self.cut(frame)
            at = stamp * self.per_second // SECOND
            out.append(self.block(6, struct.pack(self.order + "IIIII", interface, at >> 32,
                                                 at & 0xffffffff, len(kept), len(frame)) + kept))
        return b"".join(out)
