# SPDX-License-Identifier: BSD-2-Clause
"""Recordings for the tests of the fleet: made by tcpsight from events that a seed gives, under any host
name; and what they hold, as tests/tools/tsr.py reads it."""

import collections
import functools
import os
import pathlib
import random
import subprocess
import sys

from sight import PROGRAM, ROOT

sys.path.insert(0, str(ROOT / "tests/tools"))
import tsr  # noqa: E402 (beside the tests, not a package)

START = "2026-11-20T23:57:30Z"  # the third minute is another day
ENDS = ["fin", "fin", "fin", "reset_sent", "reset_received", "timeout", "refused"]
COMMS = ["web", "post\"gres", "a,b'c", "worker"]


def events(seed, flows=160, minutes=4):
    """Of flows that live for milliseconds to minutes; some were there before, some never end."""
    chance = random.Random(seed)
    lines = []
    for number in range(1, flows + 1):
        adopted = number % 20 == 0
        begin = 0.0 if adopted else chance.uniform(0, 60 * minutes - 1)
        long = number % 4 == 0
        end = begin + (chance.uniform(1, 150) if long else chance.uniform(0.001, 2))
        role, lport, rport = chance.choice([("connect", 20000 + number, chance.choice([5432, 443])),
                                            ("accept", chance.choice([80, 8080]), 20000 + number)])
        v6 = chance.random() < 0.2
        local, remote = (("[2001:db8::1]", f"[2001:db8::{chance.randrange(2, 9)}]") if v6 else
                         ("10.0.0.1", f"10.0.{chance.randrange(4)}.{chance.randrange(1, 9)}"))
        moved = {"tx": 0, "rx": 0, "acked": 0, "retrans": 0, "bytes_retrans": 0}

        def count():
            for key, most in (("tx", 90000), ("rx", 5000), ("acked", 80000), ("retrans", 3), ("bytes_retrans", 999)):
                moved[key] += chance.randrange(most)
            return " ".join(f"{k}={v}" for k, v in moved.items()) + f" srtt={chance.randrange(1, 90000)} min_rtt=99"

        ident = (f"local={local}:{lport} remote={remote}:{rport} role={role} pid={chance.randrange(1, 9)} owner="
                 f"{role} comm={chance.choice(COMMS)} uid={chance.randrange(2)} netns=4026531840 cgroup={number % 3}")
        if adopted:
            lines.append((begin, f"open {number} {ident} seen=adopted {count()}"))
        else:
            lines.append((begin, f"open {number} {ident} opened={begin:.6f} established={begin:.6f} handshake=77"))
        at = begin + chance.uniform(0.5, 20)
        while long and at < min(end, 60 * minutes):
            lines.append((at, f"sample {number} state=established {count()}"))
            at += chance.uniform(0.5, 20)
        if end < 60 * minutes:
            lines.append((end, f"close {number} end={chance.choice(ENDS)} {count()}"))
    lines.sort(key=lambda line: line[0])
    return f"clock {START}\n" + "".join(f"{at:.6f} {text}\n" for at, text in lines)


def as_host(host, command, **options):
    """Run it on a machine of that name."""
    return subprocess.run(["unshare", "--uts", "sh", "-c", 'echo "$0" >/proc/sys/kernel/hostname && exec "$@"',
                           host, *map(str, command)], check=True, timeout=60, **options)


def record(folder, host, text, *options, to_directory=True):
    """Make a recording below `folder`; returns its path."""
    folder = pathlib.Path(folder)
    source, target = folder / f"{host}.events", folder / (host if to_directory else f"{host}.tsr")
    source.write_text(text)
    if to_directory:
        target.mkdir()
        where = [f"{target}/"]
    else:
        where = ["--output", target]
    as_host(host, [PROGRAM, "record", "--read", source, *where, *options])
    return target


@functools.lru_cache(maxsize=None)
def rows(path):
    """All rows of all files of a recording, in their order, with the wall clock as `wall_us`."""
    files = sorted(path.glob("*.tsr")) if path.is_dir() else [path]
    found = []
    for file in files:
        ours = [dict(row, file=file.name) for row in tsr.read(file.read_bytes())]
        offset = next(row["wall_offset"] for row in ours if row["table"] in ("tick", "quiet"))
        for row in ours:
            if "time" in row:
                row["wall_us"] = row["time"] + offset
        found += ours
    return found


def closes(path):
    return [row for row in rows(path) if row["table"] == "close"]


def moved(path):
    """Bytes sent and received by each flow while it was recorded, and segments sent again."""
    sums, first = collections.Counter(), {}
    for row in rows(path):
        if row["table"] not in ("close", "open", "key", "ident", "sample"):
            continue
        flow, fields = row["id"], ("tx_bytes", "rx_bytes", "retrans")
        if row["table"] == "sample":
            for field in fields:
                sums[flow, field] += row[field]
            continue
        if flow not in first:
            baseline = "baseline" in row["flags"] or row["seen"] == "adopted"
            first[flow] = {field: row[field] if baseline else 0 for field in fields}
        for field in fields:
            sums[flow, field] = row[field] - first[flow][field]
    return {key: value for key, value in sums.items() if value}


def ship(url, *options, status=0, **more):
    """Run it to its end; returns what it said."""
    done = subprocess.run([str(PROGRAM), "ship", "--to", url, *map(str, options)], capture_output=True, text=True,
                          timeout=120, **more)
    assert done.returncode == status, f"{done.returncode}: {done.stderr}"
    assert done.stdout == "" and "sandbox" not in done.stderr, done.stderr
    return done.stderr


def environment(**more):
    return {**os.environ, **more}
