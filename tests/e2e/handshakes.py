# SPDX-License-Identifier: BSD-2-Clause
"""`peek --source bpf` in a namespace, and the rows that it tells."""

import contextlib
import json

from sight import Tcpsight

# Further words of its command line; the tests set them.
COMPANY = []


class Peek:
    """`peek --source bpf --json`, of which only one namespace's rows are wanted."""

    def __init__(self, tool):
        self.tool = tool

    def rows(self):
        with self.tool.news:
            return list(self.tool.objects())

    def wait(self, **wanted):
        """The first row with these values."""
        def find(_):
            for row in self.rows():
                if all(row.get(key) == value for key, value in wanted.items()):
                    return row
            return None

        return self.tool.wait_for(find, f"row with {wanted}")

    def rows_of(self, ports):
        """
        The rows of clients on these ports, after the run, where timers ended what they did: on the time of any task, and
        of one the kernel may show nothing (ARCHITECTURE.md, Loss). Who has no row is counted by the account.
        """
        rows, summary = self.stop()
        found = [row for row in rows if row.get("client_port") in ports]
        assert found and len(ports) - len(found) <= summary["lost"], (ports, rows, summary)
        return found

    def stop(self):
        """All rows and the summary, whose sum must hold."""
        outcome = self.tool.stop()
        assert outcome.status == 0, outcome.stderr
        *rows, filters, summary = [json.loads(line) for line in outcome.lines]
        assert (filters["type"], summary["type"]) == ("filters", "summary")
        assert (summary["opened"] + summary["adopted"]
                == summary["closed"] + summary["live"] + summary["lost"])
        self.stderr = outcome.stderr
        return rows, summary


@contextlib.contextmanager
def peek(netns, tmp_path, *options, **more):
    with Tcpsight("peek", "--source", "bpf", "--json", "--netns", netns.inode,
                  "-U", tmp_path / "socket", *options, *COMPANY, **more) as tool:
        tool.report = None
        yield Peek(tool)
