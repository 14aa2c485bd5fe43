# SPDX-License-Identifier: BSD-2-Clause
"""Reports over a running agent: --connect, by a user without any privilege."""

import os
import subprocess

import pytest
from agent_client import Agent
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


@pytest.mark.parametrize("args,says", [
    (["--connect", "unix:/nowhere/agent.sock"], "does an agent run there?"),
    (["--connect", "tcp:1.2.3.4"], "expected unix:PATH"),
    (["--connect", "unix:/x", "--read", "/dev/null"], "there is one source"),
])
def test_mistakes_are_told(args, says):
    done = subprocess.run([str(PROGRAM), "top", *args], capture_output=True, text=True, timeout=30)
    assert done.returncode in (1, 2) and says in done.stderr and not done.stdout
