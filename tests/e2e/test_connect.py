# SPDX-License-Identifier: BSD-2-Clause
"""Reports over a running agent: --connect, by a user without any privilege."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from agent_client import Agent
from pyterm import PyTerm
from sight import PROGRAM, Tcpsight
from test_api import Pair

NOBODY = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]


@pytest.fixture(scope="module")
def agent():
    with Agent("--without", "metrics") as running:
        # As a member of its group would.
        os.chmod(running.socket, 0o666)
        yield running


def test_intervals_add_up_to_what_was_sent_since_we_came(agent):
    with Pair() as pair:
        pair.send(3)
        agent.wait_api(lambda a: a["rows"] and a["rows"][0]["tx_bytes"] == pair.sent, "flow", "flows",
                       filter=pair.filter)
        before = pair.sent
        with Tcpsight("top", "--connect", f"unix:{agent.socket}", "--json", "1", wrap=NOBODY) as top:
            pair.send(4)
            top.wait_for(lambda lines: sum(row["tx_bytes"] for row in top.rows()
                                           if row["lport"] == pair.lport) == pair.sent - before,
                         "what was sent")
            rows = [row for row in top.rows() if row["lport"] == pair.lport]
            assert rows[0]["pid"] == os.getpid() and rows[0]["rport"] == pair.rport
            outcome = top.stop()
        assert outcome.status == 0 and outcome.summary["adopted"] >= 2


def test_every_close_is_told_with_its_totals(agent):
    with Tcpsight("life", "--connect", f"unix:{agent.socket}", "--json", wrap=NOBODY) as life:
        pairs = []
        for n in range(5):
            pair = Pair()
            pair.send(n)
            pair.close()
            pairs.append(pair)
        wanted = {(p.lport, p.rport): p.sent for p in pairs}

        def told(_):
            return {(r["lport"], r["rport"]): r["tx_bytes"] for r in life.rows()
                    if (r["lport"], r["rport"]) in wanted}

        life.wait_for(lambda lines: told(lines) == wanted, "closes")
        assert life.stop().status == 0


def test_an_agent_that_ends_is_told(agent):
    with Agent("--without", "metrics") as other:
        os.chmod(other.socket, 0o666)
        top = Tcpsight("top", "--connect", f"unix:{other.socket}", "--json", "1", wrap=NOBODY)
        other.stop()
    outcome = top.wait_exit()
    assert outcome.status == 1 and "the agent has ended" in outcome.stderr


A_GROUP = 4242  # nobody's; that of an agent is called tcpsight


def test_the_screen_over_an_agent_by_a_member_of_its_group(agent):
    """On a terminal: rows, keys and an end, by a user without privileges, and without programs of its own."""
    member = ["/usr/bin/setpriv", "--reuid", "nobody", "--regid", "nogroup", "--inh-caps=-all"]
    command = [str(PROGRAM), "top", "--connect", f"unix:{agent.socket}"]
    os.chown(agent.socket, 0, A_GROUP)
    os.chmod(agent.socket, 0o660)
    stranger = subprocess.run([*member, "--clear-groups", *command, "--json"], capture_output=True, text=True,
                              timeout=30)
    assert stranger.returncode in (1, 2) and "Permission denied" in stranger.stderr and not stranger.stdout
    term = PyTerm([*member, "--groups", str(A_GROUP), *command], size=(120, 30))
    try:
        with Pair() as pair:
            pair.send(3)
            # A filter that takes the client's end alone, typed as a user does.
            term.script(["wait:LIVE", "f", "wait:filter:", *f"src port {pair.lport} and dst port {pair.rport}",
                         "Enter", f"wait:127.0.0.1:{pair.lport}"])
            term.wait("1-1 of 1")
            status = Path(f"/proc/{term.pid}/status").read_text()
            assert re.search(r"^CapEff:\s0+$", status, re.M) and re.search(r"^Uid:\t65534\t65534", status, re.M)
            assert not [link for link in Path(f"/proc/{term.pid}/fd").iterdir() if "bpf" in os.readlink(link)]
            # Time stands still, and goes on.
            term.script(["P", "wait:PAUSED"])
            pair.send(1)
            term.script(["P", "wait:LIVE"])
        term.send("q")
        assert term.end() == (0, "") and term.is_restored()
    finally:
        term.close()
        os.chown(agent.socket, 0, 0)
        os.chmod(agent.socket, 0o666)


@pytest.mark.parametrize("args,says", [
    (["--connect", "unix:/nowhere/agent.sock"], "does an agent run there?"),
    (["--connect", "tcp:1.2.3.4"], "expected unix:PATH"),
    (["--connect", "unix:/x", "--read", "/dev/null"], "there is one source"),
])
def test_mistakes_are_told(args, says):
    done = subprocess.run([str(PROGRAM), "top", *args], capture_output=True, text=True, timeout=30)
    assert done.returncode in (1, 2) and says in done.stderr and not done.stdout
