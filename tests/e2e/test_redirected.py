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


def test_of_a_closed_one_nobody_claims_that_it_was_not(sight, netns):
    """close() takes it out of the map before anything else, so that it cannot be seen any more."""
    life = sight("stat", "--on-close", "--json", "--netns", netns.name, "-o", COLUMNS)
    with actor("sockmap", "127.0.0.1", netns=netns) as sidecar:
        port = sidecar.hear()["client"]["lport"]
        sidecar.end()
    row = life.wait_for(lambda lines: [json.loads(line) for line in lines
                                       if f'"lport":{port},' in line], "row")[0]
    assert row["redirected"] in (1, None), row
