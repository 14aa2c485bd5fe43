# SPDX-License-Identifier: BSD-2-Clause
"""`peek` on an interface with each filter that the kernel can be given, at the same time."""

import json
import re

from flows import Side, actor
from sight import Tcpsight

RUNGS = "ebpf", "classic", "all"
PORT = 5001


class Rungs:
    """A `peek --json` for each rung, on the same interface at the same time."""

    def __init__(self, running, netns, folder, interface, *options):
        self.tools = {}
        folder = folder / str(len(list(folder.glob("*"))))
        for name in RUNGS:
            (folder / name).mkdir(parents=True)
            self.tools[name] = running.enter_context(Tcpsight(
                "peek", "-i", interface, "-U", folder / name / "socket", "--icmp", "--verbose",
                "--json", "--rung", f"capture={name}", *options, wrap=["nsenter", f"--net={netns.path}"]))
            self.tools[name].report = None
            self.tools[name].wait_for(
                lambda _, name=name: any(f"capture: {name} " in line
                                         for line in self.tools[name].errors), "word on the filter")

    def wait_for(self, port, result, but=()):
        for tool in (tool for name, tool in self.tools.items() if name not in but):
            tool.wait_for(lambda lines: any(
                f'port":{port},' in line and f'"{result}"' in line for line in lines),
                f"{result} of port {port}")

    def stop(self):
        """{rung: (rows without their times, packets received, the account)}, all ended well."""
        found = {}
        for name, tool in self.tools.items():
            outcome = tool.stop()
            assert outcome.status == 0, outcome.stderr
            lines = [json.loads(line) for line in outcome.lines]
            rows = sorted((line for line in lines if "type" not in line),
                          key=lambda row: row["client_port"])
            # Each socket has its own clock.
            rows = [json.dumps({key: value for key, value in row.items()
                                if key not in ("time", "started", "duration_us")}) for row in rows]
            found[name] = (rows, int(re.search(r"recv +: (\d+)", outcome.stderr)[1]), lines[-1])
        return found


def assert_equal_rows(found, unknown_to_classic=()):
    rows, _, account = found["all"]
    for name, (own_rows, _, own_account) in found.items():
        for own, row in zip(own_rows, rows, strict=True):
            if name != "classic" or json.loads(row)["client_port"] not in unknown_to_classic:
                assert own == row, name
        for key in ("opened", "closed", "lost", "missed", "undecoded"):
            assert own_account[key] == account[key], (name, key)
    return [json.loads(row) for row in rows]


def attempt(link, port=PORT, timeout_ms=10_000):
    with actor("try_connect", link.far_address, port, timeout_ms, netns=link.near) as trying:
        side = Side(trying.hear()["client"])
        return side, trying.hear()["error"]
