# SPDX-License-Identifier: BSD-2-Clause
"""Where failures are made: two network namespaces with a wire between them, what tests do on it, and what
the wire may do to packets."""

import contextlib
import itertools
import socket
import struct
import threading
import time

from flows import wait_until
from wire import DROP, SYN, Wire, checksum

_ports = itertools.count(7600)


def syn_packet(source, destination, sport, dport):
    """A SYN in IPv4, with MSS."""
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    segment = struct.pack("!HHIIBBHHHBBH", sport, dport, 1, 0, 6 << 4, SYN, 65535, 0, 0, 2, 4, 1460)
    whole = checksum(addresses + struct.pack("!BBH", 0, 6, len(segment)) + segment)
    segment = segment[:16] + struct.pack("!H", whole) + segment[18:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, 64, 6, 0) + addresses
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + segment


class Stage:
    """Two namespaces with a wire between them, and what tests do on it."""

    def __init__(self, near, far, delay_sec, sysctls):
        self.near, self.far = near, far
        self.port = next(_ports)
        for netns in near, far:
            for name, value in {"tcp_congestion_control": "reno", **sysctls}.items():
                netns.sysctl(f"net.ipv4.{name}", value)
        self.wire = Wire(near, far, delay_sec)
        self.open = []
        self.threads = []
        self.over = threading.Event()
        self.reads_late = False  # the reader of bulk() came when half of its window was full

    def close(self):
        self.over.set()
        for sock in self.open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for sock in self.open:
            sock.close()
        for thread in self.threads:
            thread.join(10)
        self.wire.close()

    def keep(self, sock):
        self.open.append(sock)
        return sock

    def listen(self, backlog=64, rcvbuf=None, port=None):
        with self.far.inside():
            listener = self.keep(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if rcvbuf:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        listener.bind((Wire.far_address, port or self.port))
        listener.listen(backlog)
        return listener

    def client(self):
        with self.near.inside():
            return self.keep(socket.socket())

    def start_connect(self, port=None):
        client = self.client()
        client.setblocking(False)
        client.connect_ex((Wire.far_address, port or self.port))
        return client

    def pair(self, rcvbuf=None, sndbuf=None):
        """Both ends of a connection, that of the near side first."""
        listener = self.listen(rcvbuf=rcvbuf)
        client = self.client()
        if sndbuf:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
        client.settimeout(10)
        client.connect((Wire.far_address, self.port))
        accepted = self.keep(listener.accept()[0])
        accepted.settimeout(10)
        return client, accepted

    def go(self, run):
        """In a thread, until the sockets are closed."""
        def guarded():
            with contextlib.suppress(OSError):
                run()

        self.threads.append(threading.Thread(target=guarded, daemon=True))
        self.threads[-1].start()

    def loop(self, step, pause_sec=0):
        def run():
            while not self.over.is_set():
                step()
                if pause_sec:
                    self.over.wait(pause_sec)

        self.go(run)

    def flood(self):
        """More SYNs than a listener may remember, from addresses that never answer."""
        self.listen(backlog=8)
        numbers = itertools.count(1)

        def syn():
            n = next(numbers)
            self.wire.inject(syn_packet(f"10.78.0.{100 + n % 100}", Wire.far_address,
                                        1024 + n % 50000, self.port))

        self.loop(syn, 0.01)

    def bulk(self, sender, receiver, size=65536):
        sender.settimeout(None)
        receiver.settimeout(None)
        self.loop(lambda: sender.sendall(b"x" * size))

        def read():
            size = len(receiver.recv(1 << 20))
            # What waits takes its own size of the window, which is half of the buffer at most.
            if size > 65536 and 4 * size > receiver.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF):
                self.reads_late = True

        self.loop(read)

    def echo(self, client, accepted, size, pause_sec):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def ask():
            client.sendall(b"x" * size)
            left = size
            while left:
                got = len(client.recv(65536))
                if not got:
                    raise OSError("closed")
                left -= got

        self.loop(lambda: accepted.sendall(accepted.recv(65536)))
        self.loop(ask, pause_sec)


def drop_all(packet):
    return DROP


def from_near(packet):
    return DROP if packet.from_near else None


def unacked(sock):
    """Segments in flight: tcpi_unacked of struct tcp_info (linux/tcp.h)."""
    return struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28), 24)[0]


def exchange(client, accepted, size=200):
    for _ in range(3):
        client.sendall(b"x" * size)
        left = size
        while left:
            left -= len(accepted.recv(left))
        accepted.sendall(b"y" * size)
        left = size
        while left:
            left -= len(client.recv(left))
    wait_until(lambda: not unacked(client) and not unacked(accepted), "ACKs of all that was exchanged")


def slowed(bits_per_sec, queue_sec=0.25):
    """A fate: the wire carries so much; what comes faster waits, and is lost if it would wait longer."""
    free = [0.0]

    def fate(packet):
        if not packet.from_near:
            return None
        now = time.monotonic()
        if free[0] - now > queue_sec:
            return DROP
        free[0] = max(free[0], now) + len(packet.raw) * 8 / bits_per_sec
        return free[0] - now
    return fate


def unreachable(packet, code):
    """ICMP destination unreachable (RFC 792) with this code, as a router sends it."""
    body = struct.pack("!BBHI", 3, code, 0, 0) + packet.raw[:packet.at + 8]
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, 1, 0)
    head += packet.raw[16:20] + packet.raw[12:16]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body
