#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boot Debian kernels under qemu, one after the other, run guest/check.py in each, and tell what
works where.

    tests/kernels/run.py [--build DIR] [--peers] [--update] [SERIES]...

Kernels come from the Debian archive through apt (some 200 MB the first time) and stay in
BUILD/kernels. --update writes doc/kernels.md and tests/kernels/cost.csv from the results.
"""

import argparse
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from kernels import apt, boot, fetch, initramfs, table  # noqa: E402 (found through the line above)

LIMIT_SEC = 420
# One kernel is enough for what lockdown refuses: it is a property of the mode.
LOCKED_DOWN = "6.12"


def fetch_all(series, folder):
    """The kernels that can be had, as {series: version}."""
    missing = [one for one in series if not (folder / one / "version").exists()]
    private_apt = None
    if missing:
        private_apt = apt.Apt(folder / "apt")
        private_apt.update()
    had = {one: fetch.fetch(one, folder, private_apt) for one in series}
    for one in series:
        if not had[one]:
            print(f"{one}: not to be had any more", file=sys.stderr)
    return {one: version for one, version in had.items() if version}


def run_guest(series, folder, job, out, words=""):
    """Boot a kernel with a job for check.py; returns the lines that the guest wrote."""
    script = f"#!/bin/sh\nexec /bin/python3 -B tests/kernels/guest/check.py {job}\n"
    outcome = boot.boot(folder / series, folder / "base.cpio", script, out, LIMIT_SEC, words=words)
    path = outcome.folder / "results"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    print(f"{series}: {words} status {outcome.status}, {len(lines)} results, {outcome.seconds:.0f} s",
          flush=True)
    if outcome.status != 0:
        print(outcome.console[-2000:], file=sys.stderr)
        lines.append({"kind": "broken", "status": outcome.status, "log": "console.txt"})
    return lines


def run_one(series, folder, peers):
    return run_guest(series, folder, "peers" if peers else "", folder / series / "out")


def run_locked_down(series, folder):
    """Under each of lockdown's modes."""
    return [line for mode in ("integrity", "confidentiality")
            for line in run_guest(series, folder, "lockdown", folder / series / f"out-{mode}",
                                  f"lockdown={mode}")]


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    words.add_argument("--peers", action="store_true", help="also bcc's tcplife and tcptop")
    words.add_argument("--update", action="store_true")
    words.add_argument("series", nargs="*", default=fetch.SERIES)
    args = words.parse_args()
    folder = args.build.absolute() / "kernels"
    folder.mkdir(exist_ok=True)
    kernels = fetch_all(args.series, folder)
    initramfs.make_base(args.build.absolute(), folder / "base.cpio")
    for series in kernels:
        lines = run_one(series, folder, args.peers)
        if series == LOCKED_DOWN:
            lines += run_locked_down(series, folder)
        (folder / series / "results").write_text("".join(json.dumps(line) + "\n" for line in lines))
    results = table.read(folder)
    print(table.render(results))
    if args.update:
        (ROOT / "doc/kernels.md").write_text(table.document(results))
        (ROOT / "tests/kernels/cost.csv").write_text(table.costs(results))
    recorded = table.read_costs((ROOT / "tests/kernels/cost.csv").read_text())
    wrong = table.failures({one: results[one] for one in kernels}, recorded)
    for series, what, log in wrong:
        print(f"{series}: {what}: see {folder / series / 'out' / log}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
