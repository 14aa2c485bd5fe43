# SPDX-License-Identifier: BSD-2-Clause
"""What consumers show adds up to what was moved, whatever their pace, and where the flow table or a
consumer's own place is full: the rest is summed up or counted. The truth is the scenario's own."""

import json
import subprocess

import pytest
from scenario import Scenario
from together import ENVIRONMENT, PROGRAM

BYTES = {"tx_bytes": "tx", "rx_bytes": "rx", "acked_bytes": "acked", "retrans": "retrans",
         "bytes_retrans": "bytes_retrans"}
COUNTERS = {"bytes_sent": "tx", "bytes_received": "rx", "messages_sent": "writes",
            "messages_received": "reads", "in_receives": "packets_in", "out_requests": "packets_out",
            "in_segs": "segs_in", "retrans_segs": "retrans", "retransmitted_bytes": "bytes_retrans",
            "delayed_acks": "delayed_acks", "busy_us": "busy"}
SEEDS = range(12)


def ask(scenario, folder, *questions):
    """All questions in one run; of each its rows and its summary."""
    (folder / "events").write_text(scenario.text, encoding="ascii")
    first, *others = questions
    command = [str(PROGRAM), first[0], "--read", "events", "--output", "out0",
               "--max-flows", str(scenario.max_flows), *first[1:]]
    for i, (report, *options) in enumerate(others, 1):
        command += ["--also", f"{report} --output out{i} " + " ".join(options)]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answers = []
    for i in range(len(questions)):
        rows = [json.loads(line) for line in (folder / f"out{i}").read_text().splitlines()]
        summary = rows.pop()
        assert summary["type"] == "summary"
        answers.append((rows, summary))
    return answers


def add_up(rows, names):
    """Sums by local port; None is what was summed up for want of a place."""
    sums = {}
    for row in rows:
        assert all((row[name] or 0) >= 0 for name in names), row
        of_port = sums.setdefault(row["lport"], dict.fromkeys(names, 0))
        for name in names:
            of_port[name] += row[name] or 0
    return sums


def check_flows(scenario, rows, names):
    """Each flow's deltas are what it moved; with others, all of them together."""
    sums = add_up(rows, names)
    others = sums.pop(None, dict.fromkeys(names, 0))
    for name, of_flow in names.items():
        total = sum(flow.shown(of_flow) for flow in scenario.flows)
        assert sum(s[name] for s in sums.values()) + others[name] == total, name
    if any(others.values()):
        return
    for flow in scenario.flows:
        of_port = sums.pop(flow.lport, dict.fromkeys(names, 0))
        assert of_port == {name: flow.shown(f) for name, f in names.items()}, flow.lport
    assert not sums


def check_closes(scenario, rows, names):
    """A close record is the last reading, of every flow, once."""
    closed = {flow.lport: flow for flow in scenario.flows if flow.is_closed}
    assert sorted(row["lport"] for row in rows) == sorted(closed)
    for row in rows:
        flow = closed[row["lport"]]
        assert {n: row[n] for n in names} == {n: flow.now[f] for n, f in names.items()}


def check_total(scenario, rows, names):
    for name, of_flow in names.items():
        total = sum(flow.shown(of_flow) for flow in scenario.flows)
        assert sum(row[name] for row in rows) == total, name


def questions(pace):
    top = ",".join(["lport", "flows", *BYTES])
    stat = ",".join(["lport", "flows", *COUNTERS])
    return [
        ["top", "--json", "-o", top, pace],
        ["life", "--json", "-o", ",".join(["lport", *BYTES])],
        ["stat", "--json", "-i", pace, "-o", stat, "index=lport"],
        ["stat", "--json", "-o", stat, "index=tuple"],
        ["top", "--json", "--by", "port", "-o", ",".join(["port", "flows", *BYTES]), "2"],
        ["subnet", "--json", "-i", pace, "--direction", "both", "a=10.0.0.0/8,b=0.0.0.0/0,b=::/0"],
        ["stat", "--json", "--on-close", "-o", stat],
        ["top", "--json", "-o", ",".join(["lport", "flows", *BYTES, *COUNTERS]), pace],
        ["top", "--json", "-o", "lport,flows,retrans,bytes_retrans", "3"],
        ["top", "--json", "-o", "lport,flows,in_segs", "3"],
    ]


def overflow(rows):
    """Flows that found no place of their own."""
    return sum(row["flows"] for row in rows if row["lport"] is None)


@pytest.mark.parametrize("pace", ["1", "7", "60"])
@pytest.mark.parametrize("profile", ["sums", "full", "long"])
@pytest.mark.parametrize("seed", SEEDS)
def test_sums(tmp_path, seed, profile, pace):
    scenario = Scenario(seed, profile)
    top, life, by_port, by_tuple, grouped, subnet, closes, wide, retrans, segments = ask(
        scenario, tmp_path, *questions(pace))
    for rows, summary in (top, by_port, by_tuple):
        assert summary["table_full"] == scenario.refused + overflow(rows)
    assert life[1]["table_full"] == 0
    check_closes(scenario, life[0], BYTES)
    check_flows(scenario, top[0], BYTES)
    check_flows(scenario, by_port[0], COUNTERS)
    check_flows(scenario, by_tuple[0], COUNTERS)
    check_flows(scenario, wide[0], BYTES | COUNTERS)
    check_flows(scenario, retrans[0], {"retrans": "retrans", "bytes_retrans": "bytes_retrans"})
    check_flows(scenario, segments[0], {"in_segs": "segs_in"})
    check_total(scenario, grouped[0], BYTES)
    check_total(scenario, subnet[0], {n: BYTES[n] for n in BYTES if n != "acked_bytes"})
    closed = {flow.lport: flow for flow in scenario.flows if flow.is_closed}
    assert {row["lport"] for row in closes[0]} == set(closed)
    for row in closes[0]:
        shown = {name: closed[row["lport"]].shown(f) for name, f in COUNTERS.items()}
        assert {name: row[name] for name in COUNTERS} == shown


@pytest.mark.parametrize("seed", range(4))
def test_sixty_seconds_with_ten_times_as_many_closes_as_flows_fit(tmp_path, seed):
    """Nothing waits in the flow table for a long pace, and nothing is left out of the sums."""
    scenario = Scenario(seed, "long")
    closed = sum(flow.is_closed for flow in scenario.flows)
    assert closed >= 10 * scenario.max_flows and scenario.refused == 0
    top, *_ = ask(scenario, tmp_path, *questions("60"))
    others = [row for row in top[0] if row["lport"] is None]
    assert len(others) == 1
    assert len(top[0]) <= scenario.max_flows + 1
    assert top[1]["table_full"] == others[0]["flows"] > 5 * scenario.max_flows
    check_flows(scenario, top[0], BYTES)
