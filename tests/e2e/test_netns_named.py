# SPDX-License-Identifier: BSD-2-Clause
"""How a network namespace is named on the command line, and what is none. Never an empty table for a
name that was wrong."""

import contextlib
import ctypes
import os
import subprocess
import threading

import pytest
from flows import traffic
from netns import Netns
from sight import run

USAGE = 2
CLONE_NEWNET = 0x40000000
CLONE_NEWUTS = 0x04000000


@contextlib.contextmanager
def process_in(netns):
    process = subprocess.Popen(["nsenter", f"--net={netns.path}", "sleep", "600"])
    # nsenter has become sleep when it lives there.
    while os.stat(f"/proc/{process.pid}/ns/net").st_ino != netns.inode:
        pass
    yield process.pid
    process.kill()
    process.wait()


@pytest.fixture
def old(netns):
    """Made before the program starts, so that each source sees it."""
    with process_in(netns) as pid:
        netns.pid = pid
        yield netns


@pytest.mark.parametrize("form", ["{name}", "{inode}", "/proc/{pid}/ns/net", "/run/netns/{name}",
                                  "/proc/{pid}/task/{pid}/ns/net", "00{inode}"])
def test_all_forms_name_the_same(sight, old, source, form):
    name = form.format(name=old.name, inode=old.inode, pid=old.pid)
    life = sight("life", "--json", "--netns", name, *source.options)
    truth = traffic(netns=old)
    assert life.wait_row(truth.client)["netns"] == old.inode
    outcome = life.stop()
    assert {row["netns"] for row in outcome.rows} == {old.inode}
    assert outcome.stderr == ""


REPORTS = [["life"], ["top", "1", "1"], ["stat", "--live"], ["subnet"], ["stat"],
           ["peek", "--source", "bpf"], ["life", "--source", "netlink"], ["life", "--also", "top {}"]]


@pytest.mark.parametrize("words", REPORTS, ids=" ".join)
def test_process_is_no_namespace(privileged, old, words):
    option = f"--netns {old.pid}"
    words = [word.format(option) for word in words]
    outcome = run(*words, *([] if option in words[-1] else option.split()), "--duration", "1")
    assert (outcome.status, outcome.text) == (USAGE, "")
    assert f"no network namespace {old.pid}" in outcome.stderr
    assert f"/proc/{old.pid}/ns/net" in outcome.stderr


@pytest.mark.parametrize("number", ["1073741823", "99999999", "0", "00", "3000000000",
                                    "99999999999999999999"])
def test_number_of_nothing(privileged, number):
    """None of these is the number of a process either."""
    for words in (["life", "--duration", "1"], ["stat", "--live"]):
        outcome = run(*words, "--netns", number)
        assert (outcome.status, outcome.text) == (USAGE, "")
        assert number in outcome.stderr and "lsns" in outcome.stderr


def test_number_of_a_namespace_of_another_kind(privileged):
    """
    Told, even where we may not look everywhere. The kernel gives the number of a namespace that has gone away anew
    at once, to one of any kind: only a number that is held stays that of no network namespace.
    """
    held = []

    def live():
        assert ctypes.CDLL(None).unshare(CLONE_NEWUTS) == 0
        held.append(os.open("/proc/thread-self/ns/uts", os.O_RDONLY))

    thread = threading.Thread(target=live)
    thread.start()
    thread.join()
    number = os.fstat(held[0]).st_ino
    outcome = run("life", "--netns", number, "--duration", "1")
    os.close(held[0])
    assert str(number) in outcome.stderr
    assert outcome.status == USAGE or "cannot be seen" in outcome.stderr


@pytest.mark.parametrize("path", ["/proc/self/ns/pid", "/proc/self/ns/mnt", "/proc/self/ns/user",
                                  "/etc/passwd", "/proc", "/no/such", "/dev/null", "/", "..", "."])
def test_path_of_something_else(privileged, path):
    outcome = run("life", "--netns", path, "--duration", "1")
    assert (outcome.status, outcome.text) == (USAGE, "")
    assert "no network namespace" in outcome.stderr and path in outcome.stderr


def assert_is_known(inode):
    outcome = run("life", "--netns", inode, "--duration", "1")
    assert (outcome.status, outcome.stderr) == (0, "")


def test_namespace_of_one_thread(privileged):
    """As runtimes with threads leave them."""
    inode, done = [], threading.Event()
    entered = threading.Event()

    def live():
        assert ctypes.CDLL(None).unshare(CLONE_NEWNET) == 0
        inode.append(os.stat(f"/proc/self/task/{threading.get_native_id()}/ns/net").st_ino)
        entered.set()
        done.wait()

    thread = threading.Thread(target=live)
    thread.start()
    entered.wait()
    assert inode[0] != os.stat("/proc/self/ns/net").st_ino
    assert_is_known(inode[0])
    done.set()
    thread.join()


def test_namespace_that_is_only_held_open(privileged):
    netns = Netns()
    fd = os.open(netns.path, os.O_RDONLY)
    netns.remove()
    assert_is_known(netns.inode)
    os.close(fd)


def test_namespace_that_is_only_mounted(privileged, tmp_path):
    """Where a container engine keeps its own."""
    netns = Netns()
    place = tmp_path / "place"
    place.touch()
    subprocess.run(["mount", "--bind", netns.path, place], check=True)
    netns.remove()
    try:
        assert_is_known(netns.inode)
        outcome = run("life", "--netns", place, "--duration", "1")
        assert (outcome.status, outcome.stderr) == (0, "")
    finally:
        subprocess.run(["umount", place], check=True)


def test_numbers_of_a_recording_are_taken_as_they_are(built, tmp_path):
    path = tmp_path / "events"
    path.write_text("".join(f"1 close {n} local=1.1.1.1:{n} remote=1.1.1.2:2 netns={n} end=fin\n"
                            for n in (5, 6)), encoding="ascii")
    outcome = run("life", "--json", "--read", path, "--netns", "5")
    assert [row["lport"] for row in outcome.rows] == [5]


def test_help_names_the_path(built):
    for report in ("life", "top", "stat", "subnet", "peek"):
        line = next(line for line in run(report, "--help").lines if "--netns" in line)
        assert "/proc/PID/ns/net" in line
