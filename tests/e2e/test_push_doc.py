# SPDX-License-Identifier: BSD-2-Clause
"""doc/push.md: the settings of an agent and each command in it are tried, with the hosts and folders of the test in the
place of its own. Those of nfcapd and nfacctd are tried by test_ipfix."""

import datetime
import json
import os
import pathlib
import re
import shlex
import socket
import subprocess

import pytest
from agents import Agent
from authorities import certificates, tls_of  # noqa: F401 (a fixture)
from fleetdata import record
from flows import churn
from ipfix_collectors import DOC as TEXT
from ipfix_collectors import Stream, Tee, biflow_of, command_of, dump, rows_of
from otlp_server import collector, points_of
from outputs import write_events
from sight import run


def block(first):
    """The indented lines from the one that begins so on."""
    (found,) = [part for part in re.findall(r"(?:^    .*\n|^\n)+", TEXT, re.M) if f"    {first}\n" in part]
    return "\n".join(line[4:] for line in found.strip("\n").splitlines()) + "\n"


def names_sent(server):
    """Of metrics and attributes, but for those that are ours by their beginning, and words without a dot at them."""
    bodies = [json.loads(body) for path, _, body, _ in server.requests if path == "/v1/logs"]
    logs = [record for body in bodies for resource in body["resourceLogs"] for scope in resource["scopeLogs"]
            for record in scope["logRecords"]]
    resources = [resource for body in bodies for resource in body["resourceLogs"]] + \
        [resource for body in server.metrics() for resource in body["resourceMetrics"]]
    points = [point for body in server.metrics() for point in points_of(body)]
    found = {each["key"] for record in logs for each in record["attributes"]}
    found |= {each["key"] for resource in resources for each in resource["resource"]["attributes"]}
    for metric, attributes, _ in points:
        found |= {metric["name"], *(name for name in dict(attributes)
                                    if "." in name or not metric["name"].startswith("tcpsight."))}
    assert logs and points
    return {name for name in found if not name.startswith("tcpsight.")}


def names_told():
    table = TEXT.split("\n## Names of OpenTelemetry\n")[1].split("\n## ")[0]
    return {name for line in re.findall(r"^\| (`.*) \|.*\|$", table, re.M) for name in re.findall(r"`([^`]+)`", line)}


def test_its_names_are_those_that_are_sent(built, tmp_path):
    """Each that is not ours stands in its table, and what stands there is one that the program has."""
    events = tmp_path / "events"
    events.write_text(
        "clock 2026-11-21T09:00:00Z\n"
        "1 open 1 local=10.0.0.1:1 remote=10.0.0.2:80 role=connect state=established opened=0.5 established=0.6\n"
        "1 close 2 local=10.0.0.1:2 remote=10.0.0.2:80 tx=18 pid=7 comm=x owner=connect role=connect end=fin opened=0.5 "
        "established=0.6 handshake=77 srtt=88 min_rtt=66 retrans=2 netns=7\n"
        "2 close 3 local=[2001:db8::1]:2 remote=[2001:db8::2]:80 role=accept comm=y owner=accept end=reset_received "
        "error=104\n"
        "3 close 4 local=10.0.0.1:3 remote=10.0.0.2:80 state=syn_sent end=unreachable error=113\n"
        + "".join(f"4 close {i} local=10.0.0.1:{i} remote=10.0.0.2:80 pid=7 comm=name{i} owner=connect end=fin\n"
                  for i in range(10, 200)) + "5 sample 1 tx=3\n")
    with collector() as server:
        outcome = run("otlp", "--endpoint", server.url, "--metrics", "--interval", 1, "--series-limit", 100, "--by",
                      "comm,uid,netns,role,family,remote_class,service_port", "--read", events)
        assert outcome.status == 0, outcome.stderr
        sent = names_sent(server)
    assert {"network.connection.state", "user.id", "otel.metric.overflow", "error.type"} <= sent
    assert not sent - names_told()
    source = "".join(path.read_text(encoding="utf-8") for path in pathlib.Path(__file__).parents[2].glob("src/*/*.c"))
    source += pathlib.Path(__file__).parents[2].joinpath("src/consumer/metrics_labels.h").read_text(encoding="utf-8")
    for name in names_told():
        assert f'"{name}"' in source or f'{name}=' in source, name


def test_an_agent_with_its_settings_sends_to_both(privileged, tmp_path, netns):
    token, recorded, rows = tmp_path / "otlp.token", tmp_path / "R", tmp_path / "rows"
    token.write_text("s3cret\n")
    os.chmod(token, 0o600)
    tee = Tee()
    with collector() as server:
        text = block("[otlp]")
        for old, new in (("https://collector.example:4318", server.url), ("/etc/tcpsight/otlp.token", token),
                         ("udp:flows.example:4739", tee.where), ("/var/log/tcpsight", recorded)):
            assert old in text
            text = text.replace(old, str(new))
        settings = tmp_path / "agent.conf"
        settings.write_text(text)
        agent = Agent(tmp_path / "agent.sock", "--config", settings, "--also",
                      f"life --json --netns {netns.name} --output {rows}")
        with agent:
            page = agent.page()
            for name in ("otlp", "ipfix"):
                assert page.sum("tcpsight_exporter_up", exporter=name) == 1, name
            churn("127.0.0.1", 50, 1, netns=netns)
            assert agent.stop().status == 0
        records = server.records()
        assert not names_sent(server) - names_told()
        assert all(headers["Authorization"] == "Bearer s3cret" for _, headers, _, _ in server.requests)
    tee.end()
    expected = sorted((row["lport"], row["rport"]) for row in rows_of(rows))
    assert len(expected) == 100
    # The agent sees connections of other tests, too.
    sent = [(record["network.local.port"], record["network.peer.port"]) for record in records]
    assert set(expected) <= set(sent)
    told = {(source, destination) for source, destination, *_ in tee.tshark(tmp_path)}
    assert {biflow_of(row)[1:4:2] for row in rows_of(rows)} <= told


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`(tcpsight (?:otlp|ipfix) [^`]*)`", TEXT)) |
                                           set(re.findall(r"^    # (tcpsight .*)$", TEXT, re.M))))
def test_its_commands_send(built, tmp_path, certificates, command):  # noqa: F811
    """Each with a collector of its kind in the place of its own."""
    text = f"clock {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}\n" + "".join(
        f"0.{i} close {i} local=10.0.0.1:{i} remote=10.0.0.2:80 tx={i} end=fin\n" for i in (1, 2, 3))
    words = shlex.split(command)[1:]
    if "--read" not in words:
        words += ["--read", "/var/log/tcpsight"]
    tee = Tee()
    with socket.create_server(("127.0.0.1", 0)) as listener, collector() as server, \
            collector(tls=tls_of(certificates)) as secure:
        stream = Stream(listener, tls=tls_of(certificates, asks=True))
        places = {"udp:127.0.0.1:4739": tee.where, "tls:flows.example:4740": f"tls:localhost:{stream.port()}",
                  "http://127.0.0.1:4318": server.url, "https://collector:4318": secure.url,
                  "ca.pem": certificates / "ours.pem", "c.pem": certificates / "client.pem",
                  "c.key": certificates / "client.key", "/var/log/tcpsight": record(tmp_path, "here", text)}
        words = [str(places.get(word, word)) for word in words]
        if secure.url in words:
            # Its authority is one of the system's.
            words += ["--ca-file", str(certificates / "ours.pem")]
        outcome = run(*words)
        assert outcome.status == 0 and not outcome.stderr, outcome.stderr
        came = [log["network.local.port"] for one in (server, secure) for log in one.records()]
        if stream.connections:
            came += [int(flow["7"]) for flow in stream.records(tmp_path)]
    tee.end()
    came += [int(flow["7"]) for flow in dump(tee.file(tmp_path / "datagrams"))]
    assert sorted(came) == [1, 2, 3]


def test_what_reads_files_reads_them(built, tmp_path):
    """ipfixDump and tshark, called as it says."""
    tee = Tee()
    events = write_events(tmp_path / "few", 3)
    assert run("ipfix", "--collector", tee.where, "--read", events).status == 0
    tee.end()
    path = tee.file(tmp_path / "FILE")
    words = [str(path) if word == "FILE" else word for word in command_of("ipfixDump")]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert len(re.findall(r"^\t\(8\)[^:]*: 10\.0\.0\.1$", told, re.M)) == 3, told
    shown = subprocess.run([*command_of("tshark"), "-r", tee.pcap(tmp_path)], capture_output=True, text=True,
                           check=True).stdout
    assert shown.count("SrcAddr: 10.0.0.1") == 3 and "Malformed" not in shown
