# SPDX-License-Identifier: BSD-2-Clause
"""What whoever took over a process that sends could still do: tried in its place, by inject.c."""

import os
import pathlib
import socket
import subprocess

import pytest
from flows import churn, program, wait_until
from ipfix_collectors import Stream
from otlp_server import collector, sender_of
from sight import run
from test_agent_sandbox import opened, refusal
from test_otlp import few  # noqa: F401 (a fixture)
from test_privilege import status_of

FORBIDDEN = {"execve", "execveat", "ptrace", "process_vm_writev", "setuid", "setns", "unshare", "kill", "kill_other",
             "mmap_exec", "mprotect"}


@pytest.fixture(params=["otlp", "ipfix"])
def sending(request, sight, netns):
    """A run that has sent something; gives the process that sends, and the run."""
    with collector() as server, socket.create_server(("127.0.0.1", 0)) as listener:
        stream = Stream(listener)
        where = ["--endpoint", server.url] if request.param == "otlp" else ["--collector", stream.where]
        tool = sight(request.param, *where, "--netns", netns.name)
        churn("127.0.0.1", 10, 1, netns=netns)
        if request.param == "otlp":
            wait_until(lambda: len(server.records()) == 20, "records")
        else:
            wait_until(lambda: stream.connections and len(stream.connections[0]) > 1000, "records")
        yield sender_of(tool), tool


def test_it_has_no_privileges(sending):
    pid, tool = sending
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(status_of(pid, name), 16) == 0, name
    assert (status_of(pid, "Seccomp"), status_of(pid, "NoNewPrivs")) == ("2", "1")
    assert status_of(pid, "Uid") == "65534"
    assert tool.stop().status == 0
    # Nothing that it needed was refused.
    assert not any("sandbox refused" in line for line in tool.errors), tool.errors


def test_it_opens_what_names_and_certificates_need_and_nothing_else(sending, tmp_path):
    pid, _ = sending
    secret = tmp_path / "secret"
    secret.write_text("of everybody")
    for folder in (secret, *secret.parents):
        folder.chmod(folder.stat().st_mode | (0o055 if folder.is_dir() else 0o044))
    foreign = [str(secret), "/usr/bin/env", "/", "/home", f"/proc/{os.getpid()}/stat", "/var/log"]
    needed = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"]
    needed += [path for path in ("/etc/ssl/certs/ca-certificates.crt",) if pathlib.Path(path).exists()]
    got = opened(pid, *foreign, *needed, f"+{tmp_path}/made")
    assert {path: got[path] for path in foreign} == dict.fromkeys(foreign, refusal())
    assert {path: got[path] for path in needed} == dict.fromkeys(needed, 0)
    assert got[f"+{tmp_path}/made"] is None and not (tmp_path / "made").exists()


def test_it_starts_nothing_and_looks_into_nobody(sending):
    pid, _ = sending
    done = subprocess.run([program("inject"), str(pid)], capture_output=True, text=True, timeout=60)
    if done.returncode:
        pytest.skip("inject.c does not know this machine")
    allowed = {line.split()[0] for line in done.stdout.splitlines() if " allowed " in line}
    refused = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" refused")}
    assert refused >= FORBIDDEN and not FORBIDDEN & allowed


def test_names_are_looked_up(few):  # noqa: F811
    """A name of /etc/hosts, and one that no server has: in the sandbox, both are asked for."""
    with collector() as server:
        port = server.server.server_port
        outcome = run("otlp", "--endpoint", f"http://localhost:{port}", "--read", few)
        assert outcome.status == 0 and not outcome.stderr and len(server.records()) == 3
    outcome = run("otlp", "--endpoint", "http://nowhere.invalid:4318", "--give-up", 1, "--read", few)
    assert "Could not resolve host: nowhere.invalid" in outcome.stderr
    assert "sandbox refused" not in outcome.stderr
