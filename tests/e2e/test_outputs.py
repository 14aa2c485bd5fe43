# SPDX-License-Identifier: BSD-2-Clause
"""--output, --append and --also: where rows go, and which places are refused before anything is touched.
Each question stands for itself."""

import os
import pty
import stat

import pytest
from outputs import DONE, FAILED, USAGE, ports, write_events
from sight import run


# Files.


@pytest.mark.parametrize("umask, mode", [(0, 0o640), (0o022, 0o640), (0o077, 0o600)])
def test_a_new_file_is_not_for_everybody(few_closes, tmp_path, umask, mode):
    outcome = run("life", "--read", few_closes, "--output", tmp_path / "new",
                  preexec_fn=lambda: os.umask(umask))
    assert (outcome.status, outcome.text, outcome.stderr) == (DONE, "", "")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode
    assert len((tmp_path / "new").read_text().splitlines()) == 4


def test_a_file_that_is_there_keeps_its_mode_and_loses_what_it_held(few_closes, tmp_path):
    (tmp_path / "old").write_text("x" * 10_000)
    (tmp_path / "old").chmod(0o604)
    assert run("life", "--json", "--read", few_closes, "--output", tmp_path / "old").status == DONE
    assert ports((tmp_path / "old").read_text()) == [1, 2, 3]
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o604


def test_append_keeps_what_it_held(few_closes, tmp_path):
    for _ in range(2):
        outcome = run("life", "--json", "--read", few_closes, "--append", "--output", tmp_path / "log")
        assert outcome.status == DONE
    lines = (tmp_path / "log").read_text().splitlines()
    assert ports("\n".join(lines)) == [1, 2, 3] * 2
    assert ["summary" in line for line in lines] == [False] * 3 + [True] + [False] * 3 + [True]


def test_dash_is_the_standard_output(few_closes):
    there = run("life", "--read", few_closes, "--output", "-")
    assert (there.status, there.text) == (DONE, run("life", "--read", few_closes).text)


@pytest.mark.parametrize("more", [[], ["--append"]])
def test_other_questions_write_what_they_write_alone(few_closes, tmp_path, more):
    outcome = run("life", "--read", few_closes, "--also",
                  f"life --json --output {tmp_path}/b {' '.join(more)}")
    assert outcome.text == run("life", "--read", few_closes).text
    assert (tmp_path / "b").read_text() == run("life", "--json", "--read", few_closes).text


# What is refused, before anything was touched.


@pytest.fixture
def refused(few_closes, tmp_path):
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
def test_a_terminal_is_refused(few_closes, tmp_path, question):
    """By its name; rows of a terminal go to stdout, where they fit the window."""
    ours, theirs = pty.openpty()
    try:
        name = os.ttyname(theirs)
        more = ["--output", name] if question == "first" else ["--also", f"top --output {name} 1"]
        outcome = run("life", "--read", few_closes, *more, cwd=tmp_path)
        assert (outcome.status, outcome.text) == (USAGE, "")
        assert "it is a terminal" in outcome.stderr
        os.set_blocking(ours, False)
        with pytest.raises(BlockingIOError):
            os.read(ours, 1)
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_standard_output_under_a_name_of_its_own(few_closes, tmp_path):
    """Nobody else writes there: well. Somebody does: refused."""
    with open(tmp_path / "out", "w", encoding="ascii") as out:
        assert run("life", "--json", "--read", few_closes, "--output", tmp_path / "out",
                   stdout=out).status == DONE
        assert ports((tmp_path / "out").read_text()) == [1, 2, 3]
        outcome = run("life", "--read", few_closes, "--also", f"top --output {tmp_path}/out 1", stdout=out)
    assert outcome.status == USAGE and "writes there already" in outcome.stderr


def test_devices_may_be_shared(few_closes):
    outcome = run("life", "--read", few_closes, "--output", "/dev/null", "--also", "top --output /dev/null 1")
    assert (outcome.status, outcome.text, outcome.stderr) == (DONE, "", "")


@pytest.mark.parametrize("closed", [[1], [2], [1, 2], [0, 1, 2]])
def test_descriptors_that_were_closed_are_not_taken_for_outputs(few_closes, tmp_path, closed):
    shut = " ".join(f"{fd}>&-" if fd else "<&-" for fd in closed)
    outcome = run("life", "--json", "--read", few_closes, "--output", tmp_path / "out",
                  wrap=["sh", "-c", f'exec "$0" "$@" {shut}'])
    assert (outcome.status, outcome.text, outcome.stderr) == (DONE, "", "")
    assert ports((tmp_path / "out").read_text()) == [1, 2, 3]


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
