# SPDX-License-Identifier: BSD-2-Clause
"""`tcpsight ship` and a real ClickHouse: what is in the store afterwards is what was recorded, each row
once, whatever happened on the way. The truth is what tests/tools/tsr.py reads in the recording."""

import collections
import ipaddress
import signal
import subprocess

import fleetdata
import pytest
from clickhouse import ClickHouse, Proxy
from fleetdata import record, ship
from sight import PROGRAM

TABLES = ["flow_closed", "flow_volume", "flow_minute", "host_minute", "recorder"]


@pytest.fixture(scope="module")
def server(built):
    with ClickHouse() as running:
        yield running


@pytest.fixture(scope="module")
def recording(tmp_path_factory, built):
    """Four minutes over midnight, in several files."""
    return record(tmp_path_factory.mktemp("recording"), "web1", fleetdata.events("one"), "--rotate", "12K,1h")


@pytest.fixture
def store(server, request):
    """An empty database with tables, of this test alone."""
    name = "d" + "".join(c if c.isalnum() else "_" for c in request.node.name)[:50]
    ship(f"{server.url}/{name}", "--create")
    yield Store(server, name)
    server.ask(f"DROP DATABASE {name}")


class Store:
    def __init__(self, server, name):
        self.server, self.name = server, name

    def url(self, through=None):
        return f"{(through or self.server).url}/{self.name}"

    def rows(self, query):
        return self.server.rows(query.replace("@", f"{self.name}."))

    def number(self, query):
        return self.server.number(query.replace("@", f"{self.name}."))


def address(row, name):
    text = ipaddress.ip_address(row[name])
    return str(text.ipv4_mapped or text) if text.version == 6 else str(text)


def closed_of(store, host):
    """As what the recording says is written below."""
    found = store.rows(
        "SELECT id, time_us, IPv6NumToString(laddr) laddr, lport, IPv6NumToString(raddr) raddr, rport, role, pid,"
        " comm, uid, end_reason, seen, tx_bytes, rx_bytes, acked_bytes, retrans, bytes_retrans, srtt_us, min_rtt_us,"
        f" handshake_us, duration_us, toUInt32(time) t, toUInt16(day) d FROM @flow_closed WHERE host = '{host}'")
    for row in found:
        row["laddr"], row["raddr"] = address(row, "laddr"), address(row, "raddr")
        assert row.pop("t") == row["time_us"] // 1000000 and row.pop("d") == row["time_us"] // 86400000000
    return found


def closed_in(path):
    found = []
    for row in fleetdata.closes(path):
        serves = row["role"] in ("accept", "listen")
        ports = row["service_port"], row["other_port"]
        found.append({
            "id": row["id"], "time_us": row["wall_us"], "laddr": address(row, "laddr"), "raddr": address(row, "raddr"),
            "lport": ports[0 if serves else 1], "rport": ports[1 if serves else 0],
            "handshake_us": row["connect_us"] + row["accept_us"],
            "duration_us": row["time"] - row["opened"] if row["opened"] else 0,
            **{key: row[key] for key in ("role", "pid", "comm", "uid", "end_reason", "seen", "tx_bytes", "rx_bytes",
                                         "acked_bytes", "retrans", "bytes_retrans", "srtt_us", "min_rtt_us")}})
    return found


def in_order(rows):
    return sorted(rows, key=lambda row: (row["id"], row["time_us"]))


def moved_of(store, host):
    """By flow, from both tables, as doc/fleet.md says that it is summed up."""
    sums = collections.Counter()
    for row in store.rows(f"SELECT id, sum(tx) t, sum(rx) r, sum(resent) s FROM @flow_volume WHERE host = '{host}'"
                          " GROUP BY id"):
        sums.update({(row["id"], "tx_bytes"): row["t"], (row["id"], "rx_bytes"): row["r"],
                     (row["id"], "retrans"): row["s"]})
    for row in store.rows("SELECT id, tx_bytes, rx_bytes, retrans FROM @flow_closed"
                          f" WHERE in_volume = 0 AND host = '{host}'"):
        sums.update({(row["id"], key): row[key] for key in ("tx_bytes", "rx_bytes", "retrans")})
    return {key: value for key, value in sums.items() if value}


def assert_exact(store, path, host="web1"):
    """Every flow is there once, with what it moved; no row is there twice."""
    assert in_order(closed_of(store, host)) == in_order(closed_in(path))
    moved = fleetdata.moved(path)
    assert moved_of(store, host) == moved
    for table in TABLES:
        doubles = store.rows(f"SELECT run, seq, count() n FROM @{table} WHERE host = '{host}' GROUP BY run, seq HAVING n > 1")
        assert not doubles, f"{table}: {doubles[:3]}"
    sums = store.rows(f"SELECT sum(tx) tx_bytes, sum(rx) rx_bytes, sum(resent) retrans, sum(flows) n FROM @flow_minute WHERE host = '{host}'")[0]
    for field in ("tx_bytes", "rx_bytes", "retrans"):
        assert sums[field] == sum(value for (_, name), value in moved.items() if name == field)
    assert sums["n"] == len(fleetdata.closes(path))
    assert store.number(f"SELECT sum(flows) FROM @host_minute WHERE host = '{host}'") == sums["n"]


def test_the_store_has_what_was_recorded(store, recording, tmp_path):
    assert len(list(recording.glob("*.tsr"))) > 2
    said = ship(store.url(), "--read", recording, "--state", tmp_path, "--once")
    assert said == ""
    assert_exact(store, recording)
    # A flow has a row for each minute that it lived through, and one more for its last.
    long = store.rows("SELECT id, count() n, max(has_closed) c FROM @flow_volume GROUP BY id HAVING n > 2")
    assert len(long) > 3 and {row["c"] for row in long} == {0, 1}
    minutes = store.rows("SELECT toUInt32(time) t, sum(intervals) n FROM @host_minute GROUP BY t ORDER BY t")
    assert [row["t"] % 60 for row in minutes] == [0] * len(minutes) and len(minutes) >= 4
    assert sum(row["n"] for row in minutes) == sum(row["table"] in ("tick", "quiet") for row in fleetdata.rows(recording))


def test_nothing_is_sent_twice(store, recording, tmp_path):
    with Proxy(store.server.http) as proxy:
        ship(store.url(proxy), "--read", recording, "--state", tmp_path, "--once")
        first = proxy.inserts
        ship(store.url(proxy), "--read", recording, "--state", tmp_path, "--once")
    assert proxy.inserts == first > 5
    assert_exact(store, recording)


def test_a_cursor_that_was_lost(store, recording, tmp_path):
    """Also if batches are cut elsewhere this time: what is there is not sent, what is missing is."""
    with Proxy(store.server.http, lambda number, request: "lose" if number > 5 else None) as proxy:
        tool = subprocess.Popen(
            [PROGRAM, "ship", "--to", store.url(proxy), "--read", recording, "--state",
             tmp_path / "a", "--batch", "40,0", "--once"], stderr=subprocess.PIPE)
        while proxy.inserts < 6:
            assert tool.poll() is None
        tool.kill()
        tool.communicate()
    assert 0 < store.number("SELECT count() FROM @flow_closed") < len(fleetdata.closes(recording))
    ship(store.url(), "--read", recording, "--state", tmp_path / "b", "--batch", "70,0", "--once")
    assert_exact(store, recording)
    with Proxy(store.server.http) as proxy:
        ship(store.url(proxy), "--read", recording, "--state", tmp_path / "c", "--once")
        assert proxy.inserts == 0
    assert_exact(store, recording)


FAULTS = {
    "requests_are_lost": "lose",
    "replies_are_lost": "forget",
    "requests_are_cut": "cut",
    "the_server_is_full": (500, "", "Code: 243, e.displayText() = DB::Exception: Cannot reserve 1.00 MiB"),
    "too_many": (429, "Retry-After: 1\r\n", "slow down"),
    "redirects": (302, "Location: http://127.0.0.1:1/\r\n", ""),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_what_goes_wrong_on_the_way(store, recording, tmp_path, name):
    """Every other insert; what 429 asks for is a second, so only one of those."""
    often = 1000 if name == "too_many" else 2
    with Proxy(store.server.http, lambda number, request: FAULTS[name] if number % often == 1 else None) as proxy:
        said = ship(store.url(proxy), "--read", recording, "--state", tmp_path, "--batch", "200,0", "--once")
    assert "rows wait" in said
    assert_exact(store, recording)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_ship_is_killed(store, recording, tmp_path, moment):
    """At its second insert each time: before the server has it, or before we know that it has it."""
    running, base = [], [0]

    def kill(when, *_):
        if when == moment:
            running[-1].kill()
            running[-1].wait()

    with Proxy(store.server.http, lambda number, request: kill if number == base[0] + 2 else None) as proxy:
        while not running or running[-1].returncode != 0:
            base[0] = proxy.inserts
            running.append(subprocess.Popen(
                [PROGRAM, "ship", "--to", store.url(proxy), "--read", recording, "--state", tmp_path, "--batch",
                 "50,0", "--once"], stderr=subprocess.PIPE))
            _, said = running[-1].communicate(timeout=60)
            assert running[-1].returncode in (0, -signal.SIGKILL), said
    assert len(running) > 5
    assert_exact(store, recording)
