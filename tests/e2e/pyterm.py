# SPDX-License-Identifier: BSD-2-Clause
"""A program on a pseudo-terminal, and what a terminal emulator (pyte) makes of what it writes."""

import fcntl
import os
import pty
import signal
import struct
import termios
import time

import pyte

from ready import readable

PATIENCE_SEC = 40
KEYS = {
    "Up": b"\x1b[A", "Down": b"\x1b[B", "Right": b"\x1b[C", "Left": b"\x1b[D",
    "PgUp": b"\x1b[5~", "PgDn": b"\x1b[6~", "Home": b"\x1bOH", "End": b"\x1bOF", "Enter": b"\r",
    "Esc": b"\x1b", "Tab": b"\t", "BackTab": b"\x1b[Z", "Space": b" ", "Backspace": b"\x7f",
    "Delete": b"\x1b[3~", "F1": b"\x1bOP", "F3": b"\x1bOR", "F4": b"\x1bOS", "F5": b"\x1b[15~",
    "F6": b"\x1b[17~", "F10": b"\x1b[21~",
}
# With application keys on, as curses asks for.
KEYS |= {"Up": b"\x1bOA", "Down": b"\x1bOB", "Right": b"\x1bOC", "Left": b"\x1bOD"}
COLORS = {"red": "r", "brown": "y", "ff8700": "y", "green": "g", "blue": "b", "cyan": "c",
          "magenta": "m"}
DAY = "2026-11-21"
# The alternate screen, and the mouse: taken and given back.
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
MOUSE_ON, MOUSE_OFF = b"\x1b[?1000;1006h", b"\x1b[?1000;1006l"


def events(names=("app1", "app2", "app3"), seconds=120):
    yield f"clock {DAY}T12:00:00Z"
    for n, name in enumerate(names, 1):
        yield (f"0 open {n} pid={100 + n} comm={name} owner=connect role=connect"
               f" local=10.0.0.1:{4000 + n} remote=10.4.4.{n}:5432 state=established opened=0.001")
    for t in range(1, seconds):
        for n in range(1, len(names) + 1):
            yield f"{t}.{n} sample {n} tx={t * 1000 * n} rx={t * 500 * n} srtt={100 * n}"


def replay(path, *args):
    return ["top", *args, "--source", "replay", "--read", path]


class Screen(pyte.Screen):
    """With what curses uses and pyte 0.8.0 does not know: repeat a character, scroll a region."""

    last = " "

    def draw(self, data):
        super().draw(data)
        if data:
            self.last = data[-1]

    def repeat(self, count=1):
        super().draw(self.last * (count or 1))

    def scroll_up(self, count=1):
        self.scrolled(self.delete_lines, count)

    def scroll_down(self, count=1):
        self.scrolled(self.insert_lines, count)

    def scrolled(self, how, count):
        at = self.cursor.y, self.cursor.x
        self.cursor.y = self.margins.top if self.margins else 0
        how(count or 1)
        self.cursor.y, self.cursor.x = at


class Stream(pyte.ByteStream):
    csi = {**pyte.ByteStream.csi, "b": "repeat", "S": "scroll_up", "T": "scroll_down"}
    events = pyte.ByteStream.events | {"repeat", "scroll_up", "scroll_down"}


def key(word):
    """The bytes of a key: its name, ^X, or the text itself."""
    if word in KEYS:
        return KEYS[word]
    if len(word) == 2 and word[0] == "^":
        return bytes([ord(word[1]) & 0x1f])
    return word.encode()


class PyTerm:
    def __init__(self, argv, size=(80, 24), term="xterm-256color", env=None, stdin=None):
        self.columns, self.rows = size
        self.bytes = b""
        self.alive = True
        self.screen = Screen(self.columns, self.rows)
        self.stream = Stream(self.screen)
        self.master, slave = pty.openpty()
        self.resize(self.columns, self.rows, tell=False)
        self.modes = termios.tcgetattr(slave)
        # One environment for everybody who runs this, whatever their terminal is.
        env = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8", "TERM": term,
               **{name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")
                  if name in os.environ}, **(env or {})}
        self.stderr, write = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            os.dup2(slave if stdin is None else stdin, 0)
            os.dup2(slave, 1)
            os.dup2(write, 2)
            os.closerange(3, 256)
            os.execve(argv[0], argv, env)
        os.close(write)
        self.slave = slave
        self.status = None

    def resize(self, columns, rows, tell=True):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.columns, self.rows = columns, rows
        if tell:
            self.screen.resize(rows, columns)

    def pump(self, seconds):
        """Take what comes within so long; returns whether anything did."""
        if not self.alive or not readable(self.master, seconds=seconds):
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        self.alive = bool(data)
        self.bytes += data
        self.stream.feed(data)
        return bool(data)

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def text(self):
        return "\n".join(self.lines())

    def wait(self, wanted, what="what was waited for"):
        """Until `wanted`, a text that is shown or a function of this, holds."""
        holds = wanted if callable(wanted) else lambda term: wanted in term.text()
        deadline = time.monotonic() + PATIENCE_SEC
        while not holds(self):
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what if callable(wanted) else wanted!r}:\n{self.text()}")
            if not self.pump(0.2) and not self.alive and not holds(self):
                raise AssertionError(f"it ended: {self.end()}\n{self.text()}")

    def idle(self, seconds=2):
        while self.pump(seconds):
            pass

    def send(self, word):
        os.write(self.master, key(word))

    def script(self, words):
        """Keys, and `wait:TEXT` and `gone:TEXT`, where what follows depends on what is shown."""
        for word in words:
            if word.startswith("wait:"):
                self.wait(word[5:].replace("_", " "))
            elif word.startswith("gone:"):
                self.wait(lambda term, text=word[5:].replace("_", " "): text not in term.text(), word)
            else:
                self.send(word)

    def attributes(self):
        """A letter a cell: what is coloured, reverse, underlined or bold."""
        out = []
        for row in range(self.rows):
            line = ""
            for column in range(self.columns):
                cell = self.screen.buffer[row][column]
                line += (COLORS.get(cell.fg, "?") if cell.fg != "default" else
                         "R" if cell.reverse else "U" if cell.underscore else
                         "B" if cell.bold else ".")
            out.append(line.rstrip("."))
        return out

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self):
        """Wait for the end: (status, stderr). What it leaves on the terminal was taken."""
        deadline = time.monotonic() + PATIENCE_SEC
        while self.status is None:
            self.pump(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.status = "killed"
                raise AssertionError(f"it does not end:\n{self.text()}")
        while self.pump(0):
            pass
        said = b""
        while readable(self.stderr, seconds=0):
            data = os.read(self.stderr, 65536)
            if not data:
                break
            said += data
        return self.status, said.decode(errors="replace")

    def is_restored(self):
        """The modes are those from before, the alternate screen was left, the cursor is shown."""
        return (termios.tcgetattr(self.slave) == self.modes
                and self.bytes.rfind(LEAVE) > self.bytes.rfind(ENTER))

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        for fd in (self.master, self.slave, self.stderr):
            os.close(fd)
