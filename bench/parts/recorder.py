# SPDX-License-Identifier: BSD-2-Clause
"""What recording costs on a machine with 20,000 live sockets and 5,000 closes a second, above what `top` costs
there, and how much memory it takes.

The time is that of the whole process, its threads included: `top` without output beside it, then `record`, turn by
turn. How many closes there really were stands in the recording.
"""

import json
import statistics
import subprocess
import tempfile
import time

from harness import private
from harness.bench import rotate
from harness.process import Failure, cpu_clock_s, memory_kib, ready_program
from harness.table import Row

ROUNDS = 5
SECONDS = 10
IDLE, BUSY, CLOSES = 18_000, 2_000, 5_000
ABOVE_TOP = ("<=", 2)
RSS_MIB = ("<=", 24)


def measure(bench):
    """Rows of this part."""
    private.enter_network()
    bench.say(f"recorder: connecting {IDLE + BUSY:,}")
    # One end of each connection is a close, too.
    pace = [str(bench.tools / "pace"), str(CLOSES // 2)]
    with bench.hold(IDLE), bench.hold(BUSY) as hold, subprocess.Popen(pace, stdin=subprocess.PIPE,
                                                                      stdout=subprocess.DEVNULL) as churn:
        hold.say("traffic 1000")
        time.sleep(2)
        rows = _rounds(bench)
        churn.stdin.close()
    return rows


def _rounds(bench):
    above, peaks, rates, alone = [], [], [], []
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"recorder: round {i + 1}")
        with tempfile.TemporaryDirectory() as folder:
            found = {name: _run(bench, words) for name, words in rotate(
                [("top", ["top", "--json", "-C", "1"]), ("record", ["record", folder])], i)}
            rates.append(_closes(bench, folder))
        above.append((found["record"][0] - found["top"][0]) * 100)
        alone.append(found["top"][0] * 100)
        peaks.append(found["record"][1])
    note = (f"top takes {statistics.median(alone):.1f} %; {statistics.median(rates):,.0f} closes a second were recorded, "
            f"{CLOSES:,} were meant; {BUSY:,} of {IDLE + BUSY:,} sockets with news each second")
    return [Row("recorder", "CPU of record above that of top", "%", above, target=ABOVE_TOP, absolute=True),
            Row("recorder", "memory of record, at most", "MiB", peaks, target=RSS_MIB, absolute=True, note=note)]


def _run(bench, words):
    """(CPUs, peak MiB)."""
    with ready_program([bench.binary, *words]) as (child, _):
        time.sleep(2)
        first_s, begin_s = cpu_clock_s(child.pid), time.monotonic()
        time.sleep(SECONDS)
        used_s, span_s = cpu_clock_s(child.pid) - first_s, time.monotonic() - begin_s
        peak = memory_kib(child.pid)["VmHWM"] / 1024
    return used_s / span_s, peak


def _closes(bench, folder):
    """A second, of the recording."""
    told = subprocess.run([bench.binary, "history", "--list", "--json", "--read", folder], capture_output=True, text=True,
                          check=True).stdout.splitlines()
    files = [row for row in map(json.loads, told) if "type" not in row]
    if not files:
        raise Failure("nothing was recorded")
    return sum(row["closed"] for row in files) * 1e6 / sum(row["to_us"] - row["from_us"] for row in files)
