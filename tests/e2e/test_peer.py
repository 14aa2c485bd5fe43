# SPDX-License-Identifier: BSD-2-Clause
"""Side by side with the C tcplife of bcc, on the same traffic at the same time."""

import os
import pathlib
import signal
import subprocess
import time

import pytest
from flows import traffic
from ready import readable
from sight import PATIENCE_SEC

PEER = pathlib.Path("/usr/sbin/tcplife")


class Peer:
    """The other tcplife, with a private mount of the tracefs that it needs."""

    def __init__(self):
        self.text = b""
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c",
             "mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing;"
             f"exec stdbuf -oL {PEER}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        self.read_until(b"RADDR")

    def read_until(self, word):
        deadline = time.monotonic() + PATIENCE_SEC
        output = self.process.stdout.fileno()
        while word not in self.text:
            assert time.monotonic() < deadline, self.text
            if readable(output, seconds=0.1):
                more = os.read(output, 65536)
                assert more, self.process.communicate()[1].decode()
                self.text += more

    def stop(self):
        """Its rows by (local port, remote port)."""
        self.process.send_signal(signal.SIGINT)
        self.text += self.process.communicate(timeout=PATIENCE_SEC)[0]
        rows = {}
        for line in self.text.decode().splitlines():
            words = line.split()
            if words and words[0] != "PID":
                rows[int(words[-6]), int(words[-4])] = words
        return rows


# Where others open and close thousands of connections the peer has no room for all of them, and loses these, too.
@pytest.mark.alone
@pytest.mark.skipif(not PEER.exists(), reason="needs libbpf-tools' tcplife")
def test_same_flows_same_volume_same_client(sight):
    peer = Peer()
    tool = sight("life", "--json")
    sizes = [(10, 0), (5000, 700_000), (123_456, 20_000), (2_000_000, 1)]
    truths = [traffic(bytes=tx, reply=rx, close=close, addr=addr)
              for tx, rx in sizes
              for close, addr in (("client", "127.0.0.1"), ("server", "::1"))]
    last = traffic(bytes=1)
    for side in last.client, last.server:
        peer.read_until(f" {side.lport} ".encode())
        tool.wait_row(side)
    theirs = peer.stop()
    ours = {(row["lport"], row["rport"]): row for row in tool.stop().rows}
    slower_us = []
    for truth in truths:
        for side in truth.client, truth.server:
            key = side.lport, side.rport
            row, words = ours[key], theirs[key]
            for column, kib in ("tx_bytes", words[-3]), ("rx_bytes", words[-2]):
                # Theirs counts SYN and FIN as bytes, and is rounded to two decimals.
                slack = 2 + 0.005 * 1024 + 0.01
                assert abs(float(kib) * 1024 - row[column]) <= slack
                assert row[column] == getattr(side, column)
            slower_us.append(abs(float(words[-1]) * 1000 - row["duration_us"]))
        client = truth.client.lport, truth.client.rport
        assert int(theirs[client][0]) == ours[client]["pid"] == truth.client.pid
    # One program of the two may be held up on its way, but not each time.
    assert sorted(slower_us)[len(slower_us) // 2] <= 1000
