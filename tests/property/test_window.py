# SPDX-License-Identifier: BSD-2-Clause
"""A window of a recording (--at, --for) is a slice of the whole: what ended in it, and every interval that ended
after its beginning, none twice and none left out. Cut here out of what all of the recording tells."""

import datetime
import json
import random
import subprocess
from collections import Counter

import pytest
from scenario import Scenario
from together import ENVIRONMENT, PROGRAM

SEEDS = 10
WINDOWS = 6
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
MOVED = ("tx_bytes", "rx_bytes", "retrans")


def rows(folder, *words):
    done = subprocess.run([str(PROGRAM), *map(str, words), "--read", "R.tsr", "--json"], cwd=folder,
                          env=ENVIRONMENT, capture_output=True, text=True, timeout=60, errors="surrogateescape")
    assert done.returncode == 0, done.stderr
    return [row for row in map(json.loads, done.stdout.splitlines()) if "type" not in row]


def time_of(row):
    return datetime.datetime.strptime(row["time"], TIME).replace(tzinfo=datetime.timezone.utc)


def of_intervals(found):
    """What each interval told of each connection; rows of several intervals are told apart by their end."""
    told = Counter()
    for row in found:
        for name in MOVED:
            told[time_of(row), row["lport"], name] += row[name]
    return +told


def slice_of(intervals, closed, at, to):
    """Of the interval within which the window begins, not what ended before that; of the one within which it ends,
    what ended before that, and when it does."""
    for row in intervals:
        time, end = time_of(row), closed.get(row["lport"])
        if at < time <= to and not (end and end < at):
            yield row
        elif time > to and end and at <= end < to:
            yield row | {"time": to.strftime(TIME)}


def windows(chance, begin, end):
    seconds = int((end - begin).total_seconds())
    for i in range(WINDOWS):
        at = begin + datetime.timedelta(seconds=chance.randrange(max(1, seconds - 1)))
        # Every other one begins within an interval, which belongs to it.
        if i % 2:
            at += datetime.timedelta(milliseconds=chance.randrange(1, 1000))
        yield at, chance.randrange(1, 12)


@pytest.mark.parametrize("profile", ["any", "long"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_window_is_a_slice(tmp_path, profile, seed):
    scenario = Scenario(f"window/{seed}", profile)
    (tmp_path / "events").write_text(scenario.text, encoding="ascii")
    subprocess.run([str(PROGRAM), "record", "--read", "events", "--output", "R.tsr"], cwd=tmp_path,
                   env=ENVIRONMENT, check=True, timeout=60)
    ended = rows(tmp_path, "life")
    intervals = rows(tmp_path, "top", "1", "-o", "time,lport,tx_bytes,rx_bytes,retrans")
    if not intervals:
        # Nothing moved, and nothing is told to have.
        assert not any(row[name] for row in rows(tmp_path, "history", "--by", "flow", "-o", "lport,tx_bytes,rx_bytes")
                       for name in ("tx_bytes", "rx_bytes"))
        return
    times = [time_of(row) for row in intervals]
    for at, seconds in windows(random.Random(seed), min(times), max(times)):
        to = at + datetime.timedelta(seconds=seconds)
        span = ["--at", at.strftime(TIME), "--for", seconds]
        assert rows(tmp_path, "life", *span) == [row for row in ended if at <= time_of(row) < to], span
        whole = of_intervals(slice_of(intervals, {row["lport"]: time_of(row) for row in ended}, at, to))
        assert of_intervals(rows(tmp_path, "top", "1", "-o", "time,lport,tx_bytes,rx_bytes,retrans", *span)) == whole
        summed = Counter()
        for (_, lport, name), n in whole.items():
            summed[lport, name] += n
        found = Counter()
        for row in rows(tmp_path, "history", "--by", "flow", "-o", "lport,tx_bytes,rx_bytes,retrans", *span):
            for name in MOVED:
                found[row["lport"], name] += row[name]
        assert +found == summed, f"history {span}"


def test_longer_intervals_count_from_the_beginning_of_the_window(tmp_path):
    """However long the connection had been there, and whatever it did before."""
    lines = ["clock 2026-11-21T09:00:00Z", "0 open 1 pid=1 owner=connect local=10.0.0.1:1000 remote=10.0.0.2:80"]
    lines += [f"{i}.5 sample 1 tx={(i + 1) * 100}" for i in range(60)]
    (tmp_path / "events").write_text("\n".join([*lines, "60.2 close 1 tx=6000"]) + "\n", encoding="ascii")
    subprocess.run([str(PROGRAM), "record", "--read", "events", "--output", "R.tsr"], cwd=tmp_path,
                   env=ENVIRONMENT, check=True, timeout=60)
    for at in 5, 6, 31:
        for every in 2, 3, 5:
            found = rows(tmp_path, "top", every, "-o", "time,tx_bytes", "--at", f"2026-11-21T09:00:{at:02}Z",
                         "--for", 4 * every)
            assert [(time_of(row).second, row["tx_bytes"]) for row in found] == \
                [((at + every * i) % 60, 100 * every) for i in range(1, 5)], (at, every)
