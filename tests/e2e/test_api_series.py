# SPDX-License-Identifier: BSD-2-Clause
"""Series of groups: what moved, step by step, adds up to what this process sent over sockets that it holds."""

import os
import time

import pytest
from agent_client import ROOMY, Agent
from flows import named
from test_api import Pair, any_of

STEP_S = 5


@pytest.fixture(scope="module")
def agent():
    with Agent(*ROOMY, "--without", "metrics") as running:
        yield running


def wait_ended(agent, moment):
    """Until the step has ended in which `moment` is."""
    agent.wait_api(lambda a: a["time"] and a["time"][-1] >= moment, "end of the step", "series", group="family",
                   limit=1)


def sums(answer, key, metric):
    return {row[key]: sum(row[metric]) for row in answer["rows"]}


def test_a_group_has_the_bytes_that_were_sent_by_who_lives_and_who_closed(agent):
    with Pair() as lives, Pair() as late:
        lives.send(7)
        with Pair() as short:
            short.send(4)
        wait_ended(agent, time.time())
        lives.send(2)
        late.send()
        late.close()
        wait_ended(agent, time.time())
        mine = any_of([lives, short, late])
        by_pid = agent.api("series", group="pid", filter=mine)
        assert by_pid["complete"] and by_pid["groups"] == 1 and by_pid["step"] == STEP_S
        sent = lives.sent + short.sent + late.sent
        assert sums(by_pid, "pid", "tx_bytes") == {os.getpid(): sent}
        assert sums(by_pid, "pid", "rx_bytes") == {os.getpid(): 0}
        # There was a step between.
        assert len([n for n in by_pid["rows"][0]["tx_bytes"] if n]) >= 2
        by_port = agent.api("series", group="rport", filter=mine, metric="tx_bytes")
        assert sums(by_port, "rport", "tx_bytes") == {p.rport: p.sent for p in (lives, short, late)}
        assert [row["rport"] for row in by_port["rows"]] == [lives.rport, short.rport, late.rport]
        assert set(by_port["rows"][0]) == {"rport", "tx_bytes"}
        other = f"src port {lives.rport} and dst port {lives.lport}"
        received = agent.api("series", group="role,remote_class", filter=other, metric="rx_bytes,tx_bytes")
        (row,) = received["rows"]
        assert (row["role"], row["remote_class"]) == ("accept", "loopback")
        assert (sum(row["rx_bytes"]), sum(row["tx_bytes"])) == (lives.sent, 0)


def test_processes_are_told_apart(agent):
    with named("series-a", 3000) as a, named("series-b", 5000) as b:
        told = a.hear(), b.hear()
        wait_ended(agent, time.time())
        # Unless it is asked for more, the answer holds the hundred that moved the most, of the whole machine.
        got = agent.api("series", group="comm,pid", metric="tx_bytes,rx_bytes", limit=10_000)
    rows = {row["pid"]: row for row in got["rows"]}
    for who, name, sent in zip(told, ("series-a", "series-b"), (3000, 5000)):
        assert rows[who["pid"]]["comm"] == name
        assert (sum(rows[who["pid"]]["tx_bytes"]), sum(rows[who["pid"]]["rx_bytes"])) == (sent, sent)


def test_steps_lose_nothing_and_rates_are_of_their_steps(agent):
    with Pair() as pair:
        for _ in range(2):
            pair.send(3)
            wait_ended(agent, time.time())
        ask = {"group": "lport", "filter": pair.filter}
        fine = agent.api("series", **ask)
        coarse = agent.api("series", step="15s", **ask)
        assert sum(coarse["rows"][0]["tx_bytes"]) == sum(fine["rows"][0]["tx_bytes"]) == pair.sent
        assert coarse["step"] == 15 and len(coarse["time"]) < len(fine["time"])
        assert set(coarse["time"]) <= {*fine["time"], coarse["time"][-1]}
        assert all(b - a == pytest.approx(STEP_S) for a, b in zip(fine["time"], fine["time"][1:]))
        for row in (fine["rows"][0],):
            assert len(row["tx_bytes"]) == len(fine["time"])
            assert [n / STEP_S for n in row["tx_bytes"]] == row["tx_rate"]
            assert [n / STEP_S for n in row["retrans"]] == row["retrans_rate"]


def test_no_further_back_than_asked_for_and_no_more_than_asked_for(agent):
    with Pair() as pair, Pair() as other:
        pair.send(3)
        other.send(2)
        sent = time.time()
        wait_ended(agent, sent + 2 * STEP_S)
        mine = any_of([pair, other])
        (first,) = agent.api("series", group="rport", filter=mine, limit=1)["rows"]
        assert (first["rport"], sum(first["tx_bytes"])) == (pair.rport, pair.sent)
        late = agent.api("series", group="rport", filter=mine, **{"from": "-4s"})
        assert (late["rows"], late["groups"], late["time"]) == ([], 0, late["time"][-1:])
        assert late["complete"]


def test_what_found_no_place_is_said(privileged):
    """One flow has a trail of its own; where the other's bytes went is not known."""
    with Agent("--also", "api --keep-trails 1") as agent, Pair() as pair:
        pair.send()
        mine = f"{pair.filter} or (src port {pair.rport} and dst port {pair.lport})"
        wait_ended(agent, time.time())
        answer = agent.wait_api(lambda a: not a["complete"] and a, "gap", "series", group="family", filter=mine)
        assert answer["groups"] <= 1


@pytest.mark.parametrize("parameters,parameter,said", [
    ({"group": "sentence"}, "group", "flows can be summed up by pid, comm"),
    ({"group": "pid,comm,unit,uid,netns"}, "group", "at most four columns"),
    ({"group": "pid", "metric": "rtt_p50_us"}, "metric", "of groups there are tx_bytes"),
    ({"group": "pid", "step": "7s"}, "step", "a multiple of 5s"),
    ({"group": "pid", "step": "10m"}, "step", "from 5s to 5m"),
    ({"group": "pid", "from": "5m"}, "from", "a span before now"),
    ({"group": "pid", "filter": "port 443 and"}, "filter", "syntax error"),
    ({"group": "pid", "state": "listen"}, "state", "states of an earlier moment are not kept"),
    ({"group": "pid", "limit": "10001"}, "limit", "10000"),
    ({"filter": "port 443"}, "filter", "without group the series are those of the host"),
])
def test_what_makes_no_sense_is_said_with_its_place(agent, parameters, parameter, said):
    answer = agent.get("/api/v1/series", **parameters)
    assert answer.status == 400 and said in answer.json["detail"], answer.body
    assert answer.json["pointer"]["parameter"] == parameter
