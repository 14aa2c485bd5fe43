# SPDX-License-Identifier: BSD-2-Clause
"""An earlier moment, of memory and of a recording. The truth is what this process sent, and when."""

import contextlib
import datetime
import json
import os
import time

import pytest
from agent_client import ROOMY, Agent
from flows import wait_until
from sight import Tcpsight, run
from test_api import Pair, any_of

STEP_SEC = 5


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat().replace("+00:00", "Z")


def seconds_of(moment):
    return datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


@pytest.fixture(scope="module")
def agent(privileged):
    with Agent(*ROOMY) as running:
        yield running


def wait_kept(agent, moment):
    """Until the step of this moment has ended."""
    def has_ended():
        answer = agent.get("/api/v1/flows", at=rfc3339(moment), limit=1)
        return answer.status == 200 and seconds_of(answer.json["moment"]) > moment

    wait_until(has_ended, "end of that step")


def over_steps(agent, first, last, path="flows", **parameters):
    """The answers of all steps from one moment to another, each once."""
    answers, at = {}, first
    while at < last + STEP_SEC:
        answer = agent.api(path, at=rfc3339(min(at, last)), **parameters)
        answers[answer["moment"]] = answer
        at += STEP_SEC / 2
    return [answers[moment] for moment in sorted(answers)]


def sum_of(answers, name, wanted=lambda row: True):
    return sum(row[name] for answer in answers for row in answer["rows"] if wanted(row))


def test_each_step_has_what_was_sent_in_it_also_when_the_flow_has_gone(agent):
    with Pair() as pair, Pair() as idle:
        before = time.time()
        pair.send(9)
        # In the next step it goes on.
        wait_kept(agent, before)
        pair.send(4)
        sent = time.time()
        # The reading that has it comes within a second.
        wait_kept(agent, sent + 1)
        alive = over_steps(agent, before, sent + 1, filter=pair.filter, columns="tx_bytes,tx_rate,end_reason")
        assert sum_of(alive, "tx_bytes") == pair.sent
        assert len([a for a in alive if a["rows"] and a["rows"][0]["tx_bytes"]]) >= 2
        for answer in alive:
            assert answer["interval"] == STEP_SEC and answer["complete"]
            for row in answer["rows"]:
                assert abs(row["tx_rate"] * STEP_SEC - row["tx_bytes"]) <= STEP_SEC
        rows = agent.api("flows", at=rfc3339(sent), filter=idle.filter, columns="tx_bytes,local,state")["rows"]
        assert [(r["tx_bytes"], r["local"], r["state"]) for r in rows] == [(0, f"127.0.0.1:{idle.lport}", "unknown")]
    agent.wait_api(lambda a: a["rows"], "end", "closed", filter=pair.filter)
    gone = over_steps(agent, before, sent + 1, filter=pair.filter, columns="tx_bytes,tx_rate,end_reason")
    assert [a["rows"] for a in gone] == [a["rows"] for a in alive]


def test_who_came_later_is_not_there_and_short_ones_are(agent):
    with Pair() as pair:
        pair.send(2)
        short = time.time()
    wait_kept(agent, short + 1)
    with Pair() as late:
        late.send()
        agent.wait_api(lambda a: a["rows"] and a["rows"][0]["tx_bytes"] == late.sent, "row", "flows",
                       filter=late.filter)
        steps = over_steps(agent, short, short + 1, filter=any_of([pair, late]), columns="local,tx_bytes,end_reason")
    rows = [row for answer in steps for row in answer["rows"]]
    assert {row["local"] for row in rows} == {f"127.0.0.1:{pair.lport}"}
    assert sum_of(steps, "tx_bytes") == pair.sent
    assert [row["end_reason"] for row in rows if row["end_reason"]] == ["fin"]


def test_groups_and_edges_are_sums_of_the_step(agent):
    with Pair() as pair, Pair() as other:
        pair.send(3)
        other.send(2)
        sent = time.time()
        wait_kept(agent, sent + 1)
        mine = any_of([pair, other])
        groups = over_steps(agent, sent, sent + 1, "groups", by="comm", filter=mine)
        assert sum_of(groups, "tx_bytes") == pair.sent + other.sent
        assert {row["flows"] for answer in groups for row in answer["rows"]} <= {1, 2}
        edges = over_steps(agent, sent, sent + 1, "edges", by="comm", peer="port", filter=mine)
        for p in (pair, other):
            assert sum_of(edges, "tx_bytes", lambda row, p=p: row["to"] == p.rport) == p.sent


def test_pages_of_a_moment_hold_each_flow_once(agent):
    with contextlib.ExitStack() as stack:
        pairs = [stack.enter_context(Pair()) for _ in range(9)]
        for pair in pairs:
            pair.send()
        sent = time.time()
        wait_kept(agent, sent + 1)
        met, after = [], ""
        while after is not None:
            page = agent.api("flows", at=rfc3339(sent), filter=any_of(pairs), columns="lport", limit=4, sort="id",
                             **({"after": after} if after else {}))
            met += [row["lport"] for row in page["rows"]]
            after = page["next"]
        assert sorted(met) == sorted(pair.lport for pair in pairs)


@pytest.mark.parametrize("parameters,status,said", [
    ({"at": "2099-01-01T00:00:00Z"}, 400, "still to come"),
    ({"at": "yesterday"}, 400, "expected a span such as 5m"),
    ({"at": "2001-01-01T00:00:00Z"}, 404, "the last five minutes are kept, and the agent has no recording"),
    ({"at": "1s", "state": "listen"}, 400, "states of an earlier moment are not kept"),
])
@pytest.mark.parametrize("path", ["flows", "groups", "edges"])
def test_what_cannot_be_told_is_said(agent, path, parameters, status, said):
    if "state" in parameters:
        wait_kept(agent, time.time())
    answer = agent.get("/api/v1/" + path, **parameters)
    assert answer.status == status and said in answer.json["detail"], answer.body


def bytes_in(folder, pair):
    """What the recording says that it sent."""
    if not any(path.suffix == ".tsr" for path in folder.glob("*")):
        return 0
    done = run("top", "--json", "1", "--read", folder, pair.filter)
    return sum(json.loads(line).get("tx_bytes", 0) for line in done.lines)


@pytest.fixture(scope="module")
def recorded(privileged, tmp_path_factory):
    """An agent that goes on with a recording; it, a pair that ended before it began, and when that sent."""
    folder = tmp_path_factory.mktemp("recorded") / "here"
    with Tcpsight("record", folder) as recorder, Pair() as pair, Pair() as idle:
        begun = time.time()
        pair.send(8)
        idle.send()
        wait_until(lambda: bytes_in(folder, pair) == pair.sent and bytes_in(folder, idle), "first bytes")
        pair.send(3)
        wait_until(lambda: bytes_in(folder, pair) == pair.sent, "last bytes")
        ended = time.time()
        pair.close()
        assert recorder.stop().status == 0
    with Agent(*ROOMY, "--also", f"record {folder}") as agent:
        agent.wait_api(lambda a: a["api"]["has_recording"], "recording", "status")
        yield agent, pair, begun, ended, idle


def seconds_between(agent, begun, ended, path, **parameters):
    answers = {}
    at = begun
    while at < ended:
        answer = agent.api(path, at=rfc3339(at), **parameters)
        answers[answer["moment"]] = answer
        at += 0.25
    return [answers[moment] for moment in sorted(m for m in answers if m)]


def test_before_its_time_the_recording_tells(recorded):
    agent, pair, begun, ended, idle = recorded
    seconds = seconds_between(agent, begun, ended, "flows", filter=pair.filter, columns="tx_bytes,pid,state")
    assert sum_of(seconds, "tx_bytes") == pair.sent
    assert len([a for a in seconds if a["rows"] and a["rows"][0]["tx_bytes"]]) >= 2
    assert {row["pid"] for a in seconds for row in a["rows"]} == {os.getpid()}
    assert all(a["interval"] > 0 and a["complete"] for a in seconds)
    # One that moves nothing is there as well.
    last = agent.api("flows", at=rfc3339(ended), filter=idle.filter, columns="tx_bytes,lport")
    assert [row["lport"] for row in last["rows"]] == [idle.lport]
    groups = seconds_between(agent, begun, ended, "groups", by="comm", filter=pair.filter)
    assert sum_of(groups, "tx_bytes") == pair.sent


def test_where_nothing_was_recorded_nothing_is_shown(recorded):
    agent, *_ = recorded
    for path in ("flows", "groups"):
        answer = agent.api(path, at="2001-01-01T00:00:00Z")
        assert (answer["moment"], answer["rows"], answer["complete"]) == (None, [], False)


def test_a_recording_that_cannot_be_read_is_told(privileged, tmp_path):
    folder = tmp_path / "here"
    with Agent(*ROOMY, "--also", f"record {folder}") as agent:
        wait_until(lambda: list(folder.glob("*.tsr")), "recording")
        folder.rename(tmp_path / "there")
        answer = agent.get("/api/v1/flows", at="2001-01-01T00:00:00Z")
        assert answer.status == 503 and str(folder) in answer.json["detail"]
