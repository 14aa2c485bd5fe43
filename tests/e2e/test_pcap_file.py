# SPDX-License-Identifier: BSD-2-Clause
"""`life` and `top` over capture files: what the packets tell, and nothing that they do not."""

import collections
import subprocess

import pytest
from capture import BASE_SEC, Dumpcap, Wire, convert, tshark_rows, write, write_pcapng
from flows import traffic, wait_until
from netns import Link
from scapy.all import UDP, Dot1Q, Ether, IP, CookedLinux
from sight import PROGRAM, run

pytestmark = pytest.mark.usefixtures("built")
UNKNOWABLE = ["pid", "comm", "thread", "cgroup", "netns", "cookie", "srtt_us", "min_rtt_us"]


def life(path, *options):
    outcome = run("life", "--json", "--read", path, *options)
    assert outcome.status == 0, outcome.stderr
    return outcome


def whole(sport=40000, sent=b"q" * 300, received=b"a" * 5000, start=0.0, **ends):
    wire = Wire(sport=sport, **ends).open(start)
    wire.send(start + 0.1, 0, "PA", sent)
    wire.send(start + 0.2, 1, "PA", received[:1400])
    wire.send(start + 0.2, 1, "PA", received[1400:])
    wire.send(start + 0.3, 0, "A")
    return wire.close(start + 2.0)


@pytest.mark.parametrize("ends", [{}, {"client": "2001:db8::1", "server": "2001:db8::2"}],
                         ids=["ipv4", "ipv6"])
def test_a_whole_connection_is_seen_from_who_connects(tmp_path, ends):
    wire = whole(**ends)
    (row,) = life(write(tmp_path / "c.pcap", wire)).rows
    (client, sport), (server, dport) = wire.ends
    assert (row["laddr"], row["lport"], row["raddr"], row["rport"]) == (client, sport, server, dport)
    assert (row["tx_bytes"], row["rx_bytes"]) == (300, 5000)
    assert (row["role"], row["end_reason"], row["state"]) == ("connect", "fin", "fin_wait2")
    assert row["handshake_us"] == 10_000
    assert row["duration_us"] == 2_011_000 - 10_000
    assert row["retrans"] == row["bytes_retrans"] == 0
    assert row["time"] == "2023-11-14T22:13:22.011000Z"


def test_what_packets_do_not_tell_is_empty(tmp_path):
    path = write(tmp_path / "c.pcap", whole())
    (row,) = life(path).rows
    assert {name: row[name] for name in UNKNOWABLE} == dict.fromkeys(UNKNOWABLE)
    assert row["owner_source"] == "none"
    text = run("life", "--read", path, "-o", "uid,cookie,error").lines[1]
    assert not text.strip()


@pytest.mark.parametrize("how", ["micro", "nano", "pcapng", "big-endian", "stdin",
                                 "stdin pcapng", "pcapng <", "pcapng >", "stdin pcapng >"])
def test_every_format_gives_the_same_rows(tmp_path, how):
    plain = write(tmp_path / "c.pcap", whole(), whole(40001))
    expected = life(plain).lines
    assert len(expected) == 3
    path = plain
    wires = whole(), whole(40001)
    if how == "nano":
        path = convert(plain, "-F", "nsecpcap")
    elif how[-1] in "<>":
        path = write_pcapng(tmp_path / "ordered.pcapng", *wires, endianness=how[-1])
    elif "pcapng" in how:
        path = convert(plain, "-F", "pcapng")
    elif how == "big-endian":
        path = write(tmp_path / "big.pcap", *wires, endianness=">")
    if "stdin" in how:
        with subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE) as cat:
            done = subprocess.run([PROGRAM, "life", "--json", "--read", "-"], stdin=cat.stdout,
                                  capture_output=True, text=True, check=True)
        assert done.stdout.splitlines(keepends=True) == expected
    else:
        assert life(path).lines == expected


def test_a_text_of_events_is_still_a_text_of_events(tmp_path):
    path = tmp_path / "events"
    path.write_text("\n0 open 1 local=1.1.1.1:1 remote=2.2.2.2:2\n1 close 1 tx=5 end=fin\n")
    (row,) = life(path).rows
    assert (row["tx_bytes"], row["cookie"]) == (5, 1)


def test_local_networks_choose_the_view(tmp_path):
    path = write(tmp_path / "c.pcap", whole())
    (row,) = life(path, "--local", "10.0.0.2").rows
    assert (row["lport"], row["rport"], row["role"]) == (80, 40000, "accept")
    assert (row["tx_bytes"], row["rx_bytes"], row["state"]) == (5000, 300, "last_ack")
    assert row["handshake_us"] == 1_000
    rows = life(path, "--local", "10.0.0.0/8").rows
    assert sorted(r["role"] for r in rows) == ["accept", "connect"]
    (row,) = life(path, "--local", "192.168.0.0/16,2001:db8::/32").rows
    assert row["role"] == "connect"
    wrong = run("life", "--read", path, "--local", "10.0.0.0/8,ten")
    assert wrong.status == 1 and "             ^" in wrong.stderr


def test_attempts_that_failed_are_the_client_s(tmp_path):
    refused, gone = Wire(sport=1), Wire(sport=2)
    refused.send(0, 0, "S")
    refused.send(0.5, 1, "RA", seq=0)
    gone.send(0, 0, "S")
    gone.send(1, 0, "S", seq=1000, repeat=True)
    late = Wire(sport=3)
    late.send(200, 0, "S")
    path = write(tmp_path / "c.pcap", refused, gone, late)
    rows = {row["lport"]: row for row in life(path).rows}
    assert {port: row["end_reason"] for port, row in rows.items()} == {1: "refused", 2: "timeout", 3: None}
    assert rows[1]["duration_us"] == 500_000 and rows[1]["handshake_us"] is None
    assert rows[2]["retrans"] == 1
    summary = life(path).summary
    assert (summary["opened"], summary["closed"], summary["live"]) == (3, 2, 1)
    assert not life(path, "--local", "10.0.0.2").rows


def test_a_reset_names_its_sender(tmp_path):
    wire = Wire().open(0)
    wire.send(1, 1, "R")
    path = write(tmp_path / "c.pcap", wire)
    rows = {row["role"]: row["end_reason"] for row in life(path, "--local", "10.0.0.0/8").rows}
    assert rows == {"connect": "reset_received", "accept": "reset_sent"}


def test_a_capture_that_begins_in_the_middle(tmp_path):
    wire = Wire()
    wire.send(0, 0, "PA", b"x" * 100)
    wire.send(0.1, 1, "A")
    wire.send(0.2, 1, "PA", b"y" * 50)
    wire.close(1)
    path = write(tmp_path / "c.pcap", wire)
    outcome = life(path)
    (row,) = outcome.rows
    assert (row["tx_bytes"], row["rx_bytes"]) == (100, 50)
    assert (row["role"], row["duration_us"]) == ("unknown", None)
    assert (outcome.summary["opened"], outcome.summary["adopted"]) == (0, 1)


def test_retransmissions_are_counted_and_copies_are_not(tmp_path):
    wire = Wire().open(0)
    first = wire.send(0.1, 0, "PA", b"x" * 1000)
    copy = first.copy()
    copy.time = float(first.time) + 0.00002
    wire.packets.append(copy)
    wire.send(0.4, 0, "PA", b"x" * 1000, seq=wire.next[0] - 1000, repeat=True)
    wire.send(0.5, 1, "A")
    (row,) = life(write(tmp_path / "c.pcap", wire.close(1))).rows
    assert (row["tx_bytes"], row["retrans"], row["bytes_retrans"]) == (1000, 1, 1000)


def test_filters_and_columns_work_as_on_live_flows(tmp_path):
    path = write(tmp_path / "c.pcap", whole(40000), whole(40001),
                 whole(40002, client="2001:db8::1", server="2001:db8::2"))
    assert [r["lport"] for r in life(path, "src port 40001").rows] == [40001]
    assert [r["lport"] for r in life(path, "-6").rows] == [40002]
    assert not life(path, "-D", "443").rows
    assert len(life(path, "--rows", "2").rows) == 2
    csv = run("life", "--csv", "-o", "lport,tx_bytes", "--read", path).lines
    assert csv == ["lport,tx_bytes\n", "40000,300\n", "40001,300\n", "40002,300\n"]


def test_top_shows_each_interval_of_the_capture(tmp_path):
    wire = Wire().open(0)
    for sec, size in ((0.5, 700), (1.5, 70), (4.5, 7)):
        wire.send(sec, 0, "PA", b"x" * size)
        wire.send(sec + 0.01, 1, "A")
    path = write(tmp_path / "c.pcap", wire.close(4.7), whole(40001, start=1.2))
    seconds = collections.defaultdict(dict)
    for row in run("top", "--json", "--read", path).rows:
        seconds[row["time"][17:19]][row["lport"]] = row["tx_bytes"], row["rx_bytes"]
    assert seconds == {"21": {40000: (700, 0)}, "22": {40000: (70, 0), 40001: (300, 5000)},
                       "25": {40000: (7, 0)}}


def test_frames_in_tags_and_cooked_frames(tmp_path):
    wire = whole()
    tagged = Wire()
    for p in wire.packets:
        q = Ether(src=p[Ether].src, dst=p[Ether].dst, type=0x88a8) / Dot1Q(vlan=5) / Dot1Q(vlan=6)
        q /= p[IP].copy()
        q.time = p.time
        tagged.packets.append(q)
    cooked = Wire()
    for p in wire.packets:
        q = CookedLinux(proto=0x800) / p[IP].copy()
        q.time = p.time
        cooked.packets.append(q)
    plain = life(write(tmp_path / "plain.pcap", wire)).lines
    assert life(write(tmp_path / "tags.pcap", tagged)).lines == plain
    assert life(write(tmp_path / "sll.pcap", cooked, linktype=113)).lines == plain


def test_short_snapshots_are_enough_and_shorter_ones_are_counted(tmp_path):
    path = write(tmp_path / "c.pcap", whole())
    assert life(convert(path, "-s", "66")).lines == life(path).lines
    outcome = life(convert(path, "-s", "40"))
    assert not outcome.rows
    assert outcome.summary["undecoded"] == len(whole().packets)
    assert outcome.summary["undecoded_why"] == f"cut-in-tcp-header {len(whole().packets)}"
    assert "could not be understood: cut-in-tcp-header" in outcome.stderr
    assert run("life", "--strict", "--read", convert(path, "-s", "40")).status == 4


def test_other_protocols_are_no_loss(tmp_path):
    wire = whole()
    other = Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=2) / b"hello"
    other.time = BASE_SEC + 0.5
    wire.packets.append(other)
    outcome = life(write(tmp_path / "c.pcap", wire))
    assert len(outcome.rows) == 1 and outcome.summary["undecoded"] == 0


def test_a_file_that_breaks_off_gives_what_it_has(tmp_path):
    path = write(tmp_path / "c.pcap", whole(), whole(40001, start=10))
    data = path.read_bytes()
    path.write_bytes(data[:-20])
    outcome = life(path)
    assert [(row["lport"], row["end_reason"]) for row in outcome.rows] == [(40000, "fin"), (40001, "fin")]
    assert outcome.summary["undecoded_why"] == "truncated-file 1"
    assert "breaks off within a packet" in outcome.stderr


def test_files_that_are_no_captures(tmp_path):
    missing = run("life", "--read", tmp_path / "none")
    assert missing.status == 1 and "none" in missing.stderr
    text = tmp_path / "text"
    text.write_text("no capture\n")
    forced = run("life", "--source", "pcap", "--read", text)
    assert forced.status == 1 and "text" in forced.stderr


def test_more_flows_than_room_are_counted_as_lost(tmp_path):
    wires = [Wire(sport=1000 + n).open(n * 0.001) for n in range(200)]
    outcome = life(write(tmp_path / "c.pcap", *wires), "--max-flows", "50")
    summary = outcome.summary
    assert summary["opened"] == 200 and summary["lost"] >= 150
    assert summary["opened"] == summary["closed"] + summary["live"] + summary["lost"]


@pytest.fixture
def lossy(new_netns):
    """A link that drops every tenth segment before it arrives."""
    link = Link(new_netns(), new_netns())
    for netns in (link.near, link.far):
        netns.run("nft", "add table inet t; add chain inet t c { type filter hook input priority 0; };"
                         "add rule inet t c tcp flags & syn == 0 numgen inc mod 10 == 7 drop")
    return link


def test_tshark_agrees_on_bytes_and_retransmissions(tmp_path, lossy):
    dump = Dumpcap(lossy.near, "wire", tmp_path / "c.pcapng")
    truths = [traffic(netns=lossy.near, server_netns=lossy.far.path, addr=lossy.far_address,
                      bytes=size, reply=size // 3) for size in (0, 1, 60_000, 400_000)]
    wait_until(lambda: sum(row["end_reason"] == "fin" for row in life(dump.path).rows) == len(truths),
               "end of the last flow in the file")
    path = dump.stop()
    rows = {row["lport"]: row for row in life(path).rows}
    judged = tshark_rows(path)
    repeated = 0
    for truth in truths:
        row, side = rows[truth.client.lport], truth.client
        assert (row["tx_bytes"], row["rx_bytes"]) == (side.tx_bytes, side.rx_bytes)
        assert row["bytes_retrans"] == judged[side.tuple]["bytes"] - side.tx_bytes
        assert row["retrans"] == judged[side.tuple]["retrans"]
        repeated += row["retrans"]
    assert repeated, "nothing was sent again: the test proves too little"
