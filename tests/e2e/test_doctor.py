# SPDX-License-Identifier: BSD-2-Clause
"""`doctor` says what a run will do: the same source, for the same user."""

import json
import subprocess

import pytest
from sight import PROGRAM

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
          "--bounding-set=-all"]


def said(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)


@pytest.mark.parametrize("user", [[], NOBODY])
def test_source_is_the_one_that_is_used(privileged, user):
    lines = [json.loads(line) for line in said(*user, PROGRAM, "doctor", "--json").stdout.splitlines()]
    machine = next(line for line in lines if line["type"] == "machine")
    refused = [line["name"] for line in lines if line["type"] == "feature" and line["needed"]
               and line["source"] == "bpf" and not line["works"]]
    errors = said(*user, PROGRAM, "life", "--duration", "1").stderr
    assert machine["source"] == ("netlink" if refused else "bpf")
    assert ('using the source "netlink"' in errors) == (machine["source"] == "netlink")
    assert ("why" in machine) == bool(refused)
    if user:
        assert "CAP_BPF" in machine["why"]
        assert "CAP_BPF" in said(*user, PROGRAM, "doctor").stdout.split("source in use: netlink")[1]
