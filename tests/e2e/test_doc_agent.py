# SPDX-License-Identifier: BSD-2-Clause
"""The commands of doc/agent.md, as they stand there, asked of a real agent."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import textwrap

import pytest
from agent_client import Agent
from agents import SAMPLE
from flows import wait_until
from sight import PATIENCE_SEC, PROGRAM, ROOT, Tcpsight, run
from test_agent import write
from test_api import Pair
from test_api_earlier import bytes_in

TEXT = (ROOT / "doc/agent.md").read_text()
SOCKET = "/run/tcpsight/agent.sock"
ASKED = re.findall(r"^    \$ ask (.*)$", TEXT, re.M)
CONNECTED = re.findall(r"^    \$ tcpsight (.*)$", TEXT, re.M)
ADDRESS = "127.0.0.1:9900"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
# Of these the answer says what is wrong with the question.
REFUSED = {"flows?filter=port%20443%20and": 400}


@pytest.fixture(scope="module")
def agent(privileged):
    with Agent() as running:
        # An earlier moment needs a past.
        wait_until(lambda: running.get("/api/v1/flows", at="10s").status == 200, "ten seconds")
        yield running


def test_the_document_has_commands():
    assert len(ASKED) >= 7 and len(CONNECTED) >= 3
    assert f"alias ask='curl -s --unix-socket {SOCKET}'" in TEXT


@pytest.mark.parametrize("words", ASKED)
def test_a_question_is_answered(agent, words):
    status = next((s for target, s in REFUSED.items() if f"{target}'" in words), 200)
    line = f"curl -s -w '\\n%{{stderr}}%{{http_code}}' --unix-socket {agent.socket} {words}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=PATIENCE_SEC)
    assert done.stderr == str(status), (done.stderr, done.stdout)
    if "/events" not in words and "| jq" not in words:
        answer = json.loads(done.stdout)
        assert status == 400 or isinstance(answer["rows"], list)
    if status == 400:
        # As the document shows it.
        (shown,) = re.findall(r'"pointer":(\{.*?\})\}$', TEXT, re.M)
        assert answer["pointer"] == json.loads(shown)


@pytest.mark.parametrize("words", CONNECTED)
def test_a_report_works_over_it_for_somebody_else(agent, words):
    os.chmod(agent.socket, 0o666)
    with Tcpsight(*words.replace(SOCKET, agent.socket).split(), program=PROGRAM, wrap=NOBODY) as report:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            socket.create_connection(listener.getsockname()).close()
        if "top" in words or "life" in words:
            report.wait_for(lambda lines: lines, "row")
        report.process.send_signal(signal.SIGINT)
        assert report.wait_exit().status == 0


def section(number):
    (text,) = re.findall(rf"^## {number}\. .*?$(.*?)(?=^## )", TEXT, re.M | re.S)
    return text


def blocks(number):
    """What stands there indented, each block as one text."""
    return [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", section(number), re.M)
            if block.strip()]


def commands(number):
    return [line[2:] for block in blocks(number) for line in block.splitlines() if line[:2] in ("# ", "$ ")]


@pytest.fixture
def elsewhere():
    """The address of the document, which others of this machine may have, at a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "127.0.0.1:%d" % listener.getsockname()[1]


def test_it_starts_as_the_first_section_says(privileged, elsewhere):
    start, ask = [line.replace(ADDRESS, elsewhere) for line in commands(1)]
    assert start.startswith("tcpsight ") and ask.startswith("curl ") and elsewhere in start and elsewhere in ask
    shown = next(line for block in blocks(1) for line in block.splitlines() if line.startswith("tcpsight_io"))
    name, labels, _ = SAMPLE.match(shown).groups()
    with Tcpsight(*start.split()[1:]) as agent, Pair() as pair:
        pair.send()

        def answer():
            done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, timeout=PATIENCE_SEC)
            return [m for m in map(SAMPLE.match, done.stdout.splitlines()) if m and m[1] == name and float(m[3])]
        (*_, met) = wait_until(answer, "bytes that were counted")
        # Where no unit is known there is no such label.
        names, shown_names = (re.findall(r"(\w+)=", text) for text in (met[2], labels))
        assert names == [n for n in shown_names if n != "unit" or "unit" in names]
        assert agent.stop(signal.SIGTERM).status == 0


@pytest.fixture
def settings(tmp_path, elsewhere):
    """The document's file, with its paths below the test's own folder."""
    (text,) = [block for block in blocks(2) if "[metrics]" in block]
    places = {"/run/tcpsight": "run", "/var/log/tcpsight": "kept", "/var/log/closes": "closes"}
    for path, name in places.items():
        assert path in text
        text = text.replace(path, str(tmp_path / name))
    (tmp_path / "run").mkdir()
    return write(tmp_path, text.replace(ADDRESS, elsewhere).replace("port 5432", "tcp"))


def test_the_settings_of_the_second_section_do_what_it_says(privileged, settings, tmp_path, elsewhere):
    path = settings
    for word in ("`tcpsight agent --check`", "`--dump-config`", "`kill -HUP`"):
        assert word in section(2)
    done = run("agent", "--config", path, "--check")
    assert done.status == 0, done.stderr
    shown = run("agent", "--config", path, "--dump-config").text
    for line in path.read_text().splitlines():
        name = line.split(" = ")[0]
        if " = " in line and name not in ("memory-limit", "cpu-budget", "folder"):
            assert re.search(rf"^{name} = ", shown, re.M), (line, shown)
    with Tcpsight("agent", "--config", path) as agent, Pair() as pair:
        pair.send(2)
        wait_until(lambda: bytes_in(tmp_path / "kept", pair) == pair.sent, "recording")
        pair.close()

        def closes():
            rows = [json.loads(line) for line in (tmp_path / "closes.ndjson").read_text().splitlines()]
            return [r["tx_bytes"] for r in rows if (r.get("lport"), r.get("rport")) == (pair.lport, pair.rport)]
        assert wait_until(closes, "row of its end") == [pair.sent]
        page = subprocess.run(["curl", "-s", f"http://{elsewhere}/metrics"], capture_output=True, text=True, check=True)
        assert 'remote_class="loopback"' in page.stdout
        # Metrics alone.
        refused = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                                  f"http://{elsewhere}/api/v1/status"], capture_output=True, text=True, check=True)
        assert refused.stdout == "404"
        path.write_text(path.read_text().replace("max-flows = 200000", "max-flows = 1000"))
        agent.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("max-flows is for the next start" in e for e in list(agent.errors)), "word on it")
        path.write_text("memory-limit = x")
        agent.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("the settings stay as they were" in e for e in list(agent.errors)), "refusal")
        assert agent.stop(signal.SIGTERM).status == 0


def test_prometheus_takes_the_settings_of_the_third_section(tmp_path):
    assert shutil.which("promtool")
    (text,) = [block for block in blocks(3) if "scrape_configs" in block]
    assert ADDRESS in text
    path = tmp_path / "prometheus.yml"
    path.write_text(text)
    checked = subprocess.run(["promtool", "check", "config", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr + checked.stdout
