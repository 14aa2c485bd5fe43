# SPDX-License-Identifier: BSD-2-Clause
"""What several questions to one run cost: one consumer against the program as it was when it could
have only one, and four together against the dearest of them alone.

20,000 sockets, of which 2,000 have new traffic each second, and 2,000 closes a second. Everything is
user and system time of the tool: the walk over the sockets is in it, the programs that run in the
context of others are not, and they are the same for all.
"""

import collections
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

from harness import private
from harness.bench import rotate
from harness.process import Failure, cpu_clock_s, memory_kib, ready_program
from harness.table import Row

# The last commit whose engine fed one view.
BASE = "d7bfef6"
ROUNDS = 4
SECONDS = 10
IDLE, BUSY, CLOSES = 18_000, 2_000, 2_000
ONE = ("<=", 1.03)
FOUR = ("<=", 1.5)
ALONE = {
    "top": ("top", "--json", "-C", "1"),
    "life": ("life", "--json"),
    "subnet": ("subnet", "--json"),
    "stat": ("stat", "--json", "-i", "10", "index=lport"),
}
# Of the four consumers; the base knows neither --by nor index=unit.
TOGETHER = {
    "top 1 s": ("top", "--json", "-C", "1"),
    "top 10 s by process": ("top", "--json", "-C", "--by", "process", "10"),
    "closes": ("life", "--json"),
    "counters by unit": ("stat", "--json", "-i", "10", "index=unit"),
}


def measure(bench):
    """Rows of this part."""
    base = _base_program(bench)
    private.enter_network()
    bench.say(f"consumers: connecting {IDLE + BUSY:,}")
    with bench.hold(IDLE), bench.hold(BUSY) as hold, bench.closes(CLOSES):
        hold.say("traffic 1000")
        time.sleep(2)
        return _one(bench, base) + _four(bench)


def _base_program(bench):
    """The program at BASE, built once below the folder of the tools."""
    folder = bench.tools.parent / f"base-{BASE}"
    program = folder / "build/tcpsight"
    if not program.exists():
        bench.say(f"consumers: building {BASE}")
        root = pathlib.Path(__file__).resolve().parents[2]
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        archive = subprocess.Popen(["git", "-C", str(root), "archive", BASE], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", str(folder)], stdin=archive.stdout, check=True)
        if archive.wait():
            raise Failure(f"the commit {BASE} is not in this clone: it is compared with")
        subprocess.run(["make", "-j2", "-C", str(folder), "B=build", "all"], check=True,
                       stdout=subprocess.DEVNULL)
    return str(program)


def _cpu_s(program, words):
    """(CPU seconds a second, peak MiB)."""
    with tempfile.TemporaryFile() as output:
        with ready_program([program, *words], stdout=output) as (child, _):
            time.sleep(1.5)
            first_s = cpu_clock_s(child.pid)
            time.sleep(SECONDS)
            last_s = cpu_clock_s(child.pid)
            peak = memory_kib(child.pid)["VmHWM"] / 1024
    return (last_s - first_s) / SECONDS, peak


def _one(bench, base):
    now, then, peaks = (collections.defaultdict(list) for _ in range(3))
    for i in range(bench.rounds or ROUNDS):
        bench.say(f"consumers: one, round {i + 1}")
        for name in ALONE:
            for program in rotate([bench.binary, base], i):
                cpu_s, peak = _cpu_s(program, ALONE[name])
                (now if program == bench.binary else then)[name].append(cpu_s * 1e3)
                peaks[name, program == bench.binary].append(peak)
    return [Row("consumers", f"{name} alone: CPU", "ms/s", now[name], then[name], f"at {BASE}", ONE,
                note=f"peak memory {statistics.median(peaks[name, True]):.1f} MiB, then "
                     f"{statistics.median(peaks[name, False]):.1f}")
            for name in ALONE]


def _four(bench):
    alone, together = collections.defaultdict(list), []
    with tempfile.TemporaryDirectory() as folder:
        first, *others = TOGETHER.values()
        words = list(first)
        for i, other in enumerate(others):
            words += ["--also", " ".join([*other, "--output", f"{folder}/{i}.ndjson"])]
        for i in range(bench.rounds or ROUNDS):
            bench.say(f"consumers: four, round {i + 1}")
            for name in rotate([*TOGETHER, None], i):
                cpu_s, peak = _cpu_s(bench.binary, TOGETHER[name] if name else words)
                if name:
                    alone[name].append(cpu_s * 1e3)
                else:
                    together.append(cpu_s * 1e3)
                    memory = peak
    dearest = max(alone, key=lambda name: statistics.median(alone[name]))
    note = ", ".join(f"{name} {statistics.median(alone[name]):.1f}" for name in alone)
    return [Row("consumers", "four together: CPU", "ms/s", together, alone[dearest],
                f"{dearest}, alone", FOUR, note=f"alone, ms/s: {note}; peak together {memory:.1f} MiB")]
