# SPDX-License-Identifier: BSD-2-Clause
"""Short TCP scenarios with known faults, for `stat`: faults.py SCENARIO ADDRESS. They run in a network
namespace of their own, so what /proc/net/snmp counts there is theirs alone."""

import select
import socket
import struct
import sys
import time

SIZE = 5000


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
        select.select([sock], [], [], 10)


def plain(address):
    for _ in range(20):
        client, accepted = pair(address)
        for _ in range(3):
            client.sendall(b"x" * SIZE)
            read_all(accepted, SIZE)
        accepted.sendall(b"y" * 10)
        read_all(client, 10)
        client.close()
        wait_readable(accepted)
        accepted.close()


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
    """Two segments, of which the second waits for its ACK until the timer runs."""
    client, accepted = pair(address)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(10):
        client.sendall(b"x")
        read_all(accepted, 1)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
        time.sleep(0.3)
    client.close()
    wait_readable(accepted)
    accepted.close()


def overflow(address):
    """Nobody accepts: the queue takes two, all other SYNs are dropped, again and again."""
    server = listen(address, backlog=1)
    clients = []
    for _ in range(6):
        client = socket.socket(family(address), socket.SOCK_STREAM)
        client.setblocking(False)
        client.connect_ex(server.getsockname()[:2])
        clients.append(client)
    time.sleep(2.5)
    for client in clients:
        client.close()
    server.close()


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
        ready, _, _ = select.select([server, sys.stdin], [], [], 60)
        if server not in ready:
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
