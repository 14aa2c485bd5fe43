# SPDX-License-Identifier: BSD-2-Clause
"""Recordings as files: a second reader agrees, those of every release are read for ever, a recorder may be
killed at any moment, and the page says what the code does."""

import hashlib
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BUILD = pathlib.Path(os.environ.get("TCPSIGHT_BUILD", ROOT / "build"))
TOOL = BUILD / "tests/tools/tsrtool"
SECOND_READER = ["/usr/bin/python3", ROOT / "tests/tools/tsr.py"]
GOLDEN = HERE / "golden"


def rows(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def expect_agreement(path):
    ours, theirs = rows([TOOL, "dump", path]), rows([*SECOND_READER, path])
    for number, (a, b) in enumerate(zip(ours, theirs)):
        assert a == b, f"row {number}"
    assert len(ours) == len(theirs)
    return ours


@pytest.mark.parametrize("seed", range(4))
def test_a_second_reader_agrees(seed, tmp_path):
    path = tmp_path / "recording.tsr"
    level, extra = (0, 3)[seed % 2], seed // 2
    subprocess.run([TOOL, "write", path, str(seed), "130", "40", str(level), str(extra)], check=True)
    found = {line.split('"')[3] for line in expect_agreement(path)}
    # Flows are told anew by key frames or one by one, whichever came.
    assert found - {"key", "ident"} == {"close", "open", "sample", "handshake", "reset", "name", "host", "loss",
                                        "note", "tick", "quiet"}
    assert found & {"key", "ident"}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.tsr")), ids=lambda path: path.name)
def test_recordings_of_every_release_are_read(path):
    """The sum is that of the rows as JSON, as they were when the recording was made."""
    sums = dict(reversed(line.split()) for line in (GOLDEN / "SUMS").read_text().splitlines())
    text = "\n".join(expect_agreement(path)) + "\n"
    assert hashlib.sha256(text.encode()).hexdigest() == sums[path.name]


EVENTS = """clock 2026-11-21T09:00:00Z
0 open 1 pid=7 comm=curl uid=1000 owner=connect role=connect local=10.0.0.1:1000 remote=10.0.0.2:80
0.2 open 2 pid=8 comm=nginx owner=accept role=accept local=[2001:db8::1]:443 remote=[2001:db8::2]:5000
0.5 sample 1 tx=70000 rx=300 srtt=1200 min_rtt=900 retrans=3 bytes_retrans=4344
1.5 sample 2 tx=18446744073 rx=65536
2.7 close 1 tx=80000 rx=500 end=reset_received error=104
9.0 close 2 tx=18446744074 rx=65537 end=fin
"""


def test_two_architectures_read_each_other(tmp_path):
    """Of `./dev cross`: this one may have the other byte order, NATIVE is that of this machine."""
    native = os.environ.get("TCPSIGHT_NATIVE")
    if not native:
        pytest.skip("TCPSIGHT_NATIVE names no build for another architecture (./dev cross)")
    builds = [BUILD, pathlib.Path(native)]
    for seed, level, extra in (11, 0, 0), (12, 3, 0), (13, 3, 1):
        files = [tmp_path / f"{seed}.{i}.tsr" for i in range(2)]
        for build, path in zip(builds, files):
            subprocess.run([build / "tests/tools/tsrtool", "write", path, str(seed), "70", "20", str(level), str(extra)],
                           check=True)
        assert files[0].read_bytes() == files[1].read_bytes(), "the same rows are the same bytes"
        dumps = [rows([build / "tests/tools/tsrtool", "dump", path]) for build in builds for path in files]
        assert all(dump == dumps[0] for dump in dumps[1:])
    (tmp_path / "events").write_text(EVENTS, encoding="ascii")
    files = [tmp_path / f"events.{i}.tsr" for i in range(2)]
    for build, path in zip(builds, files):
        subprocess.run([build / "tcpsight", "record", "--read", tmp_path / "events", "--output", path], check=True)
    for words in (["life", "--json"], ["top", "--json", "1"], ["subnet", "--json"], ["history", "--json", "--by", "flow"]):
        told = [rows([build / "tcpsight", *words, "--read", path]) for build in builds for path in files]
        assert all(one == told[0] for one in told[1:]) and len(told[0]) > 1, words


def test_the_page_shows_what_the_code_does():
    subprocess.run([ROOT / "doc/make-recording", BUILD, "--check"], check=True)


def test_a_recorder_may_be_killed_at_any_moment(tmp_path):
    """What it said to be written is there, and nothing is damaged."""
    for seed in range(8):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with subprocess.Popen([TOOL, "run", folder, str(seed)], stdout=subprocess.PIPE, text=True) as recorder:
            counts = [0] + [int(recorder.stdout.readline().split()[0]) for _ in range(2 + seed)]
            time.sleep(random.uniform(0, 0.15))
            recorder.send_signal(signal.SIGKILL)
            counts += [int(line.split()[0]) for line in recorder.stdout if line.endswith("\n")]
        events, gaps, torn = map(int, rows([TOOL, "events", folder])[0].split())
        assert counts[-1] <= events
        assert gaps == 0 and torn <= 1


def test_a_damaged_recording_is_told(tmp_path):
    path = tmp_path / "recording.tsr"
    subprocess.run([TOOL, "write", path, "7", "130", "25", "3", "0"], check=True)
    whole = subprocess.run([TOOL, "check", path], capture_output=True, text=True)
    assert whole.returncode == 0 and "0 damaged bytes, 0 lost rows" in whole.stdout, whole.stdout
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    damaged = subprocess.run([TOOL, "check", path], capture_output=True, text=True)
    assert damaged.returncode == 4
    first = damaged.stdout.splitlines()[0]
    assert " damaged bytes at offset " in first and " rows by their numbers)" in first, first
