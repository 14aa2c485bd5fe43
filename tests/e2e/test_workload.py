# SPDX-License-Identifier: BSD-2-Clause
"""Whose flow it is: unit, container and pod of real cgroups, and the community id as tshark has it."""

import errno
import json
import os
import pathlib
import subprocess
import sys
import uuid

import pytest
from capture import Wire, write
from flows import Traffic, traffic, wait_until
from sight import run

COLUMNS = "unit,container,pod,cgroup"
ID = "0123456789abcdef" * 4


def rows_of(outcome):
    """The rows of chosen columns, as JSON."""
    assert outcome.status == 0, outcome.stderr
    return [row for row in map(json.loads, outcome.lines) if row.get("type") != "summary"]


def whose(tool, *truths):
    """(unit, container, pod) of each flow's rows, which must be the same of both its ends."""
    rows = rows_of(tool.stop())
    found = []
    for truth in truths:
        ends = {(row["unit"], row["container"], row["pod"]) for row in rows
                if row["lport"] in (truth.client.lport, truth.server.lport)}
        assert len(ends) == 1, ends
        found += ends
    return found


@pytest.mark.parametrize("report", [["life"], ["top", 3600]], ids=["life", "top"])
def test_a_unit_a_container_and_a_pod(sight, netns, new_cgroup, report):
    mine = new_cgroup()
    uid = str(uuid.uuid4())
    pod = new_cgroup(new_cgroup(mine, "kubepods"), "pod" + uid)
    groups = [new_cgroup(mine, "a\\x2db.service"), new_cgroup(mine, f"docker-{ID}.scope"),
              new_cgroup(pod, ID), new_cgroup(pod, f"crio-conmon-{ID}"), mine]
    tool = sight(report[0], "--json", "--netns", netns.name, "-o", "lport," + COLUMNS, *report[1:])
    flows = [traffic(netns=netns, cgroup=group, bytes=10) for group in groups]
    assert whose(tool, *flows) == [
        ("a-b.service", None, None),
        (f"docker-{ID}.scope", "docker:" + ID[:12], None),
        (None, "kubernetes:" + ID[:12], uid),
        (None, None, uid),
        (None, None, None),
    ]


MOVES = """
import socket, sys
def enter(group):
    with open(group + "/cgroup.procs", "w") as procs:
        procs.write("0")
enter(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
enter(sys.argv[2])
client = socket.create_connection(listener.getsockname())
served, _ = listener.accept()
print(*listener.getsockname()[1:], *client.getsockname()[1:])
"""


def test_a_unit_is_that_of_who_listened(sight, netns, new_cgroup):
    """As of a service whose socket systemd opened."""
    mine = new_cgroup()
    opener, service = new_cgroup(mine, "a.socket"), new_cgroup(mine, "a.service")
    tool = sight("life", "--json", "--netns", netns.name, "-o", "lport,unit")
    ports = netns.run(sys.executable, "-c", MOVES, opener.path, service.path)
    server, client = map(int, ports.split())
    units = {row["lport"]: row["unit"] for row in rows_of(tool.stop())}
    assert (units[server], units[client]) == ("a.socket", "a.service")


def systemd_hierarchy():
    """Where version 1's name=systemd is mounted."""
    with open("/proc/mounts", encoding="ascii") as mounts:
        for line in mounts:
            _, where, kind, options, *_ = line.split()
            if kind == "cgroup" and "name=systemd" in options.split(","):
                return pathlib.Path(where)
    pytest.skip("needs the hierarchy name=systemd of cgroup v1")


class OlderCgroup:
    """A cgroup of version 1; the sockets of its processes stay in the root of version 2."""

    def __init__(self, name):
        self.path = systemd_hierarchy() / name
        self.path.mkdir()

    def enter(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    def is_removed(self):
        """It cannot be while the last of its processes is being taken down."""
        try:
            self.path.rmdir()
        except OSError as error:
            assert error.errno == errno.EBUSY, error
            return False
        return True


def test_beside_cgroup_v1_the_process_tells(sight, netns):
    group = OlderCgroup(f"tcpsight-{os.getpid()}.service")
    try:
        tool = sight("top", "--json", "--netns", netns.name, "-o", "lport," + COLUMNS, 3600)
        # A process can be asked only while it runs: the rows are made before it ends.
        with Traffic(netns=netns, cgroup=group, hold=True, bytes=10) as flow:
            truth = flow.go()
            assert whose(tool, truth) == [(group.path.name, None, None)]
    finally:
        wait_until(group.is_removed, "end of its processes")


@pytest.mark.parametrize("ends", [{}, {"client": "2001:db8::1", "server": "2001:db8::2"},
                                  {"client": "10.0.0.9", "server": "10.0.0.2"},
                                  {"sport": 80, "client": "127.0.0.1", "server": "127.0.0.1"}],
                         ids=["ipv4", "ipv6", "server first", "one host"])
def test_the_community_id_is_that_of_tshark(tmp_path, built, ends):
    wire = Wire(**ends).open(0)
    path = write(tmp_path / "c.pcap", wire.close(1))
    said = subprocess.run(["tshark", "-r", path, "--enable-protocol", "communityid", "-T", "fields",
                           "-e", "communityid"], check=True, capture_output=True, text=True).stdout
    rows = rows_of(run("life", "--json", "-o", "community_id", "--read", path))
    assert rows and {row["community_id"] for row in rows} == set(said.split())


def test_both_ends_have_the_same_community_id(sight, netns):
    tool = sight("life", "--json", "--netns", netns.name, "-o", "community_id,role")
    traffic(netns=netns, bytes=10)
    rows = rows_of(tool.stop())
    assert {row["role"] for row in rows} == {"connect", "accept"}
    assert len({row["community_id"] for row in rows}) == 1 and rows[0]["community_id"]


def test_the_host_is_named_within_the_sandbox(sight, netns):
    tool = sight("life", "--json", "--netns", netns.name, "-o", "host")
    traffic(netns=netns, bytes=10)
    assert {row["host"] for row in rows_of(tool.stop())} == {os.uname().nodename}


def test_what_packets_do_not_tell_is_empty(tmp_path, built):
    path = write(tmp_path / "c.pcap", Wire().open(0).close(1))
    (row,) = rows_of(run("life", "--json", "-o", COLUMNS, "--read", path))
    assert row == {"unit": None, "container": None, "pod": None, "cgroup": None}


def test_processes_of_a_file_are_none_of_ours(tmp_path, new_cgroup):
    """A pid that an events file names says nothing of whoever has that pid here."""
    group = new_cgroup(new_cgroup(), "a.service")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, preexec_fn=group.enter) as ours:
        path = tmp_path / "events"
        path.write_text(f"0 open 1 pid={ours.pid} comm=x owner=connect role=connect local=10.0.0.1:4000"
                        " remote=10.4.4.1:5432 state=established\n1 close 1 tx=5 end=fin\n")
        (row,) = rows_of(run("life", "--json", "-o", "pid," + COLUMNS, "--source", "replay", "--read", path))
    assert row == {"pid": ours.pid, "unit": None, "container": None, "pod": None, "cgroup": None}
