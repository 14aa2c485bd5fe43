# SPDX-License-Identifier: BSD-2-Clause
"""What an ordinary user with a few capabilities gets, and what is left of them while it runs."""

import json
import re
import signal
import subprocess

import pytest
from flows import traffic, wait_until
from sight import PROGRAM, tuple_of

# Debian 12's setpriv knows the newer ones by number only.
NUMBERS = {"CAP_DAC_READ_SEARCH": 2, "CAP_SYS_PTRACE": 19, "CAP_PERFMON": 38, "CAP_BPF": 39}
STAND_IN = 'using the source "netlink" instead'


def as_nobody(capabilities):
    words = "".join(f",+cap_{NUMBERS[name]}" for name in capabilities)
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            f"--inh-caps=-all{words}", f"--ambient-caps=-all{words}"]


def status_of(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return re.search(rf"^{name}:\s*(\S+)", status.read(), re.M)[1]


def capabilities_of(pid):
    """Permitted, effective, inheritable and ambient ones, as names."""
    masks = {int(status_of(pid, name), 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")}
    return {name for name, number in NUMBERS.items() for mask in masks if mask >> number & 1}


@pytest.mark.parametrize("given, source, stands_in, kept", [
    (["CAP_BPF", "CAP_PERFMON"], [], False, {"CAP_BPF"}),
    (["CAP_BPF"], [], True, set()),
    (["CAP_PERFMON"], [], True, set()),
    (["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"], ["--source", "netlink"], False,
     {"CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"}),
    (["CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE"], ["--source", "bpf"], False, {"CAP_BPF"}),
])
def test_capabilities_and_what_they_buy(privileged, netns, tmp_path, given, source, stands_in, kept):
    """The bytes are exact in any case; the source is the best that the capabilities allow."""
    command = ["nsenter", f"--net={netns.path}", *as_nobody(given), str(PROGRAM), "life", "--json",
               *source]
    with open(tmp_path / "out", "w", encoding="utf-8") as out, \
         open(tmp_path / "err", "w", encoding="utf-8") as err:
        tool = subprocess.Popen(command, stdout=out, stderr=err)
        try:
            # The last thing that is done before it watches.
            wait_until(lambda: status_of(tool.pid, "NoNewPrivs") == "1", "sandbox")
            wait_until(lambda: capabilities_of(tool.pid) == kept, f"capabilities {kept}")
            truth = traffic(netns=netns, bytes=4_321, reply=99, close="half")
            sides = {side.tuple: side for side in (truth.client, truth.server)}
            wait_until(lambda: sides.keys() <= rows_in(tmp_path / "out").keys(), "rows")
        finally:
            tool.send_signal(signal.SIGINT)
            status = tool.wait()
    said = (tmp_path / "err").read_text()
    assert status == 0, said
    assert (STAND_IN in said) == stands_in
    rows = rows_in(tmp_path / "out")
    for key, side in sides.items():
        assert (rows[key]["tx_bytes"], rows[key]["rx_bytes"]) == (side.tx_bytes, side.rx_bytes)
        if not stands_in and "netlink" not in source:
            assert rows[key]["pid"] == side.pid


def rows_in(path):
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    return {tuple_of(row): row for row in rows if "lport" in row}
