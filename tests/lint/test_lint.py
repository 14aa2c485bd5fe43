# SPDX-License-Identifier: BSD-2-Clause
"""The conventions of ARCHITECTURE.md, as tests. Each message says the rule and why it is one."""

import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from kernels import initramfs  # noqa: E402 (found through the line above)
from kernels.guest import check  # noqa: E402

SRC = ROOT / "src"
BUILD = pathlib.Path(os.environ.get("TCPSIGHT_BUILD", ROOT / "build"))

MAY_INCLUDE = {
    "abi": {"abi"},
    "bpf": {"abi", "bpf"},
    "util": {"util"},
    "packet": {"abi", "util", "packet"},
    "record": {"abi", "util", "record"},
    "verdict": {"abi", "util", "verdict"},
    "fleet": {"abi", "util", "record", "verdict", "fleet"},
    "engine": {"abi", "util", "verdict", "engine"},
    "view": {"abi", "util", "verdict", "engine", "view"},
    "serve": {"util", "serve"},
    "api": {"abi", "util", "verdict", "engine", "record", "view", "serve", "consumer", "api"},
    "metrics": {"abi", "util", "verdict", "metrics"},
    "confine": {"util", "engine", "probe", "confine"},
    "push": {"util", "confine", "push"},
    "consumer": {"abi", "util", "verdict", "engine", "packet", "record", "view", "serve", "metrics",
                 "push", "consumer"},
    "screen": {"abi", "util", "verdict", "engine", "view", "screen"},
    "report": {"abi", "util", "engine", "view", "consumer", "api", "screen", "fleet", "report"},
    "sink": {"abi", "util", "verdict", "engine", "view", "sink"},
    "probe": {"abi", "util", "engine", "probe"},
    "source": {"abi", "util", "verdict", "engine", "packet", "record", "fleet", "probe",
               "source"},
    "cli": {"abi", "util", "engine", "view", "probe", "cli"},
    "app": {"abi", "util", "engine", "view", "consumer", "screen", "record", "serve", "fleet", "probe",
            "confine", "source", "cli", "app"},
}
PURE = ["abi", "packet", "record", "metrics", "verdict", "fleet", "engine", "view", "report"]
SOURCES = sorted(p for p in SRC.rglob("*.[ch]"))
# What a browser reads, and what drives one in the tests.
WEB = sorted(p for folder in (SRC / "page", ROOT / "tests/page") for p in folder.iterdir()
             if p.suffix in (".js", ".css", ".html"))
HEADERS = [p for p in SOURCES if p.suffix == ".h"]
# On the path of an event: from a source's emit to a sink's row.
EVENT_PATH = {
    "engine/intake.c": ["read_event", "keep", "take_close", "engine_event"],
    "engine/tell.c": ["engine_tell_interval"],
    "engine/interval.c": ["tell_news", "tick", "engine_advance"],
    "engine/pace.c": ["pace_note", "pace_take", "pace_taken"],
    "engine/flow_table.c": ["flow_table_find", "take_slot", "flow_table_add", "flow_table_remove"],
    "view/show.c": ["emit", "show_event", "on_closed", "on_interval", "on_tick"],
    "view/batch.c": ["batch_put", "copy_gone"],
    "view/sums.c": ["enter", "sums_enter"],
    "view/held.c": ["held_put"],
    "engine/filter.c": ["filter_matches"],
    "engine/flow_filter.c": ["flow_filter_matches"],
    "record/record.c": ["add", "add_event", "record_closed", "record_sample", "flush"],
    "record/stream_writer.c": ["stream_writer_add", "put_block", "pack", "tell"],
    "record/table_writer.c": ["table_writer_add", "table_writer_put"],
    "record/dictionary.c": ["dictionary_number"],
    "source/pcap.c": ["take_captured"],
    "source/pcap_take.c": ["pcap_emit", "take_packet", "pcap_take_frame", "pcap_take_sample"],
    "source/pcap_offline.c": ["take", "tell_time"],
    "source/pcap_flow.c": ["emit", "pcap_flow_open", "pcap_flow_sample", "pcap_flow_close"],
}


def folder(path):
    return path.relative_to(SRC).parts[0] if path.parent != SRC else "main"


def included(path):
    return re.findall(r'^#include "([a-z]+)/[^"]+"', path.read_text(), re.M)


@pytest.mark.parametrize("layer", sorted(MAY_INCLUDE))
def test_layers_include_only_what_is_below_them(layer):
    for path in (p for p in SOURCES if folder(p) == layer):
        for other in included(path):
            assert other in MAY_INCLUDE[layer], (
                f"{path.relative_to(ROOT)} includes {other}/: {layer} may include only "
                f"{sorted(MAY_INCLUDE[layer])}, so that a layer can be read and tested alone")


def test_no_circle_of_files():
    """A module is X.c and X.h; who includes whom must have an order, or neither can be read first. A
    header without a file of its own is shared by the parts of one module: it may stand above it."""
    uses = {}
    for path in SOURCES:
        module = str(path.relative_to(SRC)).split(".")[0]
        for other in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
            other = other.split(".")[0]
            is_part = path.suffix == ".c" and not (SRC / f"{other}.c").exists()
            if other != module and not is_part and any((SRC / f"{other}{end}").exists() for end in
                                       (".h", ".c", ".bpf.h", ".bpf.c")):
                uses.setdefault(module, set()).add(other)
    done, walking = set(), []

    def walk(module):
        assert module not in walking, " -> ".join(walking[walking.index(module):] + [module])
        if module in done:
            return
        walking.append(module)
        for other in sorted(uses.get(module, ())):
            walk(other)
        walking.pop()
        done.add(module)

    for module in sorted(uses):
        walk(module)


def test_nothing_includes_app_but_main():
    users = {str(p.relative_to(SRC)) for p in SOURCES if "app" in included(p)}
    assert all(u == "main.c" or u.startswith("app/") for u in users), users


def test_the_programs_are_no_circle_of_files():
    """Of NAME.bpf.h and NAME.bpf.c as one: whoever reads it need not read back."""
    includes = {}
    for path in (SRC / "bpf").rglob("*.bpf.[ch]"):
        name = path.name.split(".")[0]
        found = re.findall(r'^#include "bpf/(\w+)\.bpf\.h"', path.read_text(), re.M)
        includes.setdefault(name, set()).update(set(found) - {name})
    while includes:
        last = {name for name in includes if not includes[name] & includes.keys()}
        assert last, f"a circle: {includes}"
        includes = {name: found for name, found in includes.items() if name not in last}


@functools.cache
def compiler_of(bpf):
    """Asked once: there are hundreds of headers."""
    def said(*words):
        return subprocess.check_output(words, text=True).strip()

    if bpf:
        return ["clang", "-target", "bpf", "-g", "-O2", f"-I/usr/include/{said('gcc', '-print-multiarch')}"]
    # Whoever includes libfixbuf's header needs GLib's, wherever that is.
    return ["gcc", "-std=gnu17", *said("pkg-config", "--cflags", "libfixbuf").split()]


def first_included(source):
    found = re.search(r"^#\s*(\w+) (\S+)", source.read_text(), re.M)
    return found[2].strip('"') if found and found[1] == "include" else None


# Each build compiles these alone.
BEGINS_A_SOURCE = {first_included(path) for path in SOURCES if path.suffix == ".c"}


@pytest.mark.parametrize("name", [name for h in HEADERS if (name := str(h.relative_to(SRC))) not in BEGINS_A_SOURCE])
def test_headers_stand_alone(name, tmp_path):
    unit = tmp_path / "unit.c"
    unit.write_text(f'#include "{name}"\n')
    subprocess.run([*compiler_of(name.startswith("bpf/")), "-D_GNU_SOURCE", "-DVERSION=\"\"", f"-I{SRC}",
                    f"-I{BUILD}/gen", "-fsyntax-only", str(unit)], check=True)


@pytest.mark.parametrize("layer", PURE)
def test_pure_layers_do_not_log_or_exit(layer):
    for path in (p for p in SOURCES if folder(p) == layer):
        text = path.read_text()
        assert "util/log.h" not in text, f"{path}: pure layers return errors, callers print them"
        found = re.search(r"\b(fprintf|printf|puts|perror|exit|abort)\s*\(", text)
        assert not found, f"{path}: {found.group(1)}: pure layers neither print nor exit"


def body(text, function):
    found = re.search(rf"^[a-z][^\n;]*\b{function}\([^;]*?\)\n{{\n(.*?)^}}", text, re.M | re.S)
    assert found, f"no function {function}"
    return found.group(1)


@pytest.mark.parametrize("name", sorted(EVENT_PATH))
def test_the_event_path_does_not_allocate(name):
    text = (SRC / name).read_text()
    for function in EVENT_PATH[name]:
        found = re.search(r"\b(x?(m|c|re)alloc|x?strdup|reserve)\s*\(", body(text, function))
        assert not found, f"{name}: {function}() calls {found.group(1)}: an event must not allocate"


def test_every_file_has_a_licence_line():
    for path in SOURCES:
        first = path.read_text().split("\n", 1)[0]
        assert "SPDX-License-Identifier:" in first, path


def test_headers_are_guarded():
    for path in HEADERS:
        assert "#pragma once" in path.read_text(), path


# Of the tests and the benchmark too: what somebody wrote, not what was captured or is made.
OTHERS = sorted(path for folder in ("tests", "bench") for suffix in ("py", "c", "h", "js")
                for path in (ROOT / folder).rglob(f"*.{suffix}"))


def test_files_stay_short():
    assert len(OTHERS) > 100
    for path in SOURCES + WEB + OTHERS:
        lines = path.read_text().count("\n")
        assert lines <= 450, f"{path}: {lines} lines: a file has one job; split it"


@pytest.mark.parametrize("path", WEB, ids=[str(p.relative_to(ROOT)) for p in WEB])
def test_files_of_the_page_have_lines_as_those_of_c(path):
    column = int(re.search(r"^ColumnLimit: (\d+)", (ROOT / ".clang-format").read_text(), re.M)[1])
    for number, line in enumerate(path.read_text().splitlines(), 1):
        assert len(line) <= column, f"{path}:{number}: {len(line)} columns, the limit is {column}"
        assert line == line.rstrip() and "\t" not in line, f"{path}:{number}: blanks at its end, or a tab"


def test_the_page_never_reads_text_as_markup():
    """Names come from whoever runs a process: they go in by textContent."""
    words = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function")
    for path in WEB:
        found = words.search(path.read_text())
        assert not found, f"{path}: {found[0]}"


def test_the_program_serves_what_the_page_asks_for():
    """Each script is part of the program, and is asked for by another."""
    scripts = {p.stem for p in (SRC / "page").glob("*.js")}
    served = set(re.findall(r"X\((\w+)\)", (SRC / "api/page.c").read_text()))
    asked = {"page"} | {name for p in (SRC / "page").glob("*.js")
                        for name in re.findall(r'from "\./(\w+)\.js"', p.read_text())}
    assert scripts == served == asked


def test_nothing_is_left_for_later():
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for path in SOURCES + WEB:
        assert not words.search(path.read_text()), path


@pytest.mark.parametrize("kind,struct", [("report", "report"), ("sink", "sink"),
                                         ("source", "source_ops")])
def test_registry_holds_what_the_folder_holds(kind, struct):
    registry = (BUILD / "gen/registry.h").read_text()
    listed = set(re.findall(r"X\((\w+)\)", re.search(rf"{kind.upper()}S\(X\) (.*)", registry)[1]))
    defined = {p.stem for p in (SRC / kind).glob("*.c")
               if f"const struct {struct} {kind}_{p.stem} = {{" in p.read_text()}
    assert listed == defined and defined


def test_every_report_has_a_golden_case():
    cases = " ".join(p.stem for p in (ROOT / "tests/golden").glob("*.case"))
    for path in (SRC / "report").glob("*.c"):
        if "const struct report report_" in path.read_text():
            assert path.stem in cases, f"report {path.stem} has no tests/golden/{path.stem}_*.case"


@pytest.mark.slow
@pytest.mark.computes
def test_two_folders_give_the_same_binary(tmp_path):
    """Reproducible: paths, dates and the host's kernel must not show in the result."""
    tree = tmp_path / "another/place"
    shutil.copytree(SRC, tree / "src")
    for file in ("Makefile", "VERSION"):
        shutil.copy(ROOT / file, tree / file)
    subprocess.run(["make", "-j2", "-C", str(tree), "build/tcpsight"], check=True, stdout=subprocess.DEVNULL)
    assert (BUILD / "tcpsight").read_bytes() == (tree / "build/tcpsight").read_bytes(), \
        "the same source built in two folders differs (or make has not been run since it changed)"


def test_shell_scripts_pass_shellcheck():
    subprocess.run(["shellcheck", str(ROOT / "dev"), str(ROOT / ".ci/run")], check=True)


def test_the_completion_for_bash_passes_shellcheck():
    script = subprocess.run([str(BUILD / "tcpsight"), "help", "--completion", "bash"], check=True,
                            capture_output=True, text=True).stdout
    subprocess.run(["shellcheck", "-s", "bash", "-"], input=script, text=True, check=True)


def test_commit_subjects_have_the_form_area_colon_what():
    log = subprocess.run(["git", "-C", str(ROOT), "log", "--no-merges", "--format=%s"],
                         capture_output=True, text=True)
    assert log.returncode == 0, log.stderr
    for subject in log.stdout.splitlines():
        assert re.match(r"^[a-z0-9_]+: \S", subject), f"commit subject: {subject!r}"


def test_the_page_of_verdicts_matches_the_rules():
    subprocess.run([str(ROOT / "doc/make-verdicts"), "--check"], check=True)


def test_man_pages_match_the_tables_and_are_well_formed():
    subprocess.run([str(ROOT / "doc/make-man"), str(BUILD), "--check"], check=True)
    for page in (ROOT / "doc/man").glob("*.[58]"):
        subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(page)], check=True)


def test_the_page_of_counters_is_that_of_their_table():
    subprocess.run([str(ROOT / "doc/make-counters"), "--check"], check=True)


def helps():
    """What --help says, of every report."""
    def said(*words):
        return subprocess.run([str(BUILD / "tcpsight"), *words], capture_output=True, text=True, check=True).stdout

    names = [line.split()[0] for line in said("help").split("commands:\n")[1].split("\n\n")[0].splitlines()]
    assert {"top", "agent", "ship", "why"} < set(names)
    return {name: said(name, "--help") for name in names if name not in ("doctor", "help")}


def test_every_letter_is_one_option():
    for name, text in helps().items():
        letters = re.findall(r"^  (-\w), --", text, re.M)
        assert len(letters) == len(set(letters)), f"{name}: {letters}"


def test_every_option_has_its_line_of_help():
    for name, text in helps().items():
        assert text.index("examples:") < text.index("usage:") < text.index("options:")
        for line in text.split("options:\n")[1].splitlines()[:-2]:
            assert re.match(r"  (-\w,|   ) --[a-z0-9-]+( \S+)? +\S", line), line


def wanted_in_guests():
    return re.findall(r"^\S+\.py::\S+$", subprocess.run(
        [str(ROOT / "tests/kernels/guest/check.py"), "list"], check=True, capture_output=True,
        text=True).stdout, re.M)


def test_guests_are_given_tests_that_exist():
    """pytest runs nothing at all if one of the tests that it is given is not there."""
    wanted = wanted_in_guests()
    listed = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "--collect-only",
                             "-q", "tests/e2e"], cwd=ROOT, capture_output=True, text=True).stdout
    there = {line.removeprefix("tests/e2e/").split("[")[0] for line in listed.splitlines()}
    there |= {line.removeprefix("tests/e2e/") for line in listed.splitlines()}
    assert wanted and set(wanted) <= there, set(wanted) - there


def test_guests_have_what_their_tests_import(tmp_path):
    """A guest has Python's own library and these packages, so there a test that asks for more ends all."""
    for name in initramfs.PYTHON_PACKAGES:
        for path in pathlib.Path("/usr/lib/python3/dist-packages").glob(name + "*"):
            if path.name in (name, name + ".py"):
                (tmp_path / path.name).symlink_to(path)
    files = sorted({f"tests/e2e/{one.split(':')[0]}" for one in wanted_in_guests()})
    # -S: nothing but PYTHONPATH adds to Python's own.
    done = subprocess.run(["/usr/bin/python3", "-S", "-m", "pytest", "-p", "no:cacheprovider",
                           "--collect-only", "-q", *files], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0, done.stdout


def test_guests_are_given_unit_tests_that_exist():
    for program, _ in check.UNITS.values():
        assert (ROOT / f"{program}.c").exists(), program
