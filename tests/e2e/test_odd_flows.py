# SPDX-License-Identifier: BSD-2-Clause
"""Flows that begin or end in unusual ways are exact too. This process holds both ends of most."""

import ctypes
import os
import socket
import struct

from flows import Side, actor, traffic, wait_until


def side_of(sock):
    laddr, lport = sock.getsockname()[:2]
    raddr, rport = sock.getpeername()[:2]
    return Side({"laddr": laddr, "lport": lport, "raddr": raddr, "rport": rport})


def mirrored(side):
    return Side({"laddr": side.raddr, "lport": side.rport, "raddr": side.laddr,
                 "rport": side.lport})


def pair():
    """A listener, and both ends of a connection to it."""
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    return listener, client, listener.accept()[0]


def wait_for_state(side, state):
    """Wait until ss sees this end of a flow in that state."""
    def seen():
        return os.popen(f"ss -Htn state {state} sport = {side.lport} dport = {side.rport}").read()

    wait_until(seen, f"flow in state {state}")


def bytes_of(row):
    return row["tx_bytes"], row["rx_bytes"]


def assert_bytes(source, row, tx_bytes, rx_bytes, closed_first=False):
    side = Side({"tx_bytes": tx_bytes, "rx_bytes": rx_bytes})
    said, wanted = source.bytes_of(row, side, side if closed_first else None)
    assert said == wanted


def test_socket_connected_to_itself(each_life, source):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.connect(sock.getsockname())
        sock.send(b"x" * 1000)
        sock.recv(1000, socket.MSG_WAITALL)
        side = side_of(sock)
    assert_bytes(source, each_life.wait_row(side), 1000, 1000, closed_first=True)


def test_socket_connected_anew_is_a_new_flow(life):
    listener = socket.create_server(("127.0.0.1", 0))
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket() as sock:
        ends = []
        for size in 1000, 30:
            sock.connect(listener.getsockname())
            server = listener.accept()[0]
            sock.send(b"x" * size)
            server.recv(size, socket.MSG_WAITALL)
            ends.append((side_of(sock), size))
            # connect() to AF_UNSPEC takes the socket apart.
            assert libc.connect(sock.fileno(), struct.pack("H14x", socket.AF_UNSPEC), 16) == 0
            server.close()
    listener.close()
    for side, size in ends:
        assert bytes_of(life.wait_row(side)) == (size, 0)
        assert bytes_of(life.wait_row(mirrored(side))) == (0, size)


def test_urgent_byte_counts_like_any_other(each_life, source):
    listener, client, server = pair()
    client.send(b"x" * 100)
    client.send(b"!", socket.MSG_OOB)
    server.recv(100, socket.MSG_WAITALL)
    side = side_of(client)
    client.close()
    wait_for_state(mirrored(side), "close-wait")
    server.close()
    listener.close()
    assert bytes_of(each_life.wait_row(side)) == (101, 0)
    row = each_life.wait_row(mirrored(side))
    assert bytes_of(row) in source.cut_behind_fin(0, 101)


def test_data_left_unread_behind_the_peers_fin(each_life, source):
    listener, client, server = pair()
    client.send(b"x" * 5000)
    side = side_of(client)
    client.close()
    wait_for_state(mirrored(side), "close-wait")
    server.close()
    listener.close()
    assert bytes_of(each_life.wait_row(side)) == (5000, 0)
    row = each_life.wait_row(mirrored(side))
    assert bytes_of(row) in source.cut_behind_fin(0, 5000)
    assert row["end_reason"] == source.end("reset_sent")


def test_data_that_arrives_after_the_client_closed(each_life, source):
    """The client is gone, and answers with a reset: its own flow had ended before."""
    listener, client, server = pair()
    side = side_of(client)
    client.close()
    server.send(b"x" * 700)
    wait_until(lambda: server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "reset")
    server.close()
    listener.close()
    assert bytes_of(each_life.wait_row(side)) == (0, 0)
    row = each_life.wait_row(mirrored(side))
    assert bytes_of(row) == (700, 0)
    assert row["end_reason"] == source.end("reset_received")


def test_connection_that_nobody_accepted(life):
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    client.send(b"x" * 250)
    side = side_of(client)
    listener.close()
    wait_until(lambda: client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "reset")
    client.close()
    row = life.wait_row(mirrored(side))
    assert bytes_of(row) == (0, 250)
    assert (row["pid"], row["role"], row["end_reason"]) == (os.getpid(), "accept", "reset_sent")
    assert life.wait_row(side)["end_reason"] == "reset_received"


def test_both_ends_shut_down_before_they_close(each_life, source):
    listener, client, server = pair()
    client.send(b"x" * 10)
    server.send(b"x" * 20)
    side = side_of(client)
    client.shutdown(socket.SHUT_WR)
    server.shutdown(socket.SHUT_WR)
    server.recv(10, socket.MSG_WAITALL)
    client.recv(20, socket.MSG_WAITALL)
    if not source.waits_for_close:
        each_life.wait_row(side)
        each_life.wait_row(mirrored(side))
    for sock in listener, client, server:
        sock.close()
    rows = each_life.wait_row(side), each_life.wait_row(mirrored(side))
    assert [bytes_of(row) for row in rows] == [(10, 20), (20, 10)]
    assert {row["end_reason"] for row in rows} == {"fin"}


def test_corked_data_goes_with_the_close(each_life):
    listener, client, server = pair()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    client.send(b"x" * 33)
    side = side_of(client)
    client.close()
    assert len(server.recv(100, socket.MSG_WAITALL)) == 33
    server.close()
    listener.close()
    assert bytes_of(each_life.wait_row(side)) == (33, 0)


def test_handshake_by_syn_cookie(sight, netns, source):
    netns.sysctl("net.ipv4.tcp_syncookies", 2)
    life = sight("life", "--json", *source.options)
    truth = traffic(netns=netns, bytes=12_345, reply=54)
    assert int(netns.run("nstat", "-as", "TcpExtSyncookiesRecv").split()[-2]) == 1
    for side in truth.client, truth.server:
        row = life.wait_row(side, netns.inode)
        said, wanted = source.bytes_of(row, side, truth.first)
        assert said == wanted
        assert row["pid"] == side.pid or not source.knows_short


def test_connect_put_off_until_the_first_send(sight, netns, source):
    """TCP_FASTOPEN_CONNECT: connect() returns at once, the SYN carries the first data."""
    netns.sysctl("net.ipv4.tcp_fastopen", 3)
    life = sight("life", "--json", *source.options)
    with actor("deferred_connect", netns=netns) as flow:
        facts = flow.hear()
        assert facts["syn_data"], "the SYN carried no data"
        client, server = Side(facts["client"]), Side(facts["server"])
        flow.end()
    assert bytes_of(life.wait_row(client, netns.inode)) == (150, 0)
    assert bytes_of(life.wait_row(server, netns.inode)) == (0, 150)
    assert life.wait_row(client, netns.inode)["pid"] == client.pid or not source.knows_short
