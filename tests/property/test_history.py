# SPDX-License-Identifier: BSD-2-Clause
"""What `history` sums up is what `life` and `top` tell one by one, in any window; two spans are compared."""

import datetime
import json
import subprocess
from collections import Counter

import pytest
from scenario import Scenario
from together import BUILD, ENVIRONMENT, PROGRAM

SEEDS = 12
FAILURES = {"reset_received", "timeout", "refused", "unreachable", "no_port"}


def run(folder, *words):
    done = subprocess.run([str(PROGRAM), *map(str, words)], cwd=folder, env=ENVIRONMENT, capture_output=True,
                          text=True, timeout=60, errors="surrogateescape")
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(folder, *words):
    *found, summary = map(json.loads, run(folder, *words, "--json").splitlines())
    assert summary["type"] == "summary"
    return found


def record(folder, text):
    (folder / "events").write_text(text, encoding="ascii")
    (folder / "R.tsr").unlink(missing_ok=True)
    run(folder, "record", "--read", "events", "--output", "R.tsr")


@pytest.mark.parametrize("profile", ["any", "long"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_sums_are_those_of_other_reports(tmp_path, profile, seed):
    record(tmp_path, Scenario(f"history/{seed}", profile).text)
    closed, moved = Counter(), Counter()
    ended = [row for row in rows(tmp_path, "life", "--read", "R.tsr", "-o", "lport,end_reason,state")
             if row["lport"] is not None]
    for row in ended:
        closed[row["lport"]] += 1
    for row in rows(tmp_path, "top", "1", "--read", "R.tsr", "-o", "lport,tx_bytes,rx_bytes"):
        if row["lport"] is not None:
            moved[row["lport"]] += row["tx_bytes"] + row["rx_bytes"]
    found = rows(tmp_path, "history", "--by", "flow", "--read", "R.tsr", "-o",
                 "lport,flows,closed,failures,ends,tx_bytes,rx_bytes,series")
    assert Counter({key: n for key, n in of(found, "closed").items() if n}) == closed
    bytes_of = Counter()
    for row in found:
        assert row["flows"] == 1
        assert sum(row["series"]) == row["tx_bytes"] + row["rx_bytes"]
        assert sum(row["ends"].values()) == row["closed"]
        bytes_of[row["lport"]] += sum(row["series"])
    assert +bytes_of == +moved, "bytes"
    failed = sum(row["end_reason"] in FAILURES or (row["end_reason"] == "aborted" and row["state"] == "syn_sent")
                 for row in ended)
    assert sum(row["failures"] for row in found) == failed


def of(found, key):
    sums = Counter()
    for row in found:
        sums[row["lport"]] += row[key]
    return sums


@pytest.mark.parametrize("seed", range(4))
def test_windows_add_up_to_the_whole(tmp_path, seed):
    subprocess.run([BUILD / "tests/tools/tsrtool", "write", "R.tsr", str(seed), "60", "30", "3", "1"], cwd=tmp_path,
                   check=True)
    [begin] = {row["series_from"] for row in rows(tmp_path, "history", "--read", "R.tsr", "-o", "series_from")}
    middle = int(datetime.datetime.fromisoformat(begin).timestamp()) + 17

    def sums(*window):
        found = Counter()
        for row in rows(tmp_path, "history", "--read", "R.tsr", *window, "-o",
                        "tx_bytes,rx_bytes,closed,failures,retrans"):
            found.update(row)
        return found

    parts = sums("--until", f"@{middle}"), sums("--since", f"@{middle}")
    assert all(part["closed"] > 20 and part["tx_bytes"] for part in parts)
    assert parts[0] + parts[1] == sums()


SPANS = """clock 2026-11-21T09:00:00Z
1 open 1 role=accept local=10.0.0.1:80 remote=10.0.0.2:4000
1 open 2 role=accept local=10.0.0.1:81 remote=10.0.0.2:4001
1 open 3 role=accept local=10.0.0.1:82 remote=10.0.0.2:4002
1 open 4 role=accept local=10.0.0.1:83 remote=10.0.0.2:4003
2 close 1 tx=100000 rx=0 end=fin
2 close 2 tx=100000 rx=0 end=fin
2 close 3 tx=100000 rx=0 end=fin
2 close 4 tx=2000000 rx=0 end=fin
61 open 5 role=accept local=10.0.0.1:80 remote=10.0.0.2:4004
61 open 6 role=accept local=10.0.0.1:82 remote=10.0.0.2:4005
61 open 7 role=accept local=10.0.0.1:83 remote=10.0.0.2:4006
61 open 8 role=accept local=10.0.0.1:84 remote=10.0.0.2:4007
62 close 5 tx=200000 rx=0 end=fin
62 close 6 tx=1000000 rx=0 end=fin retrans=7
62 close 7 tx=200000 rx=0 end=fin
62 close 8 tx=5 rx=0 end=fin
63 open 9 role=accept local=10.0.0.1:99 remote=10.0.0.2:4008
"""


def test_two_spans_are_compared(tmp_path):
    record(tmp_path, SPANS)
    words = ["history", "--by", "port", "--read", "R.tsr", "--at", "2026-11-21T09:01:00Z", "--for", "3", "--against",
             "-1m", "-o", "port,change,change_in,flows,bytes,flows_then,bytes_then,retrans_then"]
    found = {row["port"]: list(row.values())[1:] for row in rows(tmp_path, *words)}
    assert found == {
        81: ["gone", None, 0, 0, 1, 100000, 0],
        82: ["more", "bytes retrans", 1, 1000000, 1, 100000, 0],
        83: ["less", "bytes", 1, 200000, 1, 2000000, 0],
        84: ["new", None, 1, 5, 0, 0, 0],
    }
    assert {row["port"]: row["change"] for row in rows(tmp_path, *words, "--all")}[80] == "same"
    for when in ("2026-11-21T09:00:00Z", "09:00", "60s ago", "@1795251600"):
        assert found == {row["port"]: list(row.values())[1:] for row in rows(
            tmp_path, *(when if word == "-1m" else word for word in words))}, when
    text = run(tmp_path, *words[:-2])
    assert "1 new, 1 gone, 1 with ten times more, 1 with a tenth, 1 much as they were (--all shows them)" in text


def listed(folder, *words):
    return list(map(json.loads, run(folder, "history", "--list", "--json", *words).splitlines()))


def test_recordings_are_listed(tmp_path):
    """What there is, against what was put there: two spans with a gap between them, and one that is damaged."""
    (tmp_path / "D").mkdir()
    for minute, flows in ("00", 3), ("20", 5):
        lines = [f"clock 2026-11-21T09:{minute}:00Z"]
        for i in range(flows):
            lines += [f"{i} open {i + 1} pid=1 owner=connect local=10.0.0.1:{1000 + i} remote=10.0.0.2:80",
                      f"{i}.5 close {i + 1} tx=100"]
        (tmp_path / "events").write_text("\n".join([*lines, "9 open 99 pid=1 local=10.0.0.1:9 remote=10.0.0.2:80",
                                                    "9.9 close 99 tx=1"]) + "\n", encoding="ascii")
        run(tmp_path, "record", "--read", "events", str(tmp_path / "D"))
    files = sorted((tmp_path / "D").glob("*.tsr"))
    first, gap, second, summary = listed(tmp_path, "--read", "D")
    begin = int(datetime.datetime(2026, 11, 21, 9, tzinfo=datetime.timezone.utc).timestamp()) * 1_000_000
    assert [first["from_us"], second["from_us"]] == [begin, begin + 1_200_000_000]
    assert [row["closed"] for row in (first, second, summary)] == [4, 6, 10]
    assert [row["bytes"] for row in (first, second)] == [path.stat().st_size for path in files]
    assert [row["file"] for row in (first, second)] == [f"D/{path.name}" for path in files]
    assert gap["why"] == "the recorder did not run" and gap["from_us"] == first["to_us"], gap
    assert gap["to_us"] == second["from_us"] and gap["rows"] is None, gap
    assert (first["gaps"], second["gaps"], summary["gaps"], summary["lost"]) == (0, 0, 1, 0)
    text = run(tmp_path, "history", "--list", "--read", "D")
    assert "gap from 2026-11-21 09:00:" in text and "connections that ended: 10; gaps: 1" in text, text
    # The same file twice, one of them with a byte changed.
    data = bytearray(files[1].read_bytes())
    data[len(data) // 2] ^= 255
    (tmp_path / "damaged.tsr").write_bytes(data)
    whole, damaged, gap, summary = listed(tmp_path, "--read", files[1], "--read", "damaged.tsr")
    assert whole["gaps"] == 0 and damaged["gaps"] == 1 and gap["why"] == "damaged", gap
    assert damaged["closed"] <= whole["closed"] and summary["files"] == 2


@pytest.mark.parametrize("words", [["--at", "03:12"], ["port 80"], ["--against", "-1d"]])
def test_a_list_is_of_whole_recordings(tmp_path, words):
    done = subprocess.run([str(PROGRAM), "history", "--list", *words], cwd=tmp_path, env=ENVIRONMENT, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 2 and "--list" in done.stderr and not done.stdout, done
