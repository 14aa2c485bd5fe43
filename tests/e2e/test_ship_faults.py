# SPDX-License-Identifier: BSD-2-Clause
"""Faults of the store itself: full, away for a day, and told the same twice."""

import socket
import subprocess
import threading

import fleetdata
from clickhouse import ClickHouse, Proxy
from fleetdata import record, ship
from flows import wait_until
from sight import PROGRAM
from test_ship import TABLES, Store, assert_exact, recording, server, start, store  # noqa: F401 (fixtures)


class Said:
    """What a process writes to stderr, as it comes."""

    def __init__(self, process):
        self.text = ""
        self.thread = threading.Thread(target=self.run, args=(process,), daemon=True)
        self.thread.start()

    def run(self, process):
        for line in process.stderr:
            self.text += line

    def wait(self, words):
        wait_until(lambda: words in self.text, f"{words!r} in {self.text!r}")


def shipper(start, url, path, state, *options):  # noqa: F811
    process = start([PROGRAM, "ship", "--to", url, "--read", path, "--state", state, "--once", *options],
                    stderr=subprocess.PIPE, text=True)
    return process, Said(process)


def fill(path):
    """All the room that there is."""
    with open(path, "wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 65536):
                pass
        except OSError:
            pass


def test_the_disk_of_the_server_is_full(start, recording, tmp_path):  # noqa: F811
    """Nothing of a batch is there then, or all of it; when there is room again, all comes."""
    full = ClickHouse()
    data = full.folder / "data"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", data], check=True)
    try:
        full.start()
        store = Store(full, "small")  # noqa: F811
        ship(store.url(), "--create")
        fill(data / "filler")
        process, said = shipper(start, store.url(), recording, tmp_path, "--batch", "100,0")
        said.wait("rows wait")
        assert process.poll() is None
        (data / "filler").unlink()
        assert process.wait(timeout=120) == 0, said.text
        assert_exact(store, recording)
    finally:
        full.kill()
        subprocess.run(["umount", "--lazy", data], check=True)
        full.__exit__()


def test_a_day_that_the_server_was_away(store, tmp_path):  # noqa: F811
    """Its recordings wait where they are; when it is back, and not yet well, all of them come."""
    path = record(tmp_path, "web1", fleetdata.events("day", flows=900, minutes=24 * 60), "--rotate", "64K,6h")
    assert len(list(path.glob("*.tsr"))) > 2
    with Proxy(store.server.http, lambda number, request: "forget" if number % 5 == 1 else None) as proxy:
        assert "rows wait" in ship(store.url(proxy), "--read", path, "--state", tmp_path / "state", "--batch", "300,0", "--once")
    assert_exact(store, path)
    minutes = store.rows("SELECT uniqExact(time) m, sum(intervals) n, max(time) - min(time) s FROM @host_minute")[0]
    assert minutes["n"] == sum(row["table"] in ("tick", "quiet") for row in fleetdata.rows(path))
    assert minutes["m"] > 500 and minutes["s"] > 23 * 3600


def is_merged(store, table):
    """A partition in which the server merges something itself just then is passed over, and nothing said."""
    store.server.ask(f"OPTIMIZE TABLE {store.name}.{table} FINAL")
    return not store.server.number(
        "SELECT count() FROM (SELECT partition FROM system.parts WHERE active AND database || '.' || table ="
        f" '{store.name}.{table}' GROUP BY partition HAVING count() > 1)")


def test_batches_that_come_twice_are_merged_into_one(store, recording, tmp_path):  # noqa: F811
    """Whoever repeats a request between us and the server: the names of rows tell, as FINAL and merges do."""
    def twice(when, _, head, body):
        if when == "before":
            with socket.create_connection(("127.0.0.1", store.server.http), timeout=60) as other:
                other.sendall(head + body)
                assert b" 200 " in other.recv(64)

    with Proxy(store.server.http, lambda number, request: twice) as proxy:
        ship(store.url(proxy), "--read", recording, "--state", tmp_path, "--once")
    closes = len(fleetdata.closes(recording))
    assert store.number("SELECT count() FROM @flow_closed FINAL") == closes
    for table in TABLES:
        wait_until(lambda: is_merged(store, table), f"one part of {table}")
    assert_exact(store, recording)
