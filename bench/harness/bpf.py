# SPDX-License-Identifier: BSD-2-Clause
"""Which BPF programs a process holds, where they are attached, how often they ran and for how long.

The ids come from the process's open files, everything else from bpftool.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess

STATS = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")


def _fdinfo(pid):
    for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield dict(line.split(":", 1) for line in entry.read_text().splitlines() if ":" in line)


def program_ids(pid):
    """Ids of the programs that process @pid holds, itself or through a link."""
    return {int(info["prog_id"]) for info in _fdinfo(pid) if "prog_id" in info}


def map_bytes(pid):
    """Kernel memory of the maps that process @pid holds."""
    return sum({info["map_id"]: int(info["memlock"]) for info in _fdinfo(pid)
                if "map_id" in info and "memlock" in info}.values())


def _bpftool(*words):
    done = subprocess.run(["bpftool", "-j", *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout or "[]")


def programs(ids):
    """{id: description} of the programs @ids that still exist."""
    return {program["id"]: program for program in _bpftool("prog", "show")
            if program["id"] in ids}


def run_totals(ids):
    """(runs, nanoseconds) of the programs @ids since counting was switched on."""
    found = programs(ids).values()
    return (sum(program.get("run_cnt", 0) for program in found),
            sum(program.get("run_time_ns", 0) for program in found))


def iterators(ids):
    """Those of the programs @ids that run when somebody reads their link, in the time of that process."""
    return {link["prog_id"] for link in _bpftool("link", "show")
            if link["type"] == "iter" and link.get("prog_id") in ids}


def _type_names(wanted):
    """Names of the types with the ids @wanted in the kernel's own BTF."""
    if not wanted:
        return {}
    names = {}
    line = re.compile(r"\[(\d+)\] \w+ '([^']*)'")
    with subprocess.Popen(["bpftool", "btf", "dump", "file", "/sys/kernel/btf/vmlinux"],
                          stdout=subprocess.PIPE, text=True) as dump:
        for text in dump.stdout:
            found = line.match(text)
            if found and int(found[1]) in wanted:
                names[int(found[1])] = found[2]
    return names


def hooks(ids):
    """{program id: where it is attached, in words}; where bpftool does not know, the name of the
    program."""
    links = [link for link in _bpftool("link", "show") if link.get("prog_id") in ids]
    names = _type_names({link["target_btf_id"] for link in links if "target_btf_id" in link})
    words = {id: f"program {about['name']}" for id, about in programs(ids).items()}
    for link in links:
        if link["type"] == "iter":
            target = f"iter/{link.get('target_name', '?')}"
        else:
            target = names.get(link.get("target_btf_id"), link.get("tp_name"))
            if not target:
                continue
            target = f"{link.get('attach_type', link['type'])}/{target.removeprefix('btf_trace_')}"
        words[link["prog_id"]] = target
    return words


@contextlib.contextmanager
def statistics():
    """Have the kernel count runs and run time of programs while the block runs. Yields whether
    it does. The setting is put back after."""
    before = None
    try:
        before = STATS.read_text()
        STATS.write_text("1")
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        STATS.write_text(before)


def tracing_ids():
    """Ids of all programs that trace something on this machine, whoever loaded them."""
    return {program["id"] for program in _bpftool("prog", "show")
            if program["type"] in ("tracing", "raw_tracepoint", "tracepoint", "kprobe",
                                   "perf_event")}


def available():
    """Whether bpftool can be used here."""
    return os.geteuid() == 0 and not subprocess.run(
        ["bpftool", "prog", "show"], capture_output=True, check=False).returncode
