# SPDX-License-Identifier: BSD-2-Clause
"""Run a program on a pseudo-terminal of its own, as somebody who looks at it does, and read what it
costs while it runs."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

from harness.process import Failure, cpu_clock_s

ROWS, COLUMNS = 40, 120
START_S = 20
END_S = 10
TICKS = os.sysconf("SC_CLK_TCK")


class Terminal:
    def __init__(self, command):
        self.command = command
        self.pid, self.master = pty.fork()
        if not self.pid:
            os.execvpe(command[0], list(map(str, command)), {**os.environ, "TERM": "xterm-256color"})
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.count, self.is_open, self.seen = 0, True, b""

    def read(self, seconds):
        """Take what comes within @seconds; return how many bytes did."""
        if not self.is_open or not select.select([self.master], [], [], seconds)[0]:
            return 0
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        self.is_open = bool(data)
        self.count += len(data)
        self.seen = (self.seen + data)[-65536:]
        return len(data)

    def watch(self, seconds):
        """Take all that comes for so long."""
        deadline_s = time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0:
            self.read(left_s)
            if not self.is_open:
                raise Failure(f"{self.command[0]} ended: {self.seen[-200:].decode(errors='replace')}")

    def await_text(self, text):
        deadline_s = time.monotonic() + START_S
        while text not in self.seen:
            self.read(0.2)
            if not self.is_open or time.monotonic() > deadline_s:
                raise Failure(f"{self.command[0]} shows no {text}: {self.seen[-200:].decode(errors='replace')}")

    def cost(self, seconds):
        """What @seconds cost: CPU ms a second, of that in the kernel, sleeps that ended and bytes a second."""
        before = self._reading()
        self.watch(seconds)
        after = self._reading()
        return {name: (after[name] - before[name]) / seconds for name in before}

    def _reading(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as file:
            system = int(file.read().rpartition(")")[2].split()[12])
        with open(f"/proc/{self.pid}/status", encoding="utf-8", errors="replace") as file:
            slept = next(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt"))
        return {"cpu": cpu_clock_s(self.pid) * 1e3, "system": system * 1e3 / TICKS, "wakes": slept, "bytes": self.count}

    def latency_ms(self, key):
        """From a key to the first byte that it makes the program write, sent when nothing else comes."""
        while self.read(0.06):
            pass
        begin_s = time.monotonic()
        os.write(self.master, key)
        while not self.read(1):
            if time.monotonic() > begin_s + END_S:
                raise Failure(f"{self.command[0]} does not answer a key")
        return (time.monotonic() - begin_s) * 1e3

    def end(self):
        os.kill(self.pid, signal.SIGINT)
        deadline_s = time.monotonic() + END_S
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            self.read(0.05)
            if time.monotonic() > deadline_s:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self.master)


@contextlib.contextmanager
def on_terminal(command):
    """Run @command on a terminal until the block ends. Yields a Terminal."""
    terminal = Terminal(command)
    try:
        yield terminal
    finally:
        terminal.end()
