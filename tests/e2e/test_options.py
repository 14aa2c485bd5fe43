# SPDX-License-Identifier: BSD-2-Clause
"""Options that choose flows, columns, order and duration."""

import contextlib
import csv
import json
import subprocess
import sys
import time

import pytest
from flows import Traffic, traffic
from sight import KEYS, run


class Flows:
    """Three flows of a namespace that differ in port, family and size."""

    def __init__(self, netns):
        self.small = traffic(netns=netns, port=5001, bytes=2000, reply=90_000)
        self.large = traffic(netns=netns, port=5002, bytes=300_000)
        self.six = traffic(netns=netns, port=5003, bytes=50_000, addr="::1")
        self.mapped = traffic(netns=netns, port=5004, bytes=10_000, addr="::ffff:127.0.0.1")


def chosen(sight, netns, report, *options):
    """Which ends of which flows are shown, as a set of (local port, remote port)."""
    more = [3600] if report == "top" else []
    tool = sight(report, "--json", "--netns", netns.name, *more, *options)
    made = Flows(netns)
    rows = tool.stop().rows
    names = {}
    for name in "small", "large", "six", "mapped":
        truth = getattr(made, name)
        names[truth.client.lport, truth.client.rport] = name + " client"
        names[truth.server.lport, truth.server.rport] = name + " server"
    return {names[row["lport"], row["rport"]] for row in rows}


ALL = {f"{flow} {end}" for flow in ("small", "large", "six", "mapped")
       for end in ("client", "server")}
SIX = {"six client", "six server"}
SELECTIONS = [
    ([], ALL),
    (["-4"], ALL - SIX),
    (["--ipv4"], ALL - SIX),
    (["-6"], SIX),
    (["--ipv6"], SIX),
    (["-L", "5001"], {"small server"}),
    (["-L", "5001,5003"], {"small server", "six server"}),
    (["--localport", "5004,5002"], {"mapped server", "large server"}),
    (["-D", "5002"], {"large client"}),
    (["--remoteport", "5002,5003"], {"large client", "six client"}),
    (["-L", "5001", "-D", "5001"], set()),
    (["dst", "port", "5001"], {"small client"}),
    (["dst port 5001"], {"small client"}),
    (["src", "port", "5001"], {"small server"}),
    (["port 5001 or port 5002"], {"small client", "small server", "large client", "large server"}),
    (["portrange 5002-5003 and src portrange 5002-5003"], {"large server", "six server"}),
    (["ip6"], SIX),
    (["ip and not port 5002"], ALL - SIX - {"large client", "large server"}),
    (["net 127.0.0.0/8 and dst port 5004"], {"mapped client"}),
    (["host ::1"], SIX),
    (["dst net 10.0.0.0/8"], set()),
    (["-4", "-L", "5001,5003", "not port 5002"], {"small server"}),
]


@pytest.mark.parametrize("report", ["life", "top"])
@pytest.mark.parametrize("options, expected", SELECTIONS)
def test_selection(sight, netns, report, options, expected):
    assert chosen(sight, netns, report, *options) == expected


@pytest.mark.parametrize("options, expected", SELECTIONS)
def test_selection_of_what_netlink_gives_notice_of(sight, netns, options, expected):
    """The kernel filters lists, but no notices: these flows were in no list."""
    assert chosen(sight, netns, "life", "--source", "netlink", *options) == expected


@pytest.mark.parametrize("report", [["life"], ["top", 3600]])
@pytest.mark.parametrize("by", ["name", "inode"])
def test_netns(sight, new_netns, report, by):
    mine, other = new_netns(), new_netns()
    tool = sight(report[0], "--json", "--netns", getattr(mine, by), *report[1:])
    truth = traffic(netns=mine, bytes=10)
    traffic(netns=other, bytes=10)
    rows = tool.stop().rows
    assert len(rows) == 2
    assert {row["netns"] for row in rows} == {mine.inode}
    assert {row["pid"] for row in rows} == {truth.client.pid, truth.server.pid}


def test_cgroup_with_all_below_it_on_netlink(sight, new_cgroup):
    """Of flows that are in a list; a notice does not tell the cgroup."""
    mine, other = new_cgroup(), new_cgroup()
    below = new_cgroup(parent=mine)
    with contextlib.ExitStack() as held:
        flows = [held.enter_context(Traffic(cgroup=cgroup, hold=True, bytes=10))
                 for cgroup in (mine, below, other)]
        tool = sight("top", "--json", "--source", "netlink", "--cgroup", mine.path, 3600)
        sides = [flow.go() for flow in flows]
        rows = tool.stop().rows
    found = {row["lport"]: row["cgroup"] for row in rows}
    inside, deeper, _ = sides
    wanted = {inside.client.lport: mine, inside.server.lport: mine,
              deeper.client.lport: below, deeper.server.lport: below}
    assert found.keys() == wanted.keys()
    assert all(found[port].endswith("/" + cgroup.name) for port, cgroup in wanted.items())


@pytest.mark.parametrize("report", [["life"], ["top", 3600]])
@pytest.mark.parametrize("option", ["-c", "--cgroup"])
def test_cgroup_with_all_below_it(sight, new_cgroup, report, option):
    mine, other = new_cgroup(), new_cgroup()
    below = new_cgroup(parent=mine)
    tool = sight(report[0], "--json", option, mine.path, *report[1:])
    inside = traffic(cgroup=mine, bytes=10)
    deeper = traffic(cgroup=below, bytes=10)
    traffic(cgroup=other, bytes=10)
    traffic(bytes=10)
    rows = tool.stop().rows
    expected = {inside.client.pid: mine, inside.server.pid: mine,
                deeper.client.pid: below, deeper.server.pid: below}
    assert {row["pid"] for row in rows} == set(expected)
    assert len(rows) == 4
    for row in rows:
        assert str(row["cgroup"]).endswith("/" + expected[row["pid"]].name)


@pytest.fixture
def pinned_map(privileged, tmp_path):
    """Makes pinned hash maps with one key, in a file system of their own."""
    folder, pins = tmp_path / "bpf", []
    folder.mkdir()

    def make(key, value_size):
        pin = folder / str(len(pins))
        subprocess.run(["bpftool", "map", "create", pin, "type", "hash", "key", "8", "value",
                        str(value_size), "entries", "8", "name", "chosen"], check=True)
        pins.append(pin)
        hexes = [f"{byte:02x}" for byte in key.to_bytes(8, "little")]
        subprocess.run(["bpftool", "map", "update", "pinned", pin, "key", "hex", *hexes,
                        "value", "hex", *["00"] * value_size], check=True)
        return pin

    subprocess.run(["mount", "-t", "bpf", "bpf", folder], check=True)
    yield make
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("report", [["life"], ["top", 3600]])
def test_cgroupmap(sight, new_cgroup, pinned_map, report):
    mine, other = new_cgroup(), new_cgroup()
    tool = sight(report[0], "--json", "--cgroupmap", pinned_map(mine.id, 8), *report[1:])
    inside = traffic(cgroup=mine, bytes=10)
    traffic(cgroup=other, bytes=10)
    rows = tool.stop().rows
    assert {row["pid"] for row in rows} == {inside.client.pid, inside.server.pid}


@pytest.mark.parametrize("report", [["life"], ["top", 3600]])
def test_mntnsmap(sight, pinned_map, report):
    holder = subprocess.Popen(["unshare", "--mount", "cat"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    holder.stdin.write(b"ready\n")
    holder.stdin.flush()
    holder.stdout.readline()
    path = f"/proc/{holder.pid}/ns/mnt"
    inode = int(subprocess.check_output(["stat", "-L", "-c", "%i", path]))
    tool = sight(report[0], "--json", "--mntnsmap", pinned_map(inode, 4), *report[1:])
    inside = traffic(bytes=10, wrap=["nsenter", f"--mount={path}"])
    traffic(bytes=10)
    rows = tool.stop().rows
    holder.communicate()
    assert {row["pid"] for row in rows} == {inside.client.pid, inside.server.pid}


def test_json_time_is_when_it_closed(sight, netns):
    tool = sight("life", "--json", "--netns", netns.name)
    before = time.time()
    traffic(netns=netns, bytes=1)
    after = time.time()
    for row in tool.stop().rows:
        told = time.strptime(row["time"][:19], "%Y-%m-%dT%H:%M:%S")
        seconds = int(time.mktime((*told[:8], 0))) - time.timezone + float(row["time"][19:26])
        assert before - 0.01 <= seconds <= after + 0.01


def test_columns_help_names_all_columns():
    for option in "-o", "--columns":
        outcome = run("life", option, "help")
        assert (outcome.status, outcome.stderr) == (0, "")
        first_words = {line.split()[0] for line in outcome.lines if line.split()}
        assert KEYS | {"end_reason"} <= first_words


@pytest.mark.parametrize("report", [["life"], ["top", 3600]])
def test_columns_in_the_order_asked_for(sight, netns, report):
    tool = sight(report[0], "--netns", netns.name, "--csv", "-o", "rport,tx_bytes,comm",
                 *report[1:])
    truth = traffic(netns=netns, bytes=4321)
    rows = list(csv.reader(line for line in tool.stop().lines))
    assert len(rows) == 3
    assert len(rows[0]) == 3 and rows[0][0].upper() == "RPORT" and rows[0][2].upper() == "COMM"
    assert [str(truth.client.rport), "4321", "tcp-client"] in rows[1:]
    assert [str(truth.server.rport), "0", "tcp-server"] in rows[1:]


@pytest.mark.parametrize("report", [["life"], ["top", "-CS", 3600]])
def test_columns_of_the_table(sight, netns, report):
    tool = sight(report[0], "--netns", netns.name, "-o", "pid,lport,rport,end_reason"
                 if report == ["life"] else "pid,lport,rport,role", *report[1:])
    truth = traffic(netns=netns, bytes=4321)
    words = [line.split() for line in tool.stop().lines]
    last = {"life": ("fin", "fin"), "top": ("connect", "accept")}[report[0]]
    for side, word in zip((truth.client, truth.server), last):
        assert [str(side.pid), str(side.lport), str(side.rport), word] in words
    header = next(line for line in words if line[:1] == ["PID"])
    assert header[1:3] == ["LPORT", "RPORT"]


def connect_as(netns, comm):
    """Make a flow by a process with a nasty name."""
    netns.run(sys.executable, "-c", f"""
import ctypes, socket
ctypes.CDLL(None).prctl(15, {comm!r}, 0, 0, 0)
listener = socket.create_server(("127.0.0.1", 0))
socket.create_connection(listener.getsockname()).close()
""")


def test_csv_quotes_what_needs_it(sight, netns):
    tool = sight("life", "--netns", netns.name, "--csv", "-o", "lport,comm,rport")
    connect_as(netns, b'a,b"c')
    rows = list(csv.reader(tool.stop().lines))
    assert len(rows) == 3
    assert {row[1] for row in rows[1:]} == {'a,b"c'}


def test_json_escapes_what_needs_it(sight, netns):
    tool = sight("life", "--json", "--netns", netns.name)
    connect_as(netns, b'\xff\x01"\\\n')
    rows = tool.stop().rows
    assert len(rows) == 2
    assert all('"' in row["comm"] and "\\" in row["comm"] for row in rows)


@pytest.mark.parametrize("column, first", [("tx_bytes", "large"), ("rx_bytes", "large"),
                                           ("rport", None)])
def test_sort_descends(sight, netns, column, first):
    tool = sight("top", "--json", "--netns", netns.name, "--sort", column, 3600)
    made = Flows(netns)
    rows = tool.stop().rows
    values = [row[column] for row in rows]
    assert len(values) == 8
    assert values == sorted(values, reverse=True)
    if first:
        truth = getattr(made, first)
        assert rows[0]["pid"] in {truth.client.pid, truth.server.pid}


@pytest.mark.parametrize("option", ["-r", "--rows"])
def test_rows_limits_each_report(sight, netns, option):
    tool = sight("top", "--json", "--netns", netns.name, option, 2, 3600)
    made = Flows(netns)
    outcome = tool.stop()
    assert [row["rport"] if row["role"] == "connect" else row["lport"]
            for row in outcome.rows] == [5002, 5002]
    assert {row["pid"] for row in outcome.rows} == {made.large.client.pid, made.large.server.pid}


@pytest.mark.parametrize("key, largest", [("sent", "tx_bytes"), ("received", "rx_bytes")])
def test_sort_keys_of_the_c_original(sight, netns, key, largest):
    tool = sight("top", "--json", "--netns", netns.name, "-s", key, 3600)
    Flows(netns)
    values = [row[largest] for row in tool.stop().rows]
    assert values == sorted(values, reverse=True)
    assert len(values) == 8


@pytest.mark.parametrize("report", [["life"], ["top"], ["top", 3600]])
def test_duration(sight, netns, report):
    # A machine that is too busy to make the flow in this time is given more.
    for seconds in 1, 3, 9:
        started = time.monotonic()
        tool = sight(report[0], "--json", "--netns", netns.name, "--duration", seconds, *report[1:])
        truth = traffic(netns=netns, bytes=777)
        made = time.monotonic() - started
        outcome = tool.wait_exit()
        assert outcome.status == 0 and time.monotonic() - started >= seconds
        if made < seconds:
            break
    assert sum(row["tx_bytes"] for row in outcome.rows) == 777
    assert {row["pid"] for row in outcome.rows} == {truth.client.pid, truth.server.pid}


@pytest.mark.parametrize("args", [["--noc", "3600"], ["-CS", "3600"], ["3600", "-C"],
                                  ["--noclear", "--nosummary", "3600"]])
def test_spellings_that_the_original_took(sight, args):
    outcome = sight("top", *args).stop()
    assert outcome.status == 0
    assert outcome.lines[0] == "Tracing... Output every 3600 secs. Hit Ctrl-C to end\n"


@pytest.mark.parametrize("report", ["top", "life"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_shows_examples_first(built, report, option):
    outcome = run(report, option)
    assert (outcome.status, outcome.stderr) == (0, "")
    assert f"tcpsight {report}" in outcome.text
    assert outcome.text.index("xample") < outcome.text.index("--json")
    for word in "--json", "--csv", "--columns", "--duration", "--cgroup", "--netns", "--strict":
        assert word in outcome.text


def test_doctor_lists_what_is_loaded_and_what_the_kernel_offers(privileged):
    outcome = run("doctor")
    assert outcome.status == 0
    assert "inet_sock_set_state" in outcome.text


def test_json_keys_are_the_columns(sight, netns):
    tool = sight("life", "--json", "--netns", netns.name)
    traffic(netns=netns, bytes=1)
    rows = tool.stop().rows
    listed = {line.split()[0] for line in run("life", "-o", "help").lines if line.split()}
    for row in rows:
        assert set(row) <= listed
        json.dumps(row, allow_nan=False)


@pytest.mark.parametrize("report", ["top", "life", "subnet"])
def test_hidden_flag_of_bcc_prints_the_programs(built, report):
    outcome = run(report, "--ebpf")
    assert (outcome.status, outcome.stderr) == (0, "")
    assert 'SEC("tp_btf/inet_sock_set_state")' in outcome.text
