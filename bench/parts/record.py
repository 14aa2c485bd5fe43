# SPDX-License-Identifier: BSD-2-Clause
"""The recording: bytes and CPU time of a closed flow beside other forms, and how fast a minute is found."""

import csv
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

from harness import private
from harness.process import Failure, run_quiet
from harness.table import Row

ROWS = 1_000_000
PEER_ROWS = 200_000
PER_SECOND = 277
ROUNDS = 3
SECONDS = 300
FLOW_BYTES = ("<=", 25)
SAMPLE_BYTES = ("<=", 7)
DECODE = (">=", 5_000_000)
SECOND_CPU_MS = ("<=", 1)
FIND_S = ("<=", 0.1)
NETFLOW_PORT = 9995


def measure(bench):
    """Rows of this part."""
    return _forms(bench) + _peers(bench) + _second(bench) + _month(bench)


def _forms(bench):
    runs = []
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"record: {ROWS:,} closed flows, round {i + 1}")
        runs.append(bench.load("record", "form", ROWS, PER_SECOND))

    def samples(name):
        return [run[name] for run in runs]

    note = f"{ROWS:,} flows made up, {PER_SECOND} a second, all read back and compared; one thread, CPU time"
    return [
        Row("record", "a closed flow", "B", samples("bytes"), samples("json_bytes"), "JSON + zstd",
            FLOW_BYTES, absolute=True),
        Row("record", "a closed flow", "B", samples("bytes"), samples("packed_bytes"), "structs + zstd"),
        Row("record", "writing", "flows/s", samples("encode"), samples("json_encode"), "JSON + zstd"),
        Row("record", "writing", "flows/s", samples("encode"), samples("packed_encode"), "structs + zstd"),
        Row("record", "reading", "flows/s", samples("decode"), samples("json_decode"), "jansson", DECODE,
            absolute=True, note=note)]


def _peers(bench):
    ours = bench.load("record", "form", PEER_ROWS, PER_SECOND)
    rows = []
    for name, peer in (("sqlite3", _sqlite), ("nfdump", _nfdump)):
        row = Row("record", "a closed flow", "B", [ours["bytes"]], peer_name=name)
        if shutil.which(name):
            bench.say(f"record: {PEER_ROWS:,} closed flows in {name}")
            row.peer, row.note = peer(bench)
        rows.append(row.without_peer(name))
    return rows


def _sqlite(bench):
    with tempfile.TemporaryDirectory() as folder:
        table, database = f"{folder}/flows.csv", f"{folder}/flows.db"
        with subprocess.Popen([bench.tools / "record", "json", str(PEER_ROWS)], stdout=subprocess.PIPE,
                              text=True) as made, open(table, "w", newline="") as file:
            first = json.loads(made.stdout.readline())
            writer = csv.writer(file)
            writer.writerow(first.values())
            writer.writerows(json.loads(line).values() for line in made.stdout)
        columns = ", ".join(f"{name} {'INTEGER' if isinstance(value, int) else 'TEXT'}" for name, value in first.items())
        use = run_quiet(["sqlite3", database, f"CREATE TABLE flows ({columns})", f".import --csv {table} flows"])
        size = os.path.getsize(database)
    return [size / PEER_ROWS], (f"sqlite3 took {PEER_ROWS / use.cpu_s:,.0f} flows a second of CPU time, in one "
                                "transaction and without an index")


def _nfdump(bench):
    private.enter_network()
    with tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen(["nfcapd", "-w", folder, "-p", str(NETFLOW_PORT), "-t", "3600", "-y", "-B", "8000000"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as collector:
            _await_port(collector)
            records = bench.load("record", "netflow", PEER_ROWS, NETFLOW_PORT)["records"]
            time.sleep(1)
            collector.send_signal(signal.SIGTERM)
        files = [path for path in pathlib.Path(folder).iterdir() if path.name.startswith("nfcapd.")]
        size = sum(path.stat().st_size for path in files)
        summary = subprocess.run(["nfdump", "-q", "-I", "-R", folder], capture_output=True, text=True, check=True)
    found = sum(int(line.split()[1]) for line in summary.stdout.splitlines() if line.startswith("Flows_tcp:"))
    if not found:
        raise Failure("nfcapd kept nothing")
    return [size / found * 2], (f"two records of NetFlow 5 a flow, LZ4, {found / records:.0%} of them kept; they have "
                                "neither owner, times in us, RTT, retransmissions, end reason nor IPv6")


def _await_port(collector):
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s and collector.poll() is None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("0.0.0.0", NETFLOW_PORT))
            except OSError:
                return
        time.sleep(0.05)
    raise Failure("nfcapd does not listen")


def _second(bench):
    bench.say("record: seconds of a machine, all in")
    edges = bench.load("record_live", "mix", PER_SECOND, 1, 1, SECONDS)
    both = [bench.load("record_live", "mix", PER_SECOND, 1000, 1000, SECONDS)
            for _ in range(bench.rounds or ROUNDS)]
    thousand = [bench.load("record_live", "mix", 1000, 1000, 1000, 60) for _ in range(bench.rounds or ROUNDS)]
    busy = [bench.load("record_live", "mix", 5000, 5000, 20_000, 20) for _ in range(bench.rounds or ROUNDS)]
    return [
        Row("record", "a sample of a live flow", "B", [(run["bytes_s"] - edges["bytes_s"]) / 1000 for run in both],
            target=SAMPLE_BYTES, absolute=True),
        Row("record", "CPU of a second: 1,000 closes, 1,000 samples", "ms",
            [run["cpu_us_s"] / 1000 for run in thousand], target=SECOND_CPU_MS, absolute=True),
        Row("record", "CPU of a second: 5,000 closes, 5,000 samples, 20,000 live", "ms",
            [run["cpu_us_s"] / 1000 for run in busy], absolute=True,
            note=f"{statistics.median(run['bytes_s'] for run in busy) / 1000:,.0f} kB a second; of 277 closes and "
                 f"1,000 samples {statistics.median(run['bytes_s'] for run in both) / 1000:.1f} kB, headers, "
                 "column lists, owners and key frames included")]


def _month(bench):
    bench.say("record: 30 days of files")
    with tempfile.TemporaryDirectory() as folder:
        found = bench.load("record_live", "month", folder)["cold"]
    note = ("a file an hour; those of one day are full (20 closes a second, 100 live flows), of which a random "
            f"minute is sought; all of the minute is there after {statistics.median(one[1] for one in found):.4f} s")
    return [Row("record", "a minute in 30 days, nothing cached, to its first row", "s", [one[0] for one in found],
                target=FIND_S, absolute=True),
            Row("record", "the same once more", "s", [one[2] for one in found], target=FIND_S, absolute=True,
                note=note)]
