# SPDX-License-Identifier: BSD-2-Clause
"""`life` counts what the application moved, to the byte, whichever way it moved."""

import time

import pytest
import sources
from flows import Traffic, churn_listed, traffic, wait_until
from netns import Link

ADDRESSES = ["127.0.0.1", "::1", "::ffff:127.0.0.1"]
WAYS = ["send", "writev", "sendfile", "splice", "zerocopy", "uring", "partial"]


def assert_both_exact(tool, truth, netns=None, source=sources.Bpf):
    client = tool.wait_row(truth.client, netns)
    server = tool.wait_row(truth.server, netns)
    for row, side in (client, truth.client), (server, truth.server):
        said, wanted = source.bytes_of(row, side, truth.first)
        assert said == wanted
    assert (client["role"], server["role"]) == ("connect", "accept")
    return client, server


@pytest.mark.parametrize("addr", ADDRESSES)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_send(each_life, source, way, addr):
    truth = traffic(way, addr=addr, bytes=734_567, reply=54_321)
    assert_both_exact(each_life, truth, source=source)
    if way == "partial":
        assert truth.client.short_writes and truth.client.would_block, "nothing was partial"


@pytest.mark.parametrize("read", ["peek", "trunc"])
def test_bytes_read_twice_or_thrown_away_count_once(each_life, source, read):
    assert_both_exact(each_life, traffic(read=read, bytes=500_001, reply=70_000), source=source)


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("addr", ADDRESSES)
def test_small_flows(each_life, source, addr, size):
    assert_both_exact(each_life, traffic(addr=addr, bytes=size), source=source)
    assert_both_exact(each_life, traffic(addr=addr, reply=size, close="server"), source=source)


def test_v4_client_of_a_dual_stack_listener_is_ipv4_on_both_sides(each_life, source):
    truth = traffic(addr="127.0.0.1", listen="::", bytes=1000)
    assert truth.server.laddr == "::ffff:127.0.0.1"
    client, server = assert_both_exact(each_life, truth, source=source)
    assert (client["family"], server["family"]) == (4, 4)


def test_more_than_4_gib_wraps_the_sequence_numbers(each_life, source):
    truth = traffic(bytes=9_000_000_001, reply=4_300_000_000, read="trunc")
    assert_both_exact(each_life, truth, source=source)


@pytest.mark.parametrize("close", ["client", "server", "exit", "unread", "half"])
def test_every_way_to_close(each_life, source, close):
    truth = traffic(bytes=54_321, reply=12_345, close=close)
    assert_both_exact(each_life, truth, source=source)


def test_reset_by_linger(life):
    assert_both_exact(life, traffic(bytes=54_321, reply=12_345, close="reset"))


def test_reset_counts_what_was_taken_over_but_never_delivered(life):
    truth = traffic("partial", bytes=10**9, close="stalled")
    assert truth.client.tx_bytes > truth.server.rx_bytes > 0, "everything was delivered"
    assert_both_exact(life, truth)


def test_flows_of_a_hundred_microseconds(life, netns):
    flows = churn_listed("127.0.0.1", 300, netns=netns)
    assert min(flow["max_us"] for flow in flows) < 1000, "no flow was short"

    ends = {(flow["lport"], flow["rport"]) for flow in flows}
    ends |= {(rport, lport) for lport, rport in ends}

    def all_rows(_):
        rows = [row for row in life.rows() if row["netns"] == netns.inode
                and (row["lport"], row["rport"]) in ends]
        return rows if len(rows) >= 600 else None

    seen = life.wait_for(all_rows, "600 rows")
    rows = {(row["lport"], row["rport"]): row for row in seen}
    assert len(rows) == len(seen) == 600
    for flow in flows:
        client = rows[flow["lport"], flow["rport"]]
        server = rows[flow["rport"], flow["lport"]]
        assert (client["tx_bytes"], client["rx_bytes"]) == (flow["tx_bytes"], 0)
        assert (server["tx_bytes"], server["rx_bytes"]) == (0, flow["tx_bytes"])
        assert flow["min_us"] <= client["duration_us"] <= flow["max_us"]
        assert server["duration_us"] <= flow["max_us"]


def test_fast_open_data_in_the_syn(sight, netns, source):
    netns.sysctl("net.ipv4.tcp_fastopen", 3)
    life = sight("life", "--json", *source.options)
    traffic(fastopen=True, bytes=10, netns=netns)
    truth = traffic(fastopen=True, bytes=700, reply=33, netns=netns)
    assert truth.client.syn_data, "the second connection did not use the cookie of the first"
    assert_both_exact(life, truth, netns.inode, source)


def test_flow_that_was_open_before_counts_in_whole(sight, source):
    with Traffic(hold=True, rounds=2, bytes=1_000_003, reply=77) as flow:
        flow.go()
        tool = sight("life", "--json", *source.options)
        flow.go()
        truth = flow.finish()
        assert truth.client.tx_bytes == 2 * 1_000_003
        client, server = assert_both_exact(tool, truth, source=source)
    assert client["handshake_us"] is None and server["handshake_us"] is None
    summary = tool.stop().summary
    assert summary["adopted"] >= 2


def test_retransmitted_bytes_count_once(sight, new_netns, source):
    near, far = new_netns(), new_netns()
    link = Link(near, far)
    life = sight("life", "--json", *source.options)
    with Traffic(netns=near, server_netns=far.path, addr=link.far_address, hold=True, rounds=2,
                 bytes=100_000, reply=50_000) as flow:
        flow.go()
        link.cut()
        flow.tell()
        wait_until(lambda: "retrans:" in near.run("ss", "-Htin"), "retransmission")
        link.mend()
        flow.hear()
        truth = flow.finish()
    assert truth.client.retrans and truth.client.bytes_retrans, "nothing was retransmitted"
    client, server = assert_both_exact(life, truth, source=source)
    assert (client["netns"], server["netns"]) == (near.inode, far.inode)
    for row, side in (client, truth.client), (server, truth.server):
        assert (row["retrans"], row["bytes_retrans"]) == (side.retrans, side.bytes_retrans)


def test_times_are_what_the_client_measured(life):
    with Traffic(hold=True, bytes=1000, close="server") as flow:
        time.sleep(0.2)
        truth = flow.finish()
    client, server = assert_both_exact(life, truth)
    assert truth.client.min_us > 200_000
    assert truth.client.min_us <= client["duration_us"] <= truth.elapsed_us
    assert server["duration_us"] <= truth.elapsed_us
    assert 0 < client["handshake_us"] <= truth.client.connect_us
    assert 0 < client["min_rtt_us"] <= truth.client.min_rtt_us
    assert client["min_rtt_us"] <= client["srtt_us"]
