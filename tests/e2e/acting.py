# SPDX-License-Identifier: BSD-2-Clause
"""What the scenarios of actors.py have in common: names, children, what is said of a flow's two ends."""

import ctypes
import json
import os
import pathlib
import signal
import sys
import time

PAYLOAD = b"x" * 100
PAYLOAD_BYTES = len(PAYLOAD)


def say(**facts):
    print(json.dumps(facts), flush=True)


def step():
    sys.stdin.readline()


def name_self(name):
    """Name the calling thread; of the main thread, that is the process's comm."""
    ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)  # PR_SET_NAME


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def fork(run, *args):
    """Run a function in a child process; returns the child's PID."""
    child = os.fork()
    if child == 0:
        die_with_parent()
        run(*args)
        os._exit(0)
    return child


def wait_for_comm(pid, comm):
    deadline = time.monotonic() + 10
    while pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip() != comm:
        if time.monotonic() > deadline:
            sys.exit(f"process {pid} did not become {comm}")
        time.sleep(0.002)


def end_of(sock, pid, comm):
    laddr, lport = sock.getsockname()[:2]
    raddr, rport = sock.getpeername()[:2]
    return {
        "pid": pid, "comm": comm, "laddr": laddr, "lport": lport, "raddr": raddr, "rport": rport
    }


def other_end(end, pid, comm):
    return {
        "pid": pid, "comm": comm,
        "laddr": end["raddr"], "lport": end["rport"],
        "raddr": end["laddr"], "rport": end["lport"],
    }
