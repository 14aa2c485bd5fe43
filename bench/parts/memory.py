# SPDX-License-Identifier: BSD-2-Clause
"""Memory that tcpsight takes with many flows live, all with traffic."""

import time

from harness import bpf, private
from harness.process import memory_kib, ready_program
from harness.table import Row

FLOWS = 10_000
SECONDS = 4
QUESTIONS = {
    "top": ("top", "--json", "-C", "1"),
    "top, a table in place": ("top", "--format", "screen", "1"),
    "life": ("life", "--json"),
}
MEBIBYTE = 1 << 20
RESIDENT = ("<=", 16)


def measure(bench):
    """Rows of this part."""
    private.enter_network()
    bench.say(f"memory: connecting {FLOWS:,}")
    rows = []
    with bench.hold(FLOWS) as hold:
        hold.say("traffic 1000")
        for name, words in QUESTIONS.items():
            bench.say(f"memory: {name}")
            with ready_program(bench.tcpsight(*words)) as (child, _):
                time.sleep(SECONDS)
                rows += _rows(name, child.pid)
    return rows


def _rows(name, pid):
    fields = {key: value / 1024 for key, value in memory_kib(pid).items()}
    maps = bpf.map_bytes(pid) / MEBIBYTE
    note = (f"of the resident {fields['RssAnon']:.1f} anonymous, {fields['RssFile']:.1f} file, "
            f"{fields['RssShmem']:.1f} shared; besides, BPF maps take {maps:.1f} of the kernel's")
    return [Row("memory", f"{name}: resident, {FLOWS:,} flows live", "MiB", [fields["VmRSS"]],
                target=RESIDENT, absolute=True),
            Row("memory", f"{name}: peak", "MiB", [fields["VmHWM"]], absolute=True,
                note=note)]
