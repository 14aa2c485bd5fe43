# SPDX-License-Identifier: BSD-2-Clause
"""`subnet`: the intervals of a subnet add up to what was sent to it, whichever way."""

import collections
import csv
import json
import signal

import pytest
from flows import Traffic, churn_listed, traffic, wait_until

LIST = "127.1.0.0/16,127.0.0.0/8,::1/128"


def sums(lines):
    """Of -J: bytes by subnet, over all intervals."""
    total = collections.Counter()
    for line in lines:
        total.update(json.loads(line)["entries"])
    return total


@pytest.fixture
def subnet(sight, netns, source):
    """Starts `subnet -J` for the namespace of the test; stop() and sum with sums()."""
    return lambda *args: sight("subnet", "-J", *source.options, "--netns", netns.name, *args)


@pytest.mark.parametrize("way", ["send", "writev", "sendfile", "splice", "zerocopy", "partial"])
def test_every_way_to_send_counts_what_was_taken(subnet, netns, way):
    tool = subnet(LIST)
    truth = traffic(way, netns=netns, addr="127.1.2.3", bytes=734_567, reply=54_321)
    assert truth.client.raddr == "127.1.2.3" and truth.server.raddr != "127.1.2.3"
    total = sums(tool.stop().lines)
    # The client sends to 127.1.2.3; the server to where the client has bound itself.
    assert total["127.1.0.0/16"] + total["127.0.0.0/8"] == 734_567 + 54_321
    assert total["127.1.0.0/16"] >= 734_567
    if way == "partial":
        assert truth.client.would_block, "nothing was partial"


def test_ipv4_on_ipv6_sockets_is_ipv4(subnet, netns):
    tool = subnet("0.0.0.0/0,::/0")
    truth = traffic(netns=netns, addr="::ffff:127.0.0.1", bytes=1234, reply=5)
    assert ":" in truth.client.raddr
    assert sums(tool.stop().lines) == {"0.0.0.0/0": 1239}


def test_ipv6(subnet, netns):
    tool = subnet(LIST)
    traffic(netns=netns, addr="::1", bytes=1234, reply=5)
    assert sums(tool.stop().lines) == {"::1/128": 1239}


def test_short_flows_between_two_intervals_are_in(subnet, netns):
    tool = subnet("127.0.0.0/8")
    flows = churn_listed("127.0.0.1", 300, netns=netns)
    lines = tool.stop().lines
    assert sums(lines) == {"127.0.0.0/8": sum(flow["tx_bytes"] for flow in flows)}


def test_intervals_add_up(subnet, netns):
    tool = subnet("127.0.0.0/8")
    with Traffic(netns=netns, hold=True, rounds=3, bytes=100_003, reply=7) as flow:
        for number in range(1, 4):
            flow.go()
            wait_until(lambda n=number: sums(tool.lines).total() >= n * 100_010, "row of the round")
        flow.finish()
    outcome = tool.stop()
    assert sum(bool(json.loads(line)["entries"]) for line in outcome.lines) >= 3
    assert sums(outcome.lines) == {"127.0.0.0/8": 3 * 100_010}


def test_bytes_before_the_start_count_nowhere(subnet, netns):
    with Traffic(netns=netns, hold=True, rounds=2, bytes=5000) as flow:
        flow.go()
        tool = subnet("127.0.0.0/8")
        flow.go()
        flow.finish()
    assert sums(tool.stop().lines) == {"127.0.0.0/8": 5000}


def test_directions_and_sides(sight, netns, source):
    """What one end sends, the other receives; by local address both ends are in one subnet each."""
    options = *source.options, "--netns", netns.name, "--csv", "-o", "subnet,tx_bytes,rx_bytes,flows"
    tools = [sight("subnet", *options, "--direction", "both", "--by", side, "0.0.0.0/0")
             for side in ("remote", "local")]
    traffic(netns=netns, bytes=900, reply=77)
    for tool in tools:
        rows = list(csv.DictReader(tool.stop().lines))
        assert sum(int(row["tx_bytes"]) for row in rows) == 977
        short = 977 - sum(int(row["rx_bytes"]) for row in rows)
        assert 0 <= short <= source.may_lack_a_byte
        assert {row["subnet"] for row in rows} == {"0.0.0.0/0"}


def test_hundred_thousand_prefixes_from_a_file(sight, netns, tmp_path):
    path = tmp_path / "nets"
    lines = [f"11.{a}.{b}.0/24" for a in range(256) for b in range(256)]
    lines += [f"12.{a}.{b}.0/25" for a in range(135) for b in range(256)]
    path.write_text("\n".join(lines) + "\n127.0.0.0/8 home\n")
    assert len(lines) > 100_000
    tool = sight("subnet", "-J", "--netns", netns.name, "--subnets", path)
    traffic(netns=netns, bytes=42)
    assert sums(tool.stop().lines) == {"home": 42}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_prints_the_partial_interval(subnet, netns, number):
    tool = subnet("-i", "3600", "127.0.0.0/8")
    traffic(netns=netns, bytes=42)
    outcome = tool.stop(number)
    assert outcome.status == 0
    assert sums(outcome.lines) == {"127.0.0.0/8": 42}
