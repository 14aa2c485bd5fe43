# SPDX-License-Identifier: BSD-2-Clause
"""Each way in which TCP can fail, made on purpose between two network namespaces, with the truth beside
it: which verdict `why` must give, at which end. test_why.py runs them, `bench/verdicts` counts them."""

import contextlib
import socket
import struct
import time
from dataclasses import dataclass, field

from stage import drop_all, exchange, from_near, slowed, unreachable
from wire import DROP, Wire

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
