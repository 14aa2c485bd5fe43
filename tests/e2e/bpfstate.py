# SPDX-License-Identifier: BSD-2-Clause
"""What BPF objects the kernel holds, and for whom."""

import contextlib
import ctypes
import json
import os
import platform
import re
import subprocess
import time

from sight import PATIENCE_SEC

KINDS = ("prog", "map", "link")
# <linux/bpf.h>; the number of bpf(2) by machine.
BPF_ENABLE_STATS, BPF_STATS_RUN_TIME = 32, 0
NR_BPF = {"x86_64": 321, "aarch64": 280, "s390x": 351}


def listed(kind):
    """What bpftool lists. It fails if one goes away between its number and its details: then it is asked again."""
    deadline = time.monotonic() + PATIENCE_SEC
    while True:
        done = subprocess.run(["bpftool", "-j", kind, "list"], check=False, capture_output=True)
        if not done.returncode:
            return json.loads(done.stdout)
        assert time.monotonic() < deadline, done.stderr


def existing():
    """All BPF objects of the kernel, as (kind, id)."""
    return {(kind, item["id"]) for kind in KINDS for item in listed(kind)}


def descriptors(pid):
    """What the kernel says of each file descriptor of a process."""
    folder = f"/proc/{pid}/fdinfo"
    for fd in os.listdir(folder):
        with contextlib.suppress(OSError), open(f"{folder}/{fd}", encoding="ascii") as info:
            yield info.read()


def held(pid):
    """The BPF objects that a process holds by file descriptors, as (kind, id)."""
    found = set()
    for text in descriptors(pid):
        for kind in KINDS:
            number = re.search(rf"^{kind}_id:\s*(\d+)$", text, re.MULTILINE)
            if number:
                found.add((kind, int(number[1])))
    return found


def held_by_anyone():
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found |= held(pid)
        except OSError:
            continue
    return found


def _settled(look):
    """What look() gives over and over, when the kernel has had time to free what nobody uses."""
    deadline = time.monotonic() + PATIENCE_SEC
    left = look()
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left &= look()
    return left


def left_behind(before):
    """Objects that came after `before`, stay, and that no process holds."""
    return _settled(lambda: existing() - before - held_by_anyone())


def remaining(objects):
    """Those of the objects that stay."""
    return _settled(lambda: objects & existing())


def programs(pid):
    """The programs that a process has loaded, as dicts of bpftool."""
    mine = {number for kind, number in held(pid) if kind == "prog"}
    return [prog for prog in listed("prog") if prog["id"] in mine]


NAMES = {}  # of programs, by id


def runs(pid):
    """How often each program ran that a process holds, by id, while counting_runs()."""
    counts = {}
    for text in descriptors(pid):
        found = re.search(r"^prog_id:\s*(\d+)$.*^run_cnt:\s*(\d+)$", text, re.MULTILINE | re.DOTALL)
        if found:
            counts[int(found[1])] = int(found[2])
    return counts


def runs_of(pid, name):
    """Those of the program of that name. Only for programs that are new a process is started: until it is bpftool it
    holds our sockets too, which a tcpsight that looks for their owners may see."""
    counts = runs(pid)
    if counts.keys() - NAMES.keys():
        NAMES.update({prog["id"]: prog["name"] for prog in listed("prog")})
    return sum(count for number, count in counts.items() if NAMES[number] == name)


@contextlib.contextmanager
def counting_runs():
    """The kernel counts how often BPF programs run (bpf(2), BPF_ENABLE_STATS), whoever else asks for it or stops."""
    libc = ctypes.CDLL(None, use_errno=True)
    kind = (ctypes.c_uint32 * 32)(BPF_STATS_RUN_TIME)
    fd = libc.syscall(NR_BPF[platform.machine()], BPF_ENABLE_STATS, kind, ctypes.sizeof(kind))
    assert fd >= 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        os.close(fd)


def maps(pid):
    mine = {number for kind, number in held(pid) if kind == "map"}
    return [one for one in listed("map") if one["id"] in mine]


def links(pid):
    mine = {number for kind, number in held(pid) if kind == "link"}
    return [link for link in listed("link") if link["id"] in mine]


def control(pid):
    """What a process and its programs tell each other in the map of that name (struct snap_control)."""
    mine = {number for kind, number in held(pid) if kind == "map"}
    [number] = [item["id"] for item in listed("map") if item["id"] in mine and item["name"] == "control"]
    done = subprocess.run(["bpftool", "-j", "map", "dump", "id", str(number)], check=True, capture_output=True)
    [entry] = json.loads(done.stdout)
    return entry["formatted"]["value"]
