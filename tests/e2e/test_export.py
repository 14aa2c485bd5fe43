# SPDX-License-Identifier: BSD-2-Clause
"""Each example of doc/recording.md for other programs is run as it stands there, and must tell what was sent."""

import contextlib
import csv
import json
import os
import re
import shutil
import socket
import subprocess
from collections import Counter

import pytest
from clickhouse import SERVER, ClickHouse
from flows import traffic
from netns import Netns
from sight import PROGRAM, ROOT, Tcpsight

PAGE = (ROOT / "doc/recording.md").read_text(encoding="utf-8")
SECTION = PAGE[PAGE.index("## Other programs"):PAGE.index("## A dump")]
EXAMPLES = [block for block in re.findall(r"(?:^    .+\n)+", SECTION, re.MULTILINE)]
SENT = [(1000 * n + 1, 10 * n + 3) for n in range(1, 9)]
CLOSED_PORT = 9


def programs_of(example):
    return [name for name in ("jq", "sqlite3", "clickhouse-client") if name in example]


@pytest.fixture(name="recording", scope="module")
def recorded(privileged, tmp_path_factory):
    """The folder, and what was sent: {(port of the service, connections at both ends): bytes}."""
    folder = tmp_path_factory.mktemp("export") / "R"
    with contextlib.closing(Closing(Netns())) as held:
        with Tcpsight("record", folder, "--netns", held.netns.name) as tool:
            ports = Counter()
            for sent, replied in SENT:
                told = traffic(netns=held.netns, bytes=sent, reply=replied)
                ports[told.server.lport, "flows"] += 2
                ports[told.server.lport, "bytes"] += sent + replied
            with held.netns.inside():
                refused = socket.socket()
            with contextlib.suppress(ConnectionRefusedError):
                refused.connect(("127.0.0.1", CLOSED_PORT))
            refused.close()
            tool.stop()
        yield folder, ports


class Closing:
    """A namespace, for contextlib.closing()."""

    def __init__(self, netns):
        self.netns = netns

    def close(self):
        self.netns.remove()


@pytest.fixture(name="server", scope="module")
def running():
    if not shutil.which("clickhouse-client") or not os.path.exists(SERVER):
        pytest.skip("no clickhouse-client, or no server for it")
    with ClickHouse() as server:
        yield server


def lines_of(example, output):
    """The rows that it printed, as lists of texts."""
    if "jq -r" in example or "clickhouse-client" in example:
        return [line.split("\t") for line in output.splitlines()]
    if "jq" in example:
        return [[str(word) for word in json.loads(line)] for line in output.splitlines()]
    return list(csv.reader(output.splitlines()))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: "_".join(re.findall(r"life|history|jq|sqlite3|"
                                                                                 r"clickhouse|refused", text)[:4]))
def test_an_example_tells_what_was_sent(recording, example, request, tmp_path):
    folder, ports = recording
    for name in programs_of(example):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")
    assert programs_of(example), example
    home = tmp_path / ".clickhouse-client"
    home.mkdir()
    if "clickhouse-client" in example:
        server = request.getfixturevalue("server")
        (home / "config.xml").write_text(f"<config><host>127.0.0.1</host><port>{server.tcp}</port></config>",
                                         encoding="ascii")
    (tmp_path / "tcpsight").symlink_to(PROGRAM)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", re.sub(r"\bDIR\b", str(folder), example)], cwd=tmp_path,
                          env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), "TZ": "UTC"},
                          capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    found = lines_of(example, done.stdout)
    if "refused" in example:
        assert [row[1:] for row in found] == [["127.0.0.1", str(CLOSED_PORT)]], found
    elif "--by port" in example:
        told = {int(port): (int(flows), int(tx), int(rx)) for port, flows, tx, rx in found if int(port) != CLOSED_PORT}
        assert told == {port: (ports[port, "flows"], ports[port, "bytes"], ports[port, "bytes"])
                        for port, what in ports if what == "flows"}, found
    else:
        # Both ends of each connection are here, and the one that was refused.
        assert sum(int(count) for _, count, _ in found) == 2 * len(SENT) + 1, found
        assert sum(int(sent) for _, _, sent in found) == sum(map(sum, SENT)), found
