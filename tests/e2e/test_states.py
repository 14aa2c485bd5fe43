# SPDX-License-Identifier: BSD-2-Clause
"""Sockets by their TCP state, listed and counted, as `ss` has them at the same time."""

import csv
import json
import subprocess
import sys

import pytest
import sources
from netns import Link, Netns
from sight import run

HOLD = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 8083), backlog=64)

def pair():
    client = socket.create_connection(("127.0.0.1", 8083))
    return client, listener.accept()[0]

held = [pair() for _ in range(7)]
for client, server in held[:3]:
    client.shutdown(socket.SHUT_WR)
for n in range(2):
    asking = socket.socket()
    asking.setblocking(False)
    asking.connect_ex(("10.77.0.9", 80))
    held.append(asking)
open("/proc/self/comm", "w").write("leaky")
print(flush=True)
sys.stdin.read()
"""
# Of ss's words, those of states that sockets are in here, and how many.
THERE = {"established": 8, "close-wait": 3, "fin-wait-2": 3, "syn-sent": 2, "listening": 1}


@pytest.fixture(scope="module")
def place(privileged):
    netns, far = Netns(), Netns()
    Link(netns, far)
    # Nobody has this address, and nobody says so.
    netns.ip("neigh", "add", "10.77.0.9", "lladdr", "02:00:00:77:00:02", "dev", "wire", "nud", "permanent")
    holder = subprocess.Popen(["nsenter", f"--net={netns.path}", sys.executable, "-c", HOLD],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    netns.holder = holder
    yield netns
    holder.stdin.close()
    holder.wait()
    netns.remove()
    far.remove()


@pytest.fixture(scope="module", params=sources.BOTH, ids=lambda source: source.name)
def read(request, place):
    def read(*args):
        outcome = run("stat", "--live", "--netns", place.name, *request.param.options, *args)
        assert outcome.status == 0, outcome.stderr
        return outcome
    return read


def said_by_ss(place, word):
    """Local and remote ends."""
    lines = place.run("ss", "-tanH", "state", word).splitlines()
    return sorted(tuple(line.split()[-2:]) for line in lines)


def listed(lines):
    return sorted((f"{row['laddr']}:{row['lport']}",
                   f"{row['raddr']}:{row['rport'] if row['state'] != 'listen' else '*'}")
                  for row in csv.DictReader(lines))


COLUMNS = ["--csv", "-o", "state,laddr,lport,raddr,rport"]


@pytest.mark.parametrize("word", list(THERE) + ["fin-wait-1", "last-ack", "closing", "syn-recv", "all",
                                                "connected", "synchronized"])
def test_list_of_a_state_is_that_of_ss(place, read, word):
    there = said_by_ss(place, word)
    if word in THERE:
        assert len(there) == THERE[word]
    assert listed(read("--state", word, *COLUMNS).lines) == there
    assert listed(read(f"state={word}", *COLUMNS).lines) == there


def test_several_states(place, read):
    both = sorted(said_by_ss(place, "close-wait") + said_by_ss(place, "listening"))
    for words in ("close-wait,listening", "listen,close_wait"):
        assert listed(read("--state", words, *COLUMNS).lines) == both


def test_count_by_state_is_that_of_ss(place, read):
    said = {}
    for word in THERE:
        name = {"listening": "listen", "fin-wait-2": "fin_wait2"}.get(word, word.replace("-", "_"))
        said[name] = len(said_by_ss(place, word))
    rows = list(csv.DictReader(read("index=state", "--csv").lines))
    assert {row["state"]: int(row["flows"]) for row in rows} == said
    assert [int(row["flows"]) for row in rows] == sorted(said.values(), reverse=True)
    rows = [json.loads(line) for line in read("--index", "state", "--json").lines][:-1]
    assert {row["state"]: row["flows"] for row in rows} == said
    table = [line.split() for line in read("index=state").lines]
    assert table[0] == ["FLOWS", "STATE"]
    assert {name: int(count) for count, name in table[1:]} == said


def test_whose_they_are(place, read):
    pid = str(place.holder.pid)
    rows = list(csv.DictReader(read("--state", "close-wait", "--csv", "-o", "pid,comm,state").lines))
    assert rows == [{"pid": pid, "comm": "leaky", "state": "close_wait"}] * 3
    rows = list(csv.DictReader(read("index=comm", "state=close-wait", "--csv").lines))
    assert [(row["comm"], row["flows"]) for row in rows] == [("leaky", "3")]
    rows = list(csv.DictReader(read("index=pid", "--csv").lines))
    assert [(row["pid"], row["flows"]) for row in rows] == [(pid, str(sum(THERE.values())))]


@pytest.mark.parametrize("index", ["lport", "rport", "laddr", "raddr"])
def test_counts_by_end_add_up(place, read, index):
    ends = [end for word in THERE for end in said_by_ss(place, word)]
    side = ends and [pair[index[0] == "r"].rsplit(":", 1) for pair in ends]
    told = {}
    for address, port in side:
        key = address if index.endswith("addr") else "0" if port == "*" else port
        told[key] = told.get(key, 0) + 1
    rows = csv.DictReader(read(f"index={index}", "--csv").lines)
    assert {row[index]: int(row["flows"]) for row in rows} == told


@pytest.mark.parametrize("words", [["--state", "closewait"], ["state=close-wait,"], ["state="], ["--state", ""],
                                   ["--state", "established;listening"]], ids=" ".join)
def test_word_that_is_no_state(built, words):
    outcome = run("stat", "--live", *words)
    assert (outcome.status, outcome.text) == (2, "")
    assert "no TCP state" in outcome.stderr and "close-wait" in outcome.stderr


@pytest.mark.parametrize("words", [["state=close-wait"], ["state", "close-wait"], ["state close-wait and port 80"]],
                         ids=" ".join)
@pytest.mark.parametrize("report", ["life", "top"])
def test_state_in_the_filter_is_answered(built, report, words):
    outcome = run(report, *words)
    assert outcome.status == 2 and "--state close-wait" in outcome.stderr
