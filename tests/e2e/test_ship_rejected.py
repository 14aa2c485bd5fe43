# SPDX-License-Identifier: BSD-2-Clause
"""Rows that a server refuses for good: set aside, counted, told; the others go on, and what was set aside can be
sent again as it is."""

import json
import urllib.request

import pytest
from clickhouse import Proxy
from fleetdata import ship
from test_ship import assert_exact, recording, server, store  # noqa: F401 (fixtures)

REFUSAL = (500, "", "Code: 27, e.displayText() = DB::Exception: Cannot parse input: expected one thing before: another")


def refuses(table):
    return lambda number, request: REFUSAL if f".{table}%20".encode() in request[0] else None


def post(url, data):
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Expect": ""}), timeout=60) as answer:
        assert answer.read() == b""


@pytest.mark.parametrize("table", ["flow_closed", "host_minute"])
def test_rows_that_are_refused_are_set_aside(store, recording, tmp_path, table):  # noqa: F811
    with Proxy(store.server.http, refuses(table)) as proxy:
        said = ship(store.url(proxy), "--read", recording, "--state", tmp_path / "state", "--batch", "100,0", "--once",
                    "--metrics", tmp_path / "m.prom")
        assert "Code: 27" in said and f"rows of {table} are refused" in said
        tries = proxy.inserts
        # What was refused is not tried again.
        assert ship(store.url(proxy), "--read", recording, "--state", tmp_path / "state", "--once") == ""
        assert proxy.inserts == tries
    kept = sorted((tmp_path / "state/rejected").iterdir())
    assert kept and all(path.name in said for path in kept)
    assert store.number(f"SELECT count() FROM @{table}") == 0
    for path in kept:
        post(store.server.url, path.read_bytes())
    assert_exact(store, recording)
    # Counted: what has arrived, and what has not.
    cursor = json.loads((tmp_path / "state/cursor.json").read_text())
    there = {name: store.number(f"SELECT count() FROM @{name}") for name in
             ("flow_closed", "flow_volume", "flow_minute", "host_minute", "recorder")}
    assert cursor["rejected_total"] == there.pop(table) and cursor["rows_total"] == sum(there.values())
    metrics = (tmp_path / "m.prom").read_text()
    assert f"\ntcpsight_ship_rejected_rows_total {cursor['rejected_total']}\n" in metrics
    assert f"\ntcpsight_ship_rows_total {cursor['rows_total']}\n" in metrics


def test_what_is_set_aside_is_bounded(store, recording, tmp_path):  # noqa: F811
    (tmp_path / "state/rejected").mkdir(parents=True)
    with open(tmp_path / "state/rejected/earlier", "wb") as file:
        file.truncate(64 << 20)
    with Proxy(store.server.http, refuses("flow_minute")) as proxy:
        said = ship(store.url(proxy), "--read", recording, "--state", tmp_path / "state", "--once")
    assert "cannot be kept" in said and "64 MiB" in said
    assert [path.name for path in (tmp_path / "state/rejected").iterdir()] == ["earlier"]
    assert json.loads((tmp_path / "state/cursor.json").read_text())["rejected_total"] > 0
