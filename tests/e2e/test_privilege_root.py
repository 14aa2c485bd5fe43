# SPDX-License-Identifier: BSD-2-Clause
"""Root in a container, which lacks what changing the user takes: the tool works, gives up what it can,
and says what it could not and why."""

import json
import subprocess

import pytest
from sight import PROGRAM, run
from test_privilege import status_of

NOBODY = "65534"


def without(*names):
    return ["capsh", *(f"--drop={name.lower()}" for name in names), "--", "-c", 'exec "$0" "$@"']


@pytest.mark.parametrize("missing, changes", [
    (["CAP_SETUID"], False), (["CAP_SETGID"], False), (["CAP_SETPCAP"], True),
    (["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"], False), (["CAP_SYS_ADMIN"], True),
], ids=lambda value: "+".join(value) if isinstance(value, list) else "")
@pytest.mark.parametrize("source", ["bpf", "netlink"])
def test_what_is_left(sight, missing, changes, source):
    tool = sight("life", "--json", "--source", source, "-o", "lport", wrap=without(*missing))
    kept = 1 << 39 if source == "bpf" else 0
    assert status_of(tool.pid, "Uid") == (NOBODY if changes else "0")
    assert int(status_of(tool.pid, "CapEff"), 16) == int(status_of(tool.pid, "CapPrm"), 16) == kept
    assert status_of(tool.pid, "NoNewPrivs") == "1" and status_of(tool.pid, "Seccomp") == "2"
    outcome = tool.stop()
    assert outcome.status == 0
    said = [line for line in outcome.stderr.splitlines() if "cannot become" in line]
    assert len(said) == (not changes)
    for name in missing:
        assert changes or name == "CAP_SETPCAP" or name in said[0]


def test_a_user_that_was_asked_for_is_a_must(privileged, tmp_path):
    outcome = run("peek", "-i", "lo", "-u", "daemon", "-U", tmp_path / "s", "--duration", "1",
                  wrap=without("CAP_SETUID"))
    assert outcome.status == 1
    assert "cannot become the user 1: CAP_SETUID is missing" in outcome.stderr


def test_a_user_namespace_has_no_other_user(privileged):
    """Its root is nobody's root."""
    done = subprocess.run(["unshare", "-U", "-r", "-n", PROGRAM, "life", "--json", "--source", "netlink",
                           "-o", "lport", "--duration", "1"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["type"] == "summary"
