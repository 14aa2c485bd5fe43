# SPDX-License-Identifier: BSD-2-Clause
"""Short TCP scenarios with known faults, for `stat`: faults.py SCENARIO ADDRESS. They run in a network
namespace of their own, so what /proc/net/snmp counts there is theirs alone."""

import os
import pathlib
import socket
import struct
import sys
import time

from ready import readable

SIZE = 5000
PATIENCE_SEC = 2 * float(os.environ.get("TCPSIGHT_PATIENCE_SEC", 15))
# In /proc/net/tcp: the state, and the timer of a stand-in, which is all that is left of a closed socket.
FIN_WAIT_2, LAST_ACK, STAND_IN = "05", "09", "03"


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def listen(address, backlog=50, port=0):
    server = socket.socket(family(address), socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(backlog)
    return server


def pair(address):
    server = listen(address)
    client = socket.create_connection(server.getsockname()[:2])
    accepted, _ = server.accept()
    server.close()
    return client, accepted


def read_all(sock, size):
    while size:
        size -= len(sock.recv(size))


def reset_on_close(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def wait_readable(*socks):
    for sock in socks:
        readable(sock, seconds=PATIENCE_SEC)


def wait_until(true, what):
    deadline = time.monotonic() + PATIENCE_SEC
    while not true():
        if time.monotonic() > deadline:
            sys.exit(f"no {what} in time")
        time.sleep(0.01)


def counter(name):
    """What this network namespace has counted until now, by a name of TcpExt."""
    names, values = [line.split() for line in pathlib.Path("/proc/net/netstat").read_text().splitlines()
                     if line.startswith("TcpExt:")]
    return int(values[names.index(name)])


def waiting(server):
    """Connections that wait for accept(): tcpi_unacked of a listener."""
    return struct.unpack_from("I", server.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 24)[0]


def timers_in(state, address):
    """The running timer, as /proc/net/tcp names it, of each socket of the namespace in that state."""
    table = pathlib.Path("/proc/net/tcp6" if ":" in address else "/proc/net/tcp").read_text()
    lines = [line.split() for line in table.splitlines()[1:]]
    return [line[5].split(":")[0] for line in lines if line[3] == state]


def wait_last_acks(address):
    wait_until(lambda: not timers_in(LAST_ACK, address), "last ACK")


def start_connect(server):
    client = socket.socket(server.family, socket.SOCK_STREAM)
    client.setblocking(False)
    client.connect_ex(server.getsockname()[:2])
    return client


def plain(address):
    """Who has closed first keeps its socket until the other's FIN has come: a socket takes each segment."""
    for _ in range(20):
        client, accepted = pair(address)
        for _ in range(3):
            client.sendall(b"x" * SIZE)
            read_all(accepted, SIZE)
        accepted.sendall(b"y" * 10)
        read_all(client, 10)
        client.shutdown(socket.SHUT_WR)
        wait_readable(accepted)
        accepted.close()
        wait_readable(client)
        client.close()
    wait_last_acks(address)


def late_fin(address):
    """The other's FIN comes when its ACK has come alone, long before: a stand-in takes it, and answers. As overflow(),
    says how many stand-ins there are."""
    pairs = [pair(address) for _ in range(5)]
    for client, _ in pairs:
        client.close()
    wait_until(lambda: len(timers_in(FIN_WAIT_2, address)) == len(pairs), "ACKs of the FINs")
    print(timers_in(FIN_WAIT_2, address).count(STAND_IN))
    for _, accepted in pairs:
        accepted.close()
    wait_last_acks(address)


def refused(address):
    server = listen(address)
    port = server.getsockname()[1]
    server.close()
    for _ in range(7):
        try:
            socket.create_connection((address, port))
        except ConnectionRefusedError:
            continue
        raise AssertionError("not refused")


def reset_by_client(address):
    for _ in range(5):
        client, accepted = pair(address)
        client.sendall(b"x" * 100)
        read_all(accepted, 100)
        reset_on_close(client)
        wait_readable(accepted)
        accepted.close()


def reset_by_unread(address):
    for _ in range(5):
        client, accepted = pair(address)
        client.sendall(b"x" * 100)
        wait_readable(accepted)
        accepted.close()
        wait_readable(client)
        client.close()


def delayed_ack(address):
    """Ten segments, each of which waits for its ACK until the timer runs."""
    client, accepted = pair(address)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for number in range(1, 11):
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
        client.sendall(b"x")
        read_all(accepted, 1)
        wait_until(lambda n=number: counter("DelayedACKs") >= n, "delayed ACK")
    client.close()
    wait_readable(accepted)
    accepted.close()


def overflow(address, first="server"):
    """Nobody accepts: the queue takes two, and the SYNs of four others are dropped, which come again.
    Whoever is `first` closes the two. If it is the client, then the listener's RSTs find, once the FINs
    are acknowledged, what is left of the client's sockets: nothing that counts, if it is a stand-in. The
    kernel keeps the socket if somebody looked at it just then. Says how many stand-ins there are."""
    server = listen(address, backlog=1)
    clients = [start_connect(server) for _ in range(2)]
    wait_until(lambda: waiting(server) == 2, "full queue")
    refused = [start_connect(server) for _ in range(4)]
    wait_until(lambda: counter("ListenDrops") >= 8, "SYNs that come again")
    for client in refused:
        client.close()
    if first == "client":
        for client in clients:
            client.close()
        wait_until(lambda: len(timers_in(FIN_WAIT_2, address)) == 2, "ACKs of the FINs")
    print(timers_in(FIN_WAIT_2, address).count(STAND_IN))
    server.close()
    if first == "server":
        wait_readable(*clients)
        for client in clients:
            client.close()


def fragments(address):
    """Datagrams that do not fit: what is fragmented and put together again."""
    receiver = socket.socket(family(address), socket.SOCK_DGRAM)
    receiver.bind((address, 0))
    sender = socket.socket(family(address), socket.SOCK_DGRAM)
    for _ in range(4):
        sender.sendto(b"x" * 4000, receiver.getsockname()[:2])
        receiver.recv(5000)


def serve(address, port="7000"):
    """Say when ready; read connections to their end, one after the other, until stdin ends."""
    server = listen(address, port=int(port))
    print("ready", flush=True)
    while True:
        if server not in readable(server, sys.stdin, seconds=60):
            return
        sock, _ = server.accept()
        while sock.recv(65536):
            pass
        sock.close()


def send(address, port="7000", size="200000"):
    client = socket.create_connection((address, int(port)))
    client.sendall(b"x" * int(size))
    client.shutdown(socket.SHUT_WR)
    client.recv(1)
    client.close()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
