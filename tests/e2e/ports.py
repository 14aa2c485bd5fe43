# SPDX-License-Identifier: BSD-2-Clause
"""Ports for servers that a test starts on loopback."""

import os
import socket

# Below those that the kernel hands out: between the choice and the server's bind() no client's socket takes one.
FIRST, EACH = 10000, 800

# Workers of one run have ports of their own.
_next = FIRST + EACH * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_end = _next + EACH


def free_ports(count):
    """So many ports of 127.0.0.1 at which nobody listens, on TCP and on UDP."""
    global _next
    found = []
    while len(found) < count:
        assert _next < _end, "all ports of this worker are used up"
        try:
            for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", _next))
            found.append(_next)
        except OSError:
            pass
        _next += 1
    return found


def free_port():
    return free_ports(1)[0]
