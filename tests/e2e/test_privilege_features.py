# SPDX-License-Identifier: BSD-2-Clause
"""Each row of the manual's table of capabilities: an ordinary user with them has the feature, without
them it is told what is missing; and while the program runs, all but what is named is gone."""

import csv
import ctypes
import os
import re
import socket
import subprocess

import pytest
from flows import Traffic, traffic
from netns import Netns
from sight import Tcpsight, open_to_all, run, tuple_of
from test_stat import FAULTS

NUMBERS = {"CAP_DAC_READ_SEARCH": 2, "CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13, "CAP_SYS_PTRACE": 19,
           "CAP_SYS_ADMIN": 21, "CAP_SYSLOG": 34, "CAP_PERFMON": 38, "CAP_BPF": 39}
BPF = ["CAP_BPF", "CAP_PERFMON"]
LIBC = ctypes.CDLL(None)


def nobody_with(capabilities, netns=None):
    """Debian 12's setpriv knows the newer ones by number only."""
    words = "".join(f",+cap_{NUMBERS[name]}" for name in capabilities)
    enter = ["nsenter", f"--net={netns.path}"] if netns else []
    return [*enter, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            f"--inh-caps=-all{words}", f"--ambient-caps=-all{words}"]


def assert_only(pid, kept):
    """Nothing is permitted, effective, inheritable or ambient but what is named."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        masks = dict(re.findall(r"^(Cap\w+|NoNewPrivs|Uid):\s*(\S+)", status.read(), re.M))
    mask = sum(1 << NUMBERS[name] for name in kept)
    assert (int(masks["CapPrm"], 16), int(masks["CapEff"], 16)) == (mask, mask)
    assert (int(masks["CapInh"], 16), int(masks["CapAmb"], 16)) == (0, 0)
    assert (masks["NoNewPrivs"], masks["Uid"]) == ("1", "65534")


def sums_of_stat(netns, given):
    """What `stat` counts of connections on loopback, and what it complains of."""
    words = ["stat", "--csv", "--netns", netns.inode]
    with Tcpsight(*words, wrap=nobody_with(given, netns)) as tool:
        assert_only(tool.pid, ["CAP_BPF"])
        netns.run(*FAULTS, "plain", "127.0.0.1")
        outcome = tool.stop()
    sums = {}
    for row in csv.DictReader(outcome.lines):
        for key, value in row.items():
            if value.isdigit():
                sums[key] = sums.get(key, 0) + int(value)
    return sums, outcome.stderr


def test_bpf_and_perfmon_buy_the_messages_of_stat(privileged, netns):
    sums, _ = sums_of_stat(netns, BPF)
    assert sums["messages_sent"] == 20 * 4
    assert sums["active_opens"] == 20


def test_net_admin_buys_the_packets_of_stat(privileged, netns):
    sums, errors = sums_of_stat(netns, BPF)
    assert "in_receives" not in sums
    assert "no in_receives and out_requests: no privilege: CAP_NET_ADMIN is missing" in errors
    sums, errors = sums_of_stat(netns, [*BPF, "CAP_NET_ADMIN"])
    assert sums["in_receives"] == sums["out_requests"] > 20 * 8
    assert "in_receives" not in errors


def test_what_only_the_verifier_refuses_is_done_without_and_the_rest_is_as_it_was(privileged):
    """All at once is refused for one program: the way below it is taken, and of everything else the best."""
    words = ["peek", "--source", "bpf", "--duration", "1", "--verbose"]
    ways = {}
    for given in BPF, [*BPF, "CAP_NET_ADMIN"]:
        outcome = run(*words, wrap=nobody_with(given))
        assert outcome.status == 0, outcome.stderr
        ways[len(given)] = dict(re.findall(r"debug: (\w+): (\w+) \(", outcome.stderr))
        assert ("is tried alone" in outcome.stderr) == (given == BPF)
        assert ("CAP_NET_ADMIN" in outcome.stderr) == (given == BPF)
    assert (ways[2].pop("requests"), ways[3].pop("requests")) == ("tracepoint", "sockops")
    # SOCK_DESTROY takes it too.
    assert ways[2].pop("close") == "none" and ways[3].pop("close")
    assert ways[2] == ways[3] and len(ways[2]) > 8


def addresses_are_shown(given):
    """Does the kernel show the addresses of its functions to such a user?"""
    done = subprocess.run([*nobody_with(given), "grep", "-m1", " tcp_delack_timer$", "/proc/kallsyms"],
                          check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0], 16) != 0


def test_syslog_buys_the_delayed_acks_of_stat(privileged, netns):
    words = "no delayed_acks: /proc/kallsyms hides"
    assert addresses_are_shown([*BPF, "CAP_SYSLOG"])
    _, errors = sums_of_stat(netns, [*BPF, "CAP_SYSLOG"])
    assert words not in errors
    _, errors = sums_of_stat(netns, BPF)
    assert (words in errors) == (not addresses_are_shown(BPF))
    assert ("CAP_SYSLOG" in errors) == (not addresses_are_shown(BPF))


def test_net_raw_buys_packets(privileged, netns, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    os.chmod(folder, 0o777)
    words = ["peek", "-i", "lo", "-U", folder / "socket"]
    refused = run(*words, wrap=nobody_with([], netns))
    assert refused.status != 0
    assert "CAP_NET_RAW" in refused.stderr or "permission" in refused.stderr
    open_to_all(tmp_path)
    with Tcpsight(*words, wrap=nobody_with(["CAP_NET_RAW"], netns)) as tool:
        assert_only(tool.pid, [])
        side = traffic(netns=netns, bytes=1).client
        tool.wait_for(lambda _: any(f":{side.lport} " in line and "success" in line
                                    for line in tool.errors), "a handshake")


def held(netns=None):
    return Traffic(hold=True, rounds=2, bytes=1000, reply=10, netns=netns)


@pytest.mark.parametrize("given", [[], ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"]])
def test_ptrace_and_search_buy_owners_of_netlink(privileged, given):
    """The flow is root's; it was there before."""
    with held() as flow:
        flow.go()
        with Tcpsight("top", "--json", 3600, "--source", "netlink", wrap=nobody_with(given)) as tool:
            assert_only(tool.pid, given)
            truth = flow.go()
            outcome = tool.stop()
    rows = {tuple_of(row): row for row in outcome.rows}
    owner = truth.client.pid if given else None
    assert rows[truth.client.tuple]["pid"] == owner
    assert rows[truth.client.tuple]["tx_bytes"] == 1000
    assert ("may not be looked into" in outcome.stderr) == (not given)


@pytest.mark.parametrize("given", [[], ["CAP_SYS_ADMIN"]])
def test_sys_admin_buys_other_namespaces_of_netlink(privileged, given):
    other = Netns()
    try:
        with held(other) as flow:
            flow.go()
            with Tcpsight("top", "--json", 3600, "--source", "netlink", wrap=nobody_with(given)) as tool:
                assert_only(tool.pid, [])
                truth = flow.go()
                rows = {(row["netns"], tuple_of(row)) for row in tool.stop().rows}
    finally:
        other.remove()
    assert ((other.inode, truth.client.tuple) in rows) == bool(given)


def rooms_of(pid):
    """Receive buffers of a process's netlink sockets, asked through copies of its descriptors."""
    rooms = []
    target = os.pidfd_open(pid)
    for fd in os.listdir(f"/proc/{pid}/fd"):
        # pidfd_getfd(2), which Python has not.
        copy = LIBC.syscall(438, target, int(fd), 0)
        if copy < 0:
            continue
        try:
            sock = socket.socket(fileno=copy)
            if sock.family == socket.AF_NETLINK:
                rooms.append(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
            sock.close()
        except OSError:
            os.close(copy)
    os.close(target)
    return rooms


def test_net_admin_buys_room_for_notices(privileged):
    """The kernel doubles what is asked for; without the capability net.core.rmem_max is the limit."""
    with open("/proc/sys/net/core/rmem_max", encoding="ascii") as limit:
        most = 2 * int(limit.read())
    asked_kib = most // 1024
    found = {}
    for given in (), ("CAP_NET_ADMIN",):
        with Tcpsight("life", "--source", "netlink", "--ring", asked_kib, wrap=nobody_with(given)) as tool:
            found[given] = max(rooms_of(tool.pid))
    assert found[()] <= most
    assert found["CAP_NET_ADMIN",] == 2 * asked_kib * 1024


def test_root_becomes_nobody_and_keeps_what_the_source_needs(sight):
    for source, kept in ("bpf", ["CAP_BPF"]), ("netlink", ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"]):
        tool = sight("life", "--source", source)
        assert_only(tool.pid, kept)
        with open(f"/proc/{tool.pid}/status", encoding="ascii") as status:
            assert re.search(r"^Groups:\s*$", status.read(), re.M)
