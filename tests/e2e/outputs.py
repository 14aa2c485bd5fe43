# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of outputs have in common: events of many connections, and what a run says of rows."""

import json
import re

DONE, FAILED, USAGE = 0, 1, 2
QUEUE_BYTES = 4 << 20


def write_events(path, closes, name="x" * 15):
    """A file of so many connections, each of which is a row of some 450 bytes of `life --json`."""
    with open(path, "w", encoding="ascii") as events:
        events.write("clock 2026-11-21T09:00:00Z\n")
        for i in range(closes):
            events.write(f"{i // 1000}.{i % 1000:03d} close 1 local=10.0.0.1:{1 + i % 60000} "
                         f"remote=10.0.0.2:80 tx={i} pid=7 comm={name} owner=connect end=fin\n")
    return path


def ports(text):
    """The local ports of the rows, each line of which must be whole."""
    rows = [json.loads(line) for line in text.splitlines()]
    return [row["lport"] for row in rows if row.get("type") != "summary"]


def complete(path, flows, tool):
    """The same of an output that is whole, of a run of so many flows: only those have no row whose end no program was
    shown (`tool`.unseen_max), and the account counts them."""
    text = path.read_text()
    lost = min(json.loads(text.splitlines()[-1])["lost"], tool.unseen_max)
    found = ports(text)
    assert flows - lost <= len(found) <= flows
    return found


def whole_lines(text):
    return text[:text.rfind("\n") + 1]


def dropped(outcome, name):
    """How many rows the run says that it dropped for an output."""
    found = re.search(rf"(\d+) rows for {re.escape(str(name))} were dropped: (.+)", outcome.stderr)
    return (int(found[1]), found[2]) if found else (0, "")
