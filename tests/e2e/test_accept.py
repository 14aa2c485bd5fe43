# SPDX-License-Identifier: BSD-2-Clause
"""Where programs may run at the return of accept(), the worker that called it is known at once."""

import json
import subprocess

import bpfstate
import pytest
from flows import Side, actor
from sight import PROGRAM, run, tuple_of


WAYS = ["fexit", "kprobe"]


@pytest.fixture(scope="module")
def states(privileged):
    """What doctor says of each way on this kernel."""
    told = subprocess.run([PROGRAM, "doctor", "--json"], check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    return {line["rung"]: line["state"] for line in lines if line.get("need") == "accept"}


def test_owner_of_an_accepted_flow(sight, states):
    tool = sight("top", "--json", 3600)
    with actor("handed_over", "prefork", "client") as flow:
        server = Side(flow.hear()["server"])
        rows = {tuple_of(row): row for row in tool.stop().rows}
    row = rows[server.tuple]
    assert (row["pid"], row["comm"]) == (server.pid, "tcp-worker")
    known = "used" in {states[way] for way in WAYS}
    assert row["owner_source"] == ("accept" if known else "files")


@pytest.mark.parametrize("way", WAYS)
def test_forced_way(sight, states, way):
    """At once: no scan of files comes between accept() and the first reading. Or it says why not."""
    if states[way] == "unavailable":
        outcome = run("top", "--json", "--rung", f"accept={way}")
        assert (outcome.status, outcome.text) == (3, "")
        assert f"accept={way}" in outcome.stderr
        return
    tool = sight("top", "--json", 3600, "--rung", f"accept={way}")
    with actor("handed_over", "prefork", "client") as flow:
        server = Side(flow.hear()["server"])
        rows = {tuple_of(row): row for row in tool.stop().rows}
    row = rows[server.tuple]
    assert (row["pid"], row["comm"]) == (server.pid, "tcp-worker")
    assert row["owner_source"] == "accept"


ROUNDS = 5


@pytest.mark.parametrize("way", WAYS)
def test_owner_is_whoever_accepted_every_time(sight, states, way):
    """Of a flow that the client resets nobody here closes: all that is known is who accepted. The
    kernel gives the address of one socket to the next; each has its own worker all the same."""
    if states[way] == "unavailable":
        way = "files"
    tool = sight("life", "--json", "--rung", f"accept={way}")
    servers = []
    for _ in range(ROUNDS):
        with actor("handed_over", "prefork", "reset") as flow:
            servers.append(Side(flow.hear()["server"]))
            flow.go()
            flow.end()
    assert len({server.pid for server in servers}) == ROUNDS
    for server in servers:
        row = tool.wait_row(server)
        assert row["end_reason"] == "reset_received"
        if way != "files":
            assert (row["pid"], row["comm"], row["owner_source"]) == (server.pid, "tcp-worker", "accept")


def test_room_for_notes_is_made_only_if_a_kprobe_leaves_them(sight, states):
    def maps_of(way):
        tool = sight("life", "--rung", f"accept={way}")
        mine = {number for kind, number in bpfstate.held(tool.pid) if kind == "map"}
        return {one.get("name") for one in bpfstate.listed("map") if one["id"] in mine}

    assert "acceptors" not in maps_of("files")
    if states["kprobe"] != "unavailable":
        assert "acceptors" in maps_of("kprobe")
