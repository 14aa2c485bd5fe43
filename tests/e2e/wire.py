# SPDX-License-Identifier: BSD-2-Clause
"""A wire between two network namespaces that loses, holds back and changes what a test tells it to.

A TUN device in each, and a thread that carries packets from one to the other: no kernel needs netem
for it. What becomes of a packet says the function `fate`.
"""

import contextlib
import fcntl
import heapq
import itertools
import os
import selectors
import struct
import threading
import time

from sight import PATIENCE_SEC

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
FIN, SYN, RST, ACK = 1, 2, 4, 16
PACKET_MAX = 65535
DROP = "drop"
# A sender takes for lost what is not acknowledged after this: 0.2 s, as everywhere, and longer where the
# machine is so slow that this thread may be as late as that.
RTO_MIN_MS = round(200 * max(1, PATIENCE_SEC / 15))


class Packet:
    """A TCP segment on its way. `index` counts the segments of its direction with payload from 0 on,
    `again` says that (some of) its payload went this way before."""

    def __init__(self, raw, from_near):
        self.raw, self.from_near = raw, from_near
        self.is_v4 = raw[0] >> 4 == 4
        self.at = (raw[0] & 15) * 4 if self.is_v4 else 40
        self.is_tcp = raw[9 if self.is_v4 else 6] == 6 and len(raw) >= self.at + 20
        self.index, self.again, self.payload = -1, False, 0
        if not self.is_tcp:
            return
        (self.sport, self.dport, self.seq, self.ack, offset, self.flags,
         self.window) = struct.unpack_from("!HHIIBBH", raw, self.at)
        self.payload = len(raw) - self.at - (offset >> 4) * 4

    @property
    def is_syn(self):
        return bool(self.is_tcp and self.flags & SYN and not self.flags & ACK)

    @property
    def is_syn_ack(self):
        return bool(self.is_tcp and self.flags & SYN and self.flags & ACK)

    def with_window(self, window):
        """The same bytes with another window."""
        raw = bytearray(self.raw)
        checksum = struct.unpack_from("!H", raw, self.at + 16)[0]
        # RFC 1624, equation 3.
        total = (~checksum & 0xFFFF) + (~self.window & 0xFFFF) + window
        total = (total & 0xFFFF) + (total >> 16)
        struct.pack_into("!H", raw, self.at + 14, window)
        struct.pack_into("!H", raw, self.at + 16, ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
        return bytes(raw)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[:len(data) & ~1]))
    total += data[-1] << 8 if len(data) & 1 else 0
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def too_big(packet, mtu):
    """What a router answers: fragmentation needed (RFC 1191), or packet too big (RFC 4443, 3.2)."""
    if packet.is_v4:
        body = struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + packet.raw[:packet.at + 8]
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, 1, 0)
        head += packet.raw[16:20] + packet.raw[12:16]
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body
    body = struct.pack("!BBHI", 2, 0, 0, mtu) + packet.raw[:1000]
    addresses = packet.raw[24:40] + packet.raw[8:24]
    pseudo = addresses + struct.pack("!II", len(body), 58)
    body = body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]
    return struct.pack("!IHBB", 0x60000000, len(body), 58, 64) + addresses + body


class Wire:
    """Two namespaces with this wire between them. fate(packet) returns None: it arrives; DROP; a
    number: so many seconds late; or bytes, that arrive in its place."""

    near_address, far_address = "10.78.0.1", "10.78.0.2"
    near_address6, far_address6 = "fd78::1", "fd78::2"

    def __init__(self, near, far, delay_s=0.001):
        self.delay_s, self.fate = delay_s, None
        # Segments with payload that went for the first time and again, of the near and the far side.
        self.first, self.again = [0, 0], [0, 0]
        # A FIN alone is sent again where its ACK is late.
        self.fins, self.fins_again = set(), 0
        # How late a packet came beyond what was asked for, at most: this machine has other work too.
        self.lateness_s = 0
        self.highest, self.late, self.order = {}, [], itertools.count()
        self.lock = threading.Lock()
        self.devices = [self._device(near, self.near_address, self.near_address6),
                        self._device(far, self.far_address, self.far_address6)]
        self.wake_read, self.wake_write = os.pipe()
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    def _device(self, netns, address, address6):
        with netns.inside():
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"wire", IFF_TUN | IFF_NO_PI))
        netns.ip("addr", "add", address + "/24", "dev", "wire")
        netns.ip("addr", "add", address6 + "/64", "dev", "wire", "nodad")
        # We may come late, on a busy machine; then packets wait, and none is lost that is not meant to be.
        netns.ip("link", "set", "wire", "txqueuelen", "10000")
        netns.ip("link", "set", "wire", "up")
        for network in "10.78.0.0/24", "fd78::/64":
            netns.ip("route", "replace", network, "dev", "wire", "proto", "kernel", "rto_min",
                     f"{RTO_MIN_MS}ms")
        netns.wait_local(address6)
        return device

    def _look(self, packet):
        """Is it sent again? By sequence numbers, which neither side needs to tell."""
        side = 0 if packet.from_near else 1
        key = (side, packet.sport, packet.dport) if packet.is_tcp else None
        if key and packet.flags & FIN:
            self.fins_again += key in self.fins and not packet.payload
            self.fins.add(key)
        if not packet.payload:
            return
        highest = self.highest.get(key)
        end = packet.seq + packet.payload
        packet.again = highest is not None and (packet.seq - highest) & 0xFFFFFFFF >= 1 << 31
        if not packet.again:
            self.highest[key] = end & 0xFFFFFFFF
        packet.index = self.first[side] + self.again[side]
        (self.again if packet.again else self.first)[side] += 1

    def sent_again(self):
        """Segments other than SYNs, of both sides."""
        return sum(self.again) + self.fins_again

    def _send_later(self, when, raw, to_near):
        heapq.heappush(self.late, (when, next(self.order), raw, to_near))

    def _take(self, raw, from_near):
        packet = Packet(raw, from_near)
        self._look(packet)
        fate = self.fate(packet) if self.fate and packet.is_tcp else None
        if fate == DROP:
            return
        late = fate if isinstance(fate, (int, float)) else 0
        with self.lock:
            self._send_later(time.monotonic() + self.delay_s + late,
                             fate if isinstance(fate, bytes) else raw, not from_near)

    def answer(self, packet, raw):
        """Something else goes back to where a packet came from. For `fate` to call."""
        with self.lock:
            self._send_later(time.monotonic() + self.delay_s, raw, packet.from_near)

    def pass_on(self, packet):
        """One that was dropped arrives after all. For `fate` to call."""
        with self.lock:
            self._send_later(time.monotonic() + self.delay_s, packet.raw, not packet.from_near)

    def inject(self, raw):
        """A packet of nobody arrives at the far side."""
        os.write(self.devices[1], raw)

    def _deliver(self):
        """Returns how long until the next is due, or None."""
        with self.lock:
            while self.late and self.late[0][0] <= time.monotonic():
                when, _, raw, to_near = heapq.heappop(self.late)
                self.lateness_s = max(self.lateness_s, time.monotonic() - when)
                with contextlib.suppress(OSError):
                    os.write(self.devices[0 if to_near else 1], raw)
            return max(0, self.late[0][0] - time.monotonic()) if self.late else None

    def _carry(self):
        with selectors.DefaultSelector() as selector:
            for side, device in enumerate(self.devices):
                selector.register(device, selectors.EVENT_READ, side)
            selector.register(self.wake_read, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(self._deliver()):
                    if key.data is None:
                        return
                    with contextlib.suppress(BlockingIOError):
                        while True:
                            self._take(os.read(key.fd, PACKET_MAX), key.data == 0)

    def close(self):
        os.close(self.wake_write)
        self.thread.join()
        for fd in (*self.devices, self.wake_read):
            os.close(fd)
