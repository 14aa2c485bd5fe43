# SPDX-License-Identifier: BSD-2-Clause
"""The commands of doc/agent.md, as they stand there, asked of a real agent."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest
from agent_client import Agent
from flows import wait_until
from sight import PATIENCE_SEC, PROGRAM, ROOT, Tcpsight

TEXT = (ROOT / "doc/agent.md").read_text()
SOCKET = "/run/tcpsight/agent.sock"
ASKED = re.findall(r"^    \$ ask (.*)$", TEXT, re.M)
CONNECTED = re.findall(r"^    \$ tcpsight (.*)$", TEXT, re.M)
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
