#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run the tests and judge the run: side by side what may, then what waits for a machine that stands still beside what
only computes, then alone what keeps all CPUs busy.

    tests/run.py [--repeat N] [--expected-skips FILE] [FAST|SANITIZED] [PYTEST-OPTION]...

FAST leaves out what takes long: end to end, fuzzing, what is marked slow. SANITIZED leaves out what makes
no sense on a build with sanitizers: the sandbox, which such a build has not, and what measures load.
A test of tests/e2e that fails is played again, once, if during it the kernel itself wrote down that it did something to a
connection at a time when it calls no program (e2e/witness.py): the run tells each by its name, with what that was.
Whoever calls sets TCPSIGHT and TCPSIGHT_BUILD, as ./dev does. The judge does not trust pytest's status alone: each test that pytest
collects must be reported once at least, a run without tests has failed, and with --expected-skips so has
one that skips anything that the file does not name.
"""

import argparse
import collections
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests/e2e"))
import witness

PYTEST = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider"]
# Each worker imports every test. They are compiled once, by the first who does, also where PYTHONDONTWRITEBYTECODE is set.
ENVIRONMENT = {**os.environ, "PYTHONPYCACHEPREFIX": str(
    pathlib.Path(os.environ.get("TCPSIGHT_BUILD", ROOT / "build")).absolute() / "pycache")}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)
# Most tests wait more than they work: with four workers a CPU a sixth of the time of both is idle, with three a quarter.
WORKERS = min(4 * len(os.sched_getaffinity(0)), 8)
BY_FILE = ["-n", str(WORKERS), "--dist", "loadfile"]
ONE_BY_ONE = ["-p", "no:xdist"]
NOTHING_TO_DO = 5  # pytest's status
Choice = collections.namedtuple("Choice", "paths which parts")
# What is run: pytest's words, and for each part the further options of each pytest that runs in it at the same time.
CHOICES = {
    "": Choice(["tests/lint", "tests/unit", "tests/golden", "tests/property", "tests/mutants",
                "tests/fuzz", "tests/e2e"], [],
               [[[*BY_FILE, "-m", "not alone and not still and not computes"]],
                [["-n", "3", "--dist", "load", "-m", "computes"], [*ONE_BY_ONE, "-m", "still"]],
                [[*ONE_BY_ONE, "-m", "alone"]]]),
    "FAST": Choice(["tests/lint", "tests/unit", "tests/golden"], ["-m", "not slow"],
                   [[["-n", str(WORKERS), "--dist", "load"]]]),
    "SANITIZED": Choice(["tests/unit", "tests/golden", "tests/property", "tests/e2e"],
                        ["-m", "not alone and not still", "--deselect", "tests/e2e/test_sandbox.py", "--deselect",
                         "tests/e2e/test_bench.py"], [[BY_FILE]]),
}


class Run:
    """What became of each test: name to "passed", "failed", "skipped" or, if nothing did, "vanished"."""

    def __init__(self):
        self.results, self.reasons, self.faults = {}, {}, []
        self.again = {}  # tests that were played again, and why
        self.seconds = self.user_seconds = self.system_seconds = 0

    def count(self, result):
        return sum(one == result for one in self.results.values())

    @property
    def failed(self):
        return [name for name, result in self.results.items() if result in ("failed", "vanished")]

    def summary(self):
        return (f"{self.count('passed')} passed, {len(self.failed)} failed,"
                f" {self.count('skipped')} skipped, {len(self.again)} played again")

    def timing(self):
        return (f"in {self.seconds:.0f} s (CPU: {self.user_seconds:.0f} s user,"
                f" {self.system_seconds:.0f} s system)")

    def good(self):
        return not self.failed and not self.faults and self.count("passed") > 0


def collect(*words):
    """The names of all tests that pytest finds, or what it says if it cannot."""
    done = subprocess.run([*PYTEST, "--collect-only", "-q", *words], cwd=ROOT, check=False, env=ENVIRONMENT,
                          capture_output=True, text=True)
    names = [line for line in done.stdout.splitlines() if line.startswith("tests/") and "::" in line]
    if done.returncode not in (0, NOTHING_TO_DO):
        raise SystemExit(f"tests/run.py: the tests cannot be collected:\n{done.stdout}{done.stderr}")
    return names


def key_of(name):
    """The same test as junit names it: class and name."""
    path, _, test = name.partition("::")
    return path.removesuffix(".py").replace("/", "."), test


def read_report(path):
    """
    Of a junit file, which is not there if pytest broke down: {(class, name): (result, reason)}, and {class.name: why} of
    those that were played again.
    """
    found, again = {}, {}
    if not path.exists():
        return found, again
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        key = case.get("classname"), case.get("name")
        result, reason = "passed", ""
        for told in case.iter("property"):
            if told.get("name") == witness.AGAIN:
                again[".".join(key)] = told.get("value")
        for child in case:
            if child.tag in ("failure", "error"):
                result, reason = "failed", child.get("message", "")
            elif child.tag == "skipped" and result == "passed":
                result, reason = "skipped", child.get("message", "")
        # A test whose end failed too has two entries.
        if found.get(key, ("passed",))[0] != "failed":
            found[key] = result, reason
    return found, again


def judge(run, names, reports, expected_skips):
    merged = collections.ChainMap(*reports)
    for name in names:
        run.results[name], run.reasons[name] = merged.get(key_of(name), ("vanished", "no report"))
    strangers = set(merged) - {key_of(name) for name in names}
    run.faults += [f"{'.'.join(key)} was reported, but not collected" for key in sorted(strangers)]
    if expected_skips is not None:
        run.faults += [f"{name} was skipped, and is not listed as a skip to expect"
                       for name, result in run.results.items()
                       if result == "skipped" and name not in expected_skips]


def run_part(pytests, words, folder):
    """Run these at the same time, and give what each left: its status, its report, and what was played again."""
    started = []
    for number, options in enumerate(pytests):
        report = folder / f"report{number}.xml"
        # What one says would be torn by what the other says.
        said = open(folder / f"said{number}", "wb") if number else None
        started.append((report, said, subprocess.Popen(
            [*PYTEST, "-q", f"--junitxml={report}", f"--basetemp={folder}/{number}", *options, *words], cwd=ROOT,
            env=ENVIRONMENT, stdout=said, stderr=said)))
    ended = []
    for report, said, pytest in started:
        status = pytest.wait()
        if said:
            said.close()
            print(pathlib.Path(said.name).read_text(encoding="utf-8", errors="replace"), end="", flush=True)
        ended.append((status, *read_report(report)))
    return ended


def run_once(choice, options, expected_skips):
    run = Run()
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [*choice.which, *choice.paths, *options]
    names = collect(*words)
    # Short, since control sockets lie in it.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pytest-"))
    reports = []
    for number, pytests in enumerate(choice.parts):
        place = folder / str(number)
        place.mkdir()
        for status, report, again in run_part(pytests, words, place):
            reports.append(report)
            run.again.update(again)
            if status and not (status == NOTHING_TO_DO and not report):
                run.faults.append(f"pytest ended with status {status}")
    judge(run, names, reports, expected_skips)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    run.seconds = time.monotonic() - began
    run.user_seconds = after.ru_utime - before.ru_utime
    run.system_seconds = after.ru_stime - before.ru_stime
    if run.good():
        shutil.rmtree(folder, ignore_errors=True)
    return run


def tell(run):
    for name, result in run.results.items():
        if result != "passed":
            reason = " ".join(run.reasons[name].split())
            print(f"{result.upper()} {name}: {reason[:200]}")
    for name, why in run.again.items():
        print(f"PLAYED AGAIN {name}: {why}")
    for fault in run.faults:
        print(f"tests/run.py: {fault}")
    if not run.count("passed"):
        print("tests/run.py: no test has passed")


def main():
    words = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip(), allow_abbrev=False)
    words.add_argument("--repeat", type=int, default=1, metavar="N")
    words.add_argument("--expected-skips", type=pathlib.Path, metavar="FILE")
    args, options = words.parse_known_args()
    choice = next((word for word in options if word in CHOICES), "")
    options = [word for word in options if word != choice]
    expected_skips = args.expected_skips and {
        line for line in args.expected_skips.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")}
    runs = []
    for number in range(1, args.repeat + 1):
        with witness.watching(witness.threads_of(1)) as trace:
            ENVIRONMENT["TCPSIGHT_WITNESS"] = str(trace or "")
            runs.append(run_once(CHOICES[choice], options, expected_skips))
        tell(runs[-1])
        print(f"run {number} of {args.repeat}: {runs[-1].summary()} {runs[-1].timing()}", flush=True)
    if len(runs) > 1:
        for number, run in enumerate(runs, 1):
            print(f"run {number}: {run.summary()} {run.timing()}{'' if run.good() else ', NOT GOOD'}")
    # Last, for who reads the log: all runs together.
    totals = [sum(numbers) for numbers in zip(*(
        (run.count("passed"), len(run.failed), run.count("skipped")) for run in runs))]
    print("{} passed, {} failed, {} skipped".format(*totals))
    return 0 if all(run.good() for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
