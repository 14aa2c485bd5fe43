# SPDX-License-Identifier: BSD-2-Clause
"""Runs tcpsight under test: starts it, waits until it watches, collects what it prints, ends it."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

from ready import readable

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TCPSIGHT_BUILD", ROOT / "build"))
PROGRAM = pathlib.Path(os.environ.get("TCPSIGHT", BUILD / "tcpsight")).absolute()

# How long anything that should happen at once may take on a busy machine; an emulated one asks for more.
PATIENCE_SEC = float(os.environ.get("TCPSIGHT_PATIENCE_SEC", 15))

KEYS = set(
    "time pid comm owner_source family laddr lport raddr rport state role tx_bytes rx_bytes"
    " duration_us handshake_us srtt_us min_rtt_us retrans bytes_retrans cgroup netns cookie"
    " thread".split()
)
OWNER_SOURCES = {"connect", "accept", "listen", "files", "close", "none"}
END_REASONS = {
    "fin", "reset_sent", "reset_received", "timeout", "refused", "unreachable", "aborted",
    "no_port", "unknown"
}
# On the time of some tasks a kernel may call no program (ARCHITECTURE.md, Loss), whosever flow ends there. That is
# counted, and told as a warning: up to so many are no fault.
UNSEEN_MAX = 4
LOST = re.compile(r"^tcpsight[^\n]*: warning: lost (\d+) of \d+ flows[^\n]*\n", re.M)
GONE = re.compile(r"^tcpsight[^\n]*: warning: (\d+) flows ended without[^\n]*\n", re.M)
RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def text_of(line):
    """Also if some process of the machine has a name that is no text."""
    return line.decode(errors="backslashreplace")


def tuple_of(row):
    return row["laddr"], row["lport"], row["raddr"], row["rport"]


def parse_json_line(line, report, ends=frozenset(END_REASONS)):
    """One line of --json as a dict, after checks that hold for every line of every report."""
    row = json.loads(line)
    if row.get("type") == "summary":
        came = row["opened"] + row["adopted"]
        went = row["closed"] + row["live"] + row["lost"]
        assert came == went, f"flows came {came} but went {went}: {line}"
        return row
    if report not in ("life", "top"):
        return row
    wanted = KEYS | ({"end_reason"} if report == "life" else set())
    assert wanted <= row.keys(), f"missing {wanted - row.keys()}: {line}"
    assert RFC3339_UTC.fullmatch(row["time"]), line
    assert row["family"] == (6 if ":" in row["laddr"] else 4), line
    assert row["owner_source"] in OWNER_SOURCES, line
    assert row["role"] in {"connect", "accept", "unknown"}, line
    if report == "life":
        assert row["end_reason"] in ends, line
    return row


class Missing(AssertionError):
    """What was waited for was not printed."""


class Outcome:
    """How a finished run ended: exit status, lines of stdout, text of stderr, and that without the
    warning of a few flows whose end nobody was shown."""

    def __init__(self, status, lines, stderr, report, ends, unseen_max):
        self.status, self.lines, self.all_stderr = status, lines, stderr
        self.stderr = stderr
        for told in filter(None, (LOST.search(stderr), GONE.search(stderr))):
            if int(told[1]) <= unseen_max:
                self.stderr = self.stderr.replace(told[0], "")
        self.parsed = [parse_json_line(line, report, ends) for line in lines] if report else None

    @property
    def text(self):
        return "".join(self.lines)

    @property
    def rows(self):
        return [row for row in self.parsed if row.get("type") != "summary"]

    @property
    def summary(self):
        assert self.parsed[-1].get("type") == "summary", self.parsed[-1]
        assert sum(row.get("type") == "summary" for row in self.parsed) == 1
        return self.parsed[-1]


class Tcpsight:
    """A running tcpsight. As a context manager it is watching inside the block, gone after it."""

    def __init__(self, *args, program=PROGRAM, stdin=subprocess.DEVNULL, stdout=None, wrap=(),
                 ready=True, **more):
        self.args = [*wrap, str(program), *map(str, args)]
        names = {"tcptop": "top", "tcplife": "life"}
        report = names.get(pathlib.Path(program).name, str(args[0]) if args else "")
        self.report = report if "--json" in args and "-o" not in args else None
        # What is open when a file ends is shown as open.
        tells_less = {"netlink", "edges=netlink", "--read"} & set(args)
        self.ends = END_REASONS | ({None} if tells_less else set())
        self.unseen_max = 0 if {"netlink", "-i", "--interface", "--read"} & set(args) else UNSEEN_MAX
        self.folder = tempfile.TemporaryDirectory(prefix="tcpsight-test-")
        self.lines, self.errors, self.parsed, self.decoded = [], [], [], []
        self.news = threading.Condition()
        self.outcome = None
        self.missed = False  # somebody waited for lines that did not come
        self.without_row = 0  # flows of which the account must say that nobody was shown their end
        notify_path = self.folder.name + "/notify"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(notify_path)
        # tcpsight has dropped its privileges when it sends: as open as systemd's own socket.
        os.chmod(self.folder.name, 0o755)
        os.chmod(notify_path, 0o777)
        self.process = subprocess.Popen(
            self.args,
            stdin=stdin,
            stdout=stdout if stdout is not None else subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "NOTIFY_SOCKET": notify_path},
            **more,
        )
        self.readers = [self._collect(self.process.stderr, self.errors)]
        if stdout is None:
            self.readers.append(self._collect(self.process.stdout, self.lines))
        if ready:
            self._wait_ready()

    def _collect(self, stream, lines):
        """Read lines as they come, in bulk: a slow reader would make the tool wait, and lose."""

        def run():
            rest = b""
            while True:
                chunk = os.read(stream.fileno(), 1 << 20)
                *whole, rest = (rest + chunk).split(b"\n")
                with self.news:
                    lines.extend(text_of(line) + "\n" for line in whole)
                    if not chunk and rest:
                        lines.append(text_of(rest))
                    self.news.notify_all()
                if not chunk:
                    stream.close()
                    return

        reader = threading.Thread(target=run, daemon=True)
        reader.start()
        return reader

    def _wait_ready(self):
        gone = os.pidfd_open(self.process.pid)
        try:
            heard = readable(self.notify, gone, seconds=PATIENCE_SEC)
        finally:
            os.close(gone)
        if self.notify in heard and b"READY=1" in self.notify.recv(4096).split(b"\n"):
            return
        running = self.process.poll() is None
        outcome = self.kill()
        raise AssertionError(
            f"{' '.join(self.args)}: {'not ready in time' if running else 'ended before ready'},"
            f" status {outcome.status}, stderr:\n{outcome.stderr}"
        )

    @property
    def pid(self):
        return self.process.pid

    def rows(self):
        """The rows printed so far."""
        with self.news:
            lines = self.lines[len(self.parsed):]
        self.parsed += [parse_json_line(line, self.report, self.ends) for line in lines]
        return [row for row in self.parsed if row.get("type") != "summary"]

    def objects(self):
        """
        What the lines printed so far hold, whatever it is: for a find() of wait_for(). Each line is decoded once: who waits for
        a row of thousands looks at them again whenever some come, and must not be slower than they are.
        """
        self.decoded += map(json.loads, self.lines[len(self.decoded):])
        return self.decoded

    def wait_for(self, find, what):
        """Wait until find() of the lines printed so far is true; returns what it gave."""
        deadline = time.monotonic() + PATIENCE_SEC
        with self.news:
            while True:
                found = find(self.lines)
                if found:
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self.news.wait(left)
            printed = "".join(self.lines[-20:])
        self.missed = True
        raise Missing(f"no {what}; last lines:\n{printed}\n{''.join(self.errors)}")

    def wait_row(self, side, netns=None):
        """Wait for a row of this end of a flow; returns the first."""
        needle = f'"lport":{side.lport},'
        looked_at = 0

        def find(lines):
            nonlocal looked_at
            while looked_at < len(lines):
                line = lines[looked_at]
                looked_at += 1
                if needle in line:
                    row = parse_json_line(line, self.report, self.ends)
                    if tuple_of(row) == side.tuple and netns in (None, row["netns"]):
                        return row
            return None

        return self.wait_for(find, f"row of {side.tuple}")

    def played(self, play):
        """The row of a flow that a timer may end, its side, and what play() gives behind the side and the network
        namespace's inode (or None). On the time of some tasks no program is called (UNSEEN_MAX): then it has no row, or
        one from its last reading, and is played again."""
        side, netns, *more = play()
        try:
            row = self.wait_row(side, netns)
        except Missing:
            self.without_row += 1
        else:
            if row["end_reason"] != "unknown":
                return row, side, *more
        side, netns, *more = play()
        return self.wait_row(side, netns), side, *more

    def stop(self, number=signal.SIGINT):
        """End it as a user would, and return the Outcome."""
        if self.outcome is None:
            if self.process.poll() is None:
                self.process.send_signal(number)
            self._reap()
            # Into the report of the test that failed: what it has lost, if it has.
            if self.missed:
                print(f"{' '.join(self.args)}: ended with {''.join(self.lines[-1:])}{self.outcome.all_stderr}")
        return self.outcome

    def wait_exit(self, timeout_sec=PATIENCE_SEC):
        """Wait until it ends of itself, and return the Outcome."""
        if self.outcome is None:
            self._reap(timeout_sec)
        return self.outcome

    def kill(self):
        self.process.kill()
        self.report = None
        return self.wait_exit()

    def _reap(self, timeout_sec=PATIENCE_SEC):
        try:
            status = self.process.wait(timeout_sec)
        except subprocess.TimeoutExpired:
            outcome = self.kill()
            raise AssertionError(f"{self.args} did not end; stderr:\n{outcome.stderr}") from None
        for reader in self.readers:
            reader.join(PATIENCE_SEC)
            assert not reader.is_alive(), f"{self.args}: its output is still open"
        self.notify.close()
        self.folder.cleanup()
        said = "".join(self.errors)
        assert "the sandbox refused" not in said, f"{self.args}: {said}"
        self.outcome = Outcome(status, self.lines, said, self.report, self.ends, self.unseen_max)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.outcome is None:
            if kind:
                self.kill()
            else:
                self.stop()


def open_to_all(folder):
    """Let ordinary users into a folder of pytest's, which keeps them out at some level above."""
    for path in (folder, *folder.parents):
        if not path.stat().st_mode & 0o001:
            path.chmod(0o755)


def run(*args, program=PROGRAM, **options):
    """Run tcpsight with arguments that make it end of itself, and return the Outcome."""
    with Tcpsight(*args, program=program, ready=False, **options) as tool:
        return tool.wait_exit()
