# SPDX-License-Identifier: BSD-2-Clause
"""A busy link between two network namespaces: how many packets reach `peek` for a connection, with
each filter, and what watching costs the transfer, beside tcpdump and with nobody watching."""

import json
import re
import shutil
import subprocess
import tempfile

from harness.bench import rotate
from harness.link import FAR, joined, sink
from harness.process import Failure, ready_program, stop
from harness.table import Row

ROUNDS = 3
SECONDS = 3
RATE = 200
FILTERS = "ebpf", "classic", "all"
PACKETS = ("<=", 4)


def measure(bench):
    """Rows of this part."""
    watchers = [None, *FILTERS] + (["tcpdump"] if shutil.which("tcpdump") else [])
    runs = {name: [] for name in watchers}
    with joined() as far, sink(bench, far) as (port, _):
        for i in range(bench.rounds or ROUNDS):
            for name in rotate(watchers, i):
                bench.say(f"busy: round {i + 1}, {name or 'nobody watches'}")
                runs[name].append(_run(bench, name, port))
    return _rows(runs)


def _run(bench, watcher, port):
    """One transfer: (Gbit/s, packets that reached the watcher for each connection)."""
    if watcher is None:
        return _load(bench, port)[0], None
    if watcher == "tcpdump":
        return _with_tcpdump(bench, port)
    with tempfile.NamedTemporaryFile(mode="r") as output:
        command = bench.tcpsight("peek", "-q", "--json", "-i", "near", "-U", f"{output.name}.sock",
                                 "--rung", f"capture={watcher}")
        with open(output.name, "w") as writing, ready_program(command, stdout=writing):
            rate, connections = _load(bench, port)
        lines = [json.loads(line) for line in output]
    _check(lines, connections)
    return rate, _received(lines) / connections


def _received(lines):
    return lines[0]["filters"][-1]["pcap"]["stats"]["recv"]


def _check(lines, connections):
    """Every handshake must have been reported, or there was less to do; drops excuse."""
    counts = {name: count for one in lines[0]["filters"] for name, count in one.items()}
    found = counts["TX"]["success"]["total"]
    if found != connections and not counts["pcap"]["stats"]["drop"]:
        raise Failure(f"peek found {found} of {connections} handshakes")


def _with_tcpdump(bench, port):
    with subprocess.Popen(["tcpdump", "-i", "near", "-w", "/dev/null", "tcp"],
                          stderr=subprocess.PIPE, text=True) as tcpdump:
        for line in tcpdump.stderr:
            if "listening on" in line:
                break
        rate, connections = _load(bench, port)
        stop(tcpdump)
        received = re.search(r"(\d+) packets received by filter", tcpdump.stderr.read())
    return rate, int(received[1]) / connections


def _load(bench, port):
    done = bench.load("bulk", "send", FAR, port, SECONDS, RATE)
    return done["bytes"] * 8 / done["seconds"] / 1e9, done["connections"]


def _rows(runs):
    def rates(name):
        return [rate for rate, _ in runs.get(name, [])]

    def packets(name):
        return [count for _, count in runs.get(name, [])]

    note = (f"a transfer of {SECONDS} s and {RATE} connections a second beside it; tcpdump's filter, "
            "tcp, is the original's way")
    rows = [Row("busy", f"packets that arrive for a connection, filter {name}", "", packets(name),
                packets("tcpdump"), "tcpdump", PACKETS if name == "ebpf" else None, absolute=True)
            for name in FILTERS]
    rows[-1].note = note
    rows += [Row("busy", f"throughput with peek, filter {name}", "Gbit/s", rates(name), rates(None),
                 "nobody") for name in FILTERS]
    rows += [Row("busy", "throughput with peek, filter ebpf", "Gbit/s", rates("ebpf"),
                 rates("tcpdump"), "tcpdump"),
             Row("busy", "throughput with tcpdump (in place of peek)", "Gbit/s", rates("tcpdump"),
                 rates(None), "nobody")]
    return [row.without_peer(row.peer_name) for row in rows if row.ours]
