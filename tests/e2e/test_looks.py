# SPDX-License-Identifier: BSD-2-Clause
"""
A look goes by a list of tcpsight's own or, without it, by the kernel's: both tell the same, to the byte. Some kernels
lend the kernel's list to nobody; then the list of tcpsight's own must do for everything, as it may be told to elsewhere.
"""

import contextlib
import json
import re
import socket

import bpfstate
import pytest
from flows import wait_until
from sight import run

HOSTS = ["127.0.0.1", "::1"]
WAYS = {"looks=list": "sample_listed", "looks=none": "sample", "volume=list": "sample_listed"}
ITS_MAPS = {"listed", "listed_extras", "free_places", "looked_at"}


class Pairs:
    """Connections of this process, and what went over each: {local port: (sent, received)}."""

    def __init__(self, kept, host):
        self.kept = kept
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = kept.enter_context(socket.create_server((host, 0), family=family))
        self.pairs = []

    def open(self, count):
        for _ in range(count):
            client = self.kept.enter_context(socket.create_connection(self.listener.getsockname()[:2]))
            self.pairs.append((client, self.kept.enter_context(self.listener.accept()[0])))

    def move(self, first, each):
        """`first` more bytes of each than of the one before, there; `each` back. Returns {(lport, rport): (sent, received)}."""
        truth = {}
        for n, (client, server) in enumerate(self.pairs):
            there = first + n
            client.sendall(b"c" * there)
            server.sendall(b"s" * each)
            for end, size in (server, there), (client, each):
                while size:
                    size -= len(end.recv(size))
            ports = client.getsockname()[1], server.getsockname()[1]
            truth[ports], truth[ports[::-1]] = (there, each), (each, there)
        return truth

    def close(self, count):
        for client, server in self.pairs[:count]:
            client.close()
            server.close()
        del self.pairs[:count]


def sums(lines):
    """{(lport, rport): (sent, received)} of all rows."""
    found = {}
    for row in lines:
        ports = row["lport"], row["rport"]
        before = found.get(ports, (0, 0))
        found[ports] = before[0] + row["tx_bytes"], before[1] + row["rx_bytes"]
    return found


def added(one, other):
    return {ports: tuple(map(sum, zip(one.get(ports, (0, 0)), other.get(ports, (0, 0)))))
            for ports in {*one, *other}}


@pytest.fixture
def sight_by(sight):
    """Starts tcpsight so that it looks by this way; None, when it has said that it cannot: the kernel decides."""

    def start(way, *args):
        need, rung = way.split("=")
        [line] = [line for line in map(json.loads, run("doctor", "--json").lines)
                  if (line.get("need"), line.get("rung")) == (need, rung)]
        if line["state"] != "unavailable":
            return sight(*args, "--rung", way)
        outcome = run(*args, "--rung", way)
        assert (outcome.status, outcome.text) == (3, "")
        assert line["why"] in outcome.stderr
        return None

    return start


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("way", WAYS)
def test_what_moves_is_told_to_the_byte(sight_by, netns, host, way):
    """Of flows that are older, of some that come, and of some that go and leave their place to others."""
    with contextlib.ExitStack() as kept, netns.inside():
        pairs = Pairs(kept, host)
        pairs.open(30)
        pairs.move(1, 7)  # before us: no part of any interval
        tool = sight_by(way, "top", "--json", "-C", "1", "--netns", netns.name)
        if not tool:
            return
        truth = {}
        for first in 1000, 2000, 3000:
            truth = added(truth, pairs.move(first, first // 10))
            port = pairs.pairs[-1][0].getsockname()[1]
            tool.wait_for(lambda lines, port=port: any(f'"lport":{port},' in line for line in lines), "rows")
            pairs.close(10)
            pairs.open(20)
        truth = added(truth, pairs.move(5, 0))
        outcome = tool.stop()
    told = sums(row for row in outcome.rows if row["netns"] == netns.inode)
    assert told == truth
    assert {(row["comm"], row["owner_source"]) for row in outcome.rows} >= {("python3", "connect")}
    assert not outcome.summary["lost"]


@pytest.mark.parametrize("way", WAYS)
def test_the_way_that_was_asked_for_is_gone(sight_by, counted_runs, way):
    tool = sight_by(way, "top", "--json", "-C", "1")
    if not tool:
        return
    before = bpfstate.runs_of(tool.pid, WAYS[way])
    wait_until(lambda: bpfstate.runs_of(tool.pid, WAYS[way]) > before + 2, "looks")


@pytest.mark.still
def test_flows_without_a_place_are_looked_at_all_the_same(sight_by, netns, counted_runs):
    """--max-flows is the length of the list, too: beyond it looks go by the kernel's, until there is room again."""
    with contextlib.ExitStack() as kept, netns.inside():
        pairs = Pairs(kept, "127.0.0.1")
        tool = sight_by("volume=iterator", "top", "--json", "-C", "1", "--netns", netns.name, "--max-flows", "64")
        if not tool:
            return
        listed = bpfstate.runs_of(tool.pid, "sample_listed")
        wait_until(lambda: bpfstate.runs_of(tool.pid, "sample_listed") > listed, "looks by the list")
        pairs.open(100)
        pairs.move(1, 1)
        by_storage = bpfstate.runs_of(tool.pid, "sample")
        wait_until(lambda: bpfstate.runs_of(tool.pid, "sample") > by_storage, "looks by the kernel's list")
        pairs.close(80)
        listed = bpfstate.runs_of(tool.pid, "sample_listed")
        wait_until(lambda: bpfstate.runs_of(tool.pid, "sample_listed") > listed, "looks by the list")
        truth = pairs.move(500, 50)
        port = pairs.listener.getsockname()[1]
        tool.wait_for(lambda lines: any(f'"lport":{port},' in line and '"tx_bytes":50,' in line for line in lines), "rows")
        # What found no room in the table has rows without addresses, which nothing here reads.
        tool.report = None
        outcome = tool.stop()
    rows = [row for row in map(json.loads, outcome.lines) if row.get("netns") == netns.inode and row["lport"]]
    told = sums(row for row in rows if row["tx_bytes"] + row["rx_bytes"] > 500)
    # Who found no room in the table when it began has no rows later.
    assert told and told.items() <= truth.items()


def rows_of(outcome):
    """Without the time of the look, by cookie."""
    rows = [{key: value for key, value in json.loads(line).items() if key != "time"} for line in outcome.lines]
    return sorted((row for row in rows if "type" not in row), key=lambda row: row["cookie"])


STANDS_STILL = ("lport,rport,state,role,pid,comm,owner_source,uid,netns,cookie,recv_q,send_q,backlog,backlog_max,mss,"
                "rto_us,data_segs_in,data_segs_out,delivered")


@pytest.mark.parametrize("host", HOSTS)
def test_a_list_alone_tells_all_that_the_storage_does(privileged, netns, host):
    """Of flows that stand still, some with bytes that nobody has read, and of their listener."""
    with contextlib.ExitStack() as kept, netns.inside():
        pairs = Pairs(kept, host)
        pairs.open(4)
        pairs.move(1000, 10)
        for client, server in pairs.pairs[::2]:
            client.sendall(b"unread")
            wait_until(lambda server=server: server.recv(16, socket.MSG_PEEK) == b"unread", "bytes")
        by_list, by_storage = (run("stat", "--live", "--json", "--netns", netns.name, "-o", STANDS_STILL, "--rung", way)
                               for way in ("volume=list", "volume=iterator"))
        ports = {client.getsockname()[1] for client, _ in pairs.pairs}
    rows = rows_of(by_list)
    assert sorted(row["recv_q"] for row in rows) == [0] * 7 + [6] * 2
    assert {row["lport"] for row in rows if row["role"] == "connect"} == ports
    assert {row["comm"] for row in rows} == {"python3"}
    # Where the kernel lends its own list, that is the truth.
    if by_storage.status == 0:
        assert rows == rows_of(by_storage)


@pytest.mark.still
def test_who_has_nothing_but_the_list_says_what_found_no_place_in_it(sight, netns):
    """No look meets it. Its end tells all of it, and the account has it all the same."""
    with contextlib.ExitStack() as kept, netns.inside():
        pairs = Pairs(kept, "127.0.0.1")
        tool = sight("life", "--json", "--netns", netns.name, "--max-flows", "64", "--rung", "volume=list")
        pairs.open(100)
        truth = pairs.move(1000, 10)
        gone = [(client.getsockname()[1], server.getsockname()[1]) for client, server in pairs.pairs[:80]]
        pairs.close(80)
        last = gone[-1][0]
        tool.wait_for(lambda lines: sum(f'"lport":{last},' in line or f'"rport":{last},' in line
                                        for line in lines) == 2, "the last end")
        pairs.open(60)
        outcome = tool.stop()
    told = {(row["lport"], row["rport"]): (row["tx_bytes"], row["rx_bytes"])
            for row in outcome.rows if row["netns"] == netns.inode}
    for ports in gone:
        assert (told[ports], told[ports[::-1]]) == (truth[ports], truth[ports[::-1]])
    assert "connections found no place in the list of connections" in outcome.stderr
    assert outcome.summary["live"] >= 160
    assert not outcome.summary["lost"]


@pytest.mark.still
@pytest.mark.parametrize("older", [True, False], ids=["older", "newer"])
def test_listeners_that_found_no_place_in_the_list_are_told_of(sight, netns, older):
    """What waits in their queues would be met by a look alone. No look comes while they are opened: it would count some."""
    def listen():
        for _ in range(100):
            kept.enter_context(socket.create_server(("127.0.0.1", 0)))

    with contextlib.ExitStack() as kept, netns.inside():
        if older:
            listen()
        tool = sight("stat", "--json", "--netns", netns.name, "-i", "3600", "--max-flows", "64",
                     "--rung", "volume=list")
        if not older:
            listen()
        outcome = tool.stop()
    told = re.search(r"(\d+) listening sockets found no place", outcome.stderr)
    # Some of the 64 places are others'.
    assert told and int(told[1]) >= 100 - 64, outcome.stderr


def test_without_the_list_nothing_of_it_is_loaded(sight_by):
    tool = sight_by("looks=none", "top", "--json", 3600)
    if not tool:
        return
    assert "sample_listed" not in {program["name"] for program in bpfstate.programs(tool.pid)}
    assert not ITS_MAPS & {one["name"] for one in bpfstate.maps(tool.pid)}


def test_who_needs_more_than_bytes_has_no_list(privileged):
    done = run("top", "--json", "-o", "pid,rtt_us", "--duration", "1", "--rung", "looks=list")
    assert "--rung looks=list changes nothing" in done.stderr
