# SPDX-License-Identifier: BSD-2-Clause
"""The sources bpf and netlink side by side on the same traffic: they tell the same."""

import contextlib
import csv
import itertools
import json
import random
import socket
import subprocess

import pytest
import sources
from flows import Traffic
from sight import PROGRAM
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


ADDRESSES = ["127.0.0.1", "127.5.6.7", "10.1.2.3", "10.1.9.3", "::1", "2001:db8::1", "2001:db8:7::1"]
SIDES = ["*:*", "*:7000", "127.*.*.*:*", "127.5.0.0/16:*", "10.*.2.*:7000", "10.1.0.0/16:*", "[::]/0:*",
         "[2001:db8::]/32:7001", "[2001:db8::1]:*", "[::ffff:10.1.2.3]:*", "*:7001"]


@contextlib.contextmanager
def population(netns):
    """Connections from each address to itself, on two ports, IPv4 on sockets of both families."""
    for address in ADDRESSES[2:4] + ADDRESSES[5:]:
        netns.add_address(address, "lo")
    netns.wait_local("::1")
    with contextlib.ExitStack() as open_now, netns.inside():
        for port, address in itertools.product((7000, 7001), ADDRESSES):
            mapped = ":" not in address and port == 7001
            family = socket.AF_INET6 if mapped or ":" in address else socket.AF_INET
            named = f"::ffff:{address}" if mapped else address
            listener = open_now.enter_context(socket.create_server(
                (named, port), family=family, dualstack_ipv6=mapped))
            client = open_now.enter_context(socket.socket(family))
            client.connect((named, port))
            open_now.enter_context(listener.accept()[0])
        yield


def listed(netns, source, *words):
    """What `stat --live` lists."""
    done = subprocess.run([str(PROGRAM), "stat", "--live", "--json", *source.options, "--netns",
                           netns.name, "-o", "local,remote,state,role", *words],
                          capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return sorted(tuple(row.values()) for row in rows if row.get("type") != "summary")


def test_filters_that_the_kernel_applies(netns):
    """bpf filters in user space only; netlink must list the same sockets, whatever it tells the
    kernel. Each filter must be one that the kernel takes."""
    chance = random.Random(5)
    with population(netns):
        everything = listed(netns, sources.Bpf)
        assert len(everything) == 3 * 2 * len(ADDRESSES) == len(listed(netns, sources.Netlink))
        shown = 0
        for _ in range(24):
            words = ["-".join(chance.choices(SIDES, k=2)) for _ in range(chance.randint(1, 4))]
            words += chance.choice([[], ["-4"], ["-6"], ["-L", "7000"], ["-D", "7001,7000"]])
            wanted = listed(netns, sources.Bpf, *words)
            assert listed(netns, sources.Netlink, *words) == wanted, words
            shown += 0 < len(wanted) < len(everything)
        assert shown > 12, "the filters were all or nothing"


def test_the_longest_program_is_taken_by_the_kernel(netns):
    ports = ",".join(str(port) for port in range(7000, 7064))
    words = [f"[2001:db8:{n:x}::1]:7000-[2001:db8:{n:x}::1]:*" for n in range(64)]
    with population(netns):
        rows = listed(netns, sources.Netlink, "-L", ports, *words)
    assert [row[0] for row in rows] == ["2001:db8:7::1:7000", "2001:db8::1:7000"]
