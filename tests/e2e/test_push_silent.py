# SPDX-License-Identifier: BSD-2-Clause
"""Collectors that take a connection and then neither read nor answer: what waits is bounded, watching goes on, what
is lost is counted, the agent's metrics say that nothing gets through, and the end does not wait for them."""

import contextlib
import re
import socket
import threading
import time

import pytest
from agents import Agent
from authorities import certificates, tls_of  # noqa: F401 (a fixture)
from flows import churn
from ipfix_collectors import Stream, rows_of

QUEUE_MAX = 10_000  # PUSH_RECORDS_MAX
MANY = 7000  # connections, of two ends each: more than the queue holds
NEITHER = "the other end takes nothing|nothing is acknowledged"
WHY = {"tcp": NEITHER, "tls": NEITHER, "tls without a word": "TLS: no answer in time", "http": "timed out"}
ACCOUNT = re.compile(r"(\w+): (\d+) records sent; (\d+) dropped here, (\d+) given up, (\d+) refused")


class Silent:
    """Takes connections, and with `tls` shakes hands; not a byte more, until it wakes."""

    def __init__(self, tls=None):
        self.tls, self.held = tls, []
        self.server = socket.socket()
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # of its connections too
        self.server.bind(("127.0.0.1", 0))
        self.server.listen()
        self.port = self.server.getsockname()[1]
        self.is_awake = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while not self.is_awake:
                connection, _ = self.server.accept()
                with contextlib.suppress(OSError):
                    self.held.append(self.tls.wrap_socket(connection, server_side=True) if self.tls else connection)

    def close(self):
        self.is_awake = True
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            pass
        self.thread.join(30)
        self.server.close()
        for connection in self.held:
            connection.close()

    def wake(self):
        """What was held is gone, and what comes from now on is read."""
        listener = self.server.dup()
        self.close()
        return Stream(listener, self.tls)


@pytest.fixture
def silent(certificates, netns, tmp_path):  # noqa: F811
    """Makes a collector of a kind, and the question that is sent there."""
    made = []

    def make(kind):
        made.append(Silent(tls_of(certificates) if kind == "tls" else None))
        port = made[-1].port
        question = {"tcp": f"ipfix --collector tcp:127.0.0.1:{port}",
                    "tls": f"ipfix --collector tls:127.0.0.1:{port} --ca-file {certificates / 'ours.pem'}",
                    "tls without a word": f"ipfix --collector tls:127.0.0.1:{port}",
                    "http": f"otlp --endpoint http://127.0.0.1:{port}"}[kind]
        return made[-1], f"{question} --netns {netns.name}"
    yield make
    for one in made:
        one.close()


@pytest.fixture
def agent(privileged, netns, tmp_path):
    with contextlib.ExitStack() as running:
        yield lambda question: running.enter_context(Agent(
            tmp_path / "agent.sock", "--without", "api", "--also", f"metrics --interval 1 --netns {netns.name}",
            "--also", question, "--also", f"life --json --netns {netns.name} --output {tmp_path / 'rows'}"))


def account_of(outcome):
    """Sent, and lost, of the one who sends."""
    (_, sent, *lost), = ACCOUNT.findall(outcome.stderr)
    return int(sent), sum(map(int, lost))


@pytest.mark.parametrize("kind", list(WHY))
def test_who_takes_and_says_nothing_is_told_as_down(silent, agent, netns, tmp_path, kind):
    _, question = silent(kind)
    a = agent(f"{question} --timeout 1 --stop-timeout 0")
    assert a.page().sum("tcpsight_exporter_up") == 1
    churn("127.0.0.1", MANY, 2, netns=netns)
    page = a.wait_page(lambda p: not p.sum("tcpsight_exporter_up") and p.sum("tcpsight_exporter_dropped_total"),
                       "an exporter that is down")
    assert 0 < page.sum("tcpsight_exporter_queue_length") <= QUEUE_MAX
    assert not page.sum("tcpsight_exporter_connected")
    a.wait_error("; trying again")
    outcome = a.stop()
    assert outcome.status == 0 and re.search(f"({WHY[kind]}).*; trying again", outcome.stderr), outcome.stderr
    # Of a busy machine not every close is seen; whoever is shown one is accounted for.
    assert sum(account_of(outcome)) == len(rows_of(tmp_path / "rows")) > QUEUE_MAX


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_it_is_up_again_when_the_collector_reads(silent, agent, netns, tmp_path, kind):
    collector, question = silent(kind)
    a = agent(f"{question} --timeout 1 --stop-timeout 60")
    churn("127.0.0.1", 1000, 2, netns=netns)
    a.wait_page(lambda p: not p.sum("tcpsight_exporter_up"), "an exporter that is down")
    stream = collector.wake()
    a.wait_page(lambda p: p.sum("tcpsight_exporter_up") == p.sum("tcpsight_exporter_connected") == 1
                and not p.sum("tcpsight_exporter_queue_length"), "an exporter that is up")
    assert a.page().sum("tcpsight_exporter_dropped_total") == 0
    a.stop()
    told = {}
    for record in stream.records(tmp_path):
        assert told.setdefault((record["7"], record["11"], record["148"]), record) == record
    # What the socket of one who never read had acknowledged counts as sent, as tcpsight-ipfix(8) says.
    assert len(told) >= 1000


@pytest.mark.parametrize("kind", list(WHY))
def test_the_end_waits_no_longer_than_it_may(silent, sight, netns, tmp_path, kind):
    """Who sends is within a step that may take five minutes."""
    _, question = silent(kind)
    tool = sight(*question.split(), "--timeout", 300, "--stop-timeout", 1, "--also",
                 f"life --json --netns {netns.name} --output {tmp_path / 'rows'}")
    churn("127.0.0.1", 3000, 2, netns=netns)
    begun = time.monotonic()
    outcome = tool.stop()
    assert 1 <= time.monotonic() - begun < 30
    assert outcome.status == 0
    assert sum(account_of(outcome)) == len(rows_of(tmp_path / "rows")) > 3000
