# SPDX-License-Identifier: BSD-2-Clause
"""Captures that were made elsewhere, of the one connection that is told beside each; tshark is asked where
it counts the same. And what files may be: of several interfaces, compressed, damaged, still being written.
"""

import collections
import gzip
import os
import pathlib
import signal
import subprocess
import time
import zlib

import pytest
import tunnels
from capture import BASE_SEC, Wire, convert, write
from scapy.all import TCP, wrpcap
from scenes import close, seen, talk
from sight import PATIENCE_SEC, PROGRAM, Tcpsight, run
from test_pcap_file import life, whole
from test_pcap_tunnels import handshakes, wrapped

pytestmark = pytest.mark.usefixtures("built")
CAPTURES = pathlib.Path(__file__).resolve().parent / "captures"


def tshark_bytes(path):
    """Payload by direction (port that sent), each number once: what no tool may count differently."""
    said = subprocess.run(
        ["tshark", "-r", str(path), "-n", "-Y", "tcp", "-T", "fields", "-e", "tcp.srcport", "-e", "tcp.seq_raw",
         "-e", "tcp.len", "-e", "tcp.flags.syn"], check=True, capture_output=True, text=True)
    numbers = collections.defaultdict(set)
    for line in said.stdout.splitlines():
        port, seq, size, syn = map(int, line.split("\t"))
        numbers[port].update(range(seq + syn, seq + syn + size))
    return collections.Counter({port: len(seen) for port, seen in numbers.items()})


# Captures that were made elsewhere: of one connection from port 40000 to 80. What the client and the
# server sent, the end that the client saw; False: tshark counts otherwise, for the reason given.
MADE_ELSEWHERE = {
    "clock-back-5min.pcap": (200, 2000, "fin", True),
    "data-then-rst.pcap": (100, 1000, "reset_received", True),
    "far-segment-client.pcap": (200, 1000, "fin", False),  # the far one too
    "gap-2y.pcap": (200, 2000, "fin", True),
    "hole-1.25G.pcap": (200, 1_250_003_000, "fin", False),  # what was captured
    "last-ack-lost.pcap": (100, 1000, "fin", True),
    "mid-server-first.pcap": (300, 3000, "fin", True),
    "oneway-server.pcap": (100, 1000, "fin", False),  # what was captured
    "plain.pcap.gz": (100, 1000, "fin", True),
    "rst-ack-covers.pcap": (100, 1000, "reset_sent", True),
    "rst-after-lost.pcap": (100, 1000, "reset_received", True),
    "rst-crosses-data.pcap": (1100, 0, "reset_received", True),
    "synack-data.pcap": (100, 110, "fin", True),
    "tail-unacked.pcap": (100, 0, None, False),  # what was not acknowledged
    "time-zero.pcap": (100, 1000, "fin", True),
    "twice-synack-id0.pcap": (100, 1000, "fin", True),
}


@pytest.mark.parametrize("name", MADE_ELSEWHERE)
def test_captures_that_were_made_elsewhere(name):
    sent, received, end, tshark_agrees = MADE_ELSEWHERE[name]
    (row,) = life(CAPTURES / name).rows
    assert (row["laddr"], row["lport"], row["raddr"]) == ("198.51.100.1", 40000, "203.0.113.2")
    assert (row["tx_bytes"], row["rx_bytes"], row["end_reason"]) == (sent, received, end)
    if tshark_agrees:
        assert tshark_bytes(CAPTURES / name) == collections.Counter({40000: sent, 80: received})


def test_a_live_connection_beside_an_attempt():
    fin, attempt = life(CAPTURES / "syn-in-established.pcap").rows
    assert (fin["tx_bytes"], fin["rx_bytes"], fin["end_reason"]) == (200, 2000, "fin")
    assert (attempt["tx_bytes"], attempt["end_reason"], attempt["state"]) == (0, None, "syn_sent")


def test_two_customers_of_one_trunk():
    rows = life(CAPTURES / "two-vlans-one-tuple.pcap").rows
    assert [seen(row) for row in rows] == [(200, 2000, "fin"), (400, 4000, "fin")]


def test_interfaces_of_two_link_types():
    path = CAPTURES / "two-links.pcapng"
    outcome = life(path)
    assert [seen(row) for row in outcome.rows] == [(100, 1000, "fin")] * 2
    assert [row["retrans"] for row in outcome.rows] == [0, 0]
    assert outcome.summary["undecoded"] == 0
    assert [row["outcome"] for row in handshakes(path)] == ["established"] * 2


@pytest.mark.parametrize("order", ["one behind the other", "by time"])
@pytest.mark.parametrize("kinds", ["link types", "snapshot lengths", "byte orders"])
def test_files_of_two_kinds_in_one(tmp_path, kinds, order):
    """As mergecap makes them."""
    first = write(tmp_path / "one.pcap", whole(start=0))
    if kinds == "link types":
        second = write(tmp_path / "two.pcap", wrapped(whole(40001, start=0.5), tunnels.bare), linktype=101)
    elif kinds == "snapshot lengths":
        second = convert(write(tmp_path / "two.pcap", whole(40001, start=0.5)), "-s", "66")
    else:
        second = write(tmp_path / "two.pcap", whole(40001, start=0.5), endianness=">")
    merged = tmp_path / "merged.pcapng"
    subprocess.run(["mergecap", *(["-a"] if order != "by time" else []), "-I", "none", "-w", merged, first, second],
                   check=True)
    outcome = life(merged)
    assert sorted((row["lport"], *seen(row)) for row in outcome.rows) == [
        (40000, 300, 5000, "fin"), (40001, 300, 5000, "fin")]
    assert outcome.summary["undecoded"] == 0


def test_each_way_on_an_interface_of_its_own(tmp_path):
    """A tap."""
    wire = whole()
    paths = []
    for side, name in enumerate(("one", "two")):
        half = Wire()
        half.packets = [p for p in wire.packets if p[TCP].sport == wire.ends[side][1]]
        paths.append(convert(write(tmp_path / f"{name}.pcap", half), "-s", str(100 + side), "-F", "pcapng"))
    merged = tmp_path / "merged.pcapng"
    subprocess.run(["mergecap", "-I", "none", "-w", merged, *paths], check=True)
    (row,) = life(merged).rows
    assert seen(row) == (300, 5000, "fin") and row["handshake_us"] == 10_000


# Time

@pytest.mark.parametrize("step", [-3600, -300, -90])
def test_a_clock_that_is_set_back(tmp_path, step):
    """Numbers that go on tell more than the clock, whatever was going on then."""
    wire, half_open = Wire().open(0), Wire(sport=40001)
    half_open.send(0.5, 0, "S")
    talk(wire, 1, 0)
    packets = [*wire.packets, *half_open.packets]
    talk(wire, 2 + step, 0)
    close(wire, 3 + step, 0)
    half_open.send(4 + step, 1, "SA")
    half_open.send(4.01 + step, 0, "A")
    close(half_open, 5 + step, 0)
    path = tmp_path / "c.pcap"
    wrpcap(str(path), packets + [p for p in [*wire.packets, *half_open.packets] if p not in packets])
    rows = {row["lport"]: row for row in life(path).rows}
    assert (seen(rows[40000]), seen(rows[40001])) == ((200, 2000, "fin"), (0, 0, "fin"))
    end = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(BASE_SEC + 3 + step))
    assert rows[40000]["time"].startswith(end)
    # As long as what was seen before and after the leap.
    assert rows[40000]["duration_us"] == 1_003_000 - 10_000 + 1_002_000
    assert {row["client_port"]: row["outcome"] for row in handshakes(path)} == dict.fromkeys(
        (40000, 40001), "established")


def test_time_may_begin_at_zero(tmp_path):
    wire = whole()
    for packet in wire.packets:
        packet.time = float(packet.time) - BASE_SEC
    path = write(tmp_path / "c.pcap", wire)
    for form in (path, convert(path, "-F", "pcapng")):
        (row,) = life(form).rows
        assert (row["handshake_us"], row["duration_us"]) == (10_000, 2_001_000)
        assert row["time"] == "1970-01-01T00:00:02.011000Z"
        (row,) = handshakes(form)
        assert (row["started"], row["duration_us"]) == ("1970-01-01T00:00:00.000000Z", 11_000)
    (first, *_) = run("top", "--json", "--read", path).rows
    assert first["time"] == "1970-01-01T00:00:01.000000Z"


def test_times_beyond_the_calendar_are_left_out_and_counted(tmp_path):
    path = write(tmp_path / "c.pcap", whole())
    data = bytearray(path.read_bytes())
    data[24:28] = b"\xf3\xff\xff\xff"  # of the SYN: in 2106
    path.write_bytes(data)
    outcome = life(path)
    (row,) = outcome.rows
    assert seen(row) == (300, 5000, "fin")
    assert outcome.summary["undecoded_why"] == "time-out-of-range 1"


def test_a_connection_may_be_idle_for_days(tmp_path):
    wire = Wire().open(0)
    talk(wire, 1, 0)
    talk(wire, 8 * 86400, 0)
    close(wire, 8 * 86400 + 1, 0)
    (row,) = life(write(tmp_path / "c.pcap", wire)).rows
    assert seen(row) == (200, 2000, "fin")


def test_silence_is_no_loss_when_the_table_is_full(tmp_path):
    wires = []
    for number in range(300):
        wire = Wire(sport=1000 + number)
        wire.send(number * 20, 0, "PA", b"x" * 10)
        wires.append(wire)
    outcome = life(write(tmp_path / "c.pcap", *wires), "--max-flows", "100")
    assert len(outcome.rows) == 300
    summary = outcome.summary
    assert (summary["adopted"], summary["closed"], summary["live"], summary["lost"]) == (300, 200, 100, 0)


# Copies

def test_a_handshake_that_was_captured_several_times(tmp_path):
    wire = whole()
    for packet in [p for p in wire.packets if "S" in p[TCP].flags]:
        packet["IP"].id = 0
        for copy_number in range(1, 4):
            again = packet.copy()
            again.time = float(packet.time) + copy_number * 0.00003
            wire.packets.append(again)
    path = write(tmp_path / "c.pcap", wire)
    (row,) = handshakes(path)
    assert (row["dup_syn"], row["dup_syn_ack"]) == (0, 0)
    (row,) = life(path).rows
    assert row["retrans"] == 0
    (row,) = handshakes(CAPTURES / "twice-synack-id0.pcap")
    assert (row["dup_syn"], row["dup_syn_ack"]) == (0, 0)


def test_many_attempts_on_one_tuple_are_no_loss():
    outcome = life(CAPTURES / "syn-flood-one-tuple.pcap")
    assert len(outcome.rows) == 30 and outcome.summary["lost"] == 0
    assert "max-flows" not in outcome.stderr and not outcome.stderr


# Files

def test_compressed_files(tmp_path):
    path = write(tmp_path / "c.pcap", whole(), whole(40001, start=10))
    plain = life(path).lines
    data = path.read_bytes()
    packed = tmp_path / "c.pcap.gz"
    for content in (gzip.compress(data), gzip.compress(data[:500]) + gzip.compress(data[500:]),
                    gzip.compress(data) + b"trailing"):
        packed.write_bytes(content)
        assert life(packed).lines == plain
    ng = convert(path, "-F", "pcapng")
    packed.write_bytes(gzip.compress(ng.read_bytes()))
    assert life(packed).lines == life(ng).lines
    with subprocess.Popen(["cat", packed], stdout=subprocess.PIPE) as cat:
        assert run("life", "--json", "--read", "-", stdin=cat.stdout).lines == plain
    packed.write_bytes(gzip.compress(data)[:-30])
    outcome = life(packed)
    assert outcome.summary["undecoded_why"] == "truncated-file 1"
    text = tmp_path / "events.gz"
    text.write_bytes(gzip.compress(b"0 open 1 local=1.1.1.1:1 remote=2.2.2.2:2\n1 close 1 tx=5 end=fin\n"))
    (row,) = life(text).rows
    assert row["tx_bytes"] == 5


@pytest.mark.parametrize("head, program", [(b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zXZ\0", "xz"), (b"BZh9", "bzip2"),
                                           (b"\x04\x22\x4d\x18", "lz4")])
def test_other_compression_is_named(tmp_path, head, program):
    path = tmp_path / "c.pcap.packed"
    path.write_bytes(head + bytes(60))
    for report in ("life", "top", "peek"):
        outcome = run(report, "--read", path)
        assert outcome.status == 1 and not outcome.lines
        assert f"compressed with {program}" in outcome.stderr and f"{program} -dc {path}" in outcome.stderr


@pytest.mark.parametrize("report", ["life", "top", "peek", "subnet"])
def test_a_folder_is_no_file(tmp_path, report):
    for words in ([], ["--source", "pcap"]):
        outcome = run(report, "--read", tmp_path, *words)
        assert outcome.status == 1 and not outcome.lines
        assert f"cannot read {tmp_path}: " in outcome.stderr and "is a directory" in outcome.stderr.lower()
        assert outcome.stderr.count("\n") == 1


def test_a_message_does_not_control_the_terminal(tmp_path):
    """Bytes of a file that somebody else gave are shown, and do nothing."""
    path = tmp_path / "events"
    path.write_bytes(b"\x1b]0;x\x07 \x9b31m \xc2\x9b \xe2\x80\xae \xff\r\t nonsense\n")
    for report in ("life", "top", "stat", "peek"):
        with subprocess.Popen([PROGRAM, report, "--read", path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            _, said = process.communicate(timeout=PATIENCE_SEC)
        assert b"nonsense" in said
        assert all(byte in b"\n\t" or 32 <= byte < 127 for byte in said), said


@pytest.mark.parametrize("form", ["pcap", "pcapng", "gzip"])
def test_a_pipe_is_read_as_it_comes(tmp_path, form):
    """`ssh HOST tcpdump -U -w - | tcpsight life --read -`: what is over is shown at once, in whatever pieces it
    comes, and SIGINT ends it, however silent the pipe is."""
    path = write(tmp_path / "c.pcap", whole(), whole(40001, start=10))
    data = (path if form == "pcap" else convert(path, "-F", "pcapng")).read_bytes()
    pieces = [data[:30], data[30:100], data[100:5500], data[5500:-300]]
    if form == "gzip":
        packer = zlib.compressobj(wbits=31)
        pieces = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    inside, outside = os.pipe()
    with os.fdopen(outside, "wb", buffering=0) as pipe:
        with Tcpsight("life", "--json", "--read", "-", stdin=inside, ready=False) as tool:
            os.close(inside)
            for piece in pieces:
                pipe.write(piece)
            tool.wait_for(len, "row of the connection that is over")
            outcome = tool.stop(signal.SIGINT)
    assert outcome.status == 0
    assert seen(outcome.rows[0]) == (300, 5000, "fin")
    assert outcome.summary["opened"] == 2
