# SPDX-License-Identifier: BSD-2-Clause
"""A network namespace with a socket in (nearly) each state that lasts, and with owners in two processes."""

import contextlib
import socket
import subprocess
import sys
import time

from flows import wait_until
from netns import Netns

# Sockets in TIME_WAIT and orphans last for 60 s; a socket of each kind must be there for this long.
LASTS_S = 25

# enum tcp_states of linux/tcp.h.
FIN_WAIT2 = 5

SERVER = """
import socket
listener = socket.create_server(("127.0.0.1", 8080), backlog=2)
print("ready", flush=True)
accepted, _ = listener.accept()
print("accepted", flush=True)
input()
"""


class OddSockets:
    """As a context manager: the namespace and its sockets, until it ends."""

    def __init__(self):
        self.born = time.monotonic()
        self.kept = contextlib.ExitStack()
        self.netns = Netns()
        self.kept.callback(self.netns.remove)
        try:
            self.make()
        except BaseException:
            self.kept.close()
            raise

    @property
    def is_old(self):
        return time.monotonic() - self.born > LASTS_S

    def keep(self, sock):
        return self.kept.enter_context(sock)

    def drop(self, text):
        self.netns.run("nft", f"add rule ip t input {text} drop")

    def listen(self, address, port, **more):
        return self.keep(socket.create_server((address, port), **more))

    def pair(self, listener, address):
        """Both ends of a connection; the caller closes them, or keeps them."""
        client = socket.create_connection((address, listener.getsockname()[1]))
        return client, listener.accept()[0]

    def server(self):
        """A process of its own that listens, holds a connection and has one waiting."""
        process = subprocess.Popen(
            ["nsenter", f"--net={self.netns.path}", sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.kept.callback(process.stdout.close)
        self.kept.callback(process.wait, 20)
        self.kept.callback(process.stdin.close)
        self.kept.callback(process.kill)
        assert process.stdout.readline() == "ready\n"
        self.keep(socket.create_connection(("127.0.0.1", 8080)))
        assert process.stdout.readline() == "accepted\n"
        self.keep(socket.create_connection(("127.0.0.1", 8080)))
        self.server_pid = process.pid

    def make(self):
        self.netns.run("nft", "add table ip t")
        self.netns.run("nft", "add chain ip t input { type filter hook input priority 0; }")
        self.netns.ip("addr", "add", "10.0.0.1/32", "dev", "lo")
        self.netns.wait_local("::1")
        with self.netns.inside():
            self.server()
            self.established()
            self.closing()
            self.half_open()

    def established(self):
        plain = self.listen("0.0.0.0", 443)
        for address in "10.0.0.1", "127.0.0.1":
            client, accepted = map(self.keep, self.pair(plain, address))
            client.sendall(b"x" * 3000)
            accepted.sendall(b"y" * 70)
            client.recv(70, socket.MSG_WAITALL)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def finish(self, client):
        """Ends its direction and waits for the ACK: a peer may delay it, or send it only with a FIN that is dropped."""
        client.shutdown(socket.SHUT_WR)
        wait_until(lambda: client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == FIN_WAIT2, "ACK of the FIN")

    def closing(self):
        both = self.listen("::", 80, family=socket.AF_INET6, dualstack_ipv6=True)
        # TIME_WAIT of the server, IPv4 on an IPv6 socket and IPv6; and of the client.
        for address in "127.0.0.1", "::1":
            client, accepted = self.pair(both, address)
            accepted.close()
            client.close()
        client, accepted = self.pair(both, "::1")
        client.close()
        accepted.close()
        # CLOSE_WAIT, and an orphan in FIN_WAIT2.
        client, accepted = self.pair(both, "127.0.0.1")
        self.keep(accepted)
        self.finish(client)
        client.close()
        # FIN_WAIT2 of a process.
        client, accepted = map(self.keep, self.pair(both, "::1"))
        self.finish(client)
        # FIN_WAIT1: the peer does not get the FIN. LAST_ACK likewise.
        deaf = self.listen("127.0.0.1", 25)
        self.drop("tcp dport 25 tcp flags & fin == fin")
        client, accepted = self.pair(deaf, "127.0.0.1")
        self.keep(accepted)
        client.close()
        deaf = self.listen("127.0.0.1", 465)
        self.drop("tcp sport 465 tcp flags & fin == fin")
        client, accepted = self.pair(deaf, "127.0.0.1")
        self.finish(client)
        client.close()
        accepted.close()

    def half_open(self):
        """The SYN/ACK is lost: SYN_RECV, and SYN_SENT."""
        self.listen("127.0.0.1", 22)
        self.drop("tcp sport 22")
        client = self.keep(socket.socket())
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", 22))

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.kept.close()
