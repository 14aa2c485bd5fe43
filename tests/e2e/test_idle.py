# SPDX-License-Identifier: BSD-2-Clause
"""What is not asked for costs nothing: only state changes and iterators are loaded."""

import pathlib
import socket

import bpfstate
import pytest
from sight import run

MESSAGES = 20_000
ITERATORS = {"tcp", "task", "task_file", "bpf_sk_storage_map"}


@pytest.mark.parametrize("args", [["top"], ["top", "--json", 1], ["life"], ["life", "-w"],
                                  ["top", "-p", 1, "-L", "80"]])
def test_only_state_changes_and_iterators(sight, args):
    tool = sight(*args)
    links = bpfstate.links(tool.pid)
    programs = bpfstate.programs(tool.pid)
    assert {link["type"] for link in links} <= {"iter", "raw_tracepoint", "tracing"}
    assert {link["target_name"] for link in links if link["type"] == "iter"} <= ITERATORS
    assert {link["tp_name"] for link in links if link["type"] != "iter"} == {"inet_sock_set_state"}
    assert {prog["type"] for prog in programs} == {"tracing"}
    assert {prog["id"] for prog in programs} == {link["prog_id"] for link in links}


@pytest.fixture
def counted_runs():
    """The kernel counts how often BPF programs run, as long as the test lasts."""
    switch = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
    before = switch.read_text(encoding="ascii")
    switch.write_text("1", encoding="ascii")
    yield
    switch.write_text(before, encoding="ascii")


def test_no_program_runs_when_data_moves(sight, counted_runs):
    tool = sight("top", "--json", 3600)
    with socket.create_server(("127.0.0.1", 0)) as listener, \
         socket.create_connection(listener.getsockname()) as client, \
         listener.accept()[0] as server:
        during = []
        for _ in range(5):
            before = runs(tool)
            for _ in range(MESSAGES):
                client.send(b"x")
                server.recv(1)
            during.append(runs(tool) - before)
    # Other connections of the machine may open and close meanwhile.
    assert min(during) < MESSAGES / 10
    outcome = tool.stop()
    assert 5 * MESSAGES in {row["tx_bytes"] for row in outcome.rows}


def runs(tool):
    return sum(prog.get("run_cnt", 0) for prog in bpfstate.programs(tool.pid))


def test_doctor_names_every_hook_that_is_loaded(sight):
    tool = sight("top", 1)
    loaded = {link.get("target_name") or link.get("tp_name") for link in bpfstate.links(tool.pid)}
    told = run("doctor").text
    assert loaded
    for hook in loaded:
        assert hook in told
