# SPDX-License-Identifier: BSD-2-Clause
"""`tcpsight agent --check`: what would keep an agent from starting is told, beside one that runs, too."""

import pytest
from agents import Agent
from authorities import certificates  # noqa: F401 (a fixture)
from ports import free_port
from sight import run


@pytest.fixture
def check(privileged, tmp_path, certificates):  # noqa: F811 (that fixture)
    """Outcome of a check of settings, in which {port}, {here} and {keys} may stand."""
    port = free_port()
    path = tmp_path / "agent.conf"

    def check_it(text):
        path.write_text(text.format(port=port, here=tmp_path, keys=certificates))
        path.chmod(0o600)
        return run("agent", "--config", path, "--check")

    check_it.path, check_it.port = path, port
    return check_it


TLS = "listen = unix:{here}/agent.sock\nlisten = tls:127.0.0.1:{port}\ntls-certificate = {keys}/server.pem\n" \
      "tls-key = {keys}/%s.key\n"


@pytest.mark.parametrize("is_beside", [False, True])
def test_the_key_must_be_that_of_the_certificate(check, tmp_path, is_beside):
    """Also while an agent runs that these settings are for: it has their listeners."""
    right, wrong = TLS % "server", TLS % "client"
    assert check(right).status == 0
    if not is_beside:
        outcome = check(wrong)
        assert outcome.status == 1 and "is the certificate that of the key?" in outcome.stderr
        return
    # Of lists the command line's takes the place of the file's.
    with Agent(tmp_path / "agent.sock", "--config", check.path, "--listen", f"tls:127.0.0.1:{check.port}") as agent:
        outcome = check(right)
        assert outcome.status == 0 and "the settings are right" in outcome.text
        assert outcome.stderr.count("another process listens at") == 2
        outcome = check(wrong)
        assert outcome.status == 1 and "is the certificate that of the key?" in outcome.stderr
        # It goes on, where it was.
        assert agent.get("/healthz")[1] == b"ok\n"


def test_what_senders_would_open_is_opened(check):
    """All that is missing is told, not the first alone."""
    outcome = check("listen = unix:{here}/agent.sock\n[otlp]\nendpoint = https://127.0.0.1:1\ntoken-file = {here}/none\n"
                    "[ipfix]\ncollector = tls:127.0.0.1:1\nca-file = {here}/nothing\n")
    assert outcome.status == 1 and not outcome.lines
    assert "otlp: " in outcome.stderr and "/none" in outcome.stderr
    assert "ipfix: cannot read " in outcome.stderr and "/nothing: No such file or directory" in outcome.stderr
