# SPDX-License-Identifier: BSD-2-Clause
"""--checksum for each report that follows connections: a damaged segment counts for nothing."""

import pytest
from capture import Wire, write
from scapy.all import IP, TCP
from sight import run

USAGE = 2
GOOD, DAMAGED = 100, 500


def wire_of(six):
    ends = {"client": "2001:db8::1", "server": "2001:db8::2"} if six else {}
    wire = Wire(**ends).open(0.0)
    wire.send(0.1, 0, "PA", b"x" * GOOD)
    return wire


def of_tcp(packet):
    packet[TCP].chksum = 0x1234


def of_ip(packet):
    packet[IP].chksum = 0x1234


def nothing(packet):
    assert packet


def read(report, path, depth):
    outcome = run(report, "--csv", "-o", "tx_bytes" + (",end_reason" if report == "life" else ""),
                  "--read", path, *([] if depth is None else ["--checksum", depth]),
                  *(["0.0.0.0/0,::/0"] if report == "subnet" else []))
    assert outcome.status == 0, outcome.stderr
    return [line.rstrip("\n") for line in outcome.lines[1:]], outcome.stderr


CASES = [
    (of_tcp, False, None, False), (of_tcp, False, "0", False), (of_tcp, False, "1", False),
    (of_tcp, False, "2", True), (of_tcp, True, "2", True), (of_tcp, True, "1", False),
    (of_ip, False, "0", False), (of_ip, False, "1", True), (of_ip, False, "2", True),
    (nothing, False, "2", False), (nothing, True, "2", False),
]


@pytest.mark.parametrize("report", ["top", "subnet"])
@pytest.mark.parametrize("damage, six, depth, drops", CASES)
def test_bytes_of_a_damaged_segment(built, tmp_path, report, damage, six, depth, drops):
    wire = wire_of(six)
    damage(wire.send(0.2, 0, "PA", b"y" * DAMAGED))
    rows, said = read(report, write(tmp_path / "c.pcap", wire), depth)
    assert sum(map(int, rows)) == GOOD + (0 if drops else DAMAGED)
    assert ("bad-checksum 1" in said) == drops


@pytest.mark.parametrize("damage, six, depth, drops", CASES)
def test_end_by_a_damaged_reset(built, tmp_path, damage, six, depth, drops):
    wire = wire_of(six)
    damage(wire.send(0.2, 0, "RA", repeat=True))
    rows, said = read("life", write(tmp_path / "c.pcap", wire.close(0.5)), depth)
    assert rows[0] == f"{GOOD},{'fin' if drops else 'reset_sent'}"
    assert ("bad-checksum 1" in said) == drops


@pytest.mark.parametrize("option", [["--checksum", "2"], ["--local", "10.0.0.0/8"]], ids=" ".join)
@pytest.mark.parametrize("words", [["life"], ["top"], ["subnet"], ["stat"], ["stat", "--live"],
                                   ["life", "--source", "netlink"]], ids=" ".join)
def test_option_about_packets_without_any_is_refused(privileged, words, option):
    """It would change nothing, and who gave it would not know."""
    outcome = run(*words, *option)
    assert (outcome.status, outcome.text) == (USAGE, "")
    assert option[0] in outcome.stderr and "--read" in outcome.stderr


def test_other_value(built):
    outcome = run("life", "-i", "lo", "--checksum", "3")
    assert outcome.status == USAGE and "choose from '0', '1', '2'" in outcome.stderr
