# SPDX-License-Identifier: BSD-2-Clause
"""Several processes may hold a socket: who is named is one of them, and `holders` says how many."""

import json

import pytest
from flows import actor
from sight import run


def listed(netns, source):
    outcome = run("stat", "--live", "--all", "--json", "--netns", netns.name, "-o",
                  "lport,rport,state,pid,comm,holders", *source.options)
    assert outcome.status == 0, outcome.stderr
    rows = [row for row in map(json.loads, outcome.lines) if row.get("lport")]
    # That which nobody accepted has the listener's port too.
    listening = {row["lport"]: row for row in rows if row["state"] == "listen"}
    return {**{row["lport"]: row for row in rows}, **listening}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_each_process_counts_once(privileged, netns, source, address):
    with actor("held_by_many", address, 3, netns=netns) as holder:
        told = holder.hear()
        rows = listed(netns, source)
        for port in told["listener"], told["client"]:
            assert rows[port]["holders"] == 4 and rows[port]["pid"] in [told["pid"], *told["pids"]], rows
        holder.go()
        rows = listed(netns, source)
        for port in told["listener"], told["client"]:
            assert rows[port]["holders"] == 3 and rows[port]["pid"] in told["pids"], rows


def test_a_connection_that_nobody_accepted_has_no_holder(privileged, netns, source):
    with actor("held_by_many", "127.0.0.1", 0, netns=netns) as holder:
        told = holder.hear()
        outcome = run("stat", "--live", "--json", "--netns", netns.name, "-o",
                      "lport,rport,pid,holders", *source.options)
        [row] = [row for row in map(json.loads, outcome.lines)
                 if (row.get("lport"), row.get("rport")) == (told["listener"], told["client"])]
    assert row["pid"] is None and not row["holders"], row
