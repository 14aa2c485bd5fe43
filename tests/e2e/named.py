# SPDX-License-Identifier: BSD-2-Clause
"""A process of any name that sends to itself over loopback: named.py NAME [BYTES]...

Of each BYTES its client sends so many on a connection of its own, and all are open until a line comes on stdin. Says
{"pid": N, "ports": [local port of each client], "servers": [...]} once they have arrived.
"""

import os
import socket
import sys

from acting import name_self, say, step


def pair(count):
    """(client, server) of a connection on which so many bytes went."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    left = count
    while left:
        client.sendall(b"x" * min(left, 1000))
        got = min(left, 1000)
        left -= got
        while got:
            got -= len(server.recv(got))
    return client, server


def main():
    name_self(sys.argv[1])
    pairs = [pair(int(count)) for count in sys.argv[2:]]
    say(pid=os.getpid(), ports=[client.getsockname()[1] for client, _ in pairs],
        servers=[server.getsockname()[1] for _, server in pairs])
    step()


if __name__ == "__main__":
    main()
