# SPDX-License-Identifier: BSD-2-Clause
"""The time of a handshake is that of the handshake, or it is not known: a SYN cookie remembers none."""

import socket
import time

import pytest
from flows import Side

COUNT = 8


@pytest.fixture
def life(sight, netns):
    return sight("life", "--json", "-o", "laddr,lport,raddr,rport,netns,role,handshake_us,srtt_us,min_rtt_us",
                 "--netns", netns.name)


def listen(netns, address, reuse_port):
    with netns.inside():
        v6 = ":" in address
        return socket.create_server((address, 0), family=socket.AF_INET6 if v6 else socket.AF_INET,
                                    dualstack_ipv6=v6, reuse_port=reuse_port, backlog=64)


def talk(netns, listener, address):
    """One connection; returns both its ends, and how long connect() took."""
    with netns.inside():
        client = socket.socket(listener.family)
    with client:
        begin = time.monotonic()
        client.connect((address, listener.getsockname()[1]))
        took_us = (time.monotonic() - begin) * 1e6
        accepted, _ = listener.accept()
        with accepted:
            client.send(b"x" * 700)
            accepted.recv(700)
            (laddr, lport), (raddr, rport) = client.getsockname()[:2], client.getpeername()[:2]
            ends = [Side({"laddr": laddr, "lport": lport, "raddr": raddr, "rport": rport}),
                    Side({"laddr": raddr, "lport": rport, "raddr": laddr, "rport": lport})]
            client.close()
            accepted.recv(1)
    return *ends, took_us


@pytest.mark.parametrize("reuse_port", [False, True], ids=["alone", "reuseport"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_after_a_syn_cookie_it_is_not_known(life, netns, address, reuse_port):
    netns.sysctl("net.ipv4.tcp_syncookies", 2)
    with listen(netns, "::" if ":" in address else address, reuse_port) as listener:
        for _ in range(COUNT):
            client, server, took_us = talk(netns, listener, address)
            assert 0 < life.wait_row(client)["handshake_us"] <= took_us
            row = life.wait_row(server)
            assert row["role"] == "accept" and row["handshake_us"] is None, row
            # Its round-trip time is the kernel's own, and as wrong as in ss.
            assert row["srtt_us"], row
        assert netns.mib()["TcpExtSyncookiesRecv"] == COUNT


@pytest.mark.parametrize("reuse_port", [False, True], ids=["alone", "reuseport"])
def test_of_the_others_of_the_same_listener_it_is(life, netns, reuse_port):
    netns.sysctl("net.ipv4.tcp_syncookies", 2)
    with listen(netns, "127.0.0.1", reuse_port) as listener:
        _, server, _ = talk(netns, listener, "127.0.0.1")
        assert life.wait_row(server)["handshake_us"] is None
        netns.sysctl("net.ipv4.tcp_syncookies", 1)
        for _ in range(COUNT):
            client, server, took_us = talk(netns, listener, "127.0.0.1")
            handshake_us = life.wait_row(server)["handshake_us"]
            # One in a thousand is a whole number of milliseconds.
            assert handshake_us is None or 0 < handshake_us <= took_us + 5000
            assert life.wait_row(client)["handshake_us"] <= took_us
        assert netns.mib()["TcpExtSyncookiesRecv"] == 1


def test_without_time_stamps_a_cookie_has_no_first_round_trip(life, netns):
    netns.sysctl("net.ipv4.tcp_syncookies", 2)
    netns.sysctl("net.ipv4.tcp_timestamps", 0)
    with listen(netns, "127.0.0.1", False) as listener:
        _, server, _ = talk(netns, listener, "127.0.0.1")
        assert life.wait_row(server)["handshake_us"] is None
