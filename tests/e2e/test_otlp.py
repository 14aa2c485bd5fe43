# SPDX-License-Identifier: BSD-2-Clause
"""otlp: every connection that ends reaches the collector once, whatever the collector does; what does not
is counted and told. The truth is `life --json` of the same run, and the protocol's published definitions."""

import hmac
import importlib.util
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import uuid
from email.utils import formatdate

import pytest
from agents import Agent
from authorities import certificates, tls_of  # noqa: F401 (a fixture)
from fleetdata import record
from flows import Actor, churn, program, traffic, wait_until
from google.protobuf import json_format
from otlp_server import BROKEN, Collector, collector, record_of, sender_of
from outputs import write_events
from sight import PATIENCE_SEC, UNSEEN_MAX, run

FAST = ["--timeout", 2, "--stop-timeout", 60]
WARN, INFO = 13, 9
APP_ID = "6a3f810d54c24e179b602ed8f1374ac5"  # as `systemd-id128 machine-id --app-specific=` takes it


@pytest.fixture
def few(built, tmp_path):
    return write_events(tmp_path / "few", 3)


def sent_by(*args, events, script=(), expect=0):
    with collector(script) as server:
        outcome = run("otlp", "--endpoint", server.url, *FAST, *args, "--read", events)
    assert outcome.status == expect, outcome.stderr
    return server, outcome


def ports(records):
    return [record["network.local.port"] for record in records]


def test_records_are_the_rows_of_life(sight, netns, tmp_path):
    rows_path = tmp_path / "rows"
    with collector() as server:
        tool = sight("otlp", "--endpoint", server.url + "/", "--netns", netns.name, "--also",
                     f"life --json --netns {netns.name} --output {rows_path}")
        traffic(netns=netns)
        churn("127.0.0.1", 200, 2, netns=netns)
        assert tool.stop(signal.SIGTERM).status == 0
        records = server.records()
        paths = {path for path, *_ in server.requests}
        headers = server.requests[0][1]
    rows = [json.loads(line) for line in rows_path.read_text().splitlines()][:-1]
    assert len(rows) >= 400 and paths == {"/v1/logs"}
    assert headers["Content-Type"] == "application/json" and headers["Content-Encoding"] == "gzip"
    by_end = {(record["network.local.address"], record["network.local.port"],
               record["network.peer.port"]): record for record in records}
    assert len(records) == len(rows) == len({record["log.record.uid"] for record in records})
    for row in rows:
        record = by_end[row["laddr"], row["lport"], row["rport"]]
        assert record["network.io.transmit"] == row["tx_bytes"]
        assert record["network.io.receive"] == row["rx_bytes"]
        assert record["tcpsight.end_reason"] == row["end_reason"]
        assert (record.get("process.pid"), record.get("process.executable.name")) == (row["pid"], row["comm"])
        assert record["tcpsight.retransmits"] == row["retrans"]
        assert record["severity"] == (INFO if row["end_reason"] == "fin" else WARN)
        assert ("error.type" in record) == (row["end_reason"] != "fin")
        assert record["event"] == "tcpsight.flow.close"


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    """The protocol's messages as Python classes."""
    folder = tmp_path_factory.mktemp("otlp")
    here = pathlib.Path(__file__).parent
    subprocess.run(["protoc", f"-I{here}", f"--python_out={folder}", here / "otlp.proto"], check=True)
    spec = importlib.util.spec_from_file_location("otlp_pb2", folder / "otlp_pb2.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_bodies_are_what_the_definitions_say(built, tmp_path, definitions):
    """Through the messages and back they are the same; so each key is known, each value of its type."""
    events = tmp_path / "events"
    events.write_text(
        "clock 2026-11-21T09:00:00Z\n"
        '1 close 1 local=10.0.0.1:1 remote=10.0.0.2:80 tx=18446744073709551 pid=7 comm="\\ owner=connect end=fin\n'
        "2 close 2 local=[2001:db8::1]:2 remote=[2001:db8::2]:80 state=syn_sent end=unreachable error=113\n"
        "3 close 3 local=10.0.0.1:3 remote=10.0.0.2:80 role=accept end=reset_received error=104 opened=1 "
        "established=1.5 handshake=77 srtt=88 min_rtt=66 retrans=2\n")
    server, _ = sent_by(events=events)
    body = json.loads(server.requests[0][2])
    message = json_format.ParseDict(body, definitions.LogsData())
    assert json_format.MessageToDict(message, use_integers_for_enums=True) == body
    records = server.records()
    assert [record.get("error.type") for record in records] == [None, "host_unreachable", "reset"]
    assert records[2]["tcpsight.duration"] == 1.5 and records[2]["tcpsight.handshake"] == 77e-6
    assert records[0]["process.executable.name"] == '"\\'
    with pytest.raises(json_format.ParseError):
        json_format.ParseDict({"resourceLogs": [{"surprise": 1}]}, definitions.LogsData())


def test_the_resource_says_who_tells(few):
    server, _ = sent_by(events=few)
    told = resource_of(server)
    assert told["service.name"] == "tcpsight" and told["os.type"] == "linux"
    assert told["host.name"] == os.uname().nodename
    machine = pathlib.Path("/etc/machine-id").read_text(encoding="ascii").strip()
    digest = bytearray(hmac.digest(bytes.fromhex(machine), bytes.fromhex(APP_ID), "sha256")[:16])
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    assert told["host.id"] == digest.hex()


OTEL = uuid.UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320")  # for service.instance.id, by the conventions


def test_who_sends_of_one_host_is_told_apart(privileged, tmp_path):
    """Else a store takes the series of two senders for one. After the next start they are the same."""
    with collector() as first, collector() as second:
        settings = tmp_path / "agent.conf"
        settings.write_text("".join(f"[otlp {name}]\nendpoint = {server.url}\nmetrics = yes\ninterval = 1\n"
                                    for name, server in (("a", first), ("b", second))))
        found = []
        for _ in range(2):
            with Agent(tmp_path / "agent.sock", "--config", settings) as agent:
                for server in (first, second):
                    server.requests.clear()
                    assert server.wait(Collector.metrics, PATIENCE_SEC)
                    found.append(metrics_resource_of(server))
                assert agent.stop().status == 0
    ids = [resource["service.instance.id"] for resource in found]
    host = found[0]["host.id"]
    assert ids == [str(uuid.uuid5(OTEL, f"{host}/agent/{place}")) for place in (1, 2, 1, 2)]


def metrics_resource_of(server):
    resource = server.metrics()[0]["resourceMetrics"][0]["resource"]
    return {each["key"]: each["value"]["stringValue"] for each in resource["attributes"]}


@pytest.mark.parametrize("trouble", [429, 502, 503, 504, *BROKEN, (503, {"Retry-After": "1"}, b"later")],
                         ids=str)
def test_what_may_pass_is_repeated(few, trouble):
    """Statuses, and connections that are cut before, within and behind the answer's head."""
    server, outcome = sent_by(events=few, script=[trouble])
    assert [answer for *_, answer in server.requests] == [trouble, 200]
    assert server.requests[0][2] in (server.requests[1][2], b"")
    assert ports(server.records()) == [1, 2, 3]
    assert "trying again" in outcome.stderr and "dropped" not in outcome.stderr


def test_a_server_says_at_what_time(few):
    asked = []

    def later():
        asked.append(int(time.time()) + 4)
        return 503, {"Retry-After": formatdate(asked[0], usegmt=True)}, b"later"
    server, _ = sent_by(events=few, script=[later])
    assert len(server.requests) == 2
    # By whole seconds; without it the second would come after 1.2 s at most.
    assert server.times[1] >= asked[0] - 1


def test_a_server_that_comes_back(sight, netns):
    """A live run, without a server at first: each record arrives once."""
    with collector(is_away=True) as server:
        tool = sight("otlp", "--endpoint", server.url, "--stop-timeout", 60, "--netns", netns.name)
        churn("127.0.0.1", 700, 2, netns=netns)
        tool.wait_for(lambda _: "trying again" in "".join(tool.errors), "warning")
        server.come()
        outcome = tool.stop()
        records = server.records()
    assert outcome.status == 0 and "dropped" not in outcome.stderr, outcome.stderr
    assert len(records) == 1400 == len({record["log.record.uid"] for record in records})


def test_what_is_read_again_is_the_same(sight, netns, tmp_path):
    """After an outage a recording gives the records that were lost: with the ids, and of the machine, of then."""
    with collector() as live, collector() as later:
        tool = sight("record", tmp_path / "R", "--netns", netns.name, "--also",
                     f"otlp --endpoint {live.url} --netns {netns.name}")
        churn("127.0.0.1", 300, 2, netns=netns)
        assert tool.stop().status == 0
        assert run("otlp", "--endpoint", later.url, *FAST, "--read", tmp_path / "R").status == 0
        # Those of a recording are whole microseconds.
        both = [sorted(({**record, "time": record["time"] // 1000} for record in server.records()),
                       key=lambda record: record["log.record.uid"]) for server in (live, later)]
        assert len(both[0]) == 600 == len({record["log.record.uid"] for record in both[0]})
        assert both[0] == both[1]
        mine, theirs = ({key: value for key, value in resource_of(server).items() if key != "service.instance.id"}
                        for server in (live, later))
        assert mine == theirs


def test_recordings_of_several_hosts_keep_whose_they_are(few, tmp_path, definitions):
    text = few.read_text()
    read = [word for name in ("alpha", "beta") for word in ("--read", record(tmp_path, name, text))]
    with collector() as server:
        outcome = run("otlp", "--endpoint", server.url, *FAST, *read)
        assert outcome.status == 0, outcome.stderr
        body = json.loads(server.requests[0][2])
        json_format.ParseDict(body, definitions.LogsData())
        found = {}
        for at, resource in enumerate(body["resourceLogs"]):
            lines = [record_of(each) for each in resource["scopeLogs"][0]["logRecords"]]
            found.setdefault(resource_of(server, at)["host.name"], []).extend(lines)
    assert {name: ports(lines) for name, lines in found.items()} == {"alpha": [1, 2, 3], "beta": [1, 2, 3]}
    # Of both it is the same connection of the same boot.
    assert len({line["log.record.uid"] for lines in found.values() for line in lines}) == 1


def resource_of(server, at=0):
    resource = json.loads(server.requests[0][2])["resourceLogs"][at]
    return {each["key"]: each["value"]["stringValue"] for each in resource["resource"]["attributes"]}


@pytest.mark.parametrize("authority", ["ours", "theirs"])
def test_over_https(few, certificates, authority):  # noqa: F811
    """With a certificate of ours, by an authority that is the server's, or not."""
    with collector(tls=tls_of(certificates, asks=True)) as server:
        outcome = run("otlp", "--endpoint", server.url, *FAST, "--give-up", 1, "--ca-file",
                      certificates / f"{authority}.pem", "--client-certificate", certificates / "client.pem",
                      "--client-key", certificates / "client.key", "--read", few)
        records = server.records()
    assert outcome.status == 0
    if authority == "ours":
        assert len(records) == 3 and not outcome.stderr
    else:
        assert not records and "SSL certificate problem" in outcome.stderr
        assert "3 given up" in outcome.stderr


@pytest.mark.parametrize("status", [400, 401, 404, 413, 500, 301])
def test_what_the_server_refuses_is_not_repeated(few, status):
    script = [(status, {"Location": "http://127.0.0.1:1/"} if status == 301 else {}, b"no \x1b[31msuch\n")]
    server, outcome = sent_by(events=few, script=script)
    assert len(server.requests) == 1
    assert f"answers {status}, and 3 records are dropped" in outcome.stderr
    assert "no ?[31msuch" in outcome.stderr
    assert "0 records sent; 0 dropped here, 0 given up, 3 refused by the server" in outcome.stderr


@pytest.mark.parametrize("count", [2, "2"])
def test_what_a_server_leaves_out_is_counted_and_not_repeated(few, count):
    said = json.dumps({"partialSuccess": {"rejectedLogRecords": count, "errorMessage": "too old"},
                       "somethingNew": [1]}).encode()
    server, outcome = sent_by(events=few, script=[(200, {}, said)])
    assert len(server.requests) == 1
    assert "took 1 of 3 records: too old" in outcome.stderr
    assert "1 records sent; 0 dropped here, 0 given up, 2 refused" in outcome.stderr


def test_nobody_answers(few):
    outcome = run("otlp", "--endpoint", "http://127.0.0.1:1", "--give-up", 1, "--read", few)
    assert outcome.status == 0
    assert "no answer from http://127.0.0.1:1/v1/logs" in outcome.stderr
    assert "0 records sent; 0 dropped here, 3 given up" in outcome.stderr


def test_a_file_of_many_waits_for_the_server(built, tmp_path):
    many = write_events(tmp_path / "many", 25_000)
    server, _ = sent_by(events=many, script=[503])
    records = server.records()
    assert len(records) == 25_000
    assert sum(record["network.io.transmit"] for record in records) == sum(range(25_000))
    assert max(len(json.loads(body)["resourceLogs"][0]["scopeLogs"][0]["logRecords"])
               for _, _, body, _ in server.requests) == 500


def test_a_server_that_hangs_delays_nobody(sight, netns, tmp_path):
    """What finds no place is dropped, the oldest first, counted and told; the other question is whole."""
    rows_path = tmp_path / "rows"
    with collector() as server:
        with server.lock:  # a request is taken, and no answer comes
            tool = sight("otlp", "--endpoint", server.url, "--timeout", 300, "--stop-timeout", 0,
                         "--netns", netns.name, "--also",
                         f"life --json --netns {netns.name} --output {rows_path}")
            churn("127.0.0.1", 7000, 2, netns=netns)
            outcome = tool.stop()
    lines = rows_path.read_text().splitlines()
    summary = json.loads(lines[-1])
    assert 14_000 - min(summary["lost"], UNSEEN_MAX) <= len(lines) - 1 <= 14_000
    sent, dropped = map(int, re.search(r"(\d+) records sent; (\d+) dropped here", outcome.stderr).groups())
    assert sent == 0 and dropped == len(lines) - 1


def test_the_process_that_sends_dies(sight, netns, tmp_path):
    rows_path = tmp_path / "rows"
    with collector() as server:
        tool = sight("otlp", "--endpoint", server.url, "--netns", netns.name, "--also",
                     f"life --json --netns {netns.name} --output {rows_path}")
        child = sender_of(tool)

        def has_given_up():
            status = pathlib.Path(f"/proc/{child}/status").read_text(encoding="ascii")
            return re.search(r"^CapPrm:\t0+$", status, re.M) and re.search(r"^Uid:\t65534\t", status, re.M)
        wait_until(has_given_up, "privileges given up")
        # stderr and its end of the socket, once its libraries have read their settings.
        wait_until(lambda: set(os.listdir(f"/proc/{child}/fd")) == {"2", "3"}, "files closed")
        os.kill(child, signal.SIGKILL)
        tool.wait_for(lambda _: "the process that sends has ended" in "".join(tool.errors), "warning")
        churn("127.0.0.1", 50, 1, netns=netns)
        outcome = tool.stop()
    assert len(rows_path.read_text().splitlines()) == 101
    assert "0 records sent; 100 dropped here" in outcome.stderr


def test_it_is_told_at_once_however_busy_the_run_is(sight, netns):
    """Nothing waits for a pause: one batch is full after the other, and there are no intervals."""
    with collector() as server:
        tool = sight("otlp", "--endpoint", server.url, "--netns", netns.name)
        with Actor(program("churn"), "127.0.0.1", 400_000, 2, netns=netns) as busy:
            wait_until(lambda: server.requests, "a batch")
            os.kill(sender_of(tool), signal.SIGKILL)
            tool.wait_for(lambda _: "the process that sends has ended" in "".join(tool.errors), "warning")
            assert busy.process.poll() is None, "it was told in a pause"
        outcome = tool.stop()
    assert " dropped here" in outcome.stderr and "flow table full" not in outcome.stderr


def test_strict_ends_when_the_process_that_sends_dies(sight, netns, tmp_path):
    """So that whoever watches over us starts both again; what the others owe is written before."""
    rows_path = tmp_path / "rows"
    with collector() as server:
        tool = sight("otlp", "--strict", "--endpoint", server.url, "--netns", netns.name, "--also",
                     f"life --json --netns {netns.name} --output {rows_path}")
        churn("127.0.0.1", 50, 1, netns=netns)
        os.kill(sender_of(tool), signal.SIGKILL)
        outcome = tool.wait_exit()
    assert outcome.status == 1 and "the process that sends has ended" in outcome.stderr
    assert len(rows_path.read_text().splitlines()) == 101


def test_strict_tells_that_a_server_did_not_keep_up(few):
    _, outcome = sent_by("--strict", events=few, script=[400], expect=4)
    assert "3 refused by the server" in outcome.stderr


def test_secrets_come_from_files(few, tmp_path):
    token, headers = tmp_path / "token", tmp_path / "headers"
    token.write_text("s3cret\n")
    headers.write_text("X-Tenant: blue\nX-More: 1\n")
    os.chmod(token, 0o600)
    os.chmod(headers, 0o600)
    server, _ = sent_by("--token-file", token, "--headers-file", headers, events=few)
    _, given, _, _ = server.requests[0]
    assert (given["Authorization"], given["X-Tenant"], given["X-More"]) == ("Bearer s3cret", "blue", "1")
    os.chmod(token, 0o644)
    _, outcome = sent_by("--token-file", token, events=few, expect=1)
    assert "holds a secret and has the mode 644" in outcome.stderr and "chmod g-w,o=" in outcome.stderr


@pytest.mark.parametrize("url, caret", [("ftp://x", 0), ("collector:4318", 0), ("http://", 7), ("https:///v1", 8)])
def test_urls_that_are_none(built, url, caret):
    outcome = run("otlp", "--endpoint", url)
    assert (outcome.status, outcome.text) == (2, "")
    assert f"\n  {url}\n  {' ' * caret}^\n" in outcome.stderr
