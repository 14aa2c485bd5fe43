# SPDX-License-Identifier: BSD-2-Clause
"""A collector that answers as it is told, and keeps what it was sent."""

import contextlib
import gzip
import http.server
import json
import threading


class Collector:
    """`script`: what the next requests get, one entry each: a status, (status, headers, body), or "cut"."""

    def __init__(self, script=()):
        self.script = list(script)
        self.requests = []  # (path, headers, body as it came)
        self.lock = threading.Condition()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
                answer = collector.take(self.path, dict(self.headers), body)
                if answer == "cut":
                    self.close_connection = True
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
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

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self, path, headers, body):
        with self.lock:
            answer = self.script.pop(0) if self.script else 200
            self.requests.append((path, headers, body, answer))
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
def collector(script=()):
    one = Collector(script)
    thread = threading.Thread(target=one.server.serve_forever)
    thread.start()
    try:
        yield one
    finally:
        one.server.shutdown()
        one.server.server_close()
        thread.join()
