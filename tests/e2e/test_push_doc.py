# SPDX-License-Identifier: BSD-2-Clause
"""doc/push.md: the settings of an agent and each command in it are tried, with the hosts and folders of the test in the
place of its own. Those of nfcapd and nfacctd are tried by test_ipfix."""

import datetime
import os
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
from otlp_server import collector
from sight import run
from test_outputs import write_events


def block(first):
    """The indented lines from the one that begins so on."""
    (found,) = [part for part in re.findall(r"(?:^    .*\n|^\n)+", TEXT, re.M) if f"    {first}\n" in part]
    return "\n".join(line[4:] for line in found.strip("\n").splitlines()) + "\n"


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
