# SPDX-License-Identifier: BSD-2-Clause
"""`peek` on an interface while a SYN flood comes in, from addresses that nobody has."""

import json

import pytest
from flows import Actor, Side, actor, program, traffic, wait_until
from netns import Link
from sight import Tcpsight

FLOOD, PER_SEC = 300_000, 100_000
MAX_PENDING = 4000
MAC = "02:00:00:77:00:02"  # of the far end
BLACK_HOLE = 5002  # nobody answers at this port
# At this limit the flood takes some 1 MB; with room for all of it, 73 MB.
MEMORY_KIB = 8 * 1024


# It keeps both CPUs busy.
pytestmark = pytest.mark.alone


@pytest.fixture
def link(new_netns):
    return Link(new_netns(), new_netns())


def peak_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def received(netns):
    """Packets that reached the interface, as the kernel counts them."""
    (interface,) = json.loads(netns.run("ip", "-s", "-j", "link", "show", "wire"))
    return interface["stats64"]["rx"]["packets"]


def refused(link):
    with actor("try_connect", link.far_address, 5001, 3000, netns=link.near) as trying:
        side = Side(trying.hear()["client"])
        return side, trying.hear()["error"]


def attempts_until_over(flood, link, good, bad):
    """Handshakes that succeed and that are refused, as long as the flood lasts."""
    while flood.process.poll() is None:
        good.append(traffic(netns=link.near, server_netns=link.far.path,
                            addr=link.far_address).client)
        side, error = refused(link)
        assert error == "ECONNREFUSED"
        bad.append(side)


@pytest.fixture
def tool(link, tmp_path, privileged):
    with Tcpsight("peek", "-i", "wire", "-U", tmp_path / "socket", "--json", "-B", 32, "-t", 3,
                  "--max-pending", MAX_PENDING, wrap=["nsenter", f"--net={link.far.path}"]) as tool:
        yield tool


def test_a_flood_takes_no_memory_and_hides_no_handshake(link, tool):
    link.far.run("nft", "add table inet t; add chain inet t c { type filter hook input priority 0; };"
                        f"add rule inet t c tcp dport {BLACK_HOLE} drop")
    with actor("abandon_connect", link.far_address, BLACK_HOLE, netns=link.near) as waiting:
        unanswered = Side(waiting.hear()["client"])
        # That its SYN is sent again tells it from the flood.
        wait_until(lambda: link.near.counted("TcpRetransSegs"), "SYN that is sent again")
        memory_kib, packets = peak_kib(tool.pid), received(link.far)
        good, bad, sent = [], [], 0
        while len(good) < 5:
            with Actor(program("synflood"), "wire", MAC, link.far_address, BLACK_HOLE, FLOOD, PER_SEC,
                       netns=link.near) as flood:
                attempts_until_over(flood, link, good, bad)
                sent += flood.hear()["sent"]
        packets = received(link.far) - packets
        waiting.go()
    unanswered_row = f'"client_port":{unanswered.lport},', f'"server_port":{BLACK_HOLE},', link.near_address
    tool.wait_for(lambda lines: any(all(word in line for word in unanswered_row) for line in lines),
                  "end of what is not answered")
    memory_kib = peak_kib(tool.pid) - memory_kib
    outcome = tool.stop()
    lines = [json.loads(line) for line in outcome.lines]
    # One port of the client may have served for a good one and, later, for one that was refused. The SYN that nobody answers
    # is sent again for as long as the flood lasts: some time after the end of one attempt it begins the next.
    seen = {}
    for row in lines:
        if row.get("client_addr") == link.near_address:
            seen.setdefault((row["client_port"], row["server_port"]), set()).add(row["outcome"])
    summary, dropped = lines[-1], lines[-2]["filters"][-1]["pcap"]["stats"]["drop"]
    real = len(good) + len(bad) + 1
    assert sent % FLOOD == 0 and packets > sent / 2, "there was hardly a flood"

    # Each real one is told; if the kernel dropped packets, they are counted, and no more are missing.
    expected = {(side.lport, side.rport): how for sides, how in (
        (good, "established"), (bad, "rejected"), ([unanswered], "timed_out")) for side in sides}
    missing = {ports for ports, how in expected.items() if how not in seen.get(ports, ())}
    assert len(missing) <= dropped, {ports: (expected[ports], seen.get(ports)) for ports in missing}
    assert summary["missed"] == dropped
    # All others are counted: begun, and of those reported, evicted, or pending at the end.
    assert summary["opened"] + dropped >= packets - 20 * real
    assert summary["opened"] <= sent + 2 * real
    assert summary["opened"] == summary["closed"] + summary["lost"] + summary["live"]
    assert summary["lost"] > sent / 2 - MAX_PENDING
    assert f"lost {summary['lost']} of {summary['opened']} flows" in outcome.stderr
    assert "a larger --max-pending helps" in outcome.stderr
    assert memory_kib < MEMORY_KIB
