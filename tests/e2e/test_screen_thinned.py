# SPDX-License-Identifier: BSD-2-Clause
"""The screen over a directory whose old files were thinned to minutes, and whose later ones have seconds."""

import bisect
import datetime
import json
import random
import re
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
    before, files = inodes(folder), set(folder.iterdir())
    give_to("nobody", folder)
    with subprocess.Popen([PROGRAM, "record", folder, "--thin", f"{age_s}s:60", "--rotate", "64M,1s",
                           "--netns", "/proc/self/ns/net"], env=UTC, stderr=subprocess.PIPE) as recorder:
        try:
            wait_until(lambda: all(old != new for old, new in zip(before, inodes(folder))), "thinned files")
        finally:
            recorder.terminate()
    give_to("root", folder)
    # Its own recording is of another time.
    for path in set(folder.iterdir()) - files:
        path.unlink()
    told = subprocess.run([PROGRAM, "history", "--list", "--json", "--read", folder], capture_output=True, text=True,
                          env=UTC, check=True)
    assert told.stdout.count('"thinned":true') == OLD_FILES


def record_thinned(folder, lines):
    """A recording of `lines`, the older part of it summed up to minutes; (folder, its beginning in seconds since 1970)."""
    begin = int(time.time()) // 60 * 60 - AGO_SECONDS
    folder.mkdir()
    text = folder.with_suffix(".text")
    lines = [f"clock {at(begin, 0, '%Y-%m-%dT%H:%M:%SZ')}", *lines]
    text.write_text("".join(line + "\n" for line in lines))
    subprocess.run([PROGRAM, "record", "--no-thin", "--rotate", "64M,2m", "--source", "replay", "--read", text, folder],
                   env=UTC, check=True)
    # Files of two minutes: those are old enough that began in the first four. The next would be in two minutes; one of
    # them may have gone already, since `begin` is a whole minute, and the other is for a slow machine.
    thin(folder, AGO_SECONDS - (THINNED_SECONDS - 120) - 5)
    return folder, begin


@pytest.fixture
def thinned(privileged, tmp_path):
    """Each flow n writes n thousand bytes a second."""
    return record_thinned(tmp_path / "folder", list(events(NAMES, SECONDS))[1:])


@pytest.fixture
def rising(privileged, tmp_path):
    """No two intervals, and no two flows, have the same rates."""
    lines = list(events(NAMES, 1))[1:]
    lines += [f"{t}.{n:02} sample {n} tx={t * t * 100 * n} rx={t * t * (21 - n) + t * 500}"
              for t in range(1, SECONDS) for n in range(1, len(NAMES) + 1)]
    return record_thinned(tmp_path / "rising", lines)


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


def test_rates_of_minutes_and_of_seconds_are_of_one_measure(screen, thinned):
    """In the column of the last intervals, and on the page of a flow, which writes as much at any time."""
    folder, begin = thinned
    term = screen("top", "--read", folder, "--at", at(begin, THINNED_SECONDS - 120, "%Y-%m-%d %H:%M:%S"), size=(150, 29))
    for seconds in (-120, -60, 0, 1, 2):
        term.wait(f"PAST {at(begin, THINNED_SECONDS + seconds)}")
        term.send("]" if seconds < 2 else "Enter")
    term.wait("All that was read")
    rows = {line[:12].strip(): line[13:].split(" ", 1) for line in term.lines()}
    assert rows["sent"][1] == "20 k..20 k B/s" and set(rows["sent"][0]) == {"\u00b7", "\u2588"}
    term.script(["Esc", "gone:All_that_was_read"])
    app = next(line for line in term.lines() if "app20 " in line)
    assert "\u2588" * 5 in app and not set(app) & set("\u2581\u2582\u2583\u2584\u2585\u2586\u2587")


def test_who_moved_much_in_minutes_gives_way_to_who_moves_now(screen, privileged, tmp_path):
    """Lines are ordered by a mean of some ten intervals, whatever their length."""
    lines = list(events(["early", "late"], 1))[1:]
    lines += [f"{t}.1 sample 1 tx={t * 100000}" for t in range(1, THINNED_SECONDS)]
    lines += [f"{t}.1 sample 2 tx={(t - THINNED_SECONDS) * 20000}" for t in range(THINNED_SECONDS + 1, SECONDS)]
    folder, begin = record_thinned(tmp_path / "folder", lines)
    term = screen("top", "--read", folder, "--at", at(begin, THINNED_SECONDS - 180, "%Y-%m-%d %H:%M:%S"), size=(100, 12))
    term.wait("PAST")
    assert "early" in term.lines()[2]
    term.script(["@", at(begin, THINNED_SECONDS + 15), "Enter"])
    term.wait(lambda term: "PAST" in term.text() and at(begin, THINNED_SECONDS + 15) in term.text()
              and "late" in term.lines()[2], "who moves now on the first line")


def shown_number(n):
    """As the screen writes it."""
    units = ["", " k", " M", " G"]
    while n >= 999.5:
        n /= 1000
        units.pop(0)
    return (f"{n:.1f}" if units[0] and n < 9.95 else f"{n:.0f}") + units[0]



class Moments:
    """What moved in each interval, as --json tells it of the same recording: rates by process, and of all."""

    def __init__(self, folder, begin):
        told = subprocess.run([PROGRAM, "top", "--json", "-o", "time,comm,rx_bytes,tx_bytes", "--read", folder],
                              capture_output=True, text=True, env=UTC, check=True)
        self.rates = {}
        for row in map(json.loads, told.stdout.splitlines()):
            # A gap that follows, and the summary, are rows of other kinds.
            if "comm" not in row:
                continue
            end = round(datetime.datetime.fromisoformat(row["time"]).timestamp()) - begin
            seconds = 60 if end <= THINNED_SECONDS else 1
            self.rates.setdefault(end, {})[row["comm"]] = (row["rx_bytes"] / seconds, row["tx_bytes"] / seconds)
        self.ends = sorted(self.rates)
        self.begin = begin

    def after(self, end, move):
        """Where a key leads from the interval that ends there."""
        place = self.ends.index(end)
        if move in "[]":
            place += -1 if move == "[" else 1
        else:
            # The one that ends nearest to a minute away, or that the time lies in.
            wanted = {"{": end - 60.5, "}": end + 59.5}.get(move)
            place = bisect.bisect_left(self.ends, wanted if wanted is not None else int(move))
        return self.ends[min(max(place, 0), len(self.ends) - 1)]

    def head(self, end):
        rx, tx = (shown_number(sum(rate[n] for rate in self.rates[end].values())) for n in (0, 1))
        return f" rx {rx} tx {tx} B/s "

    def is_shown(self, term, end):
        """The first line has the sums of that interval, and each process, which is a line, its own."""
        lines = term.lines()
        if f"PAST {at(self.begin, end)}" not in lines[0] or self.head(end) not in lines[0]:
            return False
        rows = {found[1]: found[2].split() for line in lines[2:] if (found := re.search(r"(app\d+) .*? flow +(.*)", line))}
        return rows.keys() == self.rates[end].keys() and all(
            " ".join(rows[name]).startswith(f"{shown_number(rx)} {shown_number(tx)} ")
            for name, (rx, tx) in self.rates[end].items())


def test_wherever_one_goes_the_sums_are_those_of_that_interval(screen, rising):
    folder, begin = rising
    moments, chance, end = Moments(folder, begin), random.Random(1), THINNED_SECONDS + 2
    term = screen("top", "--by", "process", "--read", folder, "--at", at(begin, end, "%Y-%m-%d %H:%M:%S"), size=(120, 24))
    walk = ["[", "[", "[", "]", "]", "]", "30", "]", "]", "[", "{", "}", "90", "[", "]", "]", "{", "360", "361", "[", "}"]
    walk += [chance.choice(["[", "]", "{", "}", str(chance.randrange(SECONDS))]) for _ in range(40)]
    term.wait(lambda term: moments.is_shown(term, end), f"sums of {at(begin, end)}")
    for n, move in enumerate(walk):
        end = moments.after(end, move)
        term.script([move] if move in "[]{}" else ["@", at(begin, int(move)), "Enter"])
        term.wait(lambda term, end=end: moments.is_shown(term, end),
                  f"sums of {at(begin, end)}, {moments.head(end)}, after {walk[:n + 1]}")
