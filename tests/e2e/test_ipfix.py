# SPDX-License-Identifier: BSD-2-Clause
"""ipfix: collectors that others wrote read the records, and their sums are those of `life --json` of the same
run; records are biflows whose source opened the connection."""

import re
import socket

import pytest
from authorities import certificates, tls_of  # noqa: F401 (a fixture)
from flows import Traffic, churn, traffic, wait_until
from ipfix_collectors import Nfacctd, Nfcapd, Stream, Tee, biflow_of, dump, rows_of
from outputs import write_events
from sight import Tcpsight, run

FAST = ["--timeout", 2, "--stop-timeout", 60]


@pytest.fixture
def stream():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Stream(server)


@pytest.fixture
def daemon(tmp_path):
    """Makes a collector of a class of its own folder."""
    running = []

    def make(what):
        folder = tmp_path / what.__name__
        folder.mkdir()
        running.append(what(folder))
        return running[-1]
    yield make
    for each in running:
        each.kill()


def test_four_collectors_read_what_life_shows(sight, netns, tmp_path, stream, daemon):
    """nfcapd, nfacctd, ipfixDump and tshark are given the same datagrams; ipfixDump a TCP stream too."""
    nfcapd, nfacctd = daemon(Nfcapd), daemon(Nfacctd)
    tee = Tee(nfcapd.port, nfacctd.port)
    rows_path = tmp_path / "rows"
    tool = sight("ipfix", "--collector", tee.where, "--netns", netns.name, "--also",
                 f"ipfix --collector {stream.where} --netns {netns.name}", "--also",
                 f"life --json --netns {netns.name} --output {rows_path}")
    traffic(netns=netns)
    churn("127.0.0.1", 200, 1, netns=netns)
    traffic(addr="::1", bytes=70_000, netns=netns)
    outcome = tool.stop()
    assert outcome.status == 0 and "dropped" not in outcome.stderr
    tee.end()
    rows = sorted(biflow_of(row) for row in rows_of(rows_path))
    assert len(rows) >= 404 and any(":" in row[0] for row in rows)
    numbers = sorted((row[1], row[3], row[4], row[5]) for row in rows)

    for dumped in (stream.records(tmp_path), dump(tee.file(tmp_path / "datagrams.ipfix"))):
        assert numbers == sorted((int(record["7"]), int(record["11"]), int(record["1"]), int(record["29305/1"]))
                                 for record in dumped)
        assert {record["136"] for record in dumped} == {"3"}
        assert {record["239"] for record in dumped} == {"1"}
        assert all(int(record["2"]) > 0 for record in dumped if int(record["1"]))
    assert numbers == sorted(tee.tshark(tmp_path))
    assert rows == sorted(
        (row["ip_src"], row["port_src"], row["ip_dst"], row["port_dst"], row["bytes"], int(row["rev_octets"]))
        for row in nfacctd.wait_rows(len(rows)))
    assert "Sequence Errors: 0, Bad Packets: 0" in nfcapd.end()
    # It shortens addresses of IPv6.
    assert numbers == sorted((int(cells[1]), int(cells[3]), int(cells[4]), int(cells[5])) for cells in nfcapd.flows())


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


def test_a_table_that_was_full_and_an_end_that_was_lost_are_told(built, tmp_path, stream):
    """One record has all that a flow moved which found no place in the table while it lived, with the reason 5
    (lack of resources), as has one whose end was shown to nobody; who never needed a place has 3."""
    events = tmp_path / "events"
    events.write_text(
        "clock 2026-11-21T09:00:00Z\n"
        "0.2 open 1 local=10.0.0.1:1 remote=10.0.0.2:80 role=connect state=established opened=0.1 established=0.2\n"
        "0.4 open 2 local=10.0.0.1:2 remote=10.0.0.2:80 role=connect state=established opened=0.3 established=0.4\n"
        "0.5 sample 1 tx=10\n"
        "0.6 sample 2 tx=20\n"
        "1.5 sample 2 tx=40\n"
        "2.5 sample 1 tx=11\n"
        "2.6 close 2 tx=70 end=fin\n"
        "2.7 close 3 local=10.0.0.1:3 remote=10.0.0.2:80 role=connect opened=2.65 established=2.66 tx=5 end=fin\n"
        "3.2 sample 1 tx=12\n"
        "4.3 look\n"
        "4.4 all error=1\n"
        "5 close 4 local=10.0.0.1:4 remote=10.0.0.2:80 role=connect opened=4.9 established=4.95 tx=6 end=fin\n")
    outcome = run("ipfix", "--collector", stream.where, *FAST, "--active-timeout", 1, "--max-flows", 1,
                  "--read", events)
    assert outcome.status == 0 and "found the flow table full" in outcome.stderr
    told = {}
    for record in stream.records(tmp_path):
        begun, ended = (float(re.search(r"09:00:(\d\d\.\d+)", record[element])[1]) for element in ("152", "153"))
        told.setdefault(int(record["7"]), []).append((int(record["136"]), int(record["1"]), begun, ended))
    assert told == {1: [(2, 10, 0.1, 1.2), (2, 1, 2.2, 3.2), (2, 1, 3.2, 4.2), (5, 0, 4.2, 4.4)], 2: [(5, 70, 0.3, 2.6)],
                    3: [(3, 5, 2.65, 2.7)], 4: [(3, 6, 4.9, 5)]}


def test_a_collector_that_comes_late_and_goes(built, tmp_path):
    """Records wait for it; of a new connection the templates come first."""
    many = write_events(tmp_path / "many", 3000)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        where = f"tcp:127.0.0.1:{server.getsockname()[1]}"
        with Tcpsight("ipfix", "--collector", where, *FAST, "--read", many, ready=False) as tool:
            wait_until(lambda: "trying again" in "".join(tool.errors), "warning")
            server.listen()
            late = Stream(server)
            outcome = tool.wait_exit(60)
            records = late.records(tmp_path)
    assert outcome.status == 0 and "given up" not in outcome.stderr
    assert sum(int(record["1"]) for record in records) == sum(range(3000))
    assert len(records) == 3000


@pytest.mark.parametrize("kind", ["tcp", "tls"])
@pytest.mark.parametrize("cut", [10, 700, 30_000, 50_000])
def test_a_connection_that_is_cut_loses_nothing(built, tmp_path, certificates, cut, kind):  # noqa: F811
    """Reset in the templates, in the first records, behind many: what was not acknowledged comes again, and what
    comes twice is the same. A thousand records, which are sent at once, do not fit into the socket."""
    many = write_events(tmp_path / "many", 6000)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        stream = Stream(server, tls=tls_of(certificates) if kind == "tls" else None, cuts=[cut])
        outcome = run("ipfix", "--collector", f"{kind}:127.0.0.1:{stream.port()}", "--ca-file",
                      certificates / "ours.pem", *FAST, "--read", many)
        records = stream.records(tmp_path)
    assert outcome.status == 0 and "sent;" not in outcome.stderr, outcome.stderr
    assert "nothing gets to" in outcome.stderr
    assert len(stream.connections) == 2
    by_id = {}
    for record in records:
        assert by_id.setdefault((record["7"], record["153"]), record) == record
    assert len(by_id) == 6000
    assert sum(int(record["1"]) for record in by_id.values()) == sum(range(6000))


@pytest.mark.parametrize("host, asks", [("localhost", False), ("127.0.0.1", True)])
def test_over_tls(built, tmp_path, certificates, host, asks):  # noqa: F811
    many = write_events(tmp_path / "many", 3000)
    shown = ["--client-certificate", certificates / "client.pem", "--client-key", certificates / "client.key"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = Stream(server, tls=tls_of(certificates, asks))
        outcome = run("ipfix", "--collector", f"tls:{host}:{stream.port()}", *FAST, "--ca-file",
                      certificates / "ours.pem", *(shown if asks else []), "--read", many)
        records = stream.records(tmp_path)
    assert outcome.status == 0 and not outcome.stderr, outcome.stderr
    assert len(records) == 3000 and sum(int(record["1"]) for record in records) == sum(range(3000))


@pytest.mark.parametrize("authority, asks, why", [("theirs", False, "certificate"), ("ours", True, "Certificate is required")],
                         ids=["another authority", "no certificate of ours"])
def test_tls_that_is_refused(built, tmp_path, certificates, authority, asks, why):  # noqa: F811
    few = write_events(tmp_path / "few", 3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = Stream(server, tls=tls_of(certificates, asks))
        outcome = run("ipfix", "--collector", f"tls:localhost:{stream.port()}", "--give-up", 1, "--ca-file",
                      certificates / f"{authority}.pem", "--read", few)
        # The program may have ended before the server has read that it is refused.
        wait_until(lambda: stream.refused, "refusal")
        assert not stream.connections
    assert "nothing gets to localhost" in outcome.stderr and why in outcome.stderr
    assert "0 records sent; 0 dropped here, 3 given up" in outcome.stderr


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


def test_a_certificate_needs_its_key(built, tmp_path, certificates):  # noqa: F811
    few = write_events(tmp_path / "few", 3)
    outcome = run("ipfix", "--collector", "tls:localhost:1", "--client-certificate", certificates / "client.pem",
                  "--read", few)
    assert outcome.status == 1 and "--client-certificate and --client-key go together" in outcome.stderr
