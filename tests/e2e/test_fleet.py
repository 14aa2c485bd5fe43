# SPDX-License-Identifier: BSD-2-Clause
"""Asking the store of a fleet: any report says what it says of the recordings, and questions about all
hosts give what those recordings hold."""

import collections
import contextlib
import json
import re
import socket
import subprocess
import threading

import fleetdata
import pytest
from clickhouse import ClickHouse
from fleetdata import record, ship
from netns import Netns
from sight import PATIENCE_SEC, PROGRAM, ROOT

SPAN = ["--since", "2026-11-20T23:57:00Z", "--until", "2026-11-21T00:02:00Z"]
HOSTS = ["db", "web1", "web2"]
# What names things of the machine that is asked, or is known by the interval alone.
COLUMNS = ("time,pid,comm,owner_source,family,laddr,lport,raddr,rport,state,role,tx_bytes,rx_bytes,duration_us,"
           "handshake_us,srtt_us,min_rtt_us,retrans,bytes_retrans,netns,uid,cookie,host,end_reason,acked_bytes,verdict,severity")


def run(*words, status=0):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stderr
    assert "sandbox" not in done.stderr, done.stderr
    return done


def rows_of(*words):
    """Rows of --json, and what was said on stderr."""
    done = run(*words, "--json")
    return [row for line in done.stdout.splitlines() if (row := json.loads(line)).get("type") is None], done.stderr


def canonical(rows):
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


@pytest.fixture(scope="module")
def server(built):
    with ClickHouse() as running:
        yield running


@pytest.fixture(scope="module")
def fleet(server, tmp_path_factory):
    """Three hosts; a fourth, "old", was there the day before only."""
    folder = tmp_path_factory.mktemp("fleet")
    paths = {host: record(folder, host, fleetdata.events(host, flows=120), to_directory=False) for host in HOSTS}
    old = "clock 2026-11-20T08:00:00Z\n0 open 1 local=10.0.0.1:1 remote=10.0.0.2:2\n61 close 1\n"
    paths["old"] = record(folder, "old", old, to_directory=False)
    ship(server.url, "--create")
    for host, path in paths.items():
        ship(server.url, "--read", path, "--state", folder / f"state.{host}", "--once")
    return Fleet(server.url, paths)


class Fleet:
    def __init__(self, url, paths):
        self.url, self.paths = url, paths
        self.asked = ["--fleet", url, *SPAN]


FILTERS = [[], ["dst port 5432"], ["port 80 or port 443"], ["not src port 80"], ["host 10.0.0.1 and dst port 443"],
           ["-D", "443,8080"], ["-L", "80"], ["-p", "3"], ["-6"], ["net 10.0.2.0/24"], ["src host 2001:db8::1"]]


@pytest.mark.parametrize("words", FILTERS, ids=" ".join)
def test_life_says_what_it_says_of_the_recordings(fleet, words):
    asked, _ = rows_of("life", *fleet.asked, "-o", COLUMNS, *words)
    there = []
    for host in HOSTS:
        there += rows_of("life", "--read", fleet.paths[host], "-o", COLUMNS, *words)[0]
    assert canonical(asked) == canonical(there) and asked


def test_top_counts_what_flows_moved(fleet):
    """Each minute's rows, summed up over the span, are what each flow moved while it was recorded."""
    asked, _ = rows_of("top", *fleet.asked, "-o", "lport,rport,comm,cookie,tx_bytes,rx_bytes,retrans", "60")
    there = collections.Counter()
    for host in HOSTS:
        for (_, field), value in fleetdata.moved(fleet.paths[host]).items():
            there[field] += value
    assert {field: sum(row[field] for row in asked) for field in ("tx_bytes", "rx_bytes", "retrans")} == dict(there)
    # Flows live longer than a minute: what they have moved before is in no row.
    flows = collections.Counter((row["cookie"], row["lport"], row["rport"]) for row in asked)
    assert max(flows.values()) > 2


def reads(fleet):
    """The same recordings, where the store is not asked."""
    return [word for host in HOSTS for word in ("--read", fleet.paths[host])]


def both(fleet, report, *words, span=SPAN):
    """What a report says of the store, and of the recordings."""
    asked, _ = rows_of(report, "--fleet", fleet.url, *span, "--rows", "100000", *words)
    there, _ = rows_of(report, *reads(fleet), *span, "--rows", "100000", *words)
    assert asked and there
    return asked, there


SUMS = "host,flows,opened,closed,failures,ends,tx_bytes,rx_bytes,retrans,bytes_retrans"


@pytest.mark.parametrize("by, key", [("comm", "comm"), ("process", "pid"), ("remote", "raddr"), ("port", "port"),
                                     ("subnet", "subnet"), ("flow", "cookie,comm,raddr"), ("host", "host")])
def test_history_says_what_it_says_of_the_recordings(fleet, by, key):
    """Minutes are coarser than intervals, so when something moved is not compared; how much is."""
    columns = SUMS if by == "host" else f"{key},{SUMS}"
    asked, there = both(fleet, "history", "--by", by, "-o", columns)
    assert canonical(asked) == canonical(there)


def test_life_says_it_of_a_minute_too(fleet):
    asked, there = both(fleet, "life", "-o", COLUMNS, span=["--at", "2026-11-20T23:59:00Z"])
    assert canonical(asked) == canonical(there)


def test_why_says_what_it_says_of_the_recordings(fleet):
    """Of what failed all that is said; of the rest verdicts are on minutes there, on intervals here."""
    columns = "host,cookie,pid,comm,laddr,lport,raddr,rport,role,end_reason,tx_bytes,rx_bytes,severity,verdict,sentence,next"
    asked, there = both(fleet, "why", "-o", columns)
    failed = [[row for row in rows if row["severity"] == "failed"] for rows in (asked, there)]
    assert canonical(failed[0]) == canonical(failed[1]) and len(failed[0]) > 50


def test_why_says_of_which_host(fleet):
    """Also that connections of several hosts are no case of their own, whatever else they share."""
    text = run("why", *fleet.asked, "--rows", "100000").stdout
    whose = re.findall(r"^(?:FAILED|STALLED|SLOW|WATCH) +(\w+): ", text, re.M)
    assert set(whose) == set(HOSTS) and len(whose) == len(re.findall(r"^(?:FAILED|STALLED|SLOW|WATCH) ", text, re.M))
    cases = collections.Counter()
    for line in re.findall(r"^FAILED +(.*)", text, re.M):
        several = re.match(r"(\w+): (\d+) connections", line)
        cases[line.split(":")[0]] += int(several[2]) if several else 1
    failed = collections.Counter(row["host"] for row in rows_of("why", *fleet.asked, "--rows", "100000", "-o", "host,severity")[0]
                                 if row["severity"] == "failed")
    assert cases == failed
    assert "db: " not in run("why", "--read", fleet.paths["db"]).stdout


MOVED = ("tx_bytes", "rx_bytes", "acked_bytes", "retrans", "bytes_retrans")


def moved_by_flow(rows):
    sums = collections.Counter()
    for row in rows:
        sums.update({(row["host"], row["cookie"], field): row[field] for field in MOVED})
    return {key: value for key, value in sums.items() if value}


@pytest.mark.parametrize("begin, end", [("2026-11-20T23:58:00", "2026-11-20T23:59:00"), ("2026-11-20T23:59:00", "2026-11-21T00:00:00")])
def test_top_says_of_a_minute_what_its_seconds_say(fleet, begin, end):
    columns = ["-o", ",".join(["time,host,cookie", *MOVED]), "--rows", "100000"]
    asked, _ = rows_of("top", "--fleet", fleet.url, "--at", f"{begin}Z", *columns, "60")
    assert {row["time"][:19] for row in asked} == {end}
    there = [row for host in HOSTS for row in rows_of("top", "--read", fleet.paths[host], *columns, "1")[0]
             if begin < row["time"][:19] <= end]
    assert moved_by_flow(asked) == moved_by_flow(there) and asked


def test_the_query_of_the_page_gives_what_it_says(fleet, server):
    """doc/fleet.md: what moved in a span, by host and process; here of a minute that there is."""
    page = (ROOT / "doc/fleet.md").read_text()
    query = page[page.index("    SELECT host, comm, sum(b)"):page.index("LIMIT 20")].replace("flow_", "tcpsight.flow_")
    for theirs, ours in (("2026-11-25 03:10:00", "2026-11-20 23:58:00"), ("2026-11-25 03:15:00", "2026-11-20 23:59:00"),
                         ("2026-11-25", "2026-11-20")):
        query = query.replace(theirs, ours)
    asked = {(row["host"], row["comm"]): row["sum(b)"] for row in server.rows(query)}
    rows, _ = rows_of("top", "--fleet", fleet.url, "--at", "2026-11-20T23:58:00Z", "--rows", "100000", "-o",
                      "host,comm,tx_bytes,rx_bytes", "60")
    there = collections.Counter()
    for row in rows:
        there[row["host"], row["comm"]] += row["tx_bytes"] + row["rx_bytes"]
    assert {key: value for key, value in asked.items() if value} == there and asked


def test_rows_say_of_which_host_and_the_summary_what_was_there_before(fleet):
    asked, there = both(fleet, "top", "--by", "host", "60")
    assert {row["host"] for row in asked} == {row["host"] for row in there} == set(HOSTS)
    assert all(list(row).count("host") == 1 for row in asked)
    table = run("top", *fleet.asked, "--by", "host", "60").stdout.splitlines()
    assert next(line for line in table if "FLOWS" in line).split()[:2] == ["HOST", "FLOWS"]
    # Whether a host is named does not wait for -o.
    assert all("host" in row for row in rows_of("history", *fleet.asked)[0])
    summary = [json.loads(run("history", *words, "--json").stdout.splitlines()[-1])
               for words in (fleet.asked, [*reads(fleet), *SPAN])]
    assert summary[0] == summary[1] and summary[0]["adopted"]


def test_each_answer_says_who_reported(fleet):
    _, said = rows_of("life", *fleet.asked)
    assert said.startswith("3 of 4 hosts reported from 2026-11-20 ")
    assert "silent: old (last 2026-11-20 " in said
    answer = [json.loads(line) for line in run("fleet", *fleet.asked, "--json", "hosts").stdout.splitlines()]
    assert answer[0] == {"type": "hosts", "known": 4, "reported": 3, "silent": ["old"]}
    assert [row["host"] for row in answer[1:]] == HOSTS
    for row in answer[1:]:
        closes = fleetdata.closes(fleet.paths[row["host"]])
        assert row["closed"] == len(closes) and row["lost_rows"] == 0
        assert row["failed"] == sum(close["end_reason"] != "fin" for close in closes)


def talks(fleet):
    """By host, process, role, peer and port of the service: connections that ended, and bytes."""
    found = collections.defaultdict(collections.Counter)
    for host in HOSTS:
        idents, moved = {}, fleetdata.moved(fleet.paths[host])
        for row in fleetdata.rows(fleet.paths[host]):
            if row["table"] in ("close", "open", "key", "ident"):
                idents[row["id"]] = host, row["comm"], row["role"], row["raddr"], row["service_port"]
        for close in fleetdata.closes(fleet.paths[host]):
            found[idents[close["id"]]]["closed"] += 1
        for (flow, field), value in moved.items():
            found[idents[flow]][field] += value
    return found


def test_the_map_of_services(fleet):
    asked, _ = rows_of("fleet", *fleet.asked, "--rows", "100000", "map")
    there = {key: (value["closed"], value["tx_bytes"], value["rx_bytes"], value["retrans"])
             for key, value in talks(fleet).items()}
    told = {(row["host"], row["comm"], row["role"], row["peer"], row["port"]):
            (row["closed"], row["tx_bytes"], row["rx_bytes"], row["retrans"]) for row in asked}
    # One that lives, and has moved nothing, is on the map too.
    assert {key: value for key, value in told.items() if any(value)} == there
    sizes = [row["tx_bytes"] + row["rx_bytes"] for row in asked]
    assert sizes == sorted(sizes, reverse=True)
    table = run("fleet", *fleet.asked, "--rows", "3", "map").stdout.splitlines()
    assert len(table) == 4 and table[0].split()[:5] == ["HOST", "COMM", "ROLE", "PEER", "PORT"]


def test_who_talks_to_an_endpoint(fleet):
    asked, _ = rows_of("fleet", *fleet.asked, "--rows", "100000", "who", "10.0.1.3:5432")
    there = collections.Counter()
    for (host, comm, role, peer, port), value in talks(fleet).items():
        if role == "connect" and (peer, port) == ("10.0.1.3", 5432):
            there[f"client {host}", comm] += value["tx_bytes"]
    assert collections.Counter({(row["seen_by"], row["comm"]): row["tx_bytes"] for row in asked}) == there and there
    assert {row["server"] for row in asked} == {"10.0.1.3"} and {row["port"] for row in asked} == {5432}
    everything, _ = rows_of("fleet", *fleet.asked, "--rows", "100000", "who", ":5432")
    assert {row["port"] for row in everything} == {5432} and len(everything) > len(asked)
    v6, _ = rows_of("fleet", *fleet.asked, "who", "[2001:db8::4]:443")
    assert {row["server"] for row in v6} == {"2001:db8::4"}


def test_verdicts_of_all_hosts(fleet):
    asked, _ = rows_of("fleet", *fleet.asked, "--rows", "100000", "verdicts")
    failed = sum(row["rows"] for row in asked if row["severity"] == "failed")
    there = 0
    for host in HOSTS:
        there += sum(row["severity"] == "failed" for row in rows_of("life", "--read", fleet.paths[host], "-o", "severity")[0])
    assert failed >= there > 0
    assert asked[0]["severity"] == "failed" and {row["host"] for row in asked} == set(HOSTS)


def test_a_span_must_be_said_and_a_server_be_there(fleet):
    assert "say when" in run("life", "--fleet", fleet.url, status=2).stderr
    assert "not allowed with --read" in run("life", "--fleet", fleet.url, "--read", "x", "--for", "1h", status=2).stderr
    assert "127.0.0.1:1" in run("life", "--fleet", "http://127.0.0.1:1", "--for", "1h", status=1).stderr
    assert "there is no table" in run("life", "--fleet", f"{fleet.url}/nothing", "--for", "1h", status=1).stderr


class Host:
    """A namespace as a host, recorded as one."""

    def __init__(self, name, folder):
        self.name, self.folder, self.netns = name, folder / name, Netns()
        self.folder.mkdir()
        self.recorder = None

    def start(self):
        """What happens from then on is recorded."""
        path = self.folder.parent / f"n.{self.name}"
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(path))
        notify.settimeout(PATIENCE_SEC)
        self.recorder = subprocess.Popen(
            ["unshare", "--uts", "sh", "-c", 'echo "$0" >/proc/sys/kernel/hostname && exec "$@"', self.name, PROGRAM,
             "record", f"{self.folder}/", "--netns", self.netns.name, "--no-sync"], stderr=subprocess.PIPE,
            env=fleetdata.environment(NOTIFY_SOCKET=str(path)))
        with notify:
            assert notify.recv(256).startswith(b"READY=1")

    def kill(self):
        if self.recorder and self.recorder.poll() is None:
            self.recorder.kill()
            self.recorder.wait()

    def stop(self):
        self.recorder.terminate()
        assert self.recorder.wait(timeout=30) == 0, self.recorder.stderr.read()


def wire(one, other, network, first=1, second=2):
    name = f"v{network.replace('.', '')}"
    one.ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", other.name)
    for netns, end, number in (one, "a", first), (other, "b", second):
        netns.ip("addr", "add", f"{network}.{number}/24", "dev", f"{name}{end}")
        netns.ip("link", "set", f"{name}{end}", "up")


def exchange(client, server, address, port, request, reply):
    """One connection, from one namespace to another; returns the client's port and address."""
    with server.inside():
        listener = socket.create_server((address, port))

    def serve():
        with listener, listener.accept()[0] as connection:
            while len(connection.recv(65536)):
                pass
            connection.sendall(b"y" * reply)

    thread = threading.Thread(target=serve)
    thread.start()
    with client.inside():
        connection = socket.create_connection((address, port), timeout=30)
    with connection:
        name = connection.getsockname()
        connection.sendall(b"x" * request)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    thread.join(timeout=30)
    return name


def test_both_ends_of_a_connection_are_one_row(privileged, server, tmp_path):
    """Three hosts; between two of them a router that translates addresses: that is said, not guessed."""
    with contextlib.ExitStack() as stack:
        hosts = {name: Host(name, tmp_path) for name in ("front", "back", "far")}
        router = Netns()
        for netns in [host.netns for host in hosts.values()] + [router]:
            stack.callback(netns.remove)
        front, back, far = (hosts[name].netns for name in ("front", "back", "far"))
        wire(front, back, "10.71.1")
        wire(front, router, "10.71.2")
        wire(router, far, "10.71.3")
        front.ip("route", "add", "10.71.3.0/24", "via", "10.71.2.2")
        router.sysctl("net.ipv4.ip_forward", 1)
        router.run("nft", "add table ip n; add chain ip n p { type nat hook postrouting priority 100; };"
                          " add rule ip n p oifname v107131a masquerade; add rule ip n p masquerade")
        for host in hosts.values():
            stack.callback(host.kill)
            host.start()
        _, direct = exchange(front, back, "10.71.1.2", 7001, 50000, 7000)
        _, translated = exchange(front, far, "10.71.3.2", 7002, 60000, 8000)
        for host in hosts.values():
            host.stop()
    database = f"{server.url}/joined"
    ship(database, "--create")
    for name, host in hosts.items():
        ship(database, "--read", host.folder, "--state", tmp_path / f"state.{name}", "--once")
    rows = {row["client_port"]: row for row in rows_of("fleet", "--fleet", database, "--for", "10m", "joined")[0]}
    one = rows[direct]
    assert (one["client_host"], one["server_host"], one["server_addr"], one["server_port"]) == ("front", "back", "10.71.1.2", 7001)
    assert (one["client_tx"], one["server_rx"], one["server_tx"], one["client_rx"]) == (50000, 50000, 7000, 7000)
    assert one["client"] and one["server"] and one["client_pid"] and one["server_pid"]
    assert one["client_srtt_us"] and one["client_end"] == one["server_end"] == "fin"
    other = rows[translated]
    assert other["client_host"] == "front" and other["client_tx"] == 60000 and other["client_rx"] == 8000
    assert other["server_host"] == "(has reported, not this: translated on the way?)"
    assert (other["server"], other["server_rx"], other["server_tx"], other["server_end"]) == ("", 0, 0, "")
