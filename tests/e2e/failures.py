# SPDX-License-Identifier: BSD-2-Clause
"""Each way in which TCP can fail, made on purpose between two network namespaces, with the truth beside
it: which verdict `why` must give, at which end. test_why.py runs them, `bench/verdicts` counts them."""

import contextlib
import itertools
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

from wire import DROP, SYN, Wire, checksum

_ports = itertools.count(7600)
FAILURES = []


@dataclass
class Failure:
    """`run(stage)` is a context manager inside which it is so. `code` and `severity` are what must be
    told at `side`; `also` are verdicts that are true as well."""

    name: str
    run: object
    code: str
    severity: str
    side: str = "near"
    limit: str = None
    also: tuple = ()
    sysctls: dict = field(default_factory=dict)
    delay_sec: float = 0.01
    age_sec: float = 0
    # Who comes later does not see it: it is over soon, or no process has the socket, in a namespace that
    # is not ours.
    before: bool = False


def failure(code, severity, **truth):
    """Enter the function into the list, under its name."""
    def enter(function):
        run = contextlib.contextmanager(function)
        FAILURES.append(Failure(function.__name__, run, code, severity, **truth))
        return function
    return enter


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
        self.loop(lambda: receiver.recv(1 << 20))

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
    time.sleep(0.1)


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


@failure("blackhole_syn", "failed", limit="handshake")
def syn_vanishes(stage):
    stage.wire.fate = from_near
    stage.start_connect()
    yield


@failure("blackhole_syn", "failed", limit="handshake", sysctls={"tcp_syn_retries": 1}, before=True)
def connect_times_out(stage):
    stage.wire.fate = from_near
    stage.start_connect()
    yield


@failure("blackhole_syn", "failed", limit="handshake")
def application_gives_up_connecting(stage):
    stage.wire.fate = from_near

    def attempt():
        client = stage.start_connect()
        stage.over.wait(1.2)
        client.close()

    stage.loop(attempt)
    yield


@failure("refused", "failed", limit="handshake")
def nobody_listens(stage):
    def attempt():
        client = stage.client()
        with contextlib.suppress(ConnectionRefusedError):
            client.connect((Wire.far_address, 9))
        client.close()
    stage.loop(attempt, 0.1)
    yield


@failure("rejected", "failed", limit="handshake")
def router_prohibits(stage):
    def fate(packet):
        if packet.is_syn:
            stage.wire.answer(packet, unreachable(packet, 10))
            return DROP
        return None

    def attempt():
        client = stage.client()
        with contextlib.suppress(OSError):
            client.connect((Wire.far_address, stage.port))
        client.close()

    stage.wire.fate = fate
    stage.loop(attempt, 0.1)
    yield


@failure("pmtu_blackhole", "stalled", limit="network")
def large_packets_vanish(stage):
    client, accepted = stage.pair()
    exchange(client, accepted)
    stage.wire.fate = lambda p: DROP if p.from_near and len(p.raw) > 1200 else None
    # The peer lives: it goes on sending.
    stage.loop(lambda: accepted.send(b"tick"), 0.1)
    client.send(b"x" * 30000)
    yield


@failure("pmtu_blackhole", "stalled", limit="network")
def large_packets_vanish_and_another_connection_is_well(stage):
    client, accepted = stage.pair()
    exchange(client, accepted)
    listener = stage.listen(port=stage.port + 10000)
    other = stage.client()
    other.connect((Wire.far_address, stage.port + 10000))
    answering = stage.keep(listener.accept()[0])
    stage.echo(other, answering, 100, 0.1)
    stage.wire.fate = lambda p: DROP if p.from_near and len(p.raw) > 1200 else None
    client.send(b"x" * 30000)
    yield


@failure("peer_silent", "stalled", limit="network")
def peer_goes_away(stage):
    client, accepted = stage.pair()
    exchange(client, accepted)
    stage.wire.fate = drop_all
    client.send(b"x" * 200)
    yield


@failure("timed_out", "failed", sysctls={"tcp_retries2": 3}, before=True)
def kernel_gives_up(stage):
    client, accepted = stage.pair()
    exchange(client, accepted)
    stage.wire.fate = drop_all
    client.send(b"x" * 200)
    yield


@failure("zero_window", "stalled", limit="receiver_window")
def reader_stops(stage):
    client, _ = stage.pair(rcvbuf=4096)
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            client.send(b"x" * 65536)
    yield


@failure("reader_slow", "stalled", side="far", limit="reader")
def we_read_nothing(stage):
    client, _ = stage.pair(rcvbuf=4096)
    client.settimeout(None)
    stage.loop(lambda: client.sendall(b"x" * 65536))
    yield


def slow_reader(stage):
    client, accepted = stage.pair(rcvbuf=65536)
    client.settimeout(None)
    stage.loop(lambda: client.sendall(b"x" * 65536))
    stage.loop(lambda: accepted.recv(4096), 0.05)
    yield


@failure("peer_reads_slowly", "slow", limit="receiver_window", also=("zero_window",))
def peer_is_slow(stage):
    yield from slow_reader(stage)


@failure("reader_slow", "slow", side="far", limit="reader")
def we_read_slowly(stage):
    yield from slow_reader(stage)


@failure("bufferbloat", "slow", limit="network", also=("loss",))
def queue_fills(stage):
    stage.wire.fate = slowed(10e6)
    client, accepted = stage.pair()
    stage.bulk(client, accepted)
    yield


@failure("loss", "slow", limit="network", also=("bufferbloat",))
def every_fortieth_is_lost(stage):
    stage.wire.fate = lambda p: DROP if p.from_near and p.payload and p.index % 40 == 39 else None
    client, accepted = stage.pair()
    stage.bulk(client, accepted)
    yield


@failure("spurious", "slow", sysctls={"tcp_timestamps": 0}, also=("application",))
def requests_are_held_up(stage):
    """One in ten arrives late, so late that it was sent again meanwhile. Without timestamps the peer's
    late answer does not teach the sender to wait longer."""
    def fate(packet):
        late = packet.from_near and packet.payload and not packet.again and packet.index % 10 == 9
        return 0.3 if late else None

    client, accepted = stage.pair()
    exchange(client, accepted)
    stage.wire.fate = fate
    stage.echo(client, accepted, 500, 0)
    yield


@failure("nagle", "slow", also=("application",))
def small_writes_wait(stage):
    client, accepted = stage.pair()

    def answer():
        left = 300
        while left:
            got = len(accepted.recv(left))
            if not got:
                raise OSError("closed")
            left -= got
        accepted.sendall(b"y" * 50)

    def ask():
        client.send(b"x" * 100)
        client.send(b"x" * 200)
        client.recv(100)

    stage.loop(answer)
    stage.loop(ask)
    yield


@failure("sndbuf", "slow", limit="send_buffer")
def send_buffer_is_small(stage):
    client, accepted = stage.pair(sndbuf=16384)
    client.settimeout(None)
    stage.loop(lambda: client.send(b"x" * 1000))
    stage.loop(lambda: accepted.recv(1 << 20))
    yield


@failure("orphan", "stalled", also=("peer_silent", "zero_window"), before=True)
def closed_with_data_left(stage):
    client, accepted = stage.pair()
    exchange(client, accepted)
    stage.wire.fate = drop_all
    client.send(b"x" * 20000)
    client.close()
    yield


def keep_alive(client, count):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1),
                          (socket.TCP_KEEPCNT, count)):
        client.setsockopt(socket.IPPROTO_TCP, option, value)


@failure("keepalive_probing", "stalled", limit="nothing")
def keep_alive_goes_unanswered(stage):
    client, _ = stage.pair()
    keep_alive(client, 60)
    stage.wire.fate = drop_all
    yield


@failure("keepalive_dead", "failed", before=True)
def keep_alive_gives_up(stage):
    client, _ = stage.pair()
    keep_alive(client, 2)
    stage.wire.fate = drop_all
    yield


def connections_to(stage, listener, serve):
    """One after the other: the near side asks, the far side does as `serve` says."""
    def step():
        client = stage.client()
        client.settimeout(10)
        client.connect((Wire.far_address, stage.port))
        accepted = stage.keep(listener.accept()[0])
        with contextlib.suppress(OSError):
            serve(client, accepted)
        accepted.close()
        client.close()

    stage.loop(step, 0.05)


def leave_unread(client, accepted):
    client.send(b"x" * 5000)
    time.sleep(0.1)
    accepted.close()
    client.recv(1)


@failure("reset_unread", "failed", side="far")
def closes_with_data_unread(stage):
    connections_to(stage, stage.listen(), leave_unread)
    yield


@failure("reset_by_peer", "watch")
def peer_resets(stage):
    connections_to(stage, stage.listen(), leave_unread)
    yield


@failure("reset_linger", "watch", side="far")
def resets_on_purpose(stage):
    def serve(client, accepted):
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()
        client.recv(1)

    connections_to(stage, stage.listen(), serve)
    yield


@failure("ports_exhausted", "failed", limit="handshake",
         sysctls={"ip_local_port_range": "'50000 50004'"})
def no_port_is_left(stage):
    stage.listen()
    # Of an odd range the kernel may not try the last one.
    with contextlib.suppress(OSError):
        for _ in range(5):
            stage.client().connect((Wire.far_address, stage.port))

    def attempt():
        client = stage.client()
        with contextlib.suppress(OSError):
            client.connect((Wire.far_address, stage.port))
        client.close()

    stage.loop(attempt, 0.2)
    yield


@failure("accept_queue_full", "failed", side="far", sysctls={"tcp_syncookies": 0})
def nobody_accepts(stage):
    stage.listen(backlog=1)
    for _ in range(6):
        stage.start_connect()
    yield


@failure("close_wait", "failed", side="far", age_sec=61)
def never_closed(stage):
    client, accepted = stage.pair()
    client.close()
    accepted.recv(1)
    yield


def one_loss(stage):
    """A bulk whose congestion window was halved once, and grows by a segment in a round trip."""
    stage.wire.fate = lambda p: DROP if p.from_near and p.index == 12 else None
    client, accepted = stage.pair()
    stage.bulk(client, accepted)
    yield


@failure("path_full", "fine", limit="network", delay_sec=0.05)
def path_is_full(stage):
    yield from one_loss(stage)


@failure("receiving", "fine", side="far", limit="nothing", delay_sec=0.05)
def we_receive(stage):
    yield from one_loss(stage)


@failure("application", "fine", limit="application")
def application_is_slow(stage):
    client, accepted = stage.pair()
    stage.echo(client, accepted, 500, 0.1)
    yield
