# SPDX-License-Identifier: BSD-2-Clause
"""ipfix: collectors that others wrote read the records, and their sums are those of `life --json` of the same
run; records are biflows whose source opened the connection."""

import contextlib
import json
import re
import socket
import subprocess
import threading

import pytest
from flows import Traffic, churn, traffic, wait_until
from sight import Tcpsight, run
from test_outputs import write_events

FAST = ["--timeout", 2, "--stop-timeout", 60]
ALL_FIELDS = r"^\t\(([\d/]+)\)[^:]*: (.*)$"


class Stream:
    """A TCP collector that keeps what comes, connection by connection."""

    def __init__(self, server):
        self.server, self.connections, self.ended = server, [], 0
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                self.connections.append(bytearray())
                with connection:
                    while chunk := connection.recv(65536):
                        self.connections[-1] += chunk
                self.ended += 1

    @property
    def where(self):
        return f"tcp:127.0.0.1:{self.server.getsockname()[1]}"

    def records(self, tmp_path):
        """Flow records as ipfixDump shows them: element to value."""
        wait_until(lambda: self.ended and self.ended == len(self.connections), "end of the stream")
        return self.records_so_far(tmp_path)

    def records_so_far(self, tmp_path):
        found = []
        for data in list(self.connections):
            path = tmp_path / "stream.ipfix"
            path.write_bytes(data)
            # A message that is not whole yet ends it, with an error.
            text = subprocess.run(["ipfixDump", "--in", path], capture_output=True, text=True,
                                  check=False).stdout
            for record in re.split(r"^--- data record", text, flags=re.M)[1:]:
                fields = dict(re.findall(ALL_FIELDS, record.split("***")[0], re.M))
                if "4" in fields:
                    found.append(fields)
        return found


@pytest.fixture
def stream():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Stream(server)


class Nfcapd:
    """nfcapd and nfdump: a collector of UDP."""

    def __init__(self, folder):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.process = subprocess.Popen(["nfcapd", "-p", str(self.port), "-b", "127.0.0.1", "-w", folder, "-t",
                                         "3600"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until(self.listens, "nfcapd")

    def listens(self):
        return f":{self.port} " in subprocess.run(["ss", "-Huln"], capture_output=True, text=True,
                                                  check=True).stdout

    def end(self):
        """What it says of itself at its end: flows and bytes."""
        self.process.terminate()
        said = self.process.communicate(timeout=30)[0]
        return said

    def flows(self):
        path, = self.folder.glob("nfcapd.2*")
        text = subprocess.run(["nfdump", "-q", "-r", path, "-o", "fmt:%sa,%sp,%da,%dp,%ibyt,%obyt"],
                              capture_output=True, text=True, check=True).stdout
        return [[cell.strip() for cell in line.split(",")] for line in text.splitlines() if "," in line]


@pytest.fixture
def nfcapd(tmp_path):
    folder = tmp_path / "flows"
    folder.mkdir()
    collector = Nfcapd(folder)
    yield collector
    if collector.process.poll() is None:
        collector.process.kill()
        collector.process.communicate()


def rows_of(path):
    return [row for row in map(json.loads, path.read_text().splitlines()) if row.get("type") != "summary"]


def biflow_of(row):
    """Source, destination, octets and reverse octets of a row of life."""
    local, remote = (row["laddr"], row["lport"]), (row["raddr"], row["rport"])
    if row["role"] == "accept":
        return *remote, *local, row["rx_bytes"], row["tx_bytes"]
    return *local, *remote, row["tx_bytes"], row["rx_bytes"]


def test_nfcapd_and_ipfixdump_read_what_life_shows(sight, netns, tmp_path, stream, nfcapd):
    rows_path = tmp_path / "rows"
    tool = sight("ipfix", "--collector", f"udp:127.0.0.1:{nfcapd.port}", "--netns", netns.name, "--also",
                 f"ipfix --collector {stream.where} --netns {netns.name}", "--also",
                 f"life --json --netns {netns.name} --output {rows_path}")
    traffic(netns=netns)
    churn("127.0.0.1", 200, 1, netns=netns)
    traffic(addr="::1", bytes=70_000, netns=netns)
    outcome = tool.stop()
    assert outcome.status == 0 and "dropped" not in outcome.stderr
    rows = sorted(biflow_of(row) for row in rows_of(rows_path))
    assert len(rows) >= 404 and any(":" in row[0] for row in rows)

    dumped = stream.records(tmp_path)
    octets = sorted((int(record["7"]), int(record["11"]), int(record["1"]), int(record["29305/1"]))
                    for record in dumped)
    assert octets == sorted((row[1], row[3], row[4], row[5]) for row in rows)
    assert {record["136"] for record in dumped} == {"3"}
    assert {record["239"] for record in dumped} == {"1"}
    assert all(int(record["2"]) > 0 for record in dumped if int(record["1"]))

    said = nfcapd.end()
    assert "Sequence Errors: 0, Bad Packets: 0" in said
    told = sorted((cells[0], int(cells[1]), cells[2], int(cells[3]), int(cells[4]), int(cells[5]))
                  for cells in nfcapd.flows())
    assert [(each[1], each[3], each[4], each[5]) for each in sorted(told, key=lambda each: each[1:])] == \
        sorted((row[1], row[3], row[4], row[5]) for row in rows)


def test_live_connections_are_told_of_in_deltas(sight, netns, tmp_path, stream):
    tool = sight("ipfix", "--collector", stream.where, "--active-timeout", 1, "--netns", netns.name, "--also",
                 f"life --json --netns {netns.name} --output {tmp_path / 'rows'}")
    with Traffic(netns=netns, hold=True, rounds=2, bytes=400_009, reply=17) as flow:
        flow.go()
        wait_until(lambda: {"2"} & {record["136"] for record in stream.records_so_far(tmp_path)
                                    if int(record["1"])}, "record of a live connection")
        flow.finish()
    outcome = tool.stop()
    assert outcome.status == 0
    rows = rows_of(tmp_path / "rows")
    assert len(rows) == 2
    sums = {}
    for record in stream.records(tmp_path):
        key = int(record["7"]), int(record["11"]), record["148"]
        sums.setdefault(key, [0, 0])
        sums[key][0] += int(record["1"])
        sums[key][1] += int(record["29305/1"])
    assert sorted((key[0], key[1], *both) for key, both in sums.items()) == \
        sorted((biflow_of(row)[1], *biflow_of(row)[3:]) for row in rows)


def test_names_and_roles(built, tmp_path, stream):
    """The owner is told as text and number; of an unknown role the source is this host, direction arbitrary."""
    events = tmp_path / "events"
    events.write_text("clock 2026-11-21T09:00:00Z\n"
                      "1 close 1 local=10.0.0.1:1 remote=10.0.0.2:80 tx=3 pid=66051 comm=nginx owner=connect "
                      "end=reset_sent netns=77\n"
                      "2 close 2 local=[2001:db8::1]:443 remote=[2001:db8::2]:9 role=accept tx=1 rx=2 end=fin\n")
    outcome = run("ipfix", "--collector", stream.where, *FAST, "--read", events)
    assert outcome.status == 0, outcome.stderr
    first, second = stream.records(tmp_path)
    assert (first["8"], first["12"], first["239"], first["234"]) == ("10.0.0.1", "10.0.0.2", "0", "77")
    assert first["96"].endswith(" nginx")
    # ipfixDump shows what it does not know as the bytes came: 66051 is 00 01 02 03.
    assert int(first["32473/1"]) == 0x03020100
    assert int(first["6"]) & 4 and not int(second["6"]) & 4
    assert (second["27"], second["7"], second["28"], second["11"]) == ("2001:0db8::0002", "9", "2001:0db8::0001",
                                                                    "443")
    assert (second["1"], second["29305/1"], second["239"]) == ("2", "1", "1")


def test_a_collector_that_comes_late_and_goes(built, tmp_path):
    """Records wait for it; of a new connection the templates come first."""
    many = write_events(tmp_path / "many", 3000)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Tcpsight("ipfix", "--collector", f"tcp:127.0.0.1:{port}", *FAST, "--read", many, ready=False) as tool:
        wait_until(lambda: "trying again" in "".join(tool.errors), "warning")
        with socket.create_server(("127.0.0.1", port)) as server:
            late = Stream(server)
            outcome = tool.wait_exit(60)
            records = late.records(tmp_path)
    assert outcome.status == 0 and "given up" not in outcome.stderr
    assert sum(int(record["1"]) for record in records) == sum(range(3000))
    assert len(records) == 3000


def test_nobody_listens(built, tmp_path):
    few = write_events(tmp_path / "few", 3)
    outcome = run("ipfix", "--collector", "tcp:127.0.0.1:1", "--give-up", 1, "--read", few)
    assert outcome.status == 0
    assert "nothing gets to 127.0.0.1 port 1: connection: Connection refused" in outcome.stderr
    assert "0 records sent; 0 dropped here, 3 given up" in outcome.stderr


@pytest.mark.parametrize("where, caret, why", [
    ("10.0.0.1:4739", 0, "expected udp:, tcp: or tls:"), ("udp:host", 8, "the port is missing"),
    ("tcp::4739", 4, "the host is missing"), ("tls:[::1]:x", 10, "expected a port"),
    ("udp:h:65536", 6, "expected a port")])
def test_collectors_that_are_none(built, where, caret, why):
    outcome = run("ipfix", "--collector", where)
    assert (outcome.status, outcome.text) == (2, "")
    assert why in outcome.stderr and f"\n  {where}\n  {' ' * caret}^\n" in outcome.stderr
