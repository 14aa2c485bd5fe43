# SPDX-License-Identifier: BSD-2-Clause
"""`top`: the intervals of a flow add up to what it moved while we watched."""

import re

from flows import Traffic, churn_listed, traffic, wait_until
from sight import tuple_of


def rows_of(rows, side, netns=None):
    return [row for row in rows
            if tuple_of(row) == side.tuple and netns in (None, row["netns"])]


def moved(rows):
    return sum(row["tx_bytes"] for row in rows), sum(row["rx_bytes"] for row in rows)


def test_long_flow_over_more_than_ten_intervals(sight, netns, source):
    """Beside it, in the same run: a flow that is half-closed all the time, and one that is idle."""
    rounds = 11
    tool = sight("top", "--json", *source.options, "--netns", netns.name, 1)
    with Traffic(netns=netns, hold=True, rounds=rounds, bytes=1_000_007, reply=333) as long, \
         Traffic(netns=netns, hold=True, bytes=20_000, reply=500, close="half") as half, \
         Traffic(netns=netns, hold=True, bytes=10) as idle:
        idle_truth = idle.go()
        half.go()
        half.go()
        for number in range(1, rounds + 1):
            truth = long.go()
            wait_until(lambda n=number: moved(rows_of(tool.rows(), truth.client))[0]
                       >= n * 1_000_007, "row of the last round")
        truth, half_truth = long.finish(), half.finish()
        rows = tool.stop().rows
    client, server = rows_of(rows, truth.client), rows_of(rows, truth.server)
    assert moved(client) == (truth.client.tx_bytes, truth.client.rx_bytes)
    assert moved(server) == (truth.server.tx_bytes, truth.server.rx_bytes)
    assert truth.client.tx_bytes == rounds * 1_000_007
    assert len({row["time"] for row in client}) >= 10
    assert moved(rows_of(rows, half_truth.client)) == (20_000, 1000)
    assert moved(rows_of(rows, half_truth.server)) == (1000, 20_000)
    assert moved(rows_of(rows, idle_truth.client)) == (10, 0)


def test_flows_that_close_between_two_ticks(sight, netns, source):
    tool = sight("top", "--json", *source.options, 1)
    flows = []
    for _ in range(3):
        flows += churn_listed("127.0.0.1", 200, netns=netns)
        truth = traffic(netns=netns, bytes=5)
        tool.wait_row(truth.client, netns.inode)
    rows = [row for row in tool.stop().rows if row["netns"] == netns.inode]
    seen = {}
    for row in rows:
        key = row["lport"], row["rport"], row["cookie"]
        tx_bytes, rx_bytes = seen.get(key, (0, 0))
        seen[key] = tx_bytes + row["tx_bytes"], rx_bytes + row["rx_bytes"]
    for flow in flows:
        mine = [got for key, got in seen.items() if key[:2] == (flow["lport"], flow["rport"])]
        peer = [got for key, got in seen.items() if key[:2] == (flow["rport"], flow["lport"])]
        assert mine == [(flow["tx_bytes"], 0)]
        short = peer == [(0, flow["tx_bytes"] - 1)] and source.may_lack_a_byte
        assert short or peer == [(0, flow["tx_bytes"])]


def test_bytes_from_before_do_not_count(sight, source):
    with Traffic(hold=True, rounds=3, bytes=400_009, reply=17) as flow, \
         Traffic(hold=True, bytes=70_000) as silent:
        silent_truth = silent.go()
        flow.go()
        tool = sight("top", "--json", *source.options, 3600)
        flow.go()
        truth = flow.finish()
        rows = tool.stop().rows
    assert moved(rows_of(rows, truth.client)) == (2 * 400_009, 2 * 17)
    assert moved(rows_of(rows, truth.server)) == (2 * 17, 2 * 400_009)
    assert moved(rows_of(rows, silent_truth.client)) == (0, 0)
    assert moved(rows_of(rows, silent_truth.server)) == (0, 0)


def test_closed_before_the_first_tick_and_never_seen_alive(sight, source):
    tool = sight("top", "--json", *source.options, 3600)
    closings = ["client", "server", "exit", "unread", "half"] + ["reset"] * source.knows_erased
    truths = [traffic(bytes=10_000 + n, reply=n, close=close) for n, close in enumerate(closings)]
    rows = tool.stop().rows
    for truth in truths:
        for side in truth.client, truth.server:
            [row] = rows_of(rows, side)
            said, wanted = source.bytes_of(row, side, truth.first)
            assert said == wanted


def test_one_flow_of_more_than_4_gib_while_it_is_open(sight, source):
    tool = sight("top", "--json", *source.options, 3600)
    with Traffic(hold=True, bytes=4_700_000_001, read="trunc") as flow:
        truth = flow.go()
        rows = tool.stop().rows
    assert moved(rows_of(rows, truth.client)) == (4_700_000_001, 0)
    assert moved(rows_of(rows, truth.server)) == (0, 4_700_000_001)


def test_live_measurements_agree_with_ss(sight, netns, source):
    tool = sight("top", "--json", *source.options, 3600)
    with Traffic(netns=netns, hold=True, bytes=300_000, reply=300_000) as flow:
        truth = flow.go()
        wait_until(lambda: "unacked" not in netns.run("ss", "-Htin"), "all acknowledged")
        told = netns.run("ss", "-Htin", "sport", "=", truth.client.lport)
        rows = rows_of(tool.stop().rows, truth.client, netns.inode)
    rtt_ms = float(re.search(r"\brtt:([\d.]+)/", told)[1])
    min_rtt_ms = float(re.search(r"\bminrtt:([\d.]+)", told)[1])
    assert len(rows) == 1
    assert rows[0]["srtt_us"] == round(rtt_ms * 1000)
    assert rows[0]["min_rtt_us"] == round(min_rtt_ms * 1000)
    assert rows[0]["state"].upper() in {"ESTABLISHED", "ESTAB"}
