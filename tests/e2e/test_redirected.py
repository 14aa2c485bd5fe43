# SPDX-License-Identifier: BSD-2-Clause
"""Payload that a sockmap passes on is in no count of TCP's: its sockets are marked."""

import json

import pytest
import sources
from flows import Side, actor
from sight import run

COLUMNS = "laddr,lport,raddr,rport,netns,tx_bytes,rx_bytes,redirected"


def listed(netns, source):
    outcome = run("stat", "--live", "--json", "--netns", netns.name, "-o", COLUMNS, *source.options)
    return {(row["lport"], row["rport"]): row for row in map(json.loads, outcome.lines)
            if row.get("rport")}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_socket_in_a_sockmap_is_marked(privileged, netns, address):
    with actor("sockmap", address, netns=netns) as sidecar:
        told = sidecar.hear()
        client, server = Side(told["client"]), Side(told["server"])
        assert told["received"] == 5000
        rows = listed(netns, sources.Bpf)
        for side in client, server:
            row = rows[side.lport, side.rport]
            assert (row["tx_bytes"], row["rx_bytes"], row["redirected"]) == (0, 0, 1)
        plain = rows[told["plain"], client.rport]
        assert plain["redirected"] == 0
        assert all(row["redirected"] is None for row in listed(netns, sources.Netlink).values())


def ended(life, count):
    def find(lines):
        rows = [row for row in map(json.loads, lines) if row.get("rport")]
        return rows if len(rows) >= count else None

    return life.wait_for(find, "rows")


def test_of_a_closed_one_nobody_claims_that_it_was_not(sight, netns):
    """close() takes it out of the map before anything else, so that it cannot be seen any more. Its
    peer, which hears of that, is still there."""
    life = sight("life", "--json", "--netns", netns.name, "-o", COLUMNS)
    with actor("sockmap", "127.0.0.1", netns=netns) as sidecar:
        told = sidecar.hear()
        client, server = told["client"]["lport"], told["server"]["lport"]
        sidecar.end()
    rows = [row for row in ended(life, 4) if client in (row["lport"], row["rport"])]
    assert [row["redirected"] for row in rows if row["lport"] == client][0] in (1, None), rows
    assert [row["redirected"] for row in rows if row["lport"] == server] == [1], rows
