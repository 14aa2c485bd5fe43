# SPDX-License-Identifier: BSD-2-Clause
"""How long after its start can a tool show its first row?

tcpsight says so by itself (READY=1 to NOTIFY_SOCKET, once everything is attached). tcplife prints
its header once it is attached, and at once if it writes to a terminal; it is given one.
"""

import os
import pty
import select
import subprocess
import time

from harness import private
from harness.bench import rotate
from harness.process import Failure, ready_program, stop
from harness.table import Row

ROUNDS = 7
TIMEOUT_S = 20
START = ("<=", 0.2)


def measure(bench):
    """Rows of this part."""
    private.enter_network()
    peers = {
        "top": lambda: _tcpsight(bench, "top", "-C", "1"),
        "life": lambda: _tcpsight(bench, "life"),
        "tcplife": lambda: _tcplife(bench),
    }
    if not bench.tcplife():
        del peers["tcplife"]
    samples = {name: [] for name in peers}
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"start: round {i + 1}")
        for name in rotate(list(peers), i):
            samples[name].append(peers[name]())
    return [Row("start", f"{name}: from exec to the first possible row", "s", samples[name],
                samples.get("tcplife", []), "tcplife", START, absolute=True).without_peer("tcplife")
            for name in ("top", "life")]


def _tcpsight(bench, *words):
    with ready_program(bench.tcpsight(*words)) as (_, ready_s):
        return ready_s


def _tcplife(bench):
    leader, follower = pty.openpty()
    start_s = time.monotonic()
    child = subprocess.Popen(bench.tcplife(), stdin=subprocess.DEVNULL, stdout=follower,
                             stderr=subprocess.DEVNULL)
    os.close(follower)
    try:
        if not select.select([leader], [], [], TIMEOUT_S)[0]:
            raise Failure("tcplife prints nothing")
        try:
            os.read(leader, 4096)
        except OSError:
            raise Failure("tcplife ends at once") from None
        return time.monotonic() - start_s
    finally:
        # Closed first: nobody reads it any more, and a full one would hold tcplife up.
        os.close(leader)
        stop(child)
