# SPDX-License-Identifier: BSD-2-Clause
"""A recorder, live: what is shown from it is what was shown beside it; and what a full disk, a kill, a folder
that is gone, and a second writer do to it."""

import contextlib
import json
import os
import shutil
import subprocess

import pytest
from flows import Traffic, churn, traffic, wait_until
from netns import Cgroup
from sight import PATIENCE_SEC, PROGRAM

REPORTS = {
    "life": "life --json",
    "top": "top --json 1",
    "slow": "top --json 3",
    "by_port": "top --json --by port 1",
    "subnet": "subnet --json --direction both",
    "counters": "stat --json -i 1 -o time,lport,rport,scope,bytes_sent,bytes_received,retrans_segs,listen_overflows,"
                "memory_pressures",
}


def ask(*words, status=0):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=PATIENCE_SEC)
    assert done.returncode == status, done.stderr
    return done


def recorded(folder, *words):
    return [json.loads(line) for line in ask("life", "--json", "--read", folder, *words).stdout.splitlines()]


def holds(folder, truth):
    """Are both ends of it in the recording?"""
    if not any(path.suffix == ".tsr" for path in folder.iterdir()):
        return False
    found = {row["lport"] for row in recorded(folder, "-L", f"{truth.client.lport},{truth.server.lport}")
             if "lport" in row}
    return {truth.client.lport, truth.server.lport} <= found


def without_listeners(name, text):
    """Recordings hold connections; of sockets that listen `stat` alone tells."""
    if name != "counters":
        return text
    return "".join(line for line in text.splitlines(True) if '"rport":0,' not in line)


def sums(text):
    """Bytes of each end of a connection."""
    found = {}
    for row in map(json.loads, text.splitlines()[:-1]):
        tx, rx = found.get((row["lport"], row["rport"]), (0, 0))
        found[row["lport"], row["rport"]] = tx + row["tx_bytes"], rx + row["rx_bytes"]
    return found


def test_from_the_recording_as_live(sight, netns, source, tmp_path):
    """Byte for byte the same rows: closes, intervals, groups, counters; and the same summary. Of another interval
    than the recorder's the bytes are the same, and the moments at which it ended need not be."""
    also = [f"{words} --netns {netns.inode} --output {tmp_path / name}" for name, words in REPORTS.items()]
    tool = sight("record", tmp_path / "R", "--with", "extra", *source.options,
                 *[word for text in also for word in ("--also", text)])
    with Traffic(netns=netns, hold=True, bytes=70_000, reply=3_000, rounds=2) as held:
        held.go()
        for n in range(20):
            traffic(netns=netns, bytes=1000 * n, reply=n, addr="::1" if n % 2 else "127.0.0.1")
        # A tick after the first row of the slow one: all of it was shown in whole intervals.
        wait_until(lambda: (tmp_path / "slow").read_text().count("\n") >= 2, "slow row")
        # Of netlink the kernel tells an end when it has time for it.
        wait_until(lambda: (tmp_path / "life").read_text().count("\n") >= 40, "both ends of each")
        held.go()
        outcome = tool.stop()
    assert outcome.status == 0, outcome.stderr
    for name, words in REPORTS.items():
        live = without_listeners(name, (tmp_path / name).read_text())
        then = without_listeners(name, ask(*words.split(), "--netns", netns.inode, "--read", tmp_path / "R").stdout)
        assert live.count("\n") > 2, name
        if name == "slow":
            assert sums(then) == sums(live)
        else:
            assert then.splitlines() == live.splitlines(), name


def test_a_kill_costs_nothing_that_was_written(sight, netns, tmp_path):
    folder = tmp_path / "R"
    tool = sight("record", folder)
    truths = [traffic(netns=netns, bytes=n) for n in range(30)]
    wait_until(lambda: all(holds(folder, truth) for truth in truths[-1:]), "recorded close")
    tool.kill()
    for truth in truths:
        assert holds(folder, truth)
    checked = ask("record", "--check", folder)
    assert "0 damaged bytes, 0 lost rows" in checked.stdout
    # Whoever comes next begins a file of its own, and finds the folder free.
    before = {path.name: path.read_bytes() for path in folder.glob("*.tsr")}
    tool = sight("record", folder)
    truth = traffic(netns=netns, bytes=1)
    wait_until(lambda: holds(folder, truth), "recorded close")
    assert tool.stop().status == 0
    assert {name: (folder / name).read_bytes() for name in before} == before
    told = ask("life", "--read", folder, "--json")
    assert "the recorder did not run" in told.stderr
    gaps = [json.loads(line) for line in told.stdout.splitlines() if '"type":"gap"' in line]
    assert [gap["why"] for gap in gaps] == ["the recorder did not run"]
    assert gaps[0]["from"] < gaps[0]["to"]


@contextlib.contextmanager
def small_disk(folder, kib):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0777", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_told_and_survived(sight, netns, tmp_path):
    with small_disk(tmp_path / "disk", 512) as disk:
        folder = disk / "R"
        tool = sight("record", folder, "--keep-free", "0", "--quota", "100M")
        first = traffic(netns=netns, bytes=11)
        wait_until(lambda: holds(folder, first), "recorded close")
        with contextlib.suppress(OSError), open(disk / "ballast", "wb", buffering=0) as ballast:
            while True:
                ballast.write(b"x" * 4096)
        def is_told(text):
            churn("127.0.0.1", 1000, 1, netns=netns)
            return any(text in line for line in tool.errors)
        wait_until(lambda: is_told("rows cannot be written: No space left on device"), "complaint")
        (disk / "ballast").unlink()
        wait_until(lambda: is_told("writing again"), "end of the complaint")
        last = traffic(netns=netns, bytes=22)
        wait_until(lambda: holds(folder, last), "recorded close")
        assert tool.stop().status == 0
        assert holds(folder, first)
        checked = ask("record", "--check", folder)
        assert "0 damaged bytes" in checked.stdout


def test_two_cannot_write_to_one_folder(sight, tmp_path):
    tool = sight("record", tmp_path / "R")
    done = ask("record", tmp_path / "R", status=1)
    assert f"is being written by process {tool.pid}" in done.stderr
    assert done.stdout == ""


def test_a_disk_that_cannot_be_written_is_refused(privileged, tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = ask("record", disk / "R", status=1)
        assert "Read-only file system" in done.stderr
    done = ask("record", "--read", "/dev/null", "--output", tmp_path / "missing" / "x.tsr", status=1)
    assert "No such file or directory" in done.stderr


def test_a_folder_that_is_removed_is_told(sight, netns, tmp_path):
    folder = tmp_path / "R"
    tool = sight("record", folder, "--rotate", "64K,1h")
    truth = traffic(netns=netns, bytes=11)
    wait_until(lambda: holds(folder, truth), "recorded close")
    shutil.rmtree(folder)

    def is_told():
        traffic(netns=netns, bytes=1)
        return any("rows cannot be written" in line for line in tool.errors)
    wait_until(is_told, "complaint")
    assert tool.stop().status == 0


def test_a_line_on_a_terminal_says_how_it_fares(privileged, tmp_path):
    near, far = os.openpty()
    # The program may write there when it has become the folder's owner, as it may on a real terminal.
    with subprocess.Popen([PROGRAM, "record", tmp_path / "R", "--duration", "3"], stderr=far,
                          stdin=subprocess.DEVNULL) as tool:
        os.close(far)
        said = b""
        with contextlib.suppress(OSError):
            while chunk := os.read(near, 4096):
                said += chunk
        assert tool.wait(PATIENCE_SEC) == 0
    os.close(near)
    assert b"recording to " + os.fsencode(tmp_path / "R") + b": " in said
    assert b" used" in said and b" 0 rows lost" in said


def test_names_of_cgroups_outlive_them(sight, netns, new_cgroup, tmp_path):
    folder, cgroup = tmp_path / "R", Cgroup(parent=new_cgroup())
    tool = sight("record", folder)
    truth = traffic(netns=netns, cgroup=cgroup, bytes=99)
    wait_until(lambda: holds(folder, truth), "recorded close")
    assert tool.stop().status == 0
    cgroup.remove()
    rows = recorded(folder, "-L", truth.client.lport)
    assert rows[0]["cgroup"].endswith(cgroup.path.name)


def test_hosts_are_told_apart(privileged, tmp_path):
    """Three recordings, of machines with names of their own, are one in the order of their clocks."""
    for n, name in enumerate(["db1", "db2", "web"]):
        (tmp_path / "events").write_text("".join(
            [f"clock 2026-11-21T09:00:0{n}Z\n", "0 open 1 pid=1 comm=x local=10.0.0.1:80 remote=10.0.0.2:4000\n",
             f"2.1 close 1 tx={n + 1} rx=0 end=fin\n"]))
        subprocess.run(["unshare", "--uts", "sh", "-c",
                        f"hostname {name} && exec {PROGRAM} record --read events --output {name}.tsr"],
                       cwd=tmp_path, check=True)
    reads = [word for name in ("web", "db1", "db2") for word in ("--read", tmp_path / f"{name}.tsr")]
    *rows, summary = map(json.loads, ask("life", "--json", *reads).stdout.splitlines())
    assert [(row["host"], row["tx_bytes"], row["cookie"]) for row in rows] == \
        [("db1", 1, rows[0]["cookie"]), ("db2", 2, rows[0]["cookie"]), ("web", 3, rows[0]["cookie"])]
    assert list(rows[0])[0] == "host"
    assert (summary["opened"], summary["closed"]) == (3, 3)
    *rows, _ = map(json.loads, ask("history", "--by", "port", "--json", *reads).stdout.splitlines())
    assert sorted((row["host"], row["flows"], row["tx_bytes"]) for row in rows) == \
        [("db1", 1, 1), ("db2", 1, 2), ("web", 1, 3)]
    done = ask("life", *reads, "--read", tmp_path / "events", status=1)
    assert "events" in done.stderr
