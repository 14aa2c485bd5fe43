# SPDX-License-Identifier: BSD-2-Clause
"""What is not asked for costs nothing: only state changes and iterators are loaded."""

import os
import pathlib
import socket

import bpfstate
import pytest
from flows import wait_until
from sight import run

# In each of the stretches. Other connections of the machine may open and close in most of them.
MESSAGES, STRETCHES = 1_000, 100
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


def test_no_program_runs_when_data_moves(sight, counted_runs):
    tool = sight("top", "--json", 3600)
    with socket.create_server(("127.0.0.1", 0)) as listener, \
         socket.create_connection(listener.getsockname()) as client, \
         listener.accept()[0] as server:
        during = []
        for _ in range(STRETCHES):
            before = bpfstate.runs(tool.pid)
            for _ in range(MESSAGES):
                client.send(b"x")
                server.recv(1)
            after = bpfstate.runs(tool.pid)
            assert before and before.keys() == after.keys()
            during.append(sum(after.values()) - sum(before.values()))
    assert min(during) < MESSAGES / 10
    outcome = tool.stop()
    assert STRETCHES * MESSAGES in {row["tx_bytes"] for row in outcome.rows}


def runs_of(tool, name):
    return bpfstate.runs_of(tool.pid, name)


def name_self(name):
    """The name of this process, which is that of its main thread."""
    pathlib.Path("/proc/self/task", str(os.getpid()), "comm").write_text(name, encoding="ascii")


class Moving:
    """A connection of this process that moves, so that it has rows, while nothing else changes."""

    def __init__(self, tool, client, server):
        self.tool, self.client, self.server = tool, client, server

    def wait_row(self, comm):
        """Two rows: what began before the first is over with the second."""
        start = len(self.tool.lines)
        ours = f'"lport":{self.client.getsockname()[1]},'

        def found(lines):
            self.client.send(b"x")
            self.server.recv(1)
            return sum(ours in line and f'"comm":"{comm}"' in line for line in lines[start:]) >= 2

        self.tool.wait_for(found, f"rows of {comm}")


@pytest.mark.still
def test_open_files_are_scanned_only_if_they_changed(sight, counted_runs):
    """A look at what changed, each ten seconds; a name is what may change while no connection opens."""
    name = pathlib.Path("/proc/self/comm").read_text(encoding="ascii").strip()
    with socket.create_server(("127.0.0.1", 0)) as listener, \
         socket.create_connection(listener.getsockname()) as client, listener.accept()[0] as server:
        tool = sight("top", "--json", "1")
        moving = Moving(tool, client, server)
        moving.wait_row(name)

        def is_spared():
            looked, scanned = runs_of(tool, "sum_files"), runs_of(tool, "scan_files")
            assert looked and scanned
            wait_until(lambda: runs_of(tool, "sum_files") > looked, "a look")
            moving.wait_row(name)
            return runs_of(tool, "scan_files") == scanned

        # Somebody else's connection may open, or a process that has one may start another: some looks are ten seconds each.
        wait_until(is_spared, "a look without a scan", patience_sec=60)
        scanned = runs_of(tool, "scan_files")
        try:
            name_self("tcp-renamed")
            moving.wait_row("tcp-renamed")
        finally:
            name_self(name)
        assert runs_of(tool, "scan_files") > scanned


def test_doctor_names_every_hook_that_is_loaded(sight):
    tool = sight("top", 1)
    loaded = {link.get("target_name") or link.get("tp_name") for link in bpfstate.links(tool.pid)}
    told = run("doctor").text
    assert loaded
    for hook in loaded:
        assert hook in told


def test_tables_of_what_is_not_asked_for_have_no_room(sight):
    """Sizes as the kernel tells them, and its memory: 4 MiB for the heads of one such table alone."""
    entries, taken = {}, {}
    for name, words in {"life": ["life"], "stat": ["stat"],
                        "peek": ["peek", "--source", "bpf", "--max-pending", 1234]}.items():
        maps = bpfstate.maps(sight(*words).pid)
        entries[name] = {one["name"]: one["max_entries"] for one in maps if "name" in one}
        taken[name] = {one["name"]: one["bytes_memlock"] for one in maps if "name" in one}
    assert (entries["life"]["delayed_acks"], entries["life"]["requests"]) == (1, 1)
    assert (entries["stat"]["delayed_acks"], entries["stat"]["requests"]) == (1 << 18, 1)
    assert (entries["peek"]["delayed_acks"], entries["peek"]["requests"]) == (1, 1234)
    assert taken["stat"]["delayed_acks"] >= 4 << 20 and taken["life"]["delayed_acks"] < 4096
