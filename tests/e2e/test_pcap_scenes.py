# SPDX-License-Identifier: BSD-2-Clause
"""Every scene over IPv4 and IPv6, as it is and in networks, as pcap and as pcapng, from each side."""

import collections

import pytest
import tunnels
from capture import Wire, convert, write
from scenes import close, scenes, seen, talk
from sight import run
from test_pcap_file import life
from test_pcap_tunnels import handshakes, wrapped

pytestmark = pytest.mark.usefixtures("built")
V6 = {"client": "2001:db8::1", "server": "2001:db8::2"}


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
@pytest.mark.parametrize("way", [None, "vlan", "qinq", "vxlan"])
@pytest.mark.parametrize("ends", [{}, V6], ids=["ipv4", "ipv6"])
def test_scenes(tmp_path, ends, way, form):
    made = scenes(**ends)
    for _, _, scene in made.values() if way else ():
        wrapped(scene.wire, tunnels.WAYS[way])
    path = write(tmp_path / "c.pcap", *(scene.wire for _, _, scene in made.values()))
    if form == "pcapng":
        path = convert(path, "-F", "pcapng")
    outcome = life(path)
    rows = collections.defaultdict(list)
    for row in outcome.rows:
        rows[row["lport"]].append(row)
    attempts = 0
    for port, (name, a, scene) in made.items():
        attempts += name == "foreign_syn" and a == 0
        assert [seen(row) for row in rows.pop(port)][0] == scene.row(), (name, a)
    # The attempt of a server is one from its port.
    assert set(rows) == {80}
    summary = outcome.summary
    assert summary["lost"] == summary["undecoded"] == 0
    assert len(outcome.rows) == summary["closed"] + summary["live"]


def test_scenes_seen_by_the_server(tmp_path):
    """Which has sent what the client received, and received what the client sent."""
    made = scenes()
    path = write(tmp_path / "c.pcap", *(scene.wire for _, _, scene in made.values()))
    ends = {"reset_sent": "reset_received", "reset_received": "reset_sent"}
    rows = {row["rport"]: row for row in life(path, "--local", "10.0.0.2", "port 80").rows
            if row["lport"] == 80 and row["role"] != "connect"}
    for port, (name, a, scene) in made.items():
        _, _, end = scene.row()
        assert seen(rows[port]) == (scene.sent[1], scene.received[0], ends.get(end, end)), (name, a)


def test_top_counts_the_same(tmp_path):
    """All bytes are in some interval."""
    made = scenes()
    path = write(tmp_path / "c.pcap", *(scene.wire for _, _, scene in made.values()))
    total = collections.defaultdict(collections.Counter)
    for row in run("top", "100", "--json", "--read", path).rows:
        total[row["lport"]].update(tx=row["tx_bytes"], rx=row["rx_bytes"])
    for port, (name, a, scene) in made.items():
        sent, received, _ = scene.row()
        if name != "from_the_middle":  # an adopted flow is counted from its first interval on
            assert (total[port]["tx"], total[port]["rx"]) == (sent, received), (name, a)


@pytest.mark.parametrize("ways", [("vlan", "other vlan"), ("qinq", "other qinq"), ("vxlan", "other vxlan"),
                                  (None, "vlan"), ("mpls", "pppoe")], ids=str)
def test_the_same_addresses_in_two_networks_are_two_connections(tmp_path, ways):
    other = {"other vlan": tunnels.below(lambda p: tunnels.Dot1Q(vlan=9) / tunnels.bare(p)),
             "other qinq": tunnels.below(lambda p: tunnels.Dot1AD(vlan=5) / tunnels.Dot1Q(vlan=9) / tunnels.bare(p)),
             "other vxlan": tunnels.udp(4789, lambda p: tunnels.VXLAN(vni=10, flags=8) / p)}
    wires = [Wire(isn=(1000 + k * 70_000_000, 9000 + k * 90_000_000)) for k in (0, 1)]
    for k, wire in enumerate(wires):
        wire.open(k * 0.0005)
        for round_ in range(2):
            talk(wire, 0.1 + round_ + k * 0.0005, 0, 100 + 100 * k, 1000 + 1000 * k)
        close(wire, 3 + k * 0.0005, 0)
        if ways[k]:
            wrapped(wire, other.get(ways[k]) or tunnels.WAYS[ways[k]])
    path = write(tmp_path / "c.pcap", *wires)
    assert [seen(row) for row in life(path).rows] == [(200, 2000, "fin"), (400, 4000, "fin")]
    assert [row["outcome"] for row in handshakes(path)] == ["established"] * 2
