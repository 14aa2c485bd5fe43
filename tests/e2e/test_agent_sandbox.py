# SPDX-License-Identifier: BSD-2-Clause
"""What whoever took over an agent could still open: tried in the agent's place, by inject.c."""

import contextlib
import ctypes
import errno
import json
import os
import pathlib
import signal
import subprocess

import pytest
from agents import Agent
from flows import EXIT_NOT_HERE, program, traffic, wait_until
from sight import PATIENCE_SEC, PROGRAM, run
from test_privilege import status_of

NOBODY = 65534
LANDLOCK_CREATE_RULESET, VERSION = 444, 1


@pytest.fixture
def agent(privileged, tmp_path):
    with contextlib.ExitStack() as running:
        yield lambda *args, **options: running.enter_context(
            Agent(tmp_path / "agent.sock", *args, **options))


@pytest.fixture
def open_folder(tmp_path):
    """Which everybody may look into, as /tmp."""
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o055)
    return tmp_path


def landlock():
    """The version that the kernel says; 0: it has none."""
    return max(0, ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, VERSION))


def opened(pid, *paths):
    """{path: None if the call was refused, else the error's number, or 0}, of openat() in its place."""
    done = subprocess.run([program("inject"), str(pid), *map(str, paths)], capture_output=True, text=True,
                          timeout=4 * PATIENCE_SEC)
    if done.returncode == EXIT_NOT_HERE:
        pytest.skip("inject.c does not know this machine")
    assert done.returncode == 0, done.stderr
    lines = [line.rsplit(" ", 2) if " allowed " in line else [line.rsplit(" ", 1)[0], "refused", ""]
             for line in done.stdout.splitlines()]
    return {name: None if word == "refused" else max(0, -int(result)) for name, word, result in lines}


def cgroup_mounts():
    lines = (line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines())
    return [folder for _, folder, kind, *_ in lines if kind == "cgroup2"][:1]


def refusal():
    """What it gets for a file that its user may read but that it has no business with."""
    return errno.EACCES if landlock() else 0


def test_it_opens_what_it_needs_and_nothing_else(agent, open_folder):
    secret, home = open_folder / "others" / "secret", open_folder / "own"
    secret.parent.mkdir(mode=0o755)
    secret.write_text("of everybody")
    secret.chmod(0o644)
    home.mkdir(mode=0o755)
    settings = home / "agent.conf"
    settings.write_text("[metrics]\ninterval = 1\n")
    a = agent("--config", settings)
    a.page()
    told = json.loads(a.get("/api/v1/status")[1])
    assert told["sandbox"]["landlock"] == landlock()
    as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat"]
    assert subprocess.run([*as_user, secret], capture_output=True, check=True).stdout == b"of everybody"
    foreign = [str(secret), "/etc/hosts", "/usr/bin/env", "/", "/home"]
    needed = [str(settings), str(home), f"/proc/{os.getpid()}/stat", "/etc/passwd", *cgroup_mounts()]
    made = open_folder / "made"
    got = opened(a.pid, *foreign, *needed, f"+{made}")
    assert {path: got[path] for path in foreign} == dict.fromkeys(foreign, refusal())
    assert {path: got[path] for path in needed} == dict.fromkeys(needed, 0)
    # Of calls that make files it has none.
    assert got[f"+{made}"] is None and not made.exists()
    # It goes on: a file that took the place of the old one is read.
    other = home / "new.conf"
    other.write_text("[metrics]\ninterval = 1\nby = netns\n")
    other.rename(settings)
    traffic()
    a.hang_up()
    a.wait_page(lambda p: any("netns" in l for l in p.labels("tcpsight_io_bytes_total")), "new labels")
    assert a.stop(signal.SIGTERM).status == 0


def test_a_recording_is_all_that_it_writes(agent, open_folder):
    """Also where it stays root, since the recording is root's."""
    folder, other = open_folder / "recorded", open_folder / "other"
    folder.mkdir()
    other.mkdir()
    a = agent("--also", f"record {folder} --rotate 64M,1s --interval 1")
    wait_until(lambda: len(list(folder.glob("*.tsr"))) >= 3, "files of a recording")
    assert status_of(a.pid, "Uid") == "0"
    got = opened(a.pid, f"+{folder}/made", f"+{other}/made", "+/etc/tcpsight-made", "/etc/shadow")
    assert got[f"+{folder}/made"] == 0 and (folder / "made").exists()
    for path in (f"+{other}/made", "+/etc/tcpsight-made", "/etc/shadow"):
        assert got[path] == refusal(), path
    assert (other / "made").exists() == (not landlock())
    pathlib.Path("/etc/tcpsight-made").unlink(missing_ok=True)
    # Threads too: those that write files were made by one that was shut in.
    threads = [path.name for path in pathlib.Path(f"/proc/{a.pid}/task").iterdir()]
    assert len(threads) > 1
    for thread in threads:
        assert opened(thread, "/etc/shadow")["/etc/shadow"] == refusal()
    assert a.stop().status == 0
    assert run("record", "--check", folder).status == 0


def test_nobody_of_its_user_looks_into_its_memory(agent, open_folder):
    """Started with capabilities and no change of user, which alone would do the same."""
    os.chown(open_folder, NOBODY, NOBODY)
    a = agent("--listen", "127.0.0.1:0", wrap=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                               "--inh-caps=+bpf,+perfmon", "--ambient-caps=+bpf,+perfmon"])
    a.page()
    assert status_of(a.pid, "Uid") == "65534"
    assert subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "dd", "count=0",
                           f"if=/proc/{a.pid}/mem"], capture_output=True).returncode != 0
    limits = pathlib.Path(f"/proc/{a.pid}/limits").read_text()
    assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core")] == [["0", "0"]]


def test_doctor_tells_of_it():
    lines = [json.loads(line) for line in run("doctor", "--json").lines]
    assert [line["landlock"] for line in lines if line["type"] == "machine"] == [landlock()]
    assert ("no Landlock" in run("doctor").text) == (not landlock())
