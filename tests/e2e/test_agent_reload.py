# SPDX-License-Identifier: BSD-2-Clause
"""What senders and a recorder take of a file that is read again, by the bytes of connections that this process holds."""

import os
import socket

import pytest
from agents import Agent
from flows import wait_until
from ipfix_collectors import Stream
from otlp_server import collector
from test_agent import write
from test_api import Pair, any_of
from test_api_earlier import bytes_in


def text_of(server, stream, folder, wanted, more="", timeout=10):
    return f"""\
[record]
folder = {folder}
{more}
[otlp central]
endpoint = {server.url}
timeout = {timeout}
filter = {wanted}
[ipfix noc]
collector = {stream.where}
active-timeout = 1
filter = {wanted}
"""


@pytest.fixture
def stream():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Stream(server)


def sent_by_port(records, port, octets):
    sums = {}
    for record in records:
        if int(record[octets]):
            sums[int(record[port])] = sums.get(int(record[port]), 0) + int(record[octets])
    return sums


def test_filters_change_and_the_rest_is_told_by_name(privileged, tmp_path, stream):
    folder = tmp_path / "kept"
    with collector() as server, Pair() as one, Pair() as two:
        path = write(tmp_path, text_of(server, stream, folder, one.filter))
        with Agent(tmp_path / "agent.sock", "--config", path) as agent:
            def wait_sums(sums, what):
                wait_until(lambda: sent_by_port(stream.records_so_far(tmp_path), "7", "1") == sums,
                           lambda: f"{what}: {stream.records_so_far(tmp_path)}")

            def read_again(text, *said):
                path.write_text(text)
                agent.hang_up()
                for line in said:
                    agent.wait_error(line)

            one.send(3)
            first = one.sent
            wait_sums({one.lport: first}, "what the first filter takes")
            read_again(text_of(server, stream, folder, two.filter + " and"), "the settings stay as they were")
            assert any("syntax error" in e for e in agent.errors), agent.errors
            read_again(text_of(server, stream, folder, two.filter, "keep = 3", 7) +
                       f"[otlp second]\nendpoint = {server.url}\n",
                       "timeout of otlp central is for the next start", "keep of record is for the next start",
                       "[otlp second] is new: it is for the next start")
            assert not any("filter of" in e or "collector of" in e for e in agent.errors)
            two.send(2)
            one.send()
            wait_sums({one.lport: first, two.lport: two.sent}, "what the second filter takes")
            everything = text_of(server, stream, folder, two.filter, "keep = 3", 7)
            read_again(everything[:everything.index("[ipfix")],
                       "[ipfix noc] was taken out: it goes on as it is until the next start")
            two.send(4)
            wait_sums({one.lport: first, two.lport: two.sent}, "what goes on")
            one.close()
            two.close()
            (record,) = wait_until(server.records, "end of the second")
            # Whoever records everything has lost nothing.
            for pair in (one, two):
                wait_until(lambda p=pair: bytes_in(folder, p) == p.sent, "recording")
            assert agent.stop().status == 0
        assert (record["network.local.port"], record["network.io.transmit"]) == (two.lport, two.sent)
        assert record["process.pid"] == os.getpid() and server.records() == [record]
        assert sent_by_port(stream.records(tmp_path), "7", "1") == {one.lport: first, two.lport: two.sent}


def test_what_was_missed_is_read_by_one_filter(privileged, tmp_path, stream):
    """A place in a recording is one of a filter, so that changes with a new start."""
    folder = tmp_path / "kept"
    with collector() as server, Pair() as one, Pair() as two:
        text = text_of(server, stream, folder, any_of([one, two])).replace("timeout = 10", "from-recording = yes")
        path = write(tmp_path, text)
        with Agent(tmp_path / "agent.sock", "--config", path) as agent:
            path.write_text(text.replace(any_of([one, two]), two.filter))
            agent.hang_up()
            agent.wait_error("filter of otlp central is for the next start")
            one.send()
            one.close()
            wait_until(lambda: [r["network.io.transmit"] for r in server.records()] == [one.sent], "its end")
            assert agent.stop().status == 0
