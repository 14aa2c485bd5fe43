# SPDX-License-Identifier: BSD-2-Clause
"""Of an MPTCP connection, the kernel opens and closes subflows by itself: they belong to whoever has
the connection."""

import json

import pytest
from flows import actor, wait_until
from sight import run

PORT = 9443
NEAR, OTHER, FAR = "10.9.0.1", "10.9.0.2", "10.9.0.3"


@pytest.fixture
def multihomed(netns):
    """A namespace whose MPTCP connections get a second subflow."""
    for address in NEAR, OTHER, FAR:
        netns.ip("addr", "add", address + "/32", "dev", "lo")
    try:
        netns.ip("mptcp", "limits", "set", "subflow", "4", "add_addr_accepted", "4")
        netns.ip("mptcp", "endpoint", "add", OTHER, "dev", "lo", "subflow")
    except Exception as error:  # noqa: BLE001 (ip says in its own words that there is no MPTCP)
        pytest.skip(f"no MPTCP: {error}")
    return netns


def joined(netns):
    return netns.run("ss", "-Htn", "state", "established", "dst", OTHER, "sport", "=", f":{PORT}")


def ends_of(subflows, lines):
    """All rows of `life`, once each of the subflows has one."""
    rows = list(map(json.loads, lines))
    told = {(row["laddr"], row["lport"], row["raddr"], row["rport"]) for row in rows}
    return subflows <= told and rows


def test_subflows_have_an_owner_while_they_live_and_at_their_end(sight, multihomed, source):
    life = sight("life", "--json", "--netns", multihomed.name, "-o",
                 "laddr,lport,raddr,rport,netns,pid,comm,owner_source,role", *source.options)
    with actor("mptcp", NEAR, FAR, PORT, netns=multihomed) as talk:
        told = talk.hear()
        wait_until(lambda: joined(multihomed), "second subflow")
        talk.go()
        owners = {True: (told["server"], "mp-server"), False: (told["client"], "mp-client")}
        live = run("stat", "--live", "--json", "--netns", multihomed.name, "-o",
                   "state,laddr,lport,raddr,rport,pid,comm", *source.options)
        rows = [row for row in map(json.loads, live.lines) if row.get("state") == "established"]
        assert len(rows) == 4
        for row in rows:
            assert (row["pid"], row["comm"]) == owners[row["lport"] == PORT], rows
        talk.go()
        # Netlink looks for owners now and then, and the counters of some are erased.
        if not source.knows_short:
            return
        subflows = {(row["laddr"], row["lport"], row["raddr"], row["rport"]) for row in rows}
        ended = life.wait_for(lambda lines: ends_of(subflows, lines), "ends")
    for row in ended:
        if row["rport"] == PORT or row["lport"] == PORT:
            assert (row["pid"], row["comm"]) == owners[row["lport"] == PORT], ended
        else:
            # The server's kernel may try a subflow of its own, which nobody listens for.
            assert row["pid"] == told["server"], ended


def test_a_filter_for_the_process_finds_all_of_its_traffic(sight, multihomed):
    with actor("mptcp", NEAR, FAR, PORT, netns=multihomed) as talk:
        told = talk.hear()
        wait_until(lambda: joined(multihomed), "second subflow")
        life = sight("life", "--json", "--netns", multihomed.name, "-p", told["client"], "-o",
                     "laddr,lport,raddr,rport,netns,pid,tx_bytes")
        talk.go()
        talk.go()
        ended = life.wait_for(lambda lines: len(lines) >= 2 and list(map(json.loads, lines)), "ends")
    assert {row["laddr"] for row in ended} == {NEAR, OTHER}
