# SPDX-License-Identifier: BSD-2-Clause
"""Where programs may run at the exit of accept(), the worker that called it is known at once."""

import json
import subprocess

import pytest
from flows import Side, actor
from sight import PROGRAM, tuple_of


@pytest.fixture(scope="module")
def known_at_accept(privileged):
    """May programs run there, by what doctor says of this kernel?"""
    told = subprocess.run([PROGRAM, "doctor", "--json"], check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    return any(line["hooks"].endswith("/inet_csk_accept") and line["state"] == "taken"
               for line in lines if line["type"] == "rung")


def test_owner_of_an_accepted_flow(sight, known_at_accept):
    tool = sight("top", "--json", 3600)
    with actor("handed_over", "prefork", "client") as flow:
        server = Side(flow.hear()["server"])
        rows = {tuple_of(row): row for row in tool.stop().rows}
    row = rows[server.tuple]
    assert (row["pid"], row["comm"]) == (server.pid, "tcp-worker")
    assert row["owner_source"] == ("accept" if known_at_accept else "files")
