# SPDX-License-Identifier: BSD-2-Clause
"""Flows of different network namespaces are kept apart, whatever their addresses."""

from flows import Traffic, traffic
from netns import Link

SAME = {"addr": "127.0.0.1", "port": 5001, "lport": 40001}


def test_same_tuple_in_two_namespaces_one_after_the_other(sight, new_netns, source):
    one, two = new_netns(), new_netns()
    life = sight("life", "--json", *source.options)
    first = traffic(netns=one, bytes=1111, reply=11, **SAME)
    second = traffic(netns=two, bytes=2222, reply=22, **SAME)
    assert first.client.tuple == second.client.tuple
    for netns, truth in (one, first), (two, second):
        for side in truth.client, truth.server:
            row = life.wait_row(side, netns.inode)
            said, wanted = source.bytes_of(row, side, truth.first)
            assert said == wanted
            assert row["pid"] == side.pid or not source.knows_short


def test_same_tuple_in_two_namespaces_at_once(sight, new_netns, source):
    spaces = {netns.inode: (netns, size) for netns, size in zip([new_netns(), new_netns()],
                                                                [30_000, 50_000])}
    tool = sight("top", "--json", *source.options, 3600)
    with Traffic(netns=spaces[min(spaces)][0], hold=True, bytes=spaces[min(spaces)][1],
                 **SAME) as low, \
         Traffic(netns=spaces[max(spaces)][0], hold=True, bytes=spaces[max(spaces)][1],
                 **SAME) as high:
        truths = {min(spaces): low.go(), max(spaces): high.go()}
        rows = [row for row in tool.stop().rows if row["netns"] in spaces]
    seen = {(row["netns"], row["role"]): row for row in rows}
    assert len(rows) == len(seen) == 4
    for inode, truth in truths.items():
        client, server = seen[inode, "connect"], seen[inode, "accept"]
        assert (client["tx_bytes"], server["rx_bytes"]) == (spaces[inode][1],) * 2
        assert (client["pid"], server["pid"]) == (truth.client.pid, truth.server.pid)


def test_flow_between_two_namespaces(sight, new_netns, source):
    near, far = new_netns(), new_netns()
    link = Link(near, far)
    life = sight("life", "--json", *source.options)
    truth = traffic(netns=near, server_netns=far.path, addr=link.far_address, bytes=99_999)
    assert life.wait_row(truth.client)["netns"] == near.inode
    assert life.wait_row(truth.server)["netns"] == far.inode
