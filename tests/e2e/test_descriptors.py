# SPDX-License-Identifier: BSD-2-Clause
"""Standard files that were closed at the start, and too few files that may be opened."""

import itertools
import json
import os
import resource
import subprocess

import pytest
from capture import Wire, write
from sight import PATIENCE_SEC, PROGRAM, ROOT

STANDARD = {0: "stdin", 1: "stdout", 2: "stderr"}
COMBINATIONS = [set(closed) for n in (1, 2, 3) for closed in itertools.combinations(STANDARD, n)]
FAILED = 1
# In plain shell, so that nothing else of this process is inherited in their place.
REDIRECTIONS = {0: "<&-", 1: ">&-", 2: "2>&-"}


def run_closed(closed, *args):
    """Run with these standard files closed; what came on the others, and the status."""
    shell = ["sh", "-c", '"$0" "$@" ' + " ".join(REDIRECTIONS[fd] for fd in sorted(closed))]
    return subprocess.run([*shell, PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE_SEC)


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    wire = Wire().open(0.0)
    wire.send(0.1, 0, "PA", b"x" * 100)
    return write(tmp_path_factory.mktemp("closed") / "c.pcap", wire.close(0.5))


def names(combination):
    return "+".join(STANDARD[fd] for fd in sorted(combination))


def assert_closed(done, closed, status=0):
    """Status 1 at once, and why, if what it writes to was closed; as ever if not."""
    assert done.returncode == (FAILED if 1 in closed else status), done.stderr
    if 1 in closed and 2 not in closed:
        assert "standard output is closed" in done.stderr


@pytest.mark.parametrize("closed", COMBINATIONS, ids=names)
@pytest.mark.parametrize("source", ["bpf", "netlink"])
def test_live(privileged, closed, source):
    done = run_closed(closed, "life", "--json", "--source", source, "--duration", 1)
    assert_closed(done, closed)
    if 1 not in closed:
        assert json.loads(done.stdout.splitlines()[-1])["type"] == "summary"


@pytest.mark.parametrize("closed", COMBINATIONS, ids=names)
@pytest.mark.parametrize("report", ["life", "top", "subnet"])
def test_file(built, capture, closed, report):
    done = run_closed(closed, report, "--read", capture)
    whole = run_closed(set(), report, "--read", capture)
    assert_closed(done, closed)
    if 1 not in closed:
        assert done.stdout == whole.stdout != ""


@pytest.mark.parametrize("closed", COMBINATIONS, ids=names)
def test_output_goes_to_its_file_alone(built, capture, closed, tmp_path):
    """The file is opened when a standard number is free, and must not take that."""
    done = run_closed(closed, "life", "--json", "--read", capture, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [row.get("tx_bytes") for row in rows] == [100, None]
    assert done.stdout == ""


@pytest.mark.parametrize("closed", COMBINATIONS, ids=names)
@pytest.mark.parametrize("words", [["--help"], ["life", "--help"], ["life", "-o", "help"],
                                   ["--version"], ["top", "--version"], ["doctor", "--ladder"]],
                         ids=" ".join)
def test_texts(built, closed, words):
    assert_closed(run_closed(closed, *words), closed)


@pytest.mark.parametrize("words", [["--help"], ["life", "--help"], ["doctor", "--ladder"]],
                         ids=" ".join)
def test_texts_on_a_full_disk(built, words):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == FAILED
    assert done.stderr.count("No space left on device") == 1


def test_peek_writes_to_stderr(built, capture):
    assert run_closed({1}, "peek", "--read", capture).returncode == 0
    assert run_closed({2}, "peek", "--read", capture).returncode == FAILED
    assert run_closed({2}, "peek", "--json", "--read", capture).returncode == 0


def test_closed_stdin_is_no_input(built):
    done = run_closed({0}, "life", "--read", "-")
    assert done.returncode == FAILED
    assert "standard input is closed" in done.stderr


def test_a_read_only_stdout_is_an_error(built, capture):
    with open(os.devnull, encoding="ascii") as null:
        done = subprocess.run([PROGRAM, "life", "--read", capture], stdout=null,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == FAILED
    assert "Bad file descriptor" in done.stderr


def limited(limit, *args, hard=None):
    """Run with so many files, at most."""
    return subprocess.run(
        [PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=PATIENCE_SEC,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard or limit)))


LIMITS = [4, 6, 8, 10, 11, 12, 13, 14, 16, 20, 24, 28, 32, 36, 40, 48, 64, 80, 96]


@pytest.mark.parametrize("words", [
    ["life", "--source", "bpf"], ["life", "--source", "netlink"], ["life"], ["top", "-C", "1", "1"],
    ["stat", "--all"], ["peek", "--source", "bpf", "-U", "/nonexistent/s"], ["life", "-i", "lo"],
], ids=" ".join)
def test_too_few_files_are_named(privileged, words):
    """Whatever it is that finds no room: the true reason, the remedy, and an end at once."""
    for limit in LIMITS:
        done = limited(limit, *words, "--duration", 1)
        assert done.returncode == FAILED, f"{limit}: {done.stderr}"
        assert done.stdout == ""
        assert "Too many open files" in done.stderr and "ulimit -n" in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.fixture(scope="module")
def few_timers(tmp_path_factory):
    path = tmp_path_factory.mktemp("preload") / "fewtimers.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", path, ROOT / "tests/e2e/preload/fewtimers.c"],
                   check=True)
    return path


@pytest.mark.parametrize("words", [
    ["life", "--source", "bpf"], ["life", "--source", "netlink"], ["top", "-C"], ["life", "-i", "lo"],
    ["peek", "--source", "bpf", "-U", "/tmp/tcpsight-test-timers"],
    ["peek", "-i", "lo", "-U", "/tmp/tcpsight-test-timers"], ["subnet"], ["stat", "-i", "1"],
], ids=" ".join)
def test_a_timer_that_cannot_be_made_ends_the_run(privileged, few_timers, words):
    """Else it would run past its end, and intervals would not come."""
    for timers in range(16):
        done = subprocess.run([PROGRAM, *words, "--duration", "1"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE_SEC,
                              env={**os.environ, "LD_PRELOAD": few_timers, "TIMERS": str(timers)})
        if not done.returncode:
            break
        assert done.returncode == FAILED
        told = [line for line in done.stderr.splitlines() if "Too many open files" in line]
        assert len(told) == 1 and "ulimit -n" in told[0], done.stderr
        assert "lost" not in done.stderr
    assert 3 < timers < 15, done.stderr


def test_doctor_does_not_blame_the_kernel(privileged):
    done = limited(20, "doctor")
    assert done.returncode == FAILED and done.stdout == ""
    assert "Too many open files" in done.stderr and "ulimit -n" in done.stderr


def test_a_limit_that_may_be_raised_is_raised(privileged):
    done = limited(16, "life", "--json", "--duration", 1, hard=1024)
    assert done.returncode == 0, done.stderr


def test_a_file_needs_few(built, capture):
    whole = limited(64, "life", "--read", capture)
    assert whole.returncode == 0 and len(whole.stdout.splitlines()) == 2
    for limit in range(4, 12):
        done = limited(limit, "life", "--read", capture)
        if done.returncode == FAILED:
            assert "Too many open files" in done.stderr and "ulimit -n" in done.stderr
        else:
            assert (done.returncode, done.stdout) == (0, whole.stdout)
    assert done.returncode == 0, done.stderr
