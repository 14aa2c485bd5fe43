# SPDX-License-Identifier: BSD-2-Clause
"""The text output is that of the original tools, byte for byte."""

import csv
import io
import re
import time

import pytest
from flows import Traffic, traffic
from sight import PROGRAM, Tcpsight

LIFE_TITLES = ("PID", "COMM", "IP", "LADDR", "LPORT", "RADDR", "RPORT", "TX_KB", "RX_KB", "MS")
LIFE_HEADER = "%-5s %-10.10s %s%-15s %-5s %-15s %-5s %5s %5s %s\n"
LIFE_ROW = "%-5d %-10.10s %s%-15s %-5d %-15s %-5d %5d %5d "
WIDE_HEADER = "%-5s %-16.16s %-2s %-39s %-5s %-39s %-5s %6s %6s %s\n"
WIDE_ROW = "%-5d %-16.16s %-2s %-39s %-5d %-39s %-5d %6d %6d "
CSV_HEADER = "PID,COMM,IP,LADDR,LPORT,RADDR,RPORT,TX_KB,RX_KB,MS\n"
CSV_ROW = "%d,%s,%s,%s,%d,%s,%d,%d,%d,"
TOP_TITLES = {4: ("PID", "COMM", "LADDR", "RADDR", "RX_KB", "TX_KB"),
              6: ("PID", "COMM", "LADDR6", "RADDR6", "RX_KB", "TX_KB")}
TOP_HEADER = {4: "%-7s %-12s %-21s %-21s %6s %6s\n", 6: "%-7s %-12s %-32s %-32s %6s %6s\n"}
TOP_ROW = {4: "%-7d %-12.12s %-21s %-21s %6d %6d\n", 6: "%-7d %-12.12s %-32s %-32s %6d %6d\n"}


def life_fields(side, comm, ip):
    laddr, lport, raddr, rport = side.tuple
    return (side.pid, comm, ip, laddr, lport, raddr, rport,
            side.tx_bytes // 1024, side.rx_bytes // 1024)


def top_line(side, comm, family=4):
    laddr, lport, raddr, rport = side.tuple
    return TOP_ROW[family] % (side.pid, comm, f"{laddr}:{lport}", f"{raddr}:{rport}",
                              side.rx_bytes // 1024, side.tx_bytes // 1024)


def life_lines(sight, netns, *options, **flow):
    """Run life over one flow in a namespace: all it prints, and the truth."""
    tool = sight("life", "--netns", netns.name, *options)
    truth = traffic(netns=netns, bytes=50_000, reply=3000, close="server", **flow)
    outcome = tool.stop()
    assert (outcome.status, outcome.stderr) == (0, "")
    return outcome.lines, truth


def split_ms(line, truth):
    """Cut the milliseconds off a line, after a check that they are right."""
    head, ms = re.fullmatch(r"(.*?)(\d+\.\d\d)\n", line).groups()
    assert float(ms) <= truth.elapsed_us / 1000 + 0.01
    return head, float(ms)


def assert_life(lines, truth, header, row, ips):
    assert lines[0] == header
    heads = {}
    for line in lines[1:]:
        head, ms = split_ms(line, truth)
        heads[head] = ms
    client = row % life_fields(truth.client, "tcp-client", ips)
    server = row % life_fields(truth.server, "tcp-server", ips)
    assert set(heads) == {client, server}
    assert heads[client] >= truth.client.min_us // 10_000 / 100


def test_life(sight, netns):
    titles = tuple("" if title == "IP" else title for title in LIFE_TITLES)
    lines, truth = life_lines(sight, netns)
    assert_life(lines, truth, LIFE_HEADER % titles, LIFE_ROW, "")


def test_life_ipv6_overflows_the_narrow_columns(sight, netns):
    titles = tuple("" if title == "IP" else title for title in LIFE_TITLES)
    lines, truth = life_lines(sight, netns, addr="::1")
    assert_life(lines, truth, LIFE_HEADER % titles, LIFE_ROW, "")


@pytest.mark.parametrize("addr, ip", [("127.0.0.1", "4"), ("::1", "6"), ("::ffff:127.0.0.1", "4")])
@pytest.mark.parametrize("option", ["-w", "--wide"])
def test_life_wide(sight, netns, option, addr, ip):
    lines, truth = life_lines(sight, netns, option, addr=addr)
    assert_life(lines, truth, WIDE_HEADER % LIFE_TITLES, WIDE_ROW, ip)


@pytest.mark.parametrize("options", [["-s"], ["--csv"], ["-ws"]])
def test_life_csv(sight, netns, options):
    lines, truth = life_lines(sight, netns, *options)
    assert_life(lines, truth, CSV_HEADER, CSV_ROW, "4")


CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d")


def test_life_time_prefixes_in_their_order(sight, netns):
    before = time.strftime("%H:%M:%S")
    lines, _ = life_lines(sight, netns, "-t", "-T")
    after = time.strftime("%H:%M:%S")
    assert lines[0].startswith("%-8s %-9s PID " % ("TIME", "TIME(s)"))
    for line in lines[1:]:
        clock, seconds = re.match(r"(\S{8}) (\d+\.\d{6} *) \d", line).groups()
        assert CLOCK.fullmatch(clock)
        assert before <= clock <= after or after < before
        assert len(seconds) == 9
    assert lines[1][9:18] == "0.000000 "


def test_life_csv_with_both_times(sight, netns):
    lines, _ = life_lines(sight, netns, "-stT")
    assert lines[0] == "TIME,TIME(s)," + CSV_HEADER
    rows = list(csv.reader(lines[1:]))
    assert all(CLOCK.fullmatch(row[0]) for row in rows)
    assert rows[0][1] == "0.000000"
    assert re.fullmatch(r"0\.\d{6}", rows[1][1])


def test_life_timestamps_are_seconds_between_closings(sight, netns):
    tool = sight("life", "--netns", netns.name, "-s", "--timestamp")
    started = time.monotonic()
    traffic(netns=netns, bytes=1)
    tool.wait_for(lambda lines: len(lines) == 3, "two rows")
    time.sleep(0.3)
    traffic(netns=netns, bytes=1)
    tool.wait_for(lambda lines: len(lines) == 5, "four rows")
    passed = time.monotonic() - started
    rows = list(csv.DictReader(io.StringIO(tool.stop().text)))
    assert rows[0]["TIME(s)"] == "0.000000"
    assert 0.3 <= float(rows[2]["TIME(s)"]) <= passed


def test_life_prints_its_header_at_once(sight, netns):
    tool = sight("life", "--netns", netns.name)
    tool.wait_for(lambda lines: lines[:1] and lines[0].startswith("PID "), "header")


def test_top_whole_report(sight, netns):
    tool = sight("top", "--netns", netns.name, "-C", 3600)
    small = traffic(netns=netns, bytes=3000, reply=2048)
    large = traffic(netns=netns, bytes=900_000, reply=10_240)
    six = traffic(netns=netns, bytes=70_000, addr="::1")
    outcome = tool.stop()
    assert (outcome.status, outcome.stderr) == (0, "")
    lines = outcome.lines
    assert lines[0] == "Tracing... Output every 3600 secs. Hit Ctrl-C to end\n"
    assert lines[1] == "\n"
    assert re.fullmatch(CLOCK.pattern + r" loadavg: [\d.]+ [\d.]+ [\d.]+ \d+/\d+ \d+\n", lines[2])
    assert lines[3] == "\n"
    assert lines[4] == TOP_HEADER[4] % TOP_TITLES[4]
    assert set(lines[5:7]) == {top_line(large.client, "tcp-client"),
                               top_line(large.server, "tcp-server")}
    assert set(lines[7:9]) == {top_line(small.client, "tcp-client"),
                               top_line(small.server, "tcp-server")}
    assert lines[9] == "\n"
    assert lines[10] == TOP_HEADER[6] % TOP_TITLES[6]
    assert set(lines[11:]) == {top_line(six.client, "tcp-client", 6),
                               top_line(six.server, "tcp-server", 6)}


def test_top_without_summary(sight, netns):
    tool = sight("top", "--netns", netns.name, "-C", "-S", 3600)
    traffic(netns=netns, bytes=1)
    lines = tool.stop().lines
    assert lines[1:3] == ["\n", TOP_HEADER[4] % TOP_TITLES[4]]
    assert len(lines) == 5


def test_top_ipv6_alone_begins_with_an_empty_line(sight, netns):
    tool = sight("top", "--netns", netns.name, "-CS", 3600)
    traffic(netns=netns, bytes=1, addr="::1")
    lines = tool.stop().lines
    assert lines[1:4] == ["\n", "\n", TOP_HEADER[6] % TOP_TITLES[6]]
    assert len(lines) == 6


def test_top_prints_no_header_without_traffic(sight, netns):
    tool = sight("top", "--netns", netns.name, "-CS", 3600)
    with Traffic(netns=netns, hold=True):
        lines = tool.stop().lines
    assert [line for line in lines[1:] if line != "\n"] == []


def test_top_counts_its_reports(sight, netns):
    started = time.monotonic()
    tool = sight("top", "--netns", netns.name, "-C", 1, 2)
    outcome = tool.wait_exit()
    assert outcome.status == 0
    assert outcome.lines[0] == "Tracing... Output every 1 secs. Hit Ctrl-C to end\n"
    assert sum("loadavg:" in line for line in outcome.lines) == 2
    assert time.monotonic() - started >= 1.9


@pytest.mark.parametrize("name", ["tcptop", "tcplife"])
def test_names_of_the_originals(privileged, netns, tmp_path, name):
    link = tmp_path / name
    link.symlink_to(PROGRAM)
    options = ["-CS", 3600] if name == "tcptop" else []
    with Tcpsight("--netns", netns.name, *options, program=link) as tool:
        truth = traffic(netns=netns, bytes=5000, close="server")
        lines = tool.stop().lines
    if name == "tcptop":
        assert lines[1:3] == ["\n", TOP_HEADER[4] % TOP_TITLES[4]]
        assert top_line(truth.client, "tcp-client") in lines
    else:
        titles = tuple("" if title == "IP" else title for title in LIFE_TITLES)
        assert_life(lines, truth, LIFE_HEADER % titles, LIFE_ROW, "")
