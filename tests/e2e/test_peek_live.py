# SPDX-License-Identifier: BSD-2-Clause
"""`peek` on interfaces: handshakes that succeed and fail between two network namespaces."""

import contextlib
import json
import re

import pytest
from flows import Side, actor, traffic, wait_until
from netns import Link
from sight import Tcpsight, run
from test_peekstat import ask

LINE = re.compile(r" *(\d+\.\d{3}) \| [\d-]{8} [\d:.]{12} \| +(\S+):(\d+) +(\S+):(\d+) +\| "
                  r"(.{17}) \| +(\d+) +(\d+) $")


@pytest.fixture
def link(new_netns):
    return Link(new_netns(), new_netns())


@contextlib.contextmanager
def peek(netns, tmp_path, *options, interface="wire"):
    with Tcpsight("peek", "-i", interface, "-U", tmp_path / "socket", *options,
                  wrap=["nsenter", f"--net={netns.path}"]) as tool:
        yield tool


def wait_line(tool, port):
    """The line about the handshake of this client's port."""
    def find(_):
        for line in tool.errors:
            found = LINE.fullmatch(line.rstrip("\n"))
            if found and int(found[3]) == port:
                return found
        return None

    return tool.wait_for(find, f"line about port {port}")


def attempt(netns, address, timeout_ms=10_000):
    with actor("try_connect", address, 5001, timeout_ms, netns=netns) as trying:
        side = Side(trying.hear()["client"])
        return side, trying.hear()["error"]


def totals(tool):
    """Name to (success, failure) of the summary."""
    text = tool.stop().stderr.split("SUMMARY")[1]
    return {name: (int(good), int(bad)) for name, good, bad in
            re.findall(r"-\n (\S+)\n   Success: (\d+) .*?   Failure: (\d+) ", text, re.S)}


@pytest.mark.parametrize("interface", ["wire", "any"])
def test_success_and_reject_from_both_ends(link, tmp_path, interface, privileged):
    (tmp_path / "far").mkdir()
    with peek(link.near, tmp_path, "web:TX@10.77.0.0/24:5001", interface=interface) as near, \
            peek(link.far, tmp_path / "far", interface=interface) as far:
        truth = traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address)
        side, error = attempt(link.near, link.far_address)
        assert error == "ECONNREFUSED"
        for tool in (near, far):
            line = wait_line(tool, truth.client.lport)
            assert line[6] == "     success     "
            assert (line[2], line[4], int(line[5])) == (
                link.near_address, link.far_address, truth.client.rport)
            assert wait_line(tool, side.lport)[6] == "failure (reject) "
        assert totals(near) == {"RX": (0, 0), "TX": (1, 1), "web": (0, 1)}
        assert totals(far) == {"RX": (1, 1), "TX": (0, 0)}


def test_no_answer_is_a_timeout(link, tmp_path, privileged):
    link.cut()
    with peek(link.near, tmp_path, "-t", "2") as tool:
        side, error = attempt(link.near, link.far_address, timeout_ms=500)
        assert error == "ETIMEDOUT"
        line = wait_line(tool, side.lport)
        assert line[6] == "failure (timeout)" and 2 <= float(line[1]) < 8


def test_unreachable_is_told_with_icmp(link, tmp_path, privileged):
    link.far.run("nft", "add table inet t; add chain inet t c { type filter hook input priority 0; };"
                        "add rule inet t c tcp dport 5001 reject with icmp admin-prohibited")
    with peek(link.near, tmp_path, "--icmp") as tool:
        side, error = attempt(link.near, link.far_address, timeout_ms=3000)
        assert error == "EHOSTUNREACH"
        assert wait_line(tool, side.lport)[6] == "failure (unreach)"


def test_a_pending_handshake_is_reported_as_pending_before_the_summary(link, tmp_path, privileged):
    link.cut()
    with peek(link.near, tmp_path) as tool:
        with actor("abandon_connect", link.far_address, 5001, netns=link.near) as trying:
            side = Side(trying.hear()["client"])
            wait_until(lambda: json.loads(ask(tmp_path / "socket", b"GET\n"))[-1]["pcap"]["stats"]["recv"],
                       "SYN in the capture")
            stderr = tool.stop().stderr
            trying.go()
    line = next(x for x in stderr.splitlines() if f":{side.lport} " in x)
    assert "|      pending      |" in line
    assert stderr.index(line) < stderr.index("TCPEEK SUMMARY")
    assert "   Pending: 1 session" in stderr and "Success: 1" not in stderr


def test_every_local_address_and_ipv6_count(link, tmp_path, privileged):
    link.far.ip("addr", "add", "10.77.0.9/24", "dev", "wire")
    link.far.add_address("fd00::2/64", "wire")
    link.near.add_address("fd00::1/64", "wire")
    with peek(link.far, tmp_path) as tool:
        for address in ("10.77.0.9", "fd00::2"):
            traffic(netns=link.near, server_netns=link.far.path, addr=address)
        tool.wait_for(lambda _: sum("success" in line for line in tool.errors) >= 2, "two lines")
        assert totals(tool) == {"RX": (2, 0), "TX": (0, 0)}


def test_forwarded_handshakes_are_not_this_host_s_unless_named(new_netns, tmp_path, privileged):
    left, middle, right = new_netns(), new_netns(), new_netns()
    for name, end, net in (("left0", left, 1), ("right0", right, 2)):
        middle.ip("link", "add", name, "type", "veth", "peer", "name", "wire", "netns", end.name)
        middle.ip("addr", "add", f"10.78.{net}.1/24", "dev", name)
        middle.ip("link", "set", name, "up")
        end.ip("addr", "add", f"10.78.{net}.2/24", "dev", "wire")
        end.ip("link", "set", "wire", "up")
        end.ip("route", "add", "default", "via", f"10.78.{net}.1")
    middle.sysctl("net.ipv4.ip_forward", 1)
    (tmp_path / "named").mkdir()
    with peek(middle, tmp_path, interface="any") as plain, \
            peek(middle, tmp_path / "named", "--local", "10.78.2.0/24", interface="any") as named:
        truth = traffic(netns=left, server_netns=right.path, addr="10.78.2.2")
        line = wait_line(named, truth.client.lport)
        assert (line[7], line[8]) == ("0", "0"), "the copy on the second interface is no duplicate"
        assert totals(named) == {"RX": (1, 0), "TX": (0, 0)}
        assert totals(plain) == {"RX": (0, 0), "TX": (0, 0)}


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)


@pytest.mark.parametrize("user,uid", [(None, "65534"), ("daemon", "1"), ("4321", "4321")])
def test_the_user_changes_when_the_capture_is_open(netns, tmp_path, user, uid, privileged):
    with peek(netns, tmp_path, *(["-u", user] if user else []), interface="lo") as tool:
        facts = status_of(tool.pid)
        assert set(facts["Uid"].split()) == {uid}
        assert not int(facts["CapEff"], 16) & ~(1 << 39)
        assert facts["NoNewPrivs"] == "1" and not facts["Groups"].split()
        assert (tmp_path / "socket").stat().st_uid == int(uid)


def test_users_and_interfaces_that_are_not_there(privileged, tmp_path):
    wrong = run("peek", "-i", "lo", "-u", "nosuchuser", "-U", tmp_path / "s")
    assert wrong.status == 1 and "nosuchuser" in wrong.stderr
    wrong = run("peek", "-i", "nosuchdev0", "-U", tmp_path / "s")
    assert wrong.status == 1 and "nosuchdev0" in wrong.stderr


def test_the_first_line_names_the_capture(netns, tmp_path, privileged):
    with peek(netns, tmp_path, "-B", "4", interface="lo") as tool:
        stderr = tool.stop().stderr
    assert stderr.startswith("listening on lo, link-type EN10MB (Ethernet), capture size 256 bytes,"
                             " buffer size 4 MB\n")
