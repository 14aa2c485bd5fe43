# SPDX-License-Identifier: BSD-2-Clause
"""What `why` costs. Where nothing is lost, beside `top`: a ping-pong that shares its CPU with one or the
other, and a bulk transfer, both ranked over the same interval. And what it adds where one packet in a
hundred is lost, at 1 Gbit/s: the time of its programs and its own, against that of the transfer."""

import concurrent.futures
import contextlib
import os
import resource
import statistics
import subprocess

from harness import bpf
from harness.bench import rotate
from harness.link import FAR, joined, sink
from harness.process import Failure, cpu_clock_s, ready_program
from harness.table import Row

ROUNDS = 10
RUN_MS = 2400
BYTES = 64
THROUGHPUT = (">=", 0.97)
SECONDS = 3
MBITS = 1000
# One connection alone comes to a quarter of it, with one packet in a hundred lost.
SENDERS = 5
SHORT_RATE = 1
ADDED = ("<=", 0.01)


def measure(bench):
    """Rows of this part."""
    return _without_loss(bench) + _with_loss(bench)


def _tools(bench):
    return {"top": bench.tcpsight("top", "--json", "-C", "2"),
            "why": bench.tcpsight("why", "--json", "--interval", "2")}


def _without_loss(bench):
    tools = _tools(bench)
    pings = {name: [] for name in tools}
    bulks = {name: [] for name in tools}
    cpus = [max(os.sched_getaffinity(0))]
    with joined() as far, sink(bench, far) as (port, _):
        for i in range(bench.rounds or ROUNDS):
            bench.say(f"why: round {i + 1}")
            for name in rotate(list(tools), i):
                with contextlib.ExitStack() as stack:
                    stack.enter_context(ready_program(tools[name], cpus))
                    run = bench.load("pingpong", RUN_MS, BYTES, cpus=cpus)
                    pings[name].append(run["round_trips"] / run["seconds"])
                    run = bench.load("bulk", "send", FAR, port, SECONDS, SHORT_RATE)
                    bulks[name].append(run["bytes"] * 8 / run["seconds"] / 1e9)
    return [Row("why", "round trips with why / with top", "/s", pings["why"], pings["top"], "top",
                THROUGHPUT),
            Row("why", "bulk without loss, with why / with top", "Gbit/s", bulks["why"], bulks["top"],
                "top", THROUGHPUT)]


def _with_loss(bench):
    added, programs, transfer, again, mbits = [], [], [], [], []
    with joined() as far, sink(bench, far) as (port, reader), bpf.statistics() as counted:
        if not counted or not bpf.available():
            raise Failure("the kernel does not count what programs take")
        _lose(far)
        for i in range(bench.rounds or ROUNDS):
            bench.say(f"why: 1 % lost, round {i + 1}")
            with ready_program(_tools(bench)["why"]) as (child, _):
                taken = _taken(child, reader, lambda: mbits.append(_send(bench, port)))
                for samples, value in zip((added, transfer, again, programs), taken):
                    samples.append(value)
    if not all(again):
        raise Failure("nothing was lost")
    note = (f"{statistics.median(mbits):,.0f} Mbit/s, {statistics.median(again) / SECONDS:,.0f} runs a second "
            "of the programs of retransmissions and congestion")
    return [Row("why", "CPU time of those programs at 1 % loss / that of the transfer", "s", programs,
                transfer, "the transfer", ADDED),
            Row("why", "CPU time of all of why at 1 % loss / that of the transfer", "s", added, transfer,
                "the transfer", ADDED, note=note)]


def _send(bench, port):
    """Mbit/s, of several connections at once."""
    with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
        runs = pool.map(lambda _: bench.load("bulk", "send", FAR, port, SECONDS, SHORT_RATE, MBITS // SENDERS),
                        range(SENDERS))
        return sum(run["bytes"] * 8 / run["seconds"] for run in runs) / 1e6


def _lose(far):
    """Of the packets that come to the far end."""
    rules = ("table ip lossy { chain come { type filter hook prerouting priority 0; "
             "meta l4proto tcp numgen random mod 100 < 1 drop; }; }")
    done = subprocess.run([*far, "nft", rules], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"nft: {done.stderr.strip()}")
    # One packet is one segment, or a loss would be of 40.
    subprocess.run(["ip", "link", "set", "near", "gso_max_segs", "1"], check=True)


def _time_of(child, reader):
    """CPU time that the process of `why` has taken, and that of the transfer; nothing runs for it."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return cpu_clock_s(child.pid), children.ru_utime + children.ru_stime + cpu_clock_s(reader.pid)


def _programs_of(child):
    """Those that run within what others do, and of them those that run only if something is sent again.
    Time of an iterator is time of the process that reads it, and must not count twice."""
    ids = bpf.program_ids(child.pid)
    ids -= bpf.iterators(ids)
    return ids, {id for id, about in bpf.programs(ids).items()
                 if about.get("name", "").startswith(("on_retransmit", "on_congestion"))}


def _taken(child, reader, send):
    """Seconds of all of `why` and of the transfer while it runs, and runs and seconds of what runs only
    if something is sent again."""
    ids, lossy = _programs_of(child)
    programs = [bpf.run_totals(ids), bpf.run_totals(lossy)]
    before = _time_of(child, reader)
    send()
    mine, transfer = (now - then for now, then in zip(_time_of(child, reader), before))
    (_, all_ns), (runs, lossy_ns) = [
        (now[0] - then[0], now[1] - then[1])
        for now, then in zip((bpf.run_totals(ids), bpf.run_totals(lossy)), programs)]
    return mine + all_ns / 1e9, transfer, runs, lossy_ns / 1e9
