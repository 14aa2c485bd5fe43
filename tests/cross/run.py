#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Builds for other architectures, and runs there, under qemu, the tests that need no kernel of their
own: units, golden cases, the parsers' seeds, captures.

    tests/cross/run.py [--build DIR] [arm64|s390x]... [-- PYTEST-WORDS]

Of s390x the byte order is the other one; on both a plain char has no sign. What the BPF programs do
there, `./dev kernels arm64 s390x` tells.
"""

import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from cross import build  # noqa: E402 (found through the line above)

TESTS = ["unit", "golden", "fuzz", "e2e/test_pcap_file.py", "e2e/test_peek_file.py"]
# A live capture of this machine; memory, which would be that of the emulator; units that call a
# kernel (tests/kernels/guest/check.py has them).
NOT = " and ".join(f"not {name}" for name in ("tshark_agrees_on_bytes", "flood_keeps_to_the_limit",
                                              "test_syscall_filter", "test_filter_"))


def make_stand_ins(architecture, folder):
    """A folder that looks like that of a build: in place of each program, a script that runs it."""
    stand_ins = folder / "emulated"
    shutil.rmtree(stand_ins, ignore_errors=True)
    emulator = shlex.join(build.emulator(architecture, folder / "sysroot"))
    programs = [*folder.glob("tcp*"), *folder.glob("tests/**/*"), *folder.glob("seeds/*")]
    for program in programs:
        if program.is_dir() or program.suffix == ".d":
            continue
        name = str(program.relative_to(folder)).replace("seeds/", "fuzz/")
        script = stand_ins / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'#!/bin/sh\nexec {emulator} {shlex.quote(str(program))} "$@"\n')
        script.chmod(0o755)
    return stand_ins


def run(architecture, folder, native, words):
    """Build, and run the tests; `native` is the build for this machine. Returns pytest's status."""
    build.build(architecture, folder, "all", "test-programs", "seeds")
    stand_ins = make_stand_ins(architecture, folder)
    environment = {**os.environ, "TCPSIGHT_BUILD": str(stand_ins), "TCPSIGHT": str(stand_ins / "tcpsight"),
                   "TCPSIGHT_NATIVE": native}
    print(f"{architecture}:", flush=True)
    return subprocess.run(["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-k", NOT,
                           *words, *(str(ROOT / "tests" / name) for name in TESTS)],
                          env=environment, check=False).returncode


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    words.add_argument("architectures", nargs="*", metavar="ARCHITECTURE")
    ours, rest = sys.argv[1:], []
    if "--" in ours:
        ours, rest = ours[:ours.index("--")], ours[ours.index("--") + 1:]
    args = words.parse_args(ours)
    unknown = set(args.architectures) - build.ARCHITECTURES.keys()
    if unknown:
        words.error(f"{' '.join(unknown)}: not one of {' '.join(build.ARCHITECTURES)}")
    failed = [one for one in args.architectures or build.ARCHITECTURES
              if run(one, args.build.absolute() / "cross" / one, str(args.build.absolute()), rest)]
    if failed:
        print("failed:", *failed, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
