# SPDX-License-Identifier: BSD-2-Clause
"""A running agent, and a client of its API over the UNIX socket."""

import http.client
import json
import os
import socket
import tempfile
import time
import urllib.parse

from flows import wait_until
from sight import PATIENCE_SEC, Tcpsight

# An agent looks at the whole machine, where other tests may move and close thousands of connections meanwhile.
ROOMY = ["--without", "metrics,api", "--also", "api --keep-closed 500000 --keep-trails 50000"]


class Connection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_SEC)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body
        self.type = response.headers.get_content_type()

    @property
    def json(self):
        return json.loads(self.body)


class Events:
    """Server-sent events, as they come."""

    def __init__(self, path, target, headers):
        self.connection = Connection(path)
        # A quiet stream says every 15 s that it lives.
        self.connection.timeout = 2 * PATIENCE_SEC
        self.connection.request("GET", target, headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # The response holds the socket, too.
        self.response.close()
        self.connection.close()

    def next(self):
        """(name, id, data) of the next event; comments and `retry` are passed over, though not for ever."""
        fields = {}
        deadline = time.monotonic() + 2 * PATIENCE_SEC
        while True:
            assert time.monotonic() < deadline, "no event in time"
            line = self.response.readline().decode()
            assert line, "the stream ended"
            line = line.rstrip("\n")
            if not line and "data" in fields:
                return fields["event"], int(fields["id"]), json.loads(fields["data"])
            if not line or line.startswith(":"):
                fields = {}
                continue
            name, _, value = line.partition(": ")
            fields[name] = value

    def wait(self, wanted, what):
        """The first event that `wanted(name, data)` takes, and what came before it."""
        deadline = time.monotonic() + PATIENCE_SEC
        before = []
        while time.monotonic() < deadline:
            event = self.next()
            if wanted(event[0], event[2]):
                return event, before
            before.append(event)
        raise AssertionError(f"no {what} in {before}")


class Agent(Tcpsight):
    """`tcpsight agent`, which listens on a socket in its own folder."""

    def __init__(self, *args, **more):
        super().__init__("agent", "--listen", "unix:" + self.socket_name(), *args, **more)

    def socket_name(self):
        # The folder is made by the base class; the name must be known before.
        self.socket_folder = tempfile.TemporaryDirectory(prefix="tcpsight-agent-")
        os.chmod(self.socket_folder.name, 0o755)
        self.socket = self.socket_folder.name + "/agent.sock"
        return self.socket

    @staticmethod
    def target(path, parameters):
        return path + ("?" + urllib.parse.urlencode(parameters) if parameters else "")

    def get(self, path, headers=(), **parameters):
        connection = Connection(self.socket)
        connection.request("GET", self.target(path, parameters), headers=dict(headers))
        response = connection.getresponse()
        answer = Answer(response, response.read())
        connection.close()
        return answer

    def api(self, path, **parameters):
        """The answer to a question that makes sense, as a dict."""
        answer = self.get("/api/v1/" + path, **parameters)
        assert answer.status == 200, (answer.status, answer.body)
        assert answer.type == "application/json"
        return answer.json

    def events(self, headers=(), **parameters):
        return Events(self.socket, self.target("/api/v1/events", parameters), dict(headers))

    def wait_api(self, find, what, path, **parameters):
        """Ask until find() of the answer is true; returns what it gave."""
        return wait_until(lambda: find(self.api(path, **parameters)),
                          lambda: f"{what} in {json.dumps(self.api(path, **parameters))[:3000]}")
