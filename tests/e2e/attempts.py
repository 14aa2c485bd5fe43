# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios of actors.py: programs that try to connect, and what comes of it."""

import ctypes
import errno
import os
import socket
import struct

from acting import name_self, say, step
from ready import writable


def start_connect(address, port, timeout_ms):
    name_self("tcp-try")
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, timeout_ms)
    sock.connect_ex((address, port))
    laddr, lport = sock.getsockname()[:2]
    end = {"pid": os.getpid(), "laddr": laddr, "lport": lport, "raddr": address, "rport": port}
    say(client=end)
    return sock


def try_connect(address, port, timeout_ms):
    """Try to connect, and say how the kernel calls what came of it."""
    sock = start_connect(address, int(port), int(timeout_ms))
    sock.setblocking(True)
    error = sock.connect_ex((address, int(port)))
    sock.close()
    say(error=errno.errorcode.get(error, ""))


def ask_connect(address, port, patience_ms):
    """Connect without blocking, wait, ask for the error and close, as most clients do."""
    name_self("tcp-ask")
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    sock.setblocking(False)
    sock.connect_ex((address, int(port)))
    laddr, lport = sock.getsockname()[:2]
    writable(sock, seconds=int(patience_ms) / 1000)
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    sock.close()
    end = {"pid": os.getpid(), "laddr": laddr, "lport": lport, "raddr": address, "rport": int(port)}
    say(client=end, error=errno.errorcode.get(error, ""))


def abandon_connect(address, port):
    """Try to connect, and give up when told to."""
    sock = start_connect(address, int(port), 0)
    step()
    sock.close()
    say(closed=True)


def no_port_left(address, port):
    """Connect twice where there is one local port, and say how the kernel calls what came of it."""
    name_self("tcp-noport")
    first, second = socket.socket(), socket.socket()
    first.setblocking(False)
    errors = [sock.connect_ex((address, int(port))) for sock in (first, second)]
    say(pid=os.getpid(), errors=[errno.errorcode.get(error, "") for error in errors])
    step()


def connect_from_taken_port(kind, address, port):
    """Connect from a port that is taken towards this peer. `bound` to it; `reused`: the socket was
    connected before, and any port will do."""
    name_self("tcp-noport")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, int(port)), family=family, backlog=16)
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w", encoding="ascii") as file:
        file.write("40000 40000")
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if kind == "reused":
        sock.connect((address, int(port)))
        # connect() to AF_UNSPEC is what disconnects.
        ctypes.CDLL(None).connect(sock.fileno(), struct.pack("H14x", socket.AF_UNSPEC), 16)
    first = socket.socket(family)
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    first.bind((address, 40000))
    first.connect((address, int(port)))
    if kind == "bound":
        sock.bind((address, 40000))
    error = sock.connect_ex((address, int(port)))
    sock.close()
    say(pid=os.getpid(), error=errno.errorcode.get(error, ""))
    step()
    first.close()
    listener.close()
