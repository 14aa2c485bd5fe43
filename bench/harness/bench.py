# SPDX-License-Identifier: BSD-2-Clause
"""What every part of the benchmark is given: the programs to measure, the options, the loads."""

import contextlib
import dataclasses
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import time

from harness.process import Failure, pinned

TCPLIFE_PATHS = ("/usr/sbin/tcplife", "/usr/share/bcc/libbpf-tools/tcplife")
HOLD_TIMEOUT_S = 60


@dataclasses.dataclass
class Bench:
    """@binary is tcpsight, @tools the folder of the compiled load tools, @rounds how often each
    comparison is repeated (None: as often as the part sees fit), @sockets the sizes of the part
    of that name."""

    binary: str
    tools: pathlib.Path
    rounds: int
    sockets: list

    def say(self, text):
        """Tell on stderr how far we are."""
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def tcpsight(self, *words):
        """A command line of tcpsight."""
        return [self.binary, *words]

    def tcplife(self):
        """A command line of libbpf-tools' tcplife; None if it is not installed."""
        for path in TCPLIFE_PATHS:
            if os.access(path, os.X_OK):
                return [path]
        return None

    def ss(self, options):
        """A command line of ss."""
        path = shutil.which("ss")
        if not path:
            raise Failure("ss is not installed (Debian package iproute2)")
        return [path, options]

    def load(self, name, *arguments, cpus=None):
        """Run a load tool to its end; return what it says, a dict."""
        command = pinned([str(self.tools / name), *map(str, arguments)], cpus)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Failure(f"the load tool {name} failed with status {done.returncode}")
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def closes(self, per_second, addresses=200):
        """So many closes a second, on as many addresses by turns, while the block runs: each end of a connection is
        one."""
        with subprocess.Popen([str(self.tools / "pace"), str(per_second // 2), str(addresses)], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL) as child:
            try:
                yield
            finally:
                child.stdin.close()

    @contextlib.contextmanager
    def hold(self, sockets):
        """Hold @sockets connected sockets while the block runs. Yields a Hold."""
        with subprocess.Popen([str(self.tools / "hold"), str(sockets)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as child:
            try:
                holder = Hold(child)
                words = holder.answer(HOLD_TIMEOUT_S).split()
                if words[:2] != ["ready", str(sockets)]:
                    raise Failure(f"the load tool hold cannot hold {sockets} sockets")
                yield holder
            finally:
                child.stdin.close()
                child.stdout.close()


class Hold:
    """Many connected sockets, held by the load tool of that name."""

    def __init__(self, child):
        self._child = child
        self._buffer = b""

    def answer(self, timeout_s):
        """The next line it prints, or '' if none comes in @timeout_s."""
        deadline_s = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            left_s = max(0, deadline_s - time.monotonic())
            if not select.select([self._child.stdout], [], [], left_s)[0]:
                return ""
            data = os.read(self._child.stdout.fileno(), 4096)
            if not data:
                return ""
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()

    def say(self, command):
        """Give a command: "idle" or "traffic MS"."""
        self._child.stdin.write(command.encode() + b"\n")
        self._child.stdin.flush()

    def bursts(self):
        """Seconds that each burst took since this was asked last."""
        found = []
        while line := self.answer(0):
            found.append(float(line.split()[1]))
        return found


def rotate(items, by):
    """@items, beginning with another one each round, so that none is always first."""
    by %= len(items)
    return items[by:] + items[:by]
