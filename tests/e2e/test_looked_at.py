# SPDX-License-Identifier: BSD-2-Clause
"""Who looks at the files of others holds one for a moment, and may be the last to let go of it: it has closed nothing."""

import os
import signal
import socket

import pytest

CONNECTIONS = 2500


def read_all(path):
    with open(path, encoding="ascii") as file:
        file.read()


# What ss, lsof and ls do, by the file that they do it to.
LOOKS = {
    "readlink": lambda pid, fd: os.readlink(f"/proc/{pid}/fd/{fd}"),
    "stat": lambda pid, fd: os.stat(f"/proc/{pid}/fd/{fd}"),
    "listdir": lambda pid, _: os.listdir(f"/proc/{pid}/fd"),
    "fdinfo": lambda pid, fd: read_all(f"/proc/{pid}/fdinfo/{fd}"),
}


def forked(work):
    """A process that does it and ends."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    finally:
        os._exit(0)


def look_for_ever(look, pid, fds):
    while True:
        for fd in fds:
            try:
                look(pid, fd)
            except OSError:
                pass


def open_and_close(listener):
    for _ in range(CONNECTIONS):
        socket.create_connection(listener.getsockname()[:2]).close()
        listener.accept()[0].close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("look", LOOKS)
def test_who_looks_is_no_owner(sight, netns, look, host):
    """Without a program's asking what whoever closes is in the kernel for, one row of 380 to 2,300 had the one who looks."""
    tool = sight("life", "--json", "--netns", netns.name)
    with netns.inside(), socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET,
                                              backlog=10) as listener:
        owner = forked(lambda: open_and_close(listener))
        fds = range(listener.fileno() + 1, listener.fileno() + 5)
        looking = [forked(lambda: look_for_ever(LOOKS[look], owner, fds)) for _ in range(2)]
        os.waitpid(owner, 0)
        for pid in looking:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    rows = tool.stop().rows
    # Of a side whose close was seen by nobody but who looks, the listener's owner is all that is known.
    assert {row["pid"] for row in rows if row["netns"] == netns.inode} <= {owner, os.getpid()}
    assert sum(row["pid"] == owner for row in rows) > CONNECTIONS
