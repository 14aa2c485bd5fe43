# SPDX-License-Identifier: BSD-2-Clause
"""Makes TCP flows of known content, with the programs traffic.c, churn.c and actors.py."""

import ipaddress
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest
from ready import readable
from sight import BUILD, PATIENCE_SEC

HERE = pathlib.Path(__file__).resolve().parent
EXIT_NOT_HERE = 77


class Side:
    """One end of a flow, as its own process saw it."""

    def __init__(self, told):
        self.__dict__.update(told)

    @property
    def tuple(self):
        return shown(self.laddr), self.lport, shown(self.raddr), self.rport


def shown(address):
    """An address as tcpsight shows it: a v4-mapped one as IPv4."""
    parsed = ipaddress.ip_address(address)
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


class Truth:
    """Both ends of a flow, and which of them closed first while its peer closed at once, or None."""

    def __init__(self, told, close):
        self.event, self.elapsed_us = told["event"], told["elapsed_us"]
        self.client, self.server = Side(told["client"]), Side(told["server"])
        self.first = {"client": self.client, "server": self.server, "exit": self.server}.get(close)


class Actor:
    """A program that speaks JSON lines, and goes on to its next step when told to."""

    def __init__(self, *command, netns=None, cgroup=None, wrap=()):
        prefix = ["nsenter", f"--net={netns.path}"] if netns else []
        self.command = [*prefix, *wrap, *map(str, command)]
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=cgroup.enter if cgroup else None,
        )
        self.unread = b""

    def hear(self, patience_sec=2 * PATIENCE_SEC):
        """Its next line, as a dict."""
        while b"\n" not in self.unread:
            ready = readable(self.process.stdout, seconds=patience_sec)
            more = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not more:
                self._fail()
            self.unread += more
        line, self.unread = self.unread.split(b"\n", 1)
        return json.loads(line)

    def _fail(self):
        if self.process.poll() is None:
            self.process.kill()
        errors = self.process.stderr.read().decode()
        if self.process.wait() == EXIT_NOT_HERE:
            pytest.skip(errors.strip())
        raise AssertionError(f"{' '.join(self.command)} said nothing more: {errors}")

    def tell(self):
        """Let it do its next step."""
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def go(self):
        """Let it do its next step, and return what it then says."""
        self.tell()
        return self.hear()

    def end(self):
        self.process.stdin.close()
        if self.process.wait(2 * PATIENCE_SEC):
            raise AssertionError(f"{' '.join(self.command)}: {self.process.stderr.read().decode()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


SLOWEST_BYTES_S = 50_000_000


class Traffic(Actor):
    """A running traffic program; made with hold=True it waits before each round and the end."""

    def __init__(self, way="send", netns=None, cgroup=None, wrap=(), **options):
        words = []
        for name, value in options.items():
            words.append("--" + name.replace("_", "-"))
            if value is not True:
                words.append(value)
        self.close = options.get("close", "client")
        # Many GB take their time, most where others work, too.
        self.patience_sec = 2 * PATIENCE_SEC + sum(options.get(name, 0) for name in ("bytes", "reply")) / SLOWEST_BYTES_S
        super().__init__(program("traffic"), way, *words, netns=netns, cgroup=cgroup, wrap=wrap)
        self.opened = self.hear()

    def hear(self):
        return Truth(super().hear(self.patience_sec), self.close)

    def finish(self):
        """Let it go on to the end without waiting, and return the last truth."""
        self.process.stdin.close()
        truth = self.hear()
        while truth.event != "end":
            truth = self.hear()
        self.process.wait()
        return truth


def wait_until(find, what, pause_sec=0.02, patience_sec=PATIENCE_SEC):
    """Wait until find(), of which no file descriptor tells, is true; returns what it gave. `what` is missing else: a
    text, or what makes one. `pause_sec`: longer where to look takes long."""
    deadline = time.monotonic() + patience_sec
    while True:
        found = find()
        if found:
            return found
        assert time.monotonic() < deadline, f"no {what() if callable(what) else what} in time"
        time.sleep(pause_sec)


def wait_closed(port):
    """As closed.h does for the programs: until no socket of this thread's network namespace with this port waits for
    the ACK of its FIN. What close() left to the kernel has been done then."""
    def is_closed():
        for table in "tcp", "tcp6":
            for line in pathlib.Path("/proc/thread-self/net", table).read_text(encoding="ascii").splitlines()[1:]:
                _, local, remote, state, *_ = line.split()
                if state in ("04", "09", "0B") and port in (int(local.split(":")[1], 16), int(remote.split(":")[1], 16)):
                    return False
        return True

    wait_until(is_closed, f"end of what was closed at port {port}")


def program(name):
    path = BUILD / "tests" / name
    assert path.exists(), f"{path} is not built (make builds it)"
    return path


def traffic(way="send", **options):
    """Make one flow from beginning to end, and return its Truth."""
    with Traffic(way, **options) as flow:
        truth = flow.finish()
    if options.get("close") not in ("stalled", "broken"):
        assert truth.client.tx_bytes == truth.server.rx_bytes, "the test's own counts differ"
        assert truth.server.tx_bytes == truth.client.rx_bytes, "the test's own counts differ"
    return truth


def churn(address, flows, processes, *options, netns=None):
    """Make many short flows, and return the totals."""
    with Actor(program("churn"), address, flows, processes, *options, netns=netns) as many:
        # It says nothing before its end, and beside a load of 15 a flow was seen to take 0.3 ms.
        total = many.hear(2 * PATIENCE_SEC + flows / 1000)
        many.end()
    return total


def churn_listed(address, flows, netns=None):
    """Make short flows in one process, and return what each was."""
    with Actor(program("churn"), address, flows, 1, "--list", netns=netns) as many:
        listed = [many.hear() for _ in range(flows)]
        many.hear()
        many.end()
    return listed


def actor(scenario, *args, **options):
    """Start a scenario of actors.py."""
    return Actor(sys.executable, HERE / "actors.py", scenario, *args, **options)


def named(name, *counts):
    """A process of this name that sends so many bytes on a connection each; see named.py."""
    return Actor(sys.executable, HERE / "named.py", name, *counts)
