# SPDX-License-Identifier: BSD-2-Clause
"""The filter in the kernel, under `peek` on interfaces: it keeps data back, and changes no row."""

import re
import subprocess

import pytest
from flows import actor, traffic
from netns import Link
from rungs import PORT, assert_equal_rows, attempt
from sight import PROGRAM, Tcpsight


@pytest.fixture
def link(new_netns):
    link = Link(new_netns(), new_netns())
    # No acknowledgement waits, no packet is two: each scene is the same for all rungs anyway.
    for end in (link.near, link.far):
        end.sysctl("net.ipv4.tcp_syn_retries", 2)
    return link


def drop(netns, rule):
    netns.run("nft", f"add table inet t; add chain inet t o {{ type filter hook output priority 0; }};"
                     f"add rule inet t o {rule}")


def mend(netns):
    netns.run("nft", "delete table inet t")


def talk(link, **options):
    return traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address,
                   **options).client.lport


def scenes(link):
    """What goes well and what fails, one after the other: yields (client's port, outcome)."""
    yield talk(link, bytes=3_000_000, reply=2_000_000), "established"
    yield attempt(link)[0].lport, "rejected"
    # The first SYN, and then the first SYN/ACK, does not reach the wire.
    drop(link.near, "tcp flags & (syn|ack) == syn quota until 70 bytes drop")
    yield talk(link, bytes=100_000), "established"
    mend(link.near)
    drop(link.far, "tcp flags & (syn|ack) == (syn|ack) quota until 70 bytes drop")
    yield talk(link, bytes=100_000), "established"
    mend(link.far)
    # The ACK is lost.
    drop(link.near, "tcp flags == ack quota until 60 bytes drop")
    yield talk(link, bytes=100_000, reply=100_000), "established"
    mend(link.near)
    link.far.sysctl("net.ipv4.tcp_syncookies", 2)
    yield talk(link, bytes=100_000), "established"
    link.far.run("nft", "add table inet t; add chain inet t i { type filter hook input priority 0; };"
                        "add rule inet t i tcp dport 5002 reject with icmp host-prohibited;"
                        "add rule inet t i tcp dport 5003 drop")
    yield attempt(link, 5002, 4000)[0].lport, "unreachable"
    yield attempt(link, 5003, 4000)[0].lport, "timed_out"
    mend(link.far)


@pytest.mark.parametrize("interface", ["wire", "any"])
def test_rows_are_the_same_with_and_without_a_filter(link, rungs, interface):
    near, far = (rungs(end, interface, "-t", "5") for end in (link.near, link.far)) \
        if interface == "wire" else (rungs(link.near, interface, "-t", "5"), None)
    told = list(scenes(link))
    for tools in filter(None, (near, far)):
        for port, outcome in told:
            tools.wait_for(port, outcome)
        found = tools.stop()
        rows = assert_equal_rows(found)
        assert sorted(row["outcome"] for row in rows) == sorted(outcome for _, outcome in told)
        assert found["ebpf"][1] <= found["classic"][1] < found["all"][1]


def add_vlan(end, below, number, address, protocol="802.1Q"):
    name = f"{below}.{number}"
    try:
        end.ip("link", "add", "link", below, "name", name, "type", "vlan", "proto", protocol,
               "id", number)
    except subprocess.CalledProcessError as error:
        if "Unknown device type" in error.stderr:
            pytest.skip("this kernel has no VLAN devices")
        raise
    end.ip("link", "set", name, "up")
    if address:
        end.ip("addr", "add", address, "dev", name)
    return name


@pytest.mark.parametrize("where", ["parent", "vlan", "any"])
@pytest.mark.parametrize("tags", [1, 2])
def test_vlan_devices_between_namespaces(link, rungs, tags, where):
    """On the device below the packets have a tag, or two, and on `any` each is seen on every device."""
    device = "wire"
    for end, address in ((link.near, "10.78.0.1/24"), (link.far, "10.78.0.2/24")):
        device = "wire"
        if tags == 2:
            device = add_vlan(end, device, 5, None, "802.1ad")
        device = add_vlan(end, device, 7, address)
    for end in (link.near, link.far):
        interface = {"parent": "wire", "vlan": device, "any": "any"}[where]
        tools = rungs(end, interface)
        good = traffic(netns=link.near, server_netns=link.far.path, addr="10.78.0.2",
                       bytes=1_000_000, reply=1_000_000).client.lport
        with actor("try_connect", "10.78.0.2", PORT, 5000, netns=link.near) as trying:
            bad = trying.hear()["client"]["lport"]
            assert trying.hear()["error"] == "ECONNREFUSED"
        tools.wait_for(good, "established")
        tools.wait_for(bad, "rejected")
        found = tools.stop()
        rows = assert_equal_rows(found)
        assert {row["client_port"]: row["outcome"] for row in rows} == {
            good: "established", bad: "rejected"}
        assert len(rows) == 2 and all(row["dup_syn"] + row["dup_syn_ack"] == 0 for row in rows)
        devices = tags + 1 if where == "any" else 1
        assert found["ebpf"][1] <= 5 * devices, "three packets of one, two of the other"


def test_of_a_transfer_and_many_connections_only_handshakes_arrive(link, rungs):
    connections = 50
    tools = rungs(link.far, "wire")
    ports = [talk(link, bytes=20_000_000)]
    ports += [talk(link, bytes=2_000, reply=10_000) for _ in range(connections)]
    for port in ports:
        tools.wait_for(port, "established")
    found = tools.stop()
    assert len(assert_equal_rows(found)) == connections + 1
    handshakes = 3 * (connections + 1)
    assert found["ebpf"][1] == handshakes
    assert handshakes < found["classic"][1] < found["all"][1]


# As far as util-linux of Debian 12 knows CAP_BPF: by number.
@pytest.mark.parametrize("capabilities, rung", [("+net_raw,+cap_39", "ebpf"), ("+net_raw", "classic")])
def test_an_ordinary_user_with_the_capability_has_the_filter(link, capabilities, rung):
    socket = f"/tmp/tcpsight-{link.near.name}.sock"
    with Tcpsight("peek", "-i", "wire", "-U", socket, "--verbose", wrap=[
            "nsenter", f"--net={link.near.path}", "setpriv", "--reuid=65534", "--regid=65534",
            "--clear-groups", f"--inh-caps=-all,{capabilities}",
            f"--ambient-caps=-all,{capabilities}"]) as tool:
        port = talk(link, bytes=1_000_000)
        tool.wait_for(lambda _: any(f":{port} " in line and "success" in line
                                    for line in tool.errors), "line")
        outcome = tool.stop()
    assert f"capture: {rung} " in outcome.stderr
    if rung == "ebpf":
        assert re.search(r"recv +: (\d+)", outcome.stderr)[1] == "3"


@pytest.mark.parametrize("words, why", [
    (["life", "--rung", "capture=ebpf"], "would keep back what is asked for"),
    (["peek", "-c", "1", "--rung", "capture=classic"], "would keep back what is asked for"),
])
def test_a_filter_that_does_not_suit_is_refused(netns, words, why):
    done = subprocess.run(["nsenter", f"--net={netns.path}", PROGRAM, words[0], "-i", "lo", *words[1:]],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and why in done.stderr and not done.stdout


def test_nothing_stays_attached(link, tmp_path, nothing_left_attached_after):
    with nothing_left_attached_after():
        with Tcpsight("peek", "-i", "wire", "-U", tmp_path / "socket",
                      wrap=["nsenter", f"--net={link.near.path}"]) as tool:
            tool.stop(9)
