# SPDX-License-Identifier: BSD-2-Clause
"""Outputs that somebody reads, slowly, not at all, or no longer: nobody else waits for that."""

import os
import signal
import threading

import pytest
from flows import churn, traffic, wait_until
from outputs import DONE, FAILED, QUEUE_BYTES, complete, dropped, ports, whole_lines, write_events
from sight import PATIENCE_SEC, run


class Pipe:
    """A named pipe with a reader that does not read until it is told to."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self):
        """Until every writer has gone."""
        os.set_blocking(self.fd, True)
        chunks = []
        while chunk := os.read(self.fd, 1 << 20):
            chunks.append(chunk)
        return b"".join(chunks).decode()

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


@pytest.fixture
def pipe(tmp_path):
    made = Pipe(tmp_path / "pipe")
    yield made
    made.close()


@pytest.mark.parametrize("order", ["first", "also"])
def test_a_reader_that_stops(many_closes, tmp_path, pipe, order):
    one, other = (pipe.path, tmp_path / "rows") if order == "first" else (tmp_path / "rows", pipe.path)
    outcome = run("life", "--json", "--read", many_closes, "--output", one, "--also",
                  f"life --json --output {other}")
    assert outcome.status == FAILED
    assert len(ports((tmp_path / "rows").read_text())) == 30_000
    count, why = dropped(outcome, pipe.path)
    text = pipe.read()
    assert why == "its reader was too slow"
    assert ports(whole_lines(text)) == list(range(1, 1 + text.count("\n")))
    assert text.count("\n") + count == 30_001


def test_a_standard_output_that_nobody_reads(many_closes, tmp_path):
    """Beside another question it is like any other output: nobody waits for it."""
    reader, writer = os.pipe()
    outcome = run("life", "--json", "--read", many_closes, "--also",
                  f"life --json --output {tmp_path}/rows", stdout=writer)
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:
        text = pipe.read()
    assert outcome.status == FAILED
    assert text.count("\n") + dropped(outcome, "the standard output")[0] == 30_001
    assert len(ports((tmp_path / "rows").read_text())) == 30_000


def test_a_slow_reader_gets_all_that_a_queue_holds(built, tmp_path, pipe):
    rows = QUEUE_BYTES // 1000
    events = write_events(tmp_path / "events", rows)
    text = []
    reader = threading.Thread(target=lambda: text.append(pipe.read()))
    threading.Timer(0.5, reader.start).start()
    outcome = run("life", "--json", "--read", events, "--output", pipe.path)
    reader.join(PATIENCE_SEC)
    assert (outcome.status, outcome.stderr) == (DONE, "")
    assert len(ports(text[0])) == rows


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_reader_stops(sight, netns, source, tmp_path, pipe, number):
    """It ends in time all the same, and the other output is complete."""
    tool = sight("life", "--json", *source.options, "--netns", netns.name, "--output", pipe.path,
                 "--also", f"life --json --netns {netns.name} --output {tmp_path}/rows")
    tool.report = None
    churn("127.0.0.1", 1000, 1, netns=netns)
    outcome = tool.stop(number)
    assert outcome.status == FAILED
    rows, text = complete(tmp_path / "rows", 2000, tool), pipe.read()
    assert text.count("\n") + dropped(outcome, pipe.path)[0] == len(rows) + 1


def test_a_pipe_without_a_reader_is_not_waited_for(few_closes, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    outcome = run("life", "--read", few_closes, "--output", tmp_path / "pipe")
    assert (outcome.status, outcome.text) == (FAILED, "")
    assert "nobody reads from this pipe yet" in outcome.stderr


@pytest.mark.parametrize("place", ["first", "also", "stdout"])
def test_a_reader_that_goes(sight, netns, source, tmp_path, pipe, place):
    """It has had enough: no error. The others go on, until they are ended."""
    output = [tmp_path / "rows", pipe.path]
    words = [["life", "--json", "--netns", netns.name, "--output", str(path)] for path in output]
    if place != "also":
        words.reverse()
    stdout = None
    if place == "stdout":
        words[0] = words[0][:-2]
        stdout = os.open(pipe.path, os.O_WRONLY)
    first, also = words
    tool = sight(first[0], *source.options, *first[1:], "--also", " ".join(also), stdout=stdout)
    tool.report = None
    if stdout:
        os.close(stdout)
    traffic(netns=netns, bytes=1)
    wait_until(lambda: (tmp_path / "rows").read_text().count("\n") == 2, "rows")
    pipe.close()
    truth = traffic(netns=netns, bytes=2)
    wait_until(lambda: (tmp_path / "rows").read_text().count("\n") == 4, "rows")
    outcome = tool.stop()
    assert (outcome.status, outcome.text, outcome.stderr) == (DONE, "", "")
    found = ports((tmp_path / "rows").read_text())
    assert len(found) == 4 and truth.client.lport in found


def test_a_run_ends_when_all_readers_have_gone(sight, netns, source, tmp_path, pipe):
    other = Pipe(tmp_path / "other")
    tool = sight("life", "--json", *source.options, "--netns", netns.name, "--output", pipe.path,
                 "--also", f"top --json --netns {netns.name} --output {other.path} 1")
    tool.report = None
    pipe.close()
    traffic(netns=netns, bytes=1)
    assert tool.process.poll() is None
    other.close()
    traffic(netns=netns, bytes=1)
    outcome = tool.wait_exit()
    assert (outcome.status, outcome.stderr) == (DONE, "")
