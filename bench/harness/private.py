# SPDX-License-Identifier: BSD-2-Clause
"""Give the benchmark a network namespace of its own.

In a fresh namespace nobody else's sockets are counted, no closed connection of an earlier run
waits in TIME_WAIT, and settings end with the namespace. A mount namespace of its own, too, lets
tracefs be mounted for the peers that need it without changing the machine.
"""

import ctypes
import os
import subprocess

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
TRACEFS = "/sys/kernel/tracing"

_libc = ctypes.CDLL(None, use_errno=True)


def _unshare(flags):
    if _libc.unshare(flags):
        error = ctypes.get_errno()
        raise OSError(error, f"unshare: {os.strerror(error)}")


def enter_mounts():
    """Move to a mount namespace where tracefs is mounted."""
    _unshare(CLONE_NEWNS)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    if not os.listdir(TRACEFS):
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACEFS], check=True)


def enter_network():
    """Move to a fresh network namespace with only loopback; programs started from now on are in it.
    The one before goes away with its last process."""
    _unshare(CLONE_NEWNET)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def sockets_in_use():
    """TCP sockets of this namespace, as the kernel counts them."""
    with open("/proc/net/sockstat") as file:
        for line in file:
            words = line.split()
            if words[0] == "TCP:":
                return int(words[words.index("inuse") + 1])
    return 0
