#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Put one deliberate fault after the other into a copy of the program, and see that tests catch it.

usage: tests/mutants/run.py BUILD_FOLDER [NAME...]

Each NAME.patch is a fault: a line "Invariant: ..." that it breaks, a line "Caught by: ..." with words for
pytest that name the tests of which one must fail, and a unified diff. The copy is BUILD_FOLDER/mutants,
made from what is built already. Without a fault all those tests must pass. Exit status 1 if a fault is
caught by none, or cannot be put in.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PARTS = ["src", "tests", "Makefile", "VERSION"]


def patches(names):
    wanted = [HERE / f"{name}.patch" for name in names] or sorted(HERE.glob("*.patch"))
    return [(path, path.read_text(encoding="ascii")) for path in wanted]


def said(text, word):
    return re.search(rf"^{word}: (.+)$", text, re.M)[1]


def copy_to(tree, build):
    """With times as they are: only what a patch touches is built again."""
    if tree.exists():
        shutil.rmtree(tree)
    tree.mkdir(parents=True)
    for part in PARTS:
        subprocess.run(["cp", "-a", ROOT / part, tree / part], check=True)
    (tree / "build/tests").mkdir(parents=True)
    for part in "gen", "obj", "bpf", "tests/unit":
        subprocess.run(["cp", "-a", build / part, tree / "build" / part], check=True)


def apply(tree, path, *more):
    subprocess.run(["patch", "-s", "-p1", "-i", path, *more], cwd=tree, check=True)


def make(tree, tests):
    targets = ["all"]
    if "tests/unit" in tests:
        targets += [f"build/tests/unit/{p.parent.name}/{p.stem}"
                    for p in sorted((tree / "tests/unit/engine").glob("test_*.c"))]
    return subprocess.run(["make", "-s", "-j", str(os.cpu_count()), "B=build", *targets], cwd=tree,
                          capture_output=True, text=True, check=False)


def failing(tree, tests):
    """The first tests that fail, by name."""
    done = subprocess.run(
        ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-x", *tests.split()],
        cwd=tree, capture_output=True, text=True, check=False,
        env={**os.environ, "TCPSIGHT": str(tree / "build/tcpsight"),
             "TCPSIGHT_BUILD": str(tree / "build")})
    return re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M)


def main(build, *names):
    build = pathlib.Path(build).absolute()
    tree = build / "mutants"
    survivors = []
    copy_to(tree, build)
    for tests in sorted({said(text, "Caught by") for _, text in patches(names)}):
        make(tree, tests)
        wrong = failing(tree, tests)
        if wrong:
            sys.exit(f"{wrong[0]} fails without any fault")
    for path, text in patches(names):
        tests = said(text, "Caught by")
        apply(tree, path)
        made = make(tree, tests)
        caught = failing(tree, tests) if not made.returncode else []
        verdict = f"caught by {caught[0]}" if caught else "SURVIVES"
        if made.returncode:
            verdict = "CANNOT BE BUILT\n" + made.stderr
        print(f"{path.stem}: {said(text, 'Invariant')}\n    {verdict}", flush=True)
        survivors += [] if caught else [path.stem]
        apply(tree, path, "-R")
    print(f"{len(survivors)} survive" + (": " + " ".join(survivors) if survivors else ""))
    return bool(survivors)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
