# SPDX-License-Identifier: BSD-2-Clause
"""A running `tcpsight agent`, and what clients of it see."""

import contextlib
import http.client
import re
import signal
import socket
import time

from flows import wait_until
from ready import readable
from sight import PATIENCE_SEC, Tcpsight

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_SEC)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_SEC)
        self.sock.connect(self.path)


class Page:
    """A page of metrics in the text format: {(name, frozenset of labels): value}."""

    def __init__(self, text):
        self.text = text
        self.samples = {}
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = SAMPLE.match(line).groups()
            key = name, frozenset(LABEL.findall(labels or ""))
            assert key not in self.samples, f"twice: {line}"
            self.samples[key] = float(value)

    def sum(self, name, **labels):
        wanted = set(labels.items())
        return sum(v for (n, l), v in self.samples.items() if n == name and wanted <= l)

    def labels(self, name):
        return [dict(l) for (n, l) in self.samples if n == name]

    def whole(self, name, **labels):
        """The sum over all series, those that have left included."""
        return self.sum("tcpsight_" + name, **labels) + self.sum("tcpsight_expired_" + name, **labels)


class Agent(Tcpsight):
    def __init__(self, path, *args, **options):
        self.socket_path = str(path)
        super().__init__("agent", "--listen", f"unix:{path}", *args, **options)

    def get(self, target, headers=(), method="GET", status=200):
        """(headers, body) of an answer over the UNIX socket."""
        with contextlib.closing(UnixConnection(self.socket_path)) as c:
            c.request(method, target, headers=dict(headers))
            answer = c.getresponse()
            body = answer.read()
            assert answer.status == status, (answer.status, body)
            return answer.headers, body

    def page(self):
        return Page(self.get("/metrics")[1].decode())

    def wait_page(self, find, what):
        """Wait for a page of which find() is true; returns that page."""
        def look():
            self.last = self.page()
            return find(self.last)
        try:
            wait_until(look, what)
        except AssertionError:
            raise AssertionError(f"no {what} in time:\n{self.last.text}\n{''.join(self.errors)}") from None
        return self.last

    def address(self, number=0):
        """Host and port of a TCP listener, by its place among those."""
        import json
        status = json.loads(self.get("/api/v1/status")[1])
        tcp = [text for text in status["http"]["listeners"] if not text.startswith("unix:")]
        host, port = tcp[number].removeprefix("tls:").rsplit(":", 1)
        return host.strip("[]"), int(port)

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def wait_error(self, text):
        self.wait_lines(self.errors, text)

    def wait_lines(self, lines, text):
        wait_until(lambda: any(text in line for line in list(lines)), f"line with {text!r}")

    def hear(self):
        """The next notice to systemd."""
        assert readable(self.notify, seconds=PATIENCE_SEC), "no notice in time"
        return self.notify.recv(4096).decode().split("\n")

    def hear_until(self, first):
        """All notices up to the one that begins so. Feeding the watchdog goes on in between."""
        deadline, heard = time.monotonic() + PATIENCE_SEC, [self.hear()]
        while heard[-1][0] != first:
            assert time.monotonic() < deadline, f"no {first} in time: {heard}"
            heard.append(self.hear())
        return heard
