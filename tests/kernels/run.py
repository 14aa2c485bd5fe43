#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boot Debian kernels under qemu, one after the other, run guest/check.py in each, and tell what
works where.

    tests/kernels/run.py [--build DIR] [--peers] [--update] [--only GROUP]... [KERNEL]...

A KERNEL is a series (6.12), or one for another machine (6.12-arm64); `amd64`, `arm64` and `s390x` are
all of that machine. Kernels come from the Debian archive through apt (some 500 MB the first time)
and stay in BUILD/kernels. --only runs one group of live tests again, or `programs`, all that the verifier is asked,
beside what takes seconds, and leaves the other results as they are. --update writes doc/kernels.md and tests/kernels/cost.csv from the results.
"""

import argparse
import json
import pathlib
import shlex
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from cross import build as cross  # noqa: E402 (found through the line above)
from cross import sysroot  # noqa: E402
from kernels import apt, boot, fetch, initramfs, machine, table  # noqa: E402

# A guest takes five minutes on a quiet machine, thirteen on a busy one.
LIMIT_SEC = 3600
# One kernel is enough for what lockdown refuses: it is a property of the mode.
LOCKED_DOWN = "6.12"


def fetch_all(names, folder):
    """The kernels that can be had, as {name: version}."""
    private_apts = {}
    had = {}
    for name in names:
        computer = machine.parse(name)[2]
        if not (folder / name / "version").exists() and computer not in private_apts:
            where = folder if computer is machine.AMD64 else folder / computer.architecture
            private_apts[computer] = apt.Apt(where / "apt", computer.architecture, computer.suites)
            private_apts[computer].update()
        had[name] = fetch.fetch(name, folder, private_apts.get(computer))
        if not had[name]:
            print(f"{name}: not to be had any more", file=sys.stderr)
    return {name: version for name, version in had.items() if version}


def make_base(computer, build, folder):
    """What all guests of one machine have; for another machine than this one, built first."""
    system = "/"
    if computer is not machine.AMD64:
        build = build / "cross" / computer.architecture
        system = build / "guest"
        cross.build(computer.architecture, build, "all", "test-programs")
        peers = sysroot.PEERS.get(computer.architecture, [])
        sysroot.make(system, computer.architecture, sysroot.GUEST + peers)
    base = folder / f"base-{computer.architecture}.cpio"
    initramfs.make_base(build, base, system, computer.triplet)
    return base


def run_guest(name, folder, base, job, out, words=""):
    """Boot a kernel with a job for check.py; returns the lines that the guest wrote."""
    script = f"#!/bin/sh\nexec /bin/python3 -B tests/kernels/guest/check.py {job}\n"
    outcome = boot.boot(folder / name, base, script, out, LIMIT_SEC, words=words)
    path = outcome.folder / "results"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    print(f"{name}: {words} status {outcome.status}, {len(lines)} results, {outcome.seconds:.0f} s, "
          f"without a processor for {outcome.waited:.0%} of what it needed", flush=True)
    if outcome.status != 0:
        print(outcome.console[-2000:], file=sys.stderr)
        lines.append({"kind": "broken", "status": outcome.status, "log": "console.txt"})
    return lines


def run_one(name, folder, base, peers):
    return run_guest(name, folder, base, "peers" if peers else "", folder / name / "out")


def run_again(name, folder, base, groups):
    """The results of a kernel, what takes seconds and what is asked for anew."""
    words = " ".join(["only", *map(shlex.quote, groups)])
    anew = run_guest(name, folder, base, words, folder / name / "out-only")
    path = folder / name / "results"
    before = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    replaced = {line["name"]: line for line in anew if line["kind"] == "live"}
    told = {line["kind"] for line in anew if line["kind"] != "live"} | {"broken"}
    kept = [replaced.pop(line["name"], line) if line["kind"] == "live" else line
            for line in before if line["kind"] not in told]
    return [line for line in anew if line["kind"] != "live"] + kept + list(replaced.values())


def run_locked_down(name, folder, base):
    """Under each of lockdown's modes."""
    return [line for mode in ("integrity", "confidentiality")
            for line in run_guest(name, folder, base, "lockdown", folder / name / f"out-{mode}",
                                  f"lockdown={mode}")]


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    words.add_argument("--peers", action="store_true", help="also bcc's tcplife and tcptop")
    words.add_argument("--update", action="store_true")
    words.add_argument("--only", action="append", metavar="GROUP", default=[],
                       help="a group of live tests, as doc/kernels.md names it, or `programs`")
    words.add_argument("kernels", nargs="*", metavar="KERNEL", default=list(fetch.KERNELS))
    args = words.parse_args()
    build = args.build.absolute()
    folder = build / "kernels"
    folder.mkdir(exist_ok=True)
    names = [name for word in args.kernels for name in fetch.KERNELS.get(word, [word])]
    kernels = fetch_all(names, folder)
    bases = {computer: make_base(computer, build, folder)
             for computer in {machine.parse(name)[2] for name in kernels}}
    for name in kernels:
        base = bases[machine.parse(name)[2]]
        if args.only:
            lines = run_again(name, folder, base, args.only)
        else:
            lines = run_one(name, folder, base, args.peers)
        if name == LOCKED_DOWN and not args.only:
            lines += run_locked_down(name, folder, base)
        (folder / name / "results").write_text("".join(json.dumps(line) + "\n" for line in lines))
    results = table.read(folder)
    print(table.render(results))
    costs = ROOT / "tests/kernels/cost.csv"
    recorded = table.read_costs(costs.read_text())
    if args.update:
        (ROOT / "doc/kernels.md").write_text(table.document(results))
        costs.write_text(table.costs(results, recorded))
        recorded = table.read_costs(costs.read_text())
    wrong = table.failures({one: results[one] for one in kernels}, recorded)
    for series, what, log in wrong:
        print(f"{series}: {what}: see {folder / series / 'out' / log}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
