# SPDX-License-Identifier: BSD-2-Clause
"""A collector that answers as it is told, and keeps what it was sent."""

import contextlib
import gzip
import http.server
import json
import pathlib
import threading
import time

from flows import wait_until


# What is no answer, or not a whole one; "early": not even the request is read.
BROKEN = {"cut": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "half": b"HTTP/1.1 200 OK\r\nConte",
          "nothing": b"", "garbage": b"\x16\x03\x01\xff\x00<html>\r\n\r\n", "early": b""}


class Collector:
    """`script`: what the next requests get, one entry each: a status, (status, headers, body), one of
    BROKEN, or a function that gives it."""

    def __init__(self, script=(), tls=None):
        self.script = list(script)
        self.requests = []  # (path, headers, body as it came, answer)
        self.times = []  # when they came
        self.lock = threading.Condition()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                early = collector.script[:1] == ["early"]
                body = b"" if early else gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
                answer = collector.take(self.path, dict(self.headers), body)
                if isinstance(answer, str):
                    self.close_connection = True
                    self.wfile.write(BROKEN[answer])
                    return
                status, headers, text = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):  # who asked may have been killed by the test
                    self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server.server_bind()
        self.thread = threading.Thread(target=self.server.serve_forever)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_port}"

    def come(self):
        """Listen: until now connections were refused."""
        self.server.server_activate()
        self.thread.start()

    def take(self, path, headers, body):
        with self.lock:
            answer = self.script.pop(0) if self.script else 200
            answer = answer() if callable(answer) else answer
            self.requests.append((path, headers, body, answer))
            self.times.append(time.time())
            self.lock.notify_all()
        if isinstance(answer, int):
            answer = (answer, {}, b"{}")
        return answer

    def records(self, of=lambda answer: answer == 200):
        """The log records of all requests that were answered so, as flat dicts."""
        with self.lock:
            bodies = [body for path, _, body, answer in self.requests if of(answer) and path == "/v1/logs"]
        return [record_of(record) for body in bodies for resource in json.loads(body)["resourceLogs"]
                for scope in resource["scopeLogs"] for record in scope["logRecords"]]

    def metrics(self):
        """The bodies of metrics that were taken."""
        with self.lock:
            return [json.loads(body) for path, _, body, answer in self.requests
                    if answer == 200 and path == "/v1/metrics"]

    def wait(self, what, patience):
        with self.lock:
            return self.lock.wait_for(lambda: what(self), patience)


def value_of(value):
    """An AnyValue of the JSON of Protobuf."""
    (kind, inner), = value.items()
    return int(inner) if kind == "intValue" else inner


def record_of(record):
    attributes = {each["key"]: value_of(each["value"]) for each in record["attributes"]}
    assert len(attributes) == len(record["attributes"]), "a key stands twice"
    return {**attributes, "severity": record["severityNumber"], "time": int(record["timeUnixNano"]),
            "event": record["eventName"]}


def points_of(body):
    """(metric, attributes as a frozenset, point) of all points of a body of metrics."""
    for resource in body["resourceMetrics"]:
        for scope in resource["scopeMetrics"]:
            for metric in scope["metrics"]:
                kind = metric.get("sum") or metric.get("gauge") or metric["exponentialHistogram"]
                for point in kind["dataPoints"]:
                    attributes = {each["key"]: value_of(each["value"]) for each in point.get("attributes", [])}
                    assert len(attributes) == len(point.get("attributes", [])), "a key stands twice"
                    yield metric, frozenset(attributes.items()), point


@contextlib.contextmanager
def collector(script=(), is_away=False, **options):
    """`is_away`: it has its port, and is come()."""
    one = Collector(script, **options)
    if not is_away:
        one.come()
    try:
        yield one
    finally:
        if one.thread.ident:
            one.server.shutdown()
            one.thread.join()
        one.server.server_close()


def sender_of(tool):
    """The process that sends for it, the first of several; it gives itself its name."""
    def find():
        children = pathlib.Path(f"/proc/{tool.pid}/task/{tool.pid}/children").read_text(encoding="ascii").split()
        return next((int(pid) for pid in children if
                     pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="ascii") == "tcpsight-push\n"), None)
    return wait_until(find, "process that sends")
