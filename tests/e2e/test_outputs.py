# SPDX-License-Identifier: BSD-2-Clause
"""--output, --append and --also: where rows go, and what happens if they cannot. Each question stands for
itself: what ails one output is counted and told, and the others are complete."""

import json
import os
import pathlib
import pty
import re
import signal
import stat
import subprocess
import threading

import pytest
from flows import churn, traffic, wait_until
from sight import PATIENCE_SEC, run

DONE, FAILED, USAGE = 0, 1, 2
QUEUE_BYTES = 4 << 20


def write_events(path, closes, name="x" * 15):
    """A file of so many connections, each of which is a row of some 450 bytes of `life --json`."""
    with open(path, "w", encoding="ascii") as events:
        events.write("clock 2026-11-21T09:00:00Z\n")
        for i in range(closes):
            events.write(f"{i // 1000}.{i % 1000:03d} close 1 local=10.0.0.1:{1 + i % 60000} "
                         f"remote=10.0.0.2:80 tx={i} pid=7 comm={name} owner=connect end=fin\n")
    return path


@pytest.fixture
def few(built, tmp_path):
    return write_events(tmp_path / "few", 3)


@pytest.fixture(scope="module")
def many(built, tmp_path_factory):
    """More rows than a queue holds."""
    return write_events(tmp_path_factory.mktemp("many") / "events", 30_000)


def ports(text):
    """The local ports of the rows, each line of which must be whole."""
    rows = [json.loads(line) for line in text.splitlines()]
    return [row["lport"] for row in rows if row.get("type") != "summary"]


def whole_lines(text):
    return text[:text.rfind("\n") + 1]


def dropped(outcome, name):
    """How many rows the run says that it dropped for an output."""
    found = re.search(rf"(\d+) rows for {re.escape(str(name))} were dropped: (.+)", outcome.stderr)
    return (int(found[1]), found[2]) if found else (0, "")


# Files.


@pytest.mark.parametrize("umask, mode", [(0, 0o640), (0o022, 0o640), (0o077, 0o600)])
def test_a_new_file_is_not_for_everybody(few, tmp_path, umask, mode):
    outcome = run("life", "--read", few, "--output", tmp_path / "new",
                  preexec_fn=lambda: os.umask(umask))
    assert (outcome.status, outcome.text, outcome.stderr) == (DONE, "", "")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode
    assert len((tmp_path / "new").read_text().splitlines()) == 4


def test_a_file_that_is_there_keeps_its_mode_and_loses_what_it_held(few, tmp_path):
    (tmp_path / "old").write_text("x" * 10_000)
    (tmp_path / "old").chmod(0o604)
    assert run("life", "--json", "--read", few, "--output", tmp_path / "old").status == DONE
    assert ports((tmp_path / "old").read_text()) == [1, 2, 3]
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o604


def test_append_keeps_what_it_held(few, tmp_path):
    for _ in range(2):
        outcome = run("life", "--json", "--read", few, "--append", "--output", tmp_path / "log")
        assert outcome.status == DONE
    lines = (tmp_path / "log").read_text().splitlines()
    assert ports("\n".join(lines)) == [1, 2, 3] * 2
    assert ["summary" in line for line in lines] == [False] * 3 + [True] + [False] * 3 + [True]


def test_dash_is_the_standard_output(few):
    there = run("life", "--read", few, "--output", "-")
    assert (there.status, there.text) == (DONE, run("life", "--read", few).text)


@pytest.mark.parametrize("more", [[], ["--append"]])
def test_other_questions_write_what_they_write_alone(few, tmp_path, more):
    outcome = run("life", "--read", few, "--also",
                  f"life --json --output {tmp_path}/b {' '.join(more)}")
    assert outcome.text == run("life", "--read", few).text
    assert (tmp_path / "b").read_text() == run("life", "--json", "--read", few).text


# What is refused, before anything was touched.


@pytest.fixture
def refused(few, tmp_path):
    """A directory in which every wrong place to write to is found by name."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept\n")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "hard").hardlink_to(tmp_path / "file")
    (tmp_path / "locked").write_text("kept\n")
    return tmp_path


TOO_MANY_PACES = [word for n in range(1, 18) for word in ("--also", f"top --output p{n} {n}")]
REFUSED = [
    (["--output", "folder"], FAILED, "Is a directory"),
    (["--output", "nowhere/file"], FAILED, "No such file or directory"),
    (["--output", "file/file"], FAILED, "Not a directory"),
    (["--output", "fifo"], FAILED, "nobody reads from this pipe yet"),
    (["--output", "few"], USAGE, "it is the file that is read"),
    (["--output", "file", "--also", "top --output file 1"], USAGE, "writes there already"),
    (["--output", "file", "--also", "top --output ./link 1"], USAGE, "writes there already"),
    (["--output", "link", "--also", "top --output hard 1"], USAGE, "writes there already"),
    (["--also", "top --output file 1", "--also", "stat --json --output file"], USAGE,
     "writes there already"),
    (["--output", "file", "--also", "top --output folder 1"], FAILED, "Is a directory"),
    (["--output", "file", "--also", "top --output fifo 1"], FAILED, "nobody reads from this pipe"),
    (["--also", "top 1"], USAGE, "cannot both write text to the standard output"),
    (["--json", "--also", "top 1"], USAGE, "cannot both write text to the standard output"),
    (["--csv", "--also", "top --csv 1"], USAGE, "cannot both write text to the standard output"),
    (["--output", "-", "--also", "top 1"], USAGE, "cannot both write text to the standard output"),
    (["--append"], USAGE, "it needs --output FILE"),
    (["--append", "--output", "-"], USAGE, "it needs --output FILE"),
    (["--output", "file", "--also", "top --append 1"], USAGE, "it needs --output FILE"),
    (["--output"], USAGE, "expected one argument"),
    (["--output", "file", "--also"], USAGE, "expected one argument"),
    (["--output", "file", "--also", ""], USAGE, "expected a report"),
    (["--output", "file", "--also", "nosuch"], USAGE, "no report 'nosuch'"),
    (["--output", "file", "--also", "top --nosuch"], USAGE, "unrecognized argument: --nosuch"),
    (["--output", "file", "--also", "top --json 'x"], USAGE, "this quote is not closed"),
    (["--output", "file", "--also", "top --read few 1"], USAGE, "give it before --also"),
    (["--output", "file", "--also", "top --also life 1"], USAGE, "give it before --also"),
    (["--output", "file", "--also", "top --output other --sort nosuch 1"], USAGE, "no column"),
    (["--output", "file", *TOO_MANY_PACES], FAILED, "too many different intervals: at most 16"),
    (["--output", "file", "--read", "missing"], FAILED, "cannot read missing"),
    (["--output", "file", *["--also", "life --json --output more"] * 64], USAGE, "at most 64"),
]


@pytest.mark.parametrize("words, status, why", REFUSED,
                         ids=[" ".join(words)[:60] or "none" for words, *_ in REFUSED])
def test_nothing_is_written_where_something_is_refused(refused, words, status, why):
    given = [] if "--read" in words else ["--read", "few"]
    outcome = run("life", *given, *words, cwd=refused)
    assert (outcome.status, outcome.text) == (status, "")
    assert why in outcome.stderr
    assert (refused / "file").read_text() == "kept\n"
    assert (refused / "few").read_text().count("close") == 3


@pytest.mark.parametrize("question", ["first", "also"])
def test_a_terminal_is_refused(few, tmp_path, question):
    """By its name; rows of a terminal go to stdout, where they fit the window."""
    ours, theirs = pty.openpty()
    try:
        name = os.ttyname(theirs)
        more = ["--output", name] if question == "first" else ["--also", f"top --output {name} 1"]
        outcome = run("life", "--read", few, *more, cwd=tmp_path)
        assert (outcome.status, outcome.text) == (USAGE, "")
        assert "it is a terminal" in outcome.stderr
        os.set_blocking(ours, False)
        with pytest.raises(BlockingIOError):
            os.read(ours, 1)
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_standard_output_under_a_name_of_its_own(few, tmp_path):
    """Nobody else writes there: well. Somebody does: refused."""
    with open(tmp_path / "out", "w", encoding="ascii") as out:
        assert run("life", "--json", "--read", few, "--output", tmp_path / "out",
                   stdout=out).status == DONE
        assert ports((tmp_path / "out").read_text()) == [1, 2, 3]
        outcome = run("life", "--read", few, "--also", f"top --output {tmp_path}/out 1", stdout=out)
    assert outcome.status == USAGE and "writes there already" in outcome.stderr


def test_devices_may_be_shared(few):
    outcome = run("life", "--read", few, "--output", "/dev/null", "--also", "top --output /dev/null 1")
    assert (outcome.status, outcome.text, outcome.stderr) == (DONE, "", "")


@pytest.mark.parametrize("closed", [[1], [2], [1, 2], [0, 1, 2]])
def test_descriptors_that_were_closed_are_not_taken_for_outputs(few, tmp_path, closed):
    shut = " ".join(f"{fd}>&-" if fd else "<&-" for fd in closed)
    outcome = run("life", "--json", "--read", few, "--output", tmp_path / "out",
                  wrap=["sh", "-c", f'exec "$0" "$@" {shut}'])
    assert (outcome.status, outcome.text, outcome.stderr) == (DONE, "", "")
    assert ports((tmp_path / "out").read_text()) == [1, 2, 3]


# A full disk.


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
def test_a_full_disk(small_disk, many, tmp_path, order):
    places = [small_disk.folder / "rows", tmp_path / "rows"]
    one, other = places if order == "first" else reversed(places)
    outcome = run("life", "--json", "--read", many, "--output", one, "--also",
                  f"life --json --output {other}", wrap=small_disk.wrap)
    assert (outcome.status, outcome.text) == (FAILED, "")
    complete = ports((tmp_path / "rows").read_text())
    assert len(complete) == 30_000
    text = (small_disk.inside / "rows").read_text()
    kept = ports(text)
    assert text == whole_lines(text) and 0 < len(text) <= 300 << 10
    count, why = dropped(outcome, small_disk.folder / "rows")
    # The account is a line, too.
    assert len(kept) + count == 30_000 + 1
    assert why == "No space left on device"
    # What fits while others are dropped is in order, and the first rows are there.
    assert kept == complete[:len(kept)]
    assert len(outcome.stderr.splitlines()) == 1


def test_the_only_output_on_a_full_disk(small_disk, many):
    outcome = run("life", "--json", "--read", many, "--output", small_disk.folder / "rows",
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
    wait_until(lambda: (tmp_path / "rows").read_text().count("\n") == 400, "rows")
    assert (small_disk.inside / "rows").stat().st_size <= 4096
    (small_disk.inside / "ballast").unlink()
    traffic(netns=netns, bytes=1)
    wait_until(lambda: (small_disk.inside / "rows").read_text().count("\n") == 402, "all rows")
    outcome = tool.stop(number)
    assert (outcome.status, outcome.stderr) == (DONE, "")
    assert (small_disk.inside / "rows").read_text() == (tmp_path / "rows").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_full_disk_live(netns, small_disk, sight, tmp_path, number):
    tool = sight("life", "--json", "--netns", netns.name, "--output", small_disk.folder / "rows",
                 "--also", f"life --json --netns {netns.name} --output {tmp_path}/rows",
                 wrap=small_disk.wrap)
    tool.report = None
    churn("127.0.0.1", 1000, 1, netns=netns)
    outcome = tool.stop(number)
    assert outcome.status == FAILED
    complete = ports((tmp_path / "rows").read_text())
    text = (small_disk.inside / "rows").read_text()
    assert text == whole_lines(text) and ports(text) == complete[:text.count("\n")]
    assert text.count("\n") + dropped(outcome, small_disk.folder / "rows")[0] == 2001
    assert len(complete) == 2000


def test_a_device_that_is_full(few, tmp_path):
    outcome = run("life", "--json", "--read", few, "--output", "/dev/full",
                  "--also", f"life --json --output {tmp_path}/rows")
    assert outcome.status == FAILED
    assert dropped(outcome, "/dev/full") == (4, "No space left on device")
    assert ports((tmp_path / "rows").read_text()) == [1, 2, 3]


def test_a_file_that_may_not_grow(many, tmp_path):
    """As under `ulimit -f`: an error of this output, not a signal that ends the run."""
    outcome = run("life", "--json", "--read", many, "--output", tmp_path / "large", "--also",
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


# Pipes.


class Pipe:
    """A named pipe with a reader that does not read until it is told to."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self):
        """Until every writer has gone."""
        os.set_blocking(self.fd, True)
        chunks = []
        while chunk := os.read(self.fd, 1 << 20):
            chunks.append(chunk)
        return b"".join(chunks).decode()

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


@pytest.fixture
def pipe(tmp_path):
    made = Pipe(tmp_path / "pipe")
    yield made
    made.close()


@pytest.mark.parametrize("order", ["first", "also"])
def test_a_reader_that_stops(many, tmp_path, pipe, order):
    one, other = (pipe.path, tmp_path / "rows") if order == "first" else (tmp_path / "rows", pipe.path)
    outcome = run("life", "--json", "--read", many, "--output", one, "--also",
                  f"life --json --output {other}")
    assert outcome.status == FAILED
    assert len(ports((tmp_path / "rows").read_text())) == 30_000
    count, why = dropped(outcome, pipe.path)
    text = pipe.read()
    assert why == "its reader was too slow"
    assert ports(whole_lines(text)) == list(range(1, 1 + text.count("\n")))
    assert text.count("\n") + count == 30_001


def test_a_standard_output_that_nobody_reads(many, tmp_path):
    """Beside another question it is like any other output: nobody waits for it."""
    reader, writer = os.pipe()
    outcome = run("life", "--json", "--read", many, "--also",
                  f"life --json --output {tmp_path}/rows", stdout=writer)
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:
        text = pipe.read()
    assert outcome.status == FAILED
    assert text.count("\n") + dropped(outcome, "the standard output")[0] == 30_001
    assert len(ports((tmp_path / "rows").read_text())) == 30_000


def test_a_slow_reader_gets_all_that_a_queue_holds(built, tmp_path, pipe):
    rows = QUEUE_BYTES // 1000
    events = write_events(tmp_path / "events", rows)
    text = []
    reader = threading.Thread(target=lambda: text.append(pipe.read()))
    threading.Timer(0.5, reader.start).start()
    outcome = run("life", "--json", "--read", events, "--output", pipe.path)
    reader.join(PATIENCE_SEC)
    assert (outcome.status, outcome.stderr) == (DONE, "")
    assert len(ports(text[0])) == rows


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_reader_stops(sight, netns, source, tmp_path, pipe, number):
    """It ends in time all the same, and the other output is complete."""
    tool = sight("life", "--json", *source.options, "--netns", netns.name, "--output", pipe.path,
                 "--also", f"life --json --netns {netns.name} --output {tmp_path}/rows")
    tool.report = None
    churn("127.0.0.1", 1000, 1, netns=netns)
    outcome = tool.stop(number)
    assert outcome.status == FAILED
    text = pipe.read()
    assert text.count("\n") + dropped(outcome, pipe.path)[0] == 2001
    assert len(ports((tmp_path / "rows").read_text())) == 2000


def test_a_pipe_without_a_reader_is_not_waited_for(few, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    outcome = run("life", "--read", few, "--output", tmp_path / "pipe")
    assert (outcome.status, outcome.text) == (FAILED, "")
    assert "nobody reads from this pipe yet" in outcome.stderr


@pytest.mark.parametrize("place", ["first", "also", "stdout"])
def test_a_reader_that_goes(sight, netns, source, tmp_path, pipe, place):
    """It has had enough: no error. The others go on, until they are ended."""
    output = [tmp_path / "rows", pipe.path]
    words = [["life", "--json", "--netns", netns.name, "--output", str(path)] for path in output]
    if place != "also":
        words.reverse()
    stdout = None
    if place == "stdout":
        words[0] = words[0][:-2]
        stdout = os.open(pipe.path, os.O_WRONLY)
    first, also = words
    tool = sight(first[0], *source.options, *first[1:], "--also", " ".join(also), stdout=stdout)
    tool.report = None
    if stdout:
        os.close(stdout)
    traffic(netns=netns, bytes=1)
    wait_until(lambda: (tmp_path / "rows").read_text().count("\n") == 2, "rows")
    pipe.close()
    truth = traffic(netns=netns, bytes=2)
    wait_until(lambda: (tmp_path / "rows").read_text().count("\n") == 4, "rows")
    outcome = tool.stop()
    assert (outcome.status, outcome.text, outcome.stderr) == (DONE, "", "")
    found = ports((tmp_path / "rows").read_text())
    assert len(found) == 4 and truth.client.lport in found


def test_a_run_ends_when_all_readers_have_gone(sight, netns, source, tmp_path, pipe):
    other = Pipe(tmp_path / "other")
    tool = sight("life", "--json", *source.options, "--netns", netns.name, "--output", pipe.path,
                 "--also", f"top --json --netns {netns.name} --output {other.path} 1")
    tool.report = None
    pipe.close()
    traffic(netns=netns, bytes=1)
    assert tool.process.poll() is None
    other.close()
    traffic(netns=netns, bytes=1)
    outcome = tool.wait_exit()
    assert (outcome.status, outcome.stderr) == (DONE, "")


# Long lines.


def test_long_lines_of_events(built, tmp_path):
    """The longest line is read; of one that is longer the rest is no line of its own."""
    opened = "0 open 1 local=10.0.0.1:1 remote=10.0.0.2:80"
    (tmp_path / "good").write_text(f"{opened.ljust(1023)}\n" +
                                   "1 close 1 tx=5 end=fin".ljust(1023))
    (tmp_path / "bad").write_text(f"{opened}\n{'1 close 1 tx=5'.ljust(1024)}2 close 1 tx=7\n")
    good = run("life", "--json", "--read", tmp_path / "good")
    assert (good.status, [row["tx_bytes"] for row in good.rows]) == (DONE, [5])
    bad = run("life", "--read", tmp_path / "bad")
    assert bad.status == FAILED
    assert f"{tmp_path}/bad:2: the line is too long" in bad.stderr


def test_long_rows(built, tmp_path):
    """As wide as a layout can be: each line is whole, however it falls into the buffers."""
    events = write_events(tmp_path / "events", 2000)
    columns = ",".join(["laddr,raddr,comm,thread,time"] * 30)
    alone = run("life", "--csv", "-o", columns, "--read", events)
    assert len(alone.lines) == 2001 and all(line.count(",") == 149 for line in alone.lines)
    run("life", "--csv", "-o", columns, "--read", events, "--output", tmp_path / "rows")
    assert (tmp_path / "rows").read_text() == alone.text
