# SPDX-License-Identifier: BSD-2-Clause
"""The sources bpf and netlink side by side on the same traffic: they tell the same."""

import csv

import pytest
import sources
from flows import Traffic
from test_stat import FAULTS

# Counters that stand still once a socket has closed; gauges and times do not, or are not told.
COUNTERS = ("bytes_sent bytes_received active_opens passive_opens curr_estab estab_resets in_segs"
            " out_segs retrans_segs retransmitted_bytes data_segs_in data_segs_out delivered"
            " delivered_ce ooo_packets reord_seen dsack_dups rto_total listen_drops").split()
KEYS = ["laddr", "lport", "raddr", "rport"]


def told(tool, keys):
    """{key of the row: its counters} of `stat --csv`, without the host's own row."""
    rows = {}
    for row in csv.DictReader(tool.stop().lines):
        if row["scope"] == "host":
            continue
        key = tuple(row[name] for name in keys)
        assert key not in rows, f"two rows of {key}"
        rows[key] = {name: int(row[name]) for name in COUNTERS}
    return rows


@pytest.mark.parametrize("keys, words", [
    (KEYS, []), (KEYS, ["--on-close"]), (["lport"], ["index=lport"]), (["raddr"], ["index=raddr"]),
    (KEYS, ["127.0.0.0/8:*-127.0.0.1:7000"]), (KEYS, ["*:7000-*:*", "[::]/0:*-[::1]:*"]),
    (KEYS, ["-6"]), (KEYS, ["-D", "7000"]),
])
def test_counters_of_stat(sight, netns, keys, words):
    # bpf adds the reset that close() sends after the socket's last word if out_rsts is asked for.
    columns = ",".join(["scope", *keys, *COUNTERS, "out_rsts"])
    tools = [sight("stat", "--csv", *source.options, "--netns", netns.name, "-o", columns, *words)
             for source in sources.BOTH]
    with Traffic(netns=netns, hold=True, rounds=2, bytes=100_000, port=7000) as held:
        held.go()
        for address in "127.0.0.1", "::1":
            netns.run(*FAULTS, "plain", address)
            netns.run(*FAULTS, "reset_by_unread", address)
        held.go()
        held.finish()
    bpf, netlink = (told(tool, keys) for tool in tools)
    assert netlink == bpf and bpf
