# SPDX-License-Identifier: BSD-2-Clause
"""Packets from a file: how fast beside tshark and tcptrace, and how much memory a SYN flood takes."""

import json
import os
import shutil
import subprocess
import tempfile

from harness.process import Failure, memory_kib
from harness.table import Row

PACKETS = 1_000_000
SYNS = 5_000_000
ROUNDS = 3
FASTER = (">=", 5)
RESIDENT_MIB = ("<=", 40)
TSHARK, TCPTRACE = "tshark -z conv,tcp", "tcptrace -n"
# How each is called, and what stands once in its output for each connection.
PEERS = {TSHARK: (["tshark", "-q", "-n", "-z", "conv,tcp", "-r"], b"<->"),
         TCPTRACE: (["tcptrace", "-n"], b"(complete)")}


def measure(bench):
    """Rows of this part."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
        made = subprocess.run([bench.tools / "packets", "bulk", str(PACKETS)], stdout=capture,
                              stderr=subprocess.PIPE, check=True)
        return _speed(bench, capture.name, int(made.stderr)) + _flood(bench)


def _cpu_s(command, **options):
    """Run @command and return what CPU time it took, user and system."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL, **options)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise Failure(f"{command[0]}: exit status {process.returncode}")
        output.seek(0)
        return usage.ru_utime + usage.ru_stime, output.read()


def _speed(bench, capture, flows):
    ours, whole, peers = [], [], {TSHARK: [], TCPTRACE: []}
    for _ in range(bench.rounds or ROUNDS):
        bench.say("packets: peek, life, tshark, tcptrace")
        took_s, said = _cpu_s(bench.tcpsight("peek", "-q", "--json", "--read", capture))
        _check(json.loads(said.splitlines()[0]), flows)
        ours.append(PACKETS / took_s)
        took_s, said = _cpu_s(bench.tcpsight("life", "--json", "--read", capture))
        if said.count(b'"end_reason":"fin"') != flows:
            raise Failure("life did not find the connections of the capture")
        whole.append(PACKETS / took_s)
        for name, (words, mark) in PEERS.items():
            if not shutil.which(words[0]):
                continue
            took_s, said = _cpu_s([*words, capture])
            if said.count(mark) != flows:
                raise Failure(f"{name} did not find the connections of the capture")
            peers[name].append(PACKETS / took_s)
    note = f"{PACKETS:,} packets of {flows:,} connections, per second of CPU time"
    rows = [Row("packets", what, "packets/s", samples, peers[name], name, target).without_peer(name)
            for name, target in ((TSHARK, FASTER), (TCPTRACE, None))
            for what, samples in (("peek --read", ours), ("life --read", whole))]
    rows[-1].note = rows[-1].note or note
    return rows


def _check(line, real):
    found = sum(count["success"]["total"] for one in line["filters"]
                for name, count in one.items() if name == "TX")
    if found != real:
        raise Failure(f"peek found {found} of {real} handshakes")


def _flood(bench):
    bench.say(f"packets: flood of {SYNS:,} SYNs")
    with subprocess.Popen([bench.tools / "packets", "flood", str(SYNS)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as flood:
        with subprocess.Popen(bench.tcpsight("peek", "-q", "--json", "--read", "-"),
                              stdin=flood.stdout, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as peek:
            peak_mib = 0.0
            while flood.poll() is None:
                peak_mib = max(peak_mib, memory_kib(peek.pid)["VmHWM"] / 1024)
                try:
                    flood.wait(0.05)
                except subprocess.TimeoutExpired:
                    pass
            lines = [json.loads(line) for line in peek.stdout]
        real = int(flood.stderr.read())
    _check(lines[0], real)
    note = (f"{lines[-1]['lost']:,} half-open handshakes gave way, all {real:,} real ones were "
            "reported; the default --max-pending")
    return [Row("packets", f"peek: peak, {SYNS:,} SYNs", "MiB", [peak_mib], target=RESIDENT_MIB,
                absolute=True, note=note)]
