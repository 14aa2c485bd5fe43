# SPDX-License-Identifier: BSD-2-Clause
"""`--read` for each report that packets can feed: columns, filters and formats are as on live flows."""

import csv
import ipaddress
import json

import pytest
from capture import Wire, convert, write
from sight import run

pytestmark = pytest.mark.usefixtures("built")
REPORTS = ["life", "top", "peek", "subnet"]
ENDS = "laddr", "lport", "raddr", "rport"


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    wires = []
    for n in range(12):
        six = n % 3 == 2
        wire = Wire(client="2001:db8::1" if six else "10.0.0.1", sport=50000 + n,
                    server=f"2001:db8::2:{n}" if six else f"10.{n}.0.2", dport=(80, 443, 22)[n % 4 % 3],
                    isn=(7000 * n, 90 * n))
        wire.open(0.1 * n)
        wire.send(0.1 * n + 0.05, 0, "PA", b"x" * (100 + n))
        wires.append(wire.close(0.1 * n + 0.5))
    return write(tmp_path_factory.mktemp("read") / "c.pcap", *wires)


def read(report, capture, *options):
    outcome = run(report, "--read", capture, *options)
    assert outcome.status == 0, outcome.stderr
    return outcome.lines


def as_text(value):
    return "" if value is None else str(value)


def rows_of_csv(lines):
    return list(csv.DictReader(lines))


def rows_of_json(lines):
    """But those that are no rows: the filters' counters of peek, and the summary."""
    return [row for row in map(json.loads, lines) if "type" not in row]


@pytest.mark.parametrize("report", REPORTS)
def test_csv_and_json_hold_the_same(capture, report):
    rows = rows_of_json(read(report, capture, "--json"))
    # --csv alone is tcplife's, with its own columns.
    lines = read(report, capture, "--csv", *(["-o", ",".join(rows[0])] if report == "life" else []))
    assert rows and lines[0].rstrip("\n").split(",") == list(rows[0])
    assert rows_of_csv(lines) == [{name: as_text(value) for name, value in row.items()}
                                  for row in rows]


@pytest.mark.parametrize("report, columns", [
    ("life", "lport,raddr,tx_bytes,end_reason"), ("top", "lport,raddr,tx_bytes,state"),
    ("peek", "client_port,server_addr,outcome,dup_syn"), ("subnet", "subnet,tx_bytes,rx_bytes,flows")])
def test_chosen_columns_in_every_format(capture, report, columns):
    names = columns.split(",")
    rows = rows_of_json(read(report, capture, "--json", "-o", columns))
    assert rows and all(list(row) == names for row in rows)
    assert rows_of_csv(read(report, capture, "--csv", "-o", columns)) == [
        {name: as_text(value) for name, value in row.items()} for row in rows]
    # Text has a heading a tick besides.
    table = [line.split() for line in read(report, capture, "-o", columns)]
    wanted = [[as_text(value) for value in row.values()] for row in rows]
    assert [line for line in table if line in wanted] == wanted


@pytest.mark.parametrize("report", ["life", "top", "peek"])
@pytest.mark.parametrize("options, admits", [
    (["-4"], lambda r: ":" not in r["raddr"]),
    (["-6"], lambda r: ":" in r["raddr"]),
    (["-D", "80,22"], lambda r: r["rport"] in ("80", "22")),
    (["-L", "50003"], lambda r: r["lport"] == "50003"),
    (["--where", "dst net 10.4.0.0/14"],
     lambda r: ipaddress.ip_address(r["raddr"]) in ipaddress.ip_network("10.4.0.0/14")),
    (["--where", "ip6 and not port 443"], lambda r: ":" in r["raddr"] and r["rport"] != "443"),
    (["-4", "-D", "443", "--where", "src port 50001"], lambda r: r["lport"] == "50001"),
    (["-D", "9999"], lambda r: False),
])
def test_filters_admit_the_same_rows_in_every_report(capture, report, options, admits):
    columns = ["--csv", "-o", ",".join(ENDS)]
    everything = rows_of_csv(read(report, capture, *columns))
    some = rows_of_csv(read(report, capture, *columns, *options))
    assert len({row["lport"] for row in everything}) == 12
    assert some == [row for row in everything if admits(row)]


@pytest.mark.parametrize("report", ["life", "peek"])
def test_so_many_rows_and_no_more(capture, report):
    rows = read(report, capture, "--csv", "-o", "lport")
    assert read(report, capture, "--csv", "-o", "lport", "--rows", "3") == rows[:4]


@pytest.mark.parametrize("report, column", [("life", "tx_bytes"), ("top", "lport"),
                                            ("subnet", "tx_bytes")])
def test_rows_are_ranked(capture, report, column):
    words = {"top": ["3600"], "subnet": ["-i", "3600", "10.4.0.0/16,0.0.0.0/0,::/0"], "life": []}
    lines = read(report, capture, *words[report], "--csv", "-o", column, "--sort", column)[1:]
    numbers = [int(line) for line in lines]
    assert len(numbers) > 1 and numbers == sorted(numbers, reverse=True)


@pytest.mark.parametrize("report", REPORTS)
def test_the_local_end_is_who_is_named(capture, report):
    """Every handshake and flow is that of the servers, then; the peer is the one client."""
    columns, words, wanted = {"subnet": ("subnet", ["--direction", "rx", "2001:db8::1/128,::/0"],
                                         "2001:db8::1/128"),
                              "peek": ("direction", [], "rx")}.get(report, ("role", [], "accept"))
    said = read(report, capture, "--csv", "-o", columns, "--local", "2001:db8::2:0/112", "-6", *words)
    assert {line.rstrip("\n") for line in said[1:]} == {wanted}


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("how", ["pcapng", "nanoseconds", "standard input"])
def test_every_kind_of_file_gives_the_same(capture, report, how):
    plain = read(report, capture, "--json")
    if how == "standard input":
        with open(capture, "rb") as file:
            assert run(report, "--json", "--read", "-", stdin=file).lines == plain
    else:
        kind = {"pcapng": "pcapng", "nanoseconds": "nsecpcap"}[how]
        assert read(report, convert(capture, "-F", kind), "--json") == plain


@pytest.mark.parametrize("report", REPORTS)
def test_a_wrong_column_is_told_before_anything_is_printed(capture, report):
    outcome = run(report, "--read", capture, "-o", "lport,remotte")
    assert outcome.status == 2 and not outcome.lines
    assert "no column 'remotte' (did you mean remote?)" in outcome.stderr
