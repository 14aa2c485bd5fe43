# SPDX-License-Identifier: BSD-2-Clause
"""The screen over a directory whose old files were thinned to minutes, and whose later ones have seconds."""

import datetime
import shutil
import subprocess
import time

import pytest
from flows import wait_until
from pyterm import events
from sight import PROGRAM

NAMES = [f"app{n}" for n in range(1, 21)]
SECONDS, THINNED_SECONDS = 600, 360
AGO_SECONDS = 1200
OLD_FILES = 3
UTC = {"TZ": "UTC"}


def at(begin, seconds, form="%H:%M:%S"):
    return datetime.datetime.fromtimestamp(begin + seconds, datetime.timezone.utc).strftime(form)


def give_to(user, folder):
    """A recorder is nobody once it runs, and reads only what is its own."""
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, user)


def inodes(folder):
    """Of the files that are old enough; the same name with another inode is another file."""
    return [path.stat().st_ino for path in sorted(folder.glob("*.tsr"))[:OLD_FILES]]


def thin(folder, age_s):
    """By a recorder that runs until it has: it thins where a file begins."""
    before = inodes(folder)
    give_to("nobody", folder)
    with subprocess.Popen([PROGRAM, "record", folder, "--thin", f"{age_s}s:60", "--rotate", "64M,1s",
                           "--netns", "/proc/self/ns/net"], env=UTC, stderr=subprocess.PIPE) as recorder:
        try:
            wait_until(lambda: all(old != new for old, new in zip(before, inodes(folder))), "thinned files")
        finally:
            recorder.terminate()
    give_to("root", folder)
    told = subprocess.run([PROGRAM, "history", "--list", "--json", "--read", folder], capture_output=True, text=True,
                          env=UTC, check=True)
    assert told.stdout.count('"thinned":true') == OLD_FILES


@pytest.fixture
def thinned(privileged, tmp_path):
    """(folder, its beginning in seconds since 1970): each flow n writes n thousand bytes a second."""
    begin = int(time.time()) // 60 * 60 - AGO_SECONDS
    folder, text = tmp_path / "folder", tmp_path / "text"
    folder.mkdir()
    lines = list(events(NAMES, SECONDS))
    lines[0] = f"clock {at(begin, 0, '%Y-%m-%dT%H:%M:%SZ')}"
    text.write_text("".join(line + "\n" for line in lines))
    subprocess.run([PROGRAM, "record", "--no-thin", "--rotate", "64M,2m", "--source", "replay", "--read", text, folder],
                   env=UTC, check=True)
    # Files of two minutes: those are old enough that began in the first five.
    thin(folder, AGO_SECONDS - THINNED_SECONDS + 60)
    return folder, begin


def test_minutes_and_seconds_of_one_directory_follow_each_other(screen, thinned):
    """Over the border, by steps and by times, each moment has the rates that there were."""
    folder, begin = thinned
    term = screen("top", "--read", folder, "--at", at(begin, THINNED_SECONDS + 2, "%Y-%m-%d %H:%M:%S"), size=(100, 12))
    border = THINNED_SECONDS

    def shown(seconds, interval):
        moment = f"PAST {at(begin, seconds)}"
        term.wait(lambda term: moment in term.text() and f" {interval}s " in term.lines()[0]
                  and "tx 210 k" in term.lines()[0] and " 20 k" in term.lines()[2], f"{moment}, {interval}s")

    shown(border + 2, 1)
    for key, seconds, interval in (("[", border + 1, 1), ("[", border, 60), ("[", border - 60, 60),
                                   ("[", border - 120, 60), ("]", border - 60, 60), ("]", border, 60),
                                   ("]", border + 1, 1), ("{", border, 60), ("}", border + 60, 1)):
        term.send(key)
        shown(seconds, interval)
    for seconds, moment, interval in ((-30, 0, 60), (-1, 0, 60), (0, 0, 60), (1, 1, 1), (-61, -60, 60), (5, 5, 1)):
        term.script(["@", at(begin, border + seconds), "Enter"])
        shown(border + moment, interval)
        assert "The memory reaches back" not in term.text()


def test_nothing_leads_before_the_first_minute(screen, thinned):
    """Its rate is that of what was written after the first second, with which the recording begins."""
    folder, begin = thinned
    term = screen("top", "--read", folder, "--at", at(begin, 60, "%Y-%m-%d %H:%M:%S"), size=(100, 12))
    first = f"PAST {at(begin, 60)}"
    rate = sum(range(1, len(NAMES) + 1)) * 59 // 60

    def shows_first(term):
        return first in term.text() and f"tx {rate} k" in term.lines()[0] and " 60s " in term.lines()[0]

    term.wait(shows_first, first)
    for keys in ["["], ["{"], ["@", at(begin, -300), "Enter"]:
        term.script(keys)
        # It is read again, and nothing else tells that it was.
        term.idle(1)
        term.wait(shows_first, first)
        term.send("]")
        term.wait(lambda term: f"PAST {at(begin, 120)}" in term.text() and "tx 210 k" in term.lines()[0], "second minute")
        term.send("[")
        term.wait(shows_first, first)
