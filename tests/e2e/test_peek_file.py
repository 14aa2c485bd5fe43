# SPDX-License-Identifier: BSD-2-Clause
"""`peek` over captures: each way a handshake can go, tcpeek's lines and sums, and filters."""

import json
import os
import random
import re
import struct
import subprocess

import pytest
from capture import BASE_SEC, Wire, write
from scapy.all import ICMP, IP, TCP, Ether, IPerror, TCPerror
from sight import PROGRAM

pytestmark = pytest.mark.usefixtures("built")


def peek(path, *options, program=(PROGRAM, "peek")):
    return subprocess.run([*map(str, program), "--read", str(path), *map(str, options)],
                          capture_output=True, text=True, timeout=60,
                          env={**os.environ, "TZ": "UTC"})


def rows(path, *options):
    done = peek(path, "--json", *options)
    assert done.returncode == 0, done.stderr
    return [row for row in map(json.loads, done.stdout.splitlines()) if "type" not in row]


def counters(path, *options):
    done = peek(path, "--json", *options)
    assert done.returncode == 0, done.stderr
    for line in map(json.loads, done.stdout.splitlines()):
        if line.get("type") == "filters":
            return {name: c for one in line["filters"] for name, c in one.items()}
    raise AssertionError(done.stdout)


def success(sport=1, dport=80, client="10.0.0.1", start=0.0):
    return Wire(sport=sport, dport=dport, client=client).open(start)


def rejected(sport=2):
    wire = Wire(sport=sport, dport=81)
    wire.send(0.5, 0, "S")
    wire.send(0.6, 1, "RA", seq=0)
    return wire


def silent(sport=3):
    wire = Wire(sport=sport, dport=82)
    for sec in (1, 2, 4, 8):
        wire.send(sec, 0, "S", seq=1000, repeat=True)
    return wire


def repeated(sport=4):
    wire = Wire(sport=sport)
    wire.send(10, 0, "S", repeat=True)
    wire.send(11, 0, "S")
    wire.send(11.1, 1, "SA", repeat=True)
    wire.send(12.1, 1, "SA")
    wire.send(12.2, 0, "A")
    return wire


def aborted(sport=5):
    wire = Wire(sport=sport)
    wire.send(13, 0, "S")
    wire.send(13.1, 1, "SA")
    wire.send(13.2, 0, "R")
    return wire


def unreachable(sport=6, code=13):
    wire = Wire(sport=sport, dport=83)
    syn = wire.send(14, 0, "S")
    quoted = IPerror(src=syn[IP].src, dst=syn[IP].dst, proto=6) / TCPerror(
        sport=sport, dport=83, seq=1000, flags="S")
    error = Ether() / IP(src="10.0.0.254", dst="10.0.0.1") / ICMP(type=3, code=code) / quoted
    error.time = BASE_SEC + 14.01
    wire.packets.append(error)
    return wire


def pending(sport=7):
    wire = Wire(sport=sport, dport=84)
    wire.send(100, 0, "S")
    return wire


@pytest.fixture
def everything(tmp_path):
    return write(tmp_path / "all.pcap", success(), rejected(), silent(), repeated(), aborted(),
                 unreachable(), pending())


def test_each_outcome_and_its_conn_state(everything):
    seen = {row["client_port"]: row for row in rows(everything, "--icmp")}
    assert {port: (row["outcome"], row["conn_state"]) for port, row in seen.items()} == {
        1: ("established", "S1"), 2: ("rejected", "REJ"), 3: ("timed_out", "S0"),
        4: ("established", "S1"), 5: ("aborted", "RSTO"), 6: ("unreachable", "S0"),
        7: ("pending", "S0")}
    assert (seen[4]["dup_syn"], seen[4]["dup_syn_ack"], seen[4]["duration_us"]) == (1, 1, 2_200_000)
    assert (seen[3]["dup_syn"], seen[3]["duration_us"]) == (3, 67_000_000)
    assert "prohibited" in seen[6]["icmp"]
    assert {row["direction"] for row in seen.values()} == {"tx"}


def test_icmp_is_heeded_only_if_asked_for(everything):
    seen = {row["client_port"]: row["outcome"] for row in rows(everything)}
    assert seen[6] == "timed_out"


def test_lines_and_summary_are_tcpeek_s(everything):
    done = peek(everything, "--icmp", "web:TX@%:80", program=(PROGRAM.with_name("tcpeek"),))
    assert done.returncode == 0 and done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].startswith(f"reading from {everything}, link-type EN10MB (Ethernet)")
    assert lines[1] == (" TIME(s) |       TIMESTAMP       |      SRC IP:PORT            DST IP:PORT"
                        "     |      RESULTS      | DUP SYN  DUP S/A ")
    assert lines[2] == "-" * 118
    assert lines[3] == ("   0.011 | 23-11-14 22:13:20.000 |        10.0.0.1:1            10.0.0.2:80"
                        "    |      success      |       0        0 ")
    assert lines[4] == ("   0.100 | 23-11-14 22:13:20.500 |        10.0.0.1:2            10.0.0.2:81"
                        "    | failure (reject)  |       0        0 ")
    results = [line.split("|")[3].strip() for line in lines[3:10]]
    assert sorted(results) == ["failure (abort)", "failure (reject)", "failure (timeout)",
                               "failure (unreach)", "pending", "success", "success"]
    assert lines[10:] == """
========== TCPEEK SUMMARY ==========
     from : 2023-11-14 22:13:20
       to : 2023-11-14 22:15:00
     time :       100.000 (sec)
------------------------------------
 RX
   Success: 0 session
     SYN Segment Duplicate :      0
     S/A Segment Duplicate :      0
   Failure: 0 session
     Connection Timed Out  :      0
     Connection Rejected   :      0
     ICMP Unreachable      :      0
------------------------------------
 TX
   Success: 2 session
     SYN Segment Duplicate :      1
     S/A Segment Duplicate :      1
   Failure: 4 session
     Connection Timed Out  :      1
     Connection Rejected   :      1
     Aborted by Client     :      1
     ICMP Unreachable      :      1
   Pending: 1 session
------------------------------------
 web
   Success: 2 session
     SYN Segment Duplicate :      1
     S/A Segment Duplicate :      1
   Failure: 1 session
     Connection Timed Out  :      0
     Connection Rejected   :      0
     Aborted by Client     :      1
     ICMP Unreachable      :      0
------------------------------------
 pcap stats
   recv   : 20
   drop   : 0
   ifdrop : 0
====================================""".split("\n")


def test_quiet_leaves_the_summary(everything):
    text = peek(everything, "-quiet").stderr
    assert "RESULTS" not in text and "success" not in text and "TCPEEK SUMMARY" in text


@pytest.mark.parametrize("report", ["life --json", "top --json -C 1", "why --json"])
def test_beside_another_report_it_says_what_it_says_alone(everything, tmp_path, report):
    """... and so does that: handshakes are followed beside flows."""
    together = peek(everything, "--json", "--also", f"{report} --output {tmp_path}/other")
    alone, other = peek(everything, "--json"), peek(everything, program=(PROGRAM, *report.split()))
    assert (alone.returncode, other.returncode) == (0, 0), alone.stderr + other.stderr
    assert (together.returncode, together.stdout) == (0, alone.stdout), together.stderr
    assert (tmp_path / "other").read_text(encoding="utf-8") == other.stdout
    together = peek(everything, "--also", f"peek --json --output {tmp_path}/peek",
                    program=(PROGRAM, *report.split()))
    assert (together.returncode, together.stdout) == (0, other.stdout), together.stderr
    assert (tmp_path / "peek").read_text(encoding="utf-8") == alone.stdout
    assert "established" in alone.stdout and other.stdout.count("\n") > 1


@pytest.mark.parametrize("option", ["-icmp", "--icmp", "-ic", "--ic"])
def test_long_options_with_one_dash_and_shortened(everything, option):
    assert peek(everything, option).stderr.count("failure (unreach)") == 1


def test_timeout_is_sixty_seconds_unless_set(tmp_path):
    path = write(tmp_path / "c.pcap", silent(), pending())
    assert rows(path)[0]["duration_us"] == 67_000_000
    assert rows(path, "-t", "5")[0]["duration_us"] == 12_000_000
    assert rows(path, "-t", "3")[0]["duration_us"] == 6_000_000


def test_who_goes_on_after_a_failure_is_counted_again_as_a_retry(tmp_path):
    """With -t shorter than the client's patience, or after a reset: what was told stays told."""
    patient = Wire(sport=1, dport=81)
    for sec in (0, 1, 3, 7):
        patient.send(sec, 0, "S", repeat=True)
    patient.next[0] += 1
    patient.send(7.1, 1, "SA")
    patient.send(7.2, 0, "A")
    stubborn = Wire(sport=2, dport=82)
    for sec in (0, 0.5, 1.0):
        stubborn.send(sec, 0, "S", seq=500, repeat=True)
        stubborn.send(sec + 0.01, 1, "RA", seq=0, ack=501)
    path = write(tmp_path / "c.pcap", patient, stubborn)

    def told(port, *options):
        return [(row["outcome"], row["dup_syn"], row["retry"]) for row in rows(path, *options)
                if row["client_port"] == port]

    assert told(1) == [("established", 3, 0)]
    assert told(1, "-t", "3") == [("timed_out", 2, 0), ("established", 0, 1)]
    assert told(1, "-t", "1") == [("timed_out", 0, 0), ("timed_out", 0, 1), ("timed_out", 0, 1),
                                  ("established", 0, 1)]
    assert told(2) == [("rejected", 0, 0), ("rejected", 0, 1), ("rejected", 0, 1)]
    summary = peek(path, "-t", "3").stderr.split("\n TX\n")[1]
    assert "   Success: 1 session" in summary and "   Failure: 4 session" in summary
    assert "   Retries: 3 session" in summary
    assert "Retries" not in peek(path, "-D", "80").stderr


def test_local_networks_tell_rx_from_tx(everything):
    assert counters(everything)["TX"]["success"]["total"] == 2
    served = counters(everything, "--local", "10.0.0.2")
    assert (served["RX"]["success"]["total"], served["TX"]["success"]["total"]) == (2, 0)
    both = counters(everything, "--local", "10.0.0.0/24")
    assert (both["RX"]["success"]["total"], both["TX"]["success"]["total"]) == (2, 2)
    assert len(rows(everything, "--local", "10.0.0.0/24")) == 7
    assert not rows(everything, "--local", "192.0.2.0/24")


def test_filters_count_each_handshake_once(tmp_path):
    path = write(tmp_path / "c.pcap", *(success(sport=n, dport=80 + n) for n in range(6)))
    found = counters(path, "--local", "10.0.0.2", "a:RX@%:80:81,10.0.0.0/8:81:82,%:81", "b:RX@*:*",
                     "c:TX@%:%", "net:RX@10.0.0.77/24:85", "no:RX@10.0.1.0/24:%")
    assert {name: c["success"]["total"] for name, c in found.items() if name != "pcap"} == {
        "RX": 6, "TX": 0, "a": 3, "b": 6, "c": 0, "net": 1, "no": 0}


def test_exclusion_filters_come_first_wherever_they_stand(tmp_path):
    path = write(tmp_path / "c.pcap", success(1, 22), success(2, 80))
    for words in (["all:TX@%:%", ":TX@%:22"], [":TX@%:22", "all:TX@%:%"]):
        assert [row["server_port"] for row in rows(path, *words)] == [80]
        assert counters(path, *words)["all"]["success"]["total"] == 1
    assert len(rows(path, ":RX@%:22")) == 2


def test_common_filters_restrict_counters_too(tmp_path):
    path = write(tmp_path / "c.pcap", success(1, 22), success(2, 80))
    assert counters(path, "-D", "80")["TX"]["success"]["total"] == 1
    assert counters(path, "--where", "dst port 22 or dst port 80")["TX"]["success"]["total"] == 2


def test_ecn_ipv6_and_long_handshakes_are_seen(tmp_path):
    ecn = Wire(sport=1)
    ecn.send(0, 0, "SEC")
    ecn.send(0.1, 1, "SAE")
    ecn.send(0.2, 0, "A")
    six = Wire(sport=2, client="2001:db8::1", server="2001:db8::2").open(1)
    data = Wire(sport=3)
    data.send(2, 0, "S")
    data.send(2.1, 1, "SA")
    data.send(2.2, 0, "PA", b"x" * 1400)
    path = write(tmp_path / "c.pcap", ecn, six, data)
    assert [row["outcome"] for row in rows(path)] == ["established"] * 3


def test_numbers_are_checked(tmp_path):
    wire = Wire()
    wire.send(0, 0, "S")
    wire.send(0.1, 1, "RA", seq=0, ack=77)
    wire.send(0.2, 1, "SA", ack=5000, seq=1, repeat=True)
    wire.send(0.3, 1, "SA")
    wire.send(0.4, 0, "A")
    (row,) = rows(write(tmp_path / "c.pcap", wire))
    assert row["outcome"] == "established"


def test_damaged_packets_count_only_if_checksums_are_not_verified(tmp_path):
    wire = success()
    wire.packets[2][TCP].chksum = 0x1234
    path = write(tmp_path / "c.pcap", wire)
    assert [row["outcome"] for row in rows(path)] == ["established"]
    assert [row["outcome"] for row in rows(path, "-c", "1")] == ["established"]
    done = peek(path, "-c", "2")
    assert "success" not in done.stderr.split("SUMMARY")[0]
    assert "1 records could not be understood: bad-checksum 1" in done.stderr


@pytest.mark.parametrize("words,text", [
    (["-c", "3"], "choose from '0', '1', '2'"), (["-t", "soon"], "whole number"), (["-t", "0"], "whole"),
    (["-B", "x"], "whole number"), (["nofilter"], "nofilter"), (["a:RX@%"], "a:RX@%"),
    (["-l", "loud"], "emerg"), (["--pid", "1"], "packets do not tell"),
    (["--cgroup", "/"], "packets do not tell"), (["--netns", "1"], "packets do not tell"),
    (["--frobnicate"], "unrecognized"),
])
def test_wrong_arguments(everything, words, text):
    done = peek(everything, *words)
    assert done.returncode == 2 and text in done.stderr and done.stdout == ""


def test_help_and_version():
    for option in ("-h", "-help"):
        done = subprocess.run([PROGRAM.with_name("tcpeek"), option], capture_output=True, text=True)
        assert done.returncode == 0
        for letter in "u i U c t B l q h v".split():
            assert f"  -{letter}, --" in done.stdout
        assert "--promisc" in done.stdout and "--icmp" in done.stdout
    assert subprocess.run([PROGRAM.with_name("tcpeek"), "-v"], capture_output=True).returncode == 0


def syn_flood(path, count, real_every):
    """A flood of SYNs from random addresses, and among them real handshakes; returns how many."""
    rng = random.Random(7)
    real = 0
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))

        def put(n, src, dst, sport, dport, seq, ack, flags):
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40, n & 0xffff, 0, 64, 6, 0, src, dst)
            tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 65535, 0, 0)
            f.write(struct.pack("<IIII", BASE_SEC + n // 100_000, n % 100_000 * 10, 40, 40) + ip + tcp)

        server = 0x0a000002
        for n in range(count):
            put(n, rng.getrandbits(32), server, rng.randrange(1, 65536), 80, rng.getrandbits(32), 0, 2)
            if n % real_every == real_every // 2:
                client = 0xc0000200 + real % 250
                put(n, client, server, 1024 + real, 80, 100, 0, 2)
                put(n, server, client, 80, 1024 + real, 900, 101, 0x12)
                put(n, client, server, 1024 + real, 80, 101, 901, 0x10)
                real += 1
    return real


def test_a_flood_keeps_to_the_limit_and_hides_no_real_handshake(tmp_path):
    path = tmp_path / "flood.pcap"
    real = syn_flood(path, 200_000, 1000)
    process = subprocess.Popen([PROGRAM, "peek", "--read", "-", "-q", "--json", "--max-pending",
                                "2000"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdin.write(path.read_bytes())
    process.stdin.flush()
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        peak_kib = int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1])
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    lines = [json.loads(line) for line in output.decode().splitlines()]
    assert lines[0]["filters"][1]["TX"]["success"]["total"] == real == 200
    summary = lines[-1]
    assert summary["opened"] == summary["closed"] + summary["lost"] == 200_000 + real
    assert summary["lost"] > 190_000
    assert "a larger --max-pending helps" in errors.decode()
    assert peak_kib < 20_000


SYSLOG = """
import os, socket, subprocess, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
os.chmod("/dev/log", 0o666)
subprocess.run(sys.argv[1:], check=True)
log.setblocking(False)
try:
    while True:
        print(log.recv(4096).decode())
except BlockingIOError:
    pass
"""


@pytest.mark.parametrize("level,lines", [("LOG_NOTICE", 4), ("info", 6), ("3", 0)])
def test_a_log_level_sends_to_syslog(everything, level, lines, privileged):
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /dev && exec "$@"', "sh",
         "/usr/bin/python3", "-c", SYSLOG, PROGRAM.with_name("tcpeek"), "-q", "--read", everything,
         "-t", "20", "-D", "80,81,82,83", "--icmp", "-l", level],
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == lines
    if said:
        assert any(line.endswith("10.0.0.1:2 > 10.0.0.2:81 rejected dup_syn=0 dup_syn_ack=0")
                   for line in said)
        assert all("tcpeek[" in line for line in said)
