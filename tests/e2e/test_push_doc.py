# SPDX-License-Identifier: BSD-2-Clause
"""doc/push.md: the settings of an agent and each command in it are tried, with the hosts and folders of the test in the
place of its own. nfacctd is tried by test_ipfix."""

import os
import pathlib
import re
import shlex

import pytest
from agents import Agent
from flows import churn
from ipfix_collectors import Tee, biflow_of, rows_of
from otlp_server import collector
from sight import run
from test_outputs import write_events

TEXT = (pathlib.Path(__file__).parents[2] / "doc" / "push.md").read_text(encoding="utf-8")


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
def test_its_commands_are_understood(built, tmp_path, command):
    """Of hosts and files that are not here no more can be tried."""
    words = shlex.split(command)[1:]
    if "--read" in words:
        at = words.index("--read")
        del words[at:at + 2]
    if "--since" in words:
        at = words.index("--since")
        del words[at:at + 2]
    events = write_events(tmp_path / "few", 3)
    outcome = run(*words, "--give-up", 1, "--timeout", 1, "--stop-timeout", 0, "--read", events)
    assert outcome.status in (0, 1) and "argument" not in outcome.stderr, outcome.stderr
