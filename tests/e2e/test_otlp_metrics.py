# SPDX-License-Identifier: BSD-2-Clause
"""otlp --metrics: what the collector gets is what `tcpsight metrics` shows of the same run, by the protocol's
published definitions; sums are those of `life --json`."""

import json
import math
import signal

import pytest
from agents import Page
from flows import churn, traffic
from google.protobuf import json_format
from otlp_server import collector, points_of
from sight import run
from test_otlp import FAST, definitions  # noqa: F401 (a fixture)

# Of each metric its name in OTLP; all others are called alike but for the unit.
OTEL = {"system.network.io": "tcpsight_io_bytes", "system.network.connection.count": "tcpsight_connections",
        "system.network.tcp.handshake.duration": "tcpsight_handshake_seconds",
        "system.network.tcp.connection.duration": "tcpsight_connection_duration_seconds",
        "system.network.tcp.rtt.duration": "tcpsight_rtt_seconds"}
KEYS = {"direction": "network.io.direction", "state": "network.connection.state",
        "role": "network.tcp.handshake.role", "reason": "tcpsight.end_reason", "error_type": "error.type",
        "type": "network.tcp.retransmit.type", "verdict": "tcpsight.verdict", "unit": "tcpsight.unit",
        "remote_class": "tcpsight.remote_class", "comm": "process.executable.name",
        "service_port": "server.port", "netns": "tcpsight.netns"}
STATES = {"syn_recv": "syn_received", "fin_wait1": "fin_wait_1", "fin_wait2": "fin_wait_2", "close": "closed"}
UNITS = {"By": "_bytes", "s": "_seconds"}
# Of the page alone: what it says of itself, and of the process.
PAGE_ONLY = ("process_", "tcpsight_scrape_", "tcpsight_http_", "tcpsight_exporter_")


def key_of(key, number):
    return frozenset((KEYS.get(name, name), int(value) if name in number else
                      STATES.get(value, value) if name == "state" else value) for name, value in key)


def prometheus_name(metric):
    """As exporters from OTLP to Prometheus name it."""
    own = OTEL.get(metric["name"])
    if own is None:
        own = metric["name"].replace(".", "_")
        unit = UNITS.get(metric.get("unit"), "")
        own += "" if own.endswith(unit) else unit
    return own + ("_total" if metric.get("sum", {}).get("isMonotonic") else "")


def bounds_of(point):
    """(upper bound, count) of each bucket."""
    base = 2.0 ** (2.0 ** -point.get("scale", 0))
    positive = point.get("positive", {"bucketCounts": []})
    yield 0.0, int(point.get("zeroCount", 0))
    for at, count in enumerate(positive["bucketCounts"], positive.get("offset", 0) + 1):
        yield base ** at, int(count)


def check_histogram(page, name, key, point):
    """Count and sum are those of the page; at each of its bounds both have counted alike, within a bucket."""
    def of_page(suffix, **more):
        wanted = key | frozenset(more.items())
        return sum(value for (n, l), value in page.samples.items()
                   if n == name + suffix and key_of(l, ()) == wanted)
    assert int(point["count"]) == of_page("_count")
    assert point["sum"] == pytest.approx(of_page("_sum"), abs=1e-9)
    buckets = list(bounds_of(point))
    assert sum(count for _, count in buckets) == int(point["count"])
    factor = 2.0 ** (2.0 ** -point.get("scale", 0)) * 1.000001
    for (n, labels), value in page.samples.items():
        bound = dict(labels).get("le")
        if n != name + "_bucket" or bound == "+Inf" or \
                key_of({each for each in labels if each[0] != "le"}, ()) != key:
            continue
        assert sum(c for upper, c in buckets if upper <= float(bound)) <= value
        assert sum(c for upper, c in buckets if upper <= float(bound) * factor) >= value


def check_page(page, bodies, number=()):
    """The last bodies say what the page says, and nothing else."""
    left = {key for key in page.samples if not key[0].startswith(PAGE_ONLY)
            and not key[0].endswith(("_bucket", "_count", "_sum"))}
    histograms = 0
    for metric, key, point in (each for body in bodies for each in points_of(body)):
        name = prometheus_name(metric)
        if name.startswith(PAGE_ONLY):
            continue
        assert int(point["startTimeUnixNano"]) <= int(point["timeUnixNano"])
        if "count" in point:
            check_histogram(page, name, key, point)
            histograms += 1
            continue
        found, = (each for each in left if each[0] == name and key_of(each[1], number) == key)
        value = float(point["asInt"]) if "asInt" in point else point["asDouble"]
        assert value == page.samples[found], (name, key)
        left.remove(found)
    assert not left and histograms


def last_page(text):
    """Pages end with what one snapshot after the other begins with."""
    first = text.splitlines()[0]
    return Page(first + text.split(first)[-1])


def last_bodies(server):
    bodies = server.metrics()

    def time(body):
        return next(int(point["timeUnixNano"]) for _, _, point in points_of(body))
    end = time(bodies[-1])
    return [body for body in bodies if time(body) == end]


def test_a_run_of_events_is_what_its_page_says(built, tmp_path, definitions):  # noqa: F811
    events = tmp_path / "events"
    lines = ["clock 2026-11-21T09:00:00Z"]
    for i in range(1, 400):
        lines.append(f"{i / 50:.6f} close {i} local=10.0.0.1:{i} remote=10.{i % 3}.0.2:80 tx={i * i} rx={i} "
                     f"role={('connect', 'accept')[i % 2]} comm=name{i % 7} owner=connect "
                     f"end={('fin', 'reset_received', 'timeout')[i % 3]} opened={i / 100:.6f} "
                     f"established={i / 90:.6f} handshake={i ** 3} srtt={i * 77} retrans={i % 5}")
    for i, state in enumerate(("syn_sent", "syn_recv", "fin_wait1", "fin_wait2", "closing", "last_ack"), 500):
        lines.append(f"8 open {i} local=10.0.0.1:{i} remote=10.0.0.2:80 role=connect state={state} opened=7.9")
    events.write_text("\n".join(lines) + "\n")
    with collector() as server:
        outcome = run("otlp", "--endpoint", server.url, *FAST, "--metrics", "--by", "comm,remote_class",
                      "--interval", 1, "--also", "metrics --interval 1 --by comm,remote_class", "--read", events)
    assert outcome.status == 0, outcome.stderr
    bodies = server.metrics()
    assert len(bodies) >= 8 and len(server.records()) == 399
    check_page(last_page(outcome.text), last_bodies(server))
    for body in bodies:
        message = json_format.ParseDict(body, definitions.MetricsData())
        assert json_format.MessageToDict(message, use_integers_for_enums=True) == body
    kinds = {kind for body in bodies for metric, _, _ in points_of(body) for kind in metric}
    assert {"sum", "gauge", "exponentialHistogram"} <= kinds


def test_what_finds_no_series_is_marked_as_overflow(built, tmp_path):
    """More names than series: the attribute of OpenTelemetry's, a boolean, and sums that are whole. Bodies are
    not larger than a collector takes."""
    events = tmp_path / "events"
    events.write_text("clock 2026-11-21T09:00:00Z\n" + "".join(
        f"1 close {i} local=10.0.0.1:{i} remote=10.0.0.2:80 tx={i} comm=name{i} owner=connect role=connect "
        f"end=fin opened=1 established=1 srtt={i}\n" for i in range(1, 6000)))
    with collector() as server:
        outcome = run("otlp", "--endpoint", server.url, *FAST, "--metrics", "--no-logs", "--by", "comm",
                      "--series-limit", 2500, "--read", events)
    assert outcome.status == 0, outcome.stderr
    assert not server.records()
    bodies = last_bodies(server)
    assert len(bodies) > 1 and max(len(body) for *_, body, _ in server.requests) < 4 << 20
    sums = {}
    for metric, key, point in (each for body in bodies for each in points_of(body)):
        if metric["name"] in ("system.network.io", "tcpsight.host.io") and \
                dict(key)["network.io.direction"] == "transmit":
            kind = metric["name"], dict(key).get("otel.metric.overflow")
            sums[kind] = sums.get(kind, 0) + int(point["asInt"])
    assert set(sums) == {("system.network.io", None), ("system.network.io", True), ("tcpsight.host.io", None)}
    whole = sum(range(1, 6000))
    assert sums["tcpsight.host.io", None] == whole
    assert sums["system.network.io", None] + sums["system.network.io", True] == whole


def test_sums_of_a_live_run_are_those_of_life(sight, netns, tmp_path, definitions):  # noqa: F811
    rows_path = tmp_path / "rows"
    with collector([503, 200]) as server:
        tool = sight("otlp", "--endpoint", server.url, "--metrics", "--interval", 1, "--stop-timeout", 60,
                     "--netns", netns.name, "--also", f"life --json --netns {netns.name} --output {rows_path}")
        traffic(netns=netns)
        churn("127.0.0.1", 200, 2, netns=netns)
        outcome = tool.stop(signal.SIGTERM)
    assert outcome.status == 0, outcome.stderr
    rows = [json.loads(line) for line in rows_path.read_text().splitlines()][:-1]
    assert len(server.records()) == len(rows) >= 400
    points = [each for body in last_bodies(server) for each in points_of(body)]

    def total(name, **attributes):
        wanted = {(key.replace("_", "."), value) for key, value in attributes.items()}
        return sum(int(point.get("asInt") or point["count"]) for metric, key, point in points
                   if metric["name"] == name and wanted <= key)
    for prefix in ("system.network.io", "tcpsight.host.io"):
        assert total(prefix, network_io_direction="transmit") == sum(row["tx_bytes"] for row in rows)
        assert total(prefix, network_io_direction="receive") == sum(row["rx_bytes"] for row in rows)
    assert total("tcpsight.host.connections_closed") == len(rows)
    assert total("system.network.tcp.connection.duration") == len(rows)
    assert not total("tcpsight.lost")
    starts = {}
    for body in server.metrics():
        json_format.ParseDict(body, definitions.MetricsData())
        for metric, key, point in points_of(body):
            before, value = starts.get((metric["name"], key), (0, 0))
            now = int(point.get("asInt") or point.get("count") or 0)
            if before == point["startTimeUnixNano"] and metric.get("sum", {}).get("isMonotonic"):
                assert now >= value and not math.isnan(now)
            starts[metric["name"], key] = point["startTimeUnixNano"], now
    machine = server.metrics()[0]["resourceMetrics"][0]["resource"]["attributes"]
    assert {"service.name", "host.name"} <= {each["key"] for each in machine}


def test_nothing_to_send(built):
    outcome = run("otlp", "--no-logs")
    assert outcome.status == 2 and "there is nothing to send" in outcome.stderr
