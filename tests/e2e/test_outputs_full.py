# SPDX-License-Identifier: BSD-2-Clause
"""Outputs that fail: what ails one of them is counted and told, and the others are complete."""

import os
import pathlib
import signal
import subprocess

import pytest
from flows import churn, traffic, wait_until
from outputs import DONE, FAILED, complete, dropped, ports, whole_lines
from sight import run


class SmallDisk:
    """A file system of 300 KiB in a mount namespace of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c",
             f"mount -t tmpfs -o size=300k,mode=755 none {folder} && echo ready && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n"
        self.wrap = ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt"]
        self.inside = pathlib.Path(f"/proc/{self.holder.pid}/root{folder}")

    def remove(self):
        self.holder.communicate()


@pytest.fixture
def small_disk(privileged, tmp_path):
    (tmp_path / "disk").mkdir()
    disk = SmallDisk(tmp_path / "disk")
    yield disk
    disk.remove()


@pytest.mark.parametrize("order", ["first", "also"])
def test_a_full_disk(small_disk, many_closes, tmp_path, order):
    places = [small_disk.folder / "rows", tmp_path / "rows"]
    one, other = places if order == "first" else reversed(places)
    outcome = run("life", "--json", "--read", many_closes, "--output", one, "--also",
                  f"life --json --output {other}", wrap=small_disk.wrap)
    assert (outcome.status, outcome.text) == (FAILED, "")
    rows = ports((tmp_path / "rows").read_text())
    assert len(rows) == 30_000
    text = (small_disk.inside / "rows").read_text()
    kept = ports(text)
    assert text == whole_lines(text) and 0 < len(text) <= 300 << 10
    count, why = dropped(outcome, small_disk.folder / "rows")
    # The account is a line, too.
    assert len(kept) + count == 30_000 + 1
    assert why == "No space left on device"
    # What fits while others are dropped is in order, and the first rows are there.
    assert kept == rows[:len(kept)]
    assert len(outcome.stderr.splitlines()) == 1


def test_the_only_output_on_a_full_disk(small_disk, many_closes):
    outcome = run("life", "--json", "--read", many_closes, "--output", small_disk.folder / "rows",
                  wrap=small_disk.wrap)
    assert outcome.status == FAILED
    kept = ports((small_disk.inside / "rows").read_text())
    assert len(kept) + dropped(outcome, small_disk.folder / "rows")[0] == 30_001


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_full_disk_live_that_gets_room_again(netns, small_disk, sight, tmp_path, number):
    """What waited is written; what did not fit is lost, counted and told."""
    (small_disk.inside / "ballast").write_bytes(b"x" * (296 << 10))
    tool = sight("life", "--json", "--netns", netns.name, "--output", small_disk.folder / "rows",
                 "--also", f"life --json --netns {netns.name} --output {tmp_path}/rows",
                 wrap=small_disk.wrap)
    tool.report = None
    churn("127.0.0.1", 200, 1, netns=netns)
    wait_until(lambda: (tmp_path / "rows").read_text().count("\n") >= 400 - tool.unseen_max, "rows")
    assert (small_disk.inside / "rows").stat().st_size <= 4096
    (small_disk.inside / "ballast").unlink()
    truth = traffic(netns=netns, bytes=1)

    def whole():
        text = (small_disk.inside / "rows").read_text()
        return text == (tmp_path / "rows").read_text() and all(
            f'"lport":{side.lport},' in text for side in (truth.client, truth.server))
    wait_until(whole, "all rows")
    outcome = tool.stop(number)
    assert (outcome.status, outcome.stderr) == (DONE, "")
    assert (small_disk.inside / "rows").read_text() == (tmp_path / "rows").read_text()
    complete(tmp_path / "rows", 402, tool)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_full_disk_live(netns, small_disk, sight, tmp_path, number):
    tool = sight("life", "--json", "--netns", netns.name, "--output", small_disk.folder / "rows",
                 "--also", f"life --json --netns {netns.name} --output {tmp_path}/rows",
                 wrap=small_disk.wrap)
    tool.report = None
    churn("127.0.0.1", 1000, 1, netns=netns)
    outcome = tool.stop(number)
    assert outcome.status == FAILED
    rows = complete(tmp_path / "rows", 2000, tool)
    text = (small_disk.inside / "rows").read_text()
    assert text == whole_lines(text) and ports(text) == rows[:text.count("\n")]
    assert text.count("\n") + dropped(outcome, small_disk.folder / "rows")[0] == len(rows) + 1


def test_a_device_that_is_full(few_closes, tmp_path):
    outcome = run("life", "--json", "--read", few_closes, "--output", "/dev/full",
                  "--also", f"life --json --output {tmp_path}/rows")
    assert outcome.status == FAILED
    assert dropped(outcome, "/dev/full") == (4, "No space left on device")
    assert ports((tmp_path / "rows").read_text()) == [1, 2, 3]


def test_a_file_that_may_not_grow(many_closes, tmp_path):
    """As under `ulimit -f`: an error of this output, not a signal that ends the run."""
    outcome = run("life", "--json", "--read", many_closes, "--output", tmp_path / "large", "--also",
                  f"life -o lport --rows 100 --output {tmp_path}/small",
                  wrap=["prlimit", "--fsize=100000"])
    assert outcome.status == FAILED
    assert f"cannot write to {tmp_path}/large; the rest of the run goes on: File too large" in \
        outcome.stderr
    text = (tmp_path / "large").read_text()
    assert text == whole_lines(text) and 99_000 < len(text) <= 100_000
    assert text.count("\n") + dropped(outcome, tmp_path / "large")[0] == 30_001
    assert len((tmp_path / "small").read_text().splitlines()) == 101


# Files that somebody else touches.


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_that_is_removed_while_it_is_written(sight, netns, tmp_path, what):
    (tmp_path / "folder").mkdir()
    gone = tmp_path / "folder/rows"
    tool = sight("life", "--json", "--netns", netns.name, "--output", gone,
                 "--also", f"life --json --netns {netns.name} --output {tmp_path}/rows")
    tool.report = None
    traffic(netns=netns, bytes=1)
    wait_until(lambda: gone.read_text().count("\n") == 2, "rows")
    gone.unlink()
    if what == "folder":
        gone.parent.rmdir()
    traffic(netns=netns, bytes=2)
    wait_until(lambda: (tmp_path / "rows").read_text().count("\n") == 4, "rows")
    outcome = tool.stop()
    assert outcome.status == FAILED
    assert f"{gone} was removed while it was written" in outcome.stderr
    assert len(ports((tmp_path / "rows").read_text())) == 4


def test_a_file_that_somebody_empties_has_no_hole(sight, netns, tmp_path):
    """As logrotate's copytruncate does."""
    tool = sight("life", "--json", "--netns", netns.name, "--output", tmp_path / "rows")
    tool.report = None
    traffic(netns=netns, bytes=1)
    wait_until(lambda: (tmp_path / "rows").read_text().count("\n") == 2, "rows")
    os.truncate(tmp_path / "rows", 0)
    truth = traffic(netns=netns, bytes=2)
    assert tool.stop().status == DONE
    assert set(ports((tmp_path / "rows").read_text())) == {truth.client.lport, truth.server.lport}
