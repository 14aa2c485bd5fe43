# SPDX-License-Identifier: BSD-2-Clause
"""`tcpsight ship` and a real ClickHouse: what is in the store afterwards is what was recorded, each row
once, whatever happened on the way. The truth is what tests/tools/tsr.py reads in the recording."""

import collections
import contextlib
import ipaddress
import json
import pathlib
import shutil
import signal
import ssl
import subprocess

import fleetdata
import pytest
from clickhouse import ClickHouse, Proxy
from fleetdata import record, ship
from flows import wait_until
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


@pytest.fixture
def start():
    """Starts ships and recorders; what a failed test leaves running is ended."""
    running = []

    def popen(words, **options):
        running.append(subprocess.Popen(list(map(str, words)), **options))
        return running[-1]

    yield popen
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()


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


def test_a_cursor_that_was_lost(start, store, recording, tmp_path):
    """Also if batches are cut elsewhere this time: what is there is not sent, what is missing is."""
    with Proxy(store.server.http, lambda number, request: "lose" if number > 5 else None) as proxy:
        tool = start(
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
def test_ship_is_killed(start, store, recording, tmp_path, moment):
    """At its second insert each time: before the server has it, or before we know that it has it."""
    running, base = [], [0]

    def kill(when, *_):
        if when == moment:
            running[-1].kill()
            running[-1].wait()

    with Proxy(store.server.http, lambda number, request: kill if number == base[0] + 2 else None) as proxy:
        while not running or running[-1].returncode != 0:
            base[0] = proxy.inserts
            running.append(start(
                [PROGRAM, "ship", "--to", store.url(proxy), "--read", recording, "--state", tmp_path, "--batch",
                 "50,0", "--once"], stderr=subprocess.PIPE))
            _, said = running[-1].communicate(timeout=60)
            assert running[-1].returncode in (0, -signal.SIGKILL), said
    assert len(running) > 5
    assert_exact(store, recording)


def test_the_server_is_killed(store, recording, tmp_path):
    """In the middle of an insert, and started again: ship goes on by itself."""
    killed = []

    def kill(when, connection, head, body):
        if when == "before":
            connection.sendall(head + body[:len(body) // 2])
            store.server.kill()
            store.server.start()
            killed.append(1)
            raise OSError("the rest has nowhere to go")

    with Proxy(store.server.http, lambda number, request: kill if number in (2, 9) else None) as proxy:
        ship(store.url(proxy), "--read", recording, "--state", tmp_path, "--batch", "60,0", "--once")
    assert len(killed) == 2
    assert_exact(store, recording)


def test_what_was_deleted_unsent_is_counted(store, recording, tmp_path):
    spool = tmp_path / "spool"
    shutil.copytree(recording, spool)
    files = sorted(spool.glob("*.tsr"))
    later = tmp_path / "later"
    later.mkdir()
    for file in files[1:]:
        file.rename(later / file.name)
    ship(store.url(), "--read", spool, "--state", tmp_path / "state", "--once")
    deleted = [row for row in fleetdata.rows(recording) if row["file"] == files[1].name]
    for file in files[2:]:
        (later / file.name).rename(file)
    said = ship(store.url(), "--read", spool, "--state", tmp_path / "state", "--once")
    assert f"{len(deleted)} rows were deleted before they were sent" in said
    assert store.rows("SELECT value FROM @recorder WHERE what = 'deleted_unsent'") == [{"value": len(deleted)}]
    missing = sum(row["table"] == "close" for row in deleted)
    assert missing and store.number("SELECT count() FROM @flow_closed") == len(fleetdata.closes(recording)) - missing
    assert json.loads((tmp_path / "state/cursor.json").read_text())["unsent_total"] == len(deleted)


def test_a_recording_that_grows(start, store, tmp_path):
    """Rows come while it is written; ship ends when it is told to, and goes on where it was."""
    events = fleetdata.events("grows").splitlines(keepends=True)
    half = len(events) // 2
    target = tmp_path / "web1"
    target.mkdir()
    writer = start(["unshare", "--uts", "sh", "-c", 'echo web1 >/proc/sys/kernel/hostname && exec "$@"',
                               "sh", PROGRAM, "record", "--read", "-", f"{target}/"], stdin=subprocess.PIPE)
    writer.stdin.write("".join(events[:half]).encode())
    writer.stdin.flush()
    wait_until(lambda: list(target.glob("*.tsr")), "a file")
    tool = start([PROGRAM, "ship", "--to", store.url(), "--read", target, "--state", tmp_path / "state",
                             "--batch", "1,0"], stderr=subprocess.PIPE)
    wait_until(lambda: store.number("SELECT count() FROM @flow_closed"), "rows")
    tool.terminate()
    _, said = tool.communicate(timeout=30)
    assert tool.returncode == 0 and said == b""
    assert store.number("SELECT count() FROM @flow_closed") < sum(" close " in line for line in events)
    writer.stdin.write("".join(events[half:]).encode())
    writer.stdin.close()
    assert writer.wait(timeout=30) == 0
    ship(store.url(), "--read", target, "--state", tmp_path / "state", "--once")
    assert_exact(store, target)


def test_without_room_for_the_cursor_nothing_is_sent(start, store, recording, tmp_path):
    """Whoever came next would not know of it."""
    state = tmp_path / "state"
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", state], check=True)
    try:
        (state / "lock").touch()
        with open(state / "filler", "wb", buffering=0) as filler:
            with contextlib.suppress(OSError):
                while filler.write(b"x" * 4096):
                    pass
        with Proxy(store.server.http) as proxy:
            tool = start([PROGRAM, "ship", "--to", store.url(proxy), "--read", recording, "--state", state,
                                     "--once"], stderr=subprocess.PIPE, text=True)
            line = tool.stderr.readline()
            assert "it is tried again: No space left on device" in line
            assert proxy.inserts == 0
            (state / "filler").unlink()
            said = tool.communicate(timeout=60)[1]
        assert tool.returncode == 0 and "is written again" in said
        assert_exact(store, recording)
    finally:
        subprocess.run(["umount", "--lazy", state], check=True)


def test_passwords(start, store, recording, tmp_path):
    """From a file; neither in argv nor in the environment; a wrong one is told, and nothing is sent."""
    secret, wrong = tmp_path / "secret", tmp_path / "wrong"
    secret.write_text('user = "shipper"\npassword = "se\'cret""\n')
    wrong.write_text('user = "shipper"\npassword = "other"\n')
    for file in secret, wrong:
        file.chmod(0o600)
    state = tmp_path / "state"
    said = ship(store.url(), "--read", recording, "--state", state, "--once", "--credentials", wrong, status=1)
    assert "Code: 193" in said or "Wrong password" in said
    seen = []

    def look(when, *_):
        pid = running[0].pid
        seen.append(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() + pathlib.Path(f"/proc/{pid}/environ").read_bytes())

    with Proxy(store.server.http, lambda number, request: look) as proxy:
        running = [start([PROGRAM, "ship", "--to", store.url(proxy), "--read", recording, "--state", state,
                                     "--once", "--credentials", secret], stderr=subprocess.PIPE)]
        assert running[0].communicate(timeout=60) == (None, b"") and running[0].returncode == 0
    assert seen and not any(b"se'cret" in text for text in seen)
    assert not any("secret" in line or "se'cret" in line for line in proxy.requests)
    assert_exact(store, recording)
    secret.chmod(0o604)
    assert "chmod g-w,o=" in ship(store.url(), "--read", recording, "--state", state, "--once", "--credentials", secret, status=1)


def test_tls_is_verified(store, recording, tmp_path):
    for name, subject in ("right", "IP:127.0.0.1"), ("other", "DNS:elsewhere.example"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.pem", "-days", "2", "-subj",
                        "/CN=test", "-addext", f"subjectAltName={subject}"], check=True, capture_output=True)
    contexts = {}
    for name in "right", "other":
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
    options = ["--read", recording, "--state", tmp_path / "state", "--once", "--gzip"]
    with Proxy(store.server.http, context=contexts["other"]) as proxy:
        # Nobody vouches for it; then somebody does, for another name.
        assert "certificate" in ship(store.url(proxy), *options, status=1)
        assert "127.0.0.1" in ship(store.url(proxy), *options, "--cacert", tmp_path / "other.pem", status=1)
        assert not proxy.requests
    with Proxy(store.server.http, context=contexts["right"]) as proxy:
        ship(store.url(proxy), *options, "--cacert", tmp_path / "right.pem")
        assert proxy.inserts
    assert_exact(store, recording)


def test_tables_are_made_once_and_go_forward(store, recording, tmp_path):
    assert "were there already" in ship(store.url(), "--create")
    words = store.rows("SELECT type FROM system.columns WHERE table = 'flow_closed' AND name = 'end_reason'"
                       f" AND database = '{store.name}'")[0]["type"]
    store.server.ask(f"ALTER TABLE {store.name}.flow_closed DROP COLUMN min_rtt_us")
    store.server.ask(f"ALTER TABLE {store.name}.flow_closed MODIFY COLUMN end_reason {words.replace(', ' + repr('unknown') + ' = 9', '')}")
    said = ship(store.url(), "--read", recording, "--state", tmp_path / "a", "--once")
    assert "lack 1 columns, which are not sent (min_rtt_us, for one)" in said
    assert store.number("SELECT count() FROM @flow_closed") == len(fleetdata.closes(recording))
    assert "the tables are made" in ship(store.url(), "--create")
    store.server.ask(f"DROP TABLE {store.name}.host_minute")
    assert "there is no table" in ship(store.url(), "--read", recording, "--state", tmp_path / "b", "--once", status=1)
    ship(store.url(), "--create")
    for table in TABLES:
        for partition in store.rows(f"SELECT DISTINCT partition FROM system.parts WHERE table = '{table}' AND active AND database = '{store.name}'"):
            store.server.ask(f"ALTER TABLE {store.name}.{table} DROP PARTITION '{partition['partition']}'")
    ship(store.url(), "--read", recording, "--state", tmp_path / "c", "--once")
    assert_exact(store, recording)


def test_counters_and_verdicts_of_extra_come_too(store, tmp_path):
    text = ("clock 2026-11-21T09:00:00Z\n"
            "0 open 1 pid=1 owner=connect role=connect local=10.0.0.1:1000 remote=10.0.0.2:80 opened=0\n"
            "1 sample 1 tx=100 cwnd=10 busy=4000 segs_in=7 segs_out=9 congestion=cubic\n"
            "70 close 1 tx=160 cwnd=11 busy=5000 segs_in=9 segs_out=12 end=timeout error=110\n")
    path = record(tmp_path, "x' OR 1=1 --\\", text, "--with", "extra")
    ship(store.url(), "--read", path, "--state", tmp_path / "state", "--once")
    assert store.rows("SELECT host, cwnd, busy_us, segs_out, error, end_reason, severity, verdict FROM @flow_closed") == [
        {"host": "x' OR 1=1 --\\", "cwnd": 11, "busy_us": 5000, "segs_out": 12, "error": 110, "end_reason": "timeout",
         "severity": "failed", "verdict": verdict_of(path)}]
    assert store.rows("SELECT tx, cwnd, congestion FROM @flow_volume ORDER BY time")[0] == {
        "tx": 100, "cwnd": 10, "congestion": "cubic"}


def verdict_of(path):
    """As `life` has it."""
    done = subprocess.run([PROGRAM, "life", "--json", "-o", "verdict", "--read", path], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[0])["verdict"]


def test_what_it_did_is_there_for_prometheus(store, recording, tmp_path):
    with Proxy(store.server.http, lambda number, request: "lose" if number == 2 else None) as proxy:
        ship(store.url(proxy), "--read", recording, "--state", tmp_path / "state", "--once", "--metrics", tmp_path / "m.prom")
    text = (tmp_path / "m.prom").read_text()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
    found = dict(line.split() for line in text.splitlines() if not line.startswith("#"))
    assert int(found["tcpsight_ship_rows_total"]) == sum(store.number(f"SELECT count() FROM @{table}") for table in TABLES)
    assert found["tcpsight_ship_retries_total"] == "1" and found["tcpsight_ship_lost_rows_total"] == "0"
    assert float(found["tcpsight_ship_lag_seconds"]) > 0
