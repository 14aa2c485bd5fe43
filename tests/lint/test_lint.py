# SPDX-License-Identifier: BSD-2-Clause
"""The conventions of ARCHITECTURE.md, as tests. Each message says the rule and why it is one."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
BUILD = pathlib.Path(os.environ.get("TCPSIGHT_BUILD", ROOT / "build"))

MAY_INCLUDE = {
    "abi": {"abi"},
    "bpf": {"abi", "bpf"},
    "util": {"util"},
    "packet": {"abi", "util", "packet"},
    "engine": {"abi", "util", "engine"},
    "report": {"abi", "util", "engine", "report"},
    "sink": {"abi", "util", "engine", "sink"},
    "probe": {"abi", "util", "engine", "probe"},
    "source": {"abi", "util", "engine", "packet", "probe", "source"},
    "cli": {"abi", "util", "engine", "packet", "report", "sink", "probe", "source", "cli"},
    "app": {"abi", "util", "engine", "packet", "report", "sink", "probe", "source", "cli", "app"},
}
PURE = ["abi", "packet", "engine", "report"]
SOURCES = sorted(p for p in SRC.rglob("*.[ch]"))
HEADERS = [p for p in SOURCES if p.suffix == ".h"]
# On the path of an event: from a source's emit to a sink's row.
EVENT_PATH = {
    "engine/engine.c": ["raise_count", "keep", "engine_event", "engine_tick", "drop_closed"],
    "engine/flow_table.c": ["flow_table_find", "take_slot", "flow_table_add", "flow_table_remove"],
    "engine/view.c": ["emit", "view_flow_closed", "view_collect", "rank", "view_tick"],
    "engine/held.c": ["held_put"],
    "engine/filter.c": ["filter_matches"],
    "engine/flow_filter.c": ["flow_filter_matches"],
    "source/pcap.c": ["take_captured"],
    "source/pcap_take.c": ["pcap_emit", "take_packet", "pcap_take_frame", "pcap_take_sample"],
    "source/pcap_offline.c": ["take", "end_intervals"],
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


def test_nothing_includes_app_but_main():
    users = {str(p.relative_to(SRC)) for p in SOURCES if "app" in included(p)}
    assert all(u == "main.c" or u.startswith("app/") for u in users), users


@pytest.mark.parametrize("path", HEADERS, ids=[str(h.relative_to(SRC)) for h in HEADERS])
def test_headers_stand_alone(path, tmp_path):
    if folder(path) == "bpf":
        compiler = ["clang", "-target", "bpf", "-g", "-O2",
                    "-I/usr/include/" + subprocess.check_output(
                        ["gcc", "-print-multiarch"], text=True).strip()]
    else:
        compiler = ["gcc", "-std=gnu17"]
    unit = tmp_path / "unit.c"
    unit.write_text(f'#include "{path.relative_to(SRC)}"\n')
    subprocess.run([*compiler, "-D_GNU_SOURCE", "-DVERSION=\"\"", f"-I{SRC}", f"-I{BUILD}/gen",
                    "-c", "-o", str(tmp_path / "unit.o"), str(unit)], check=True)


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


def test_files_stay_short():
    for path in SOURCES:
        lines = path.read_text().count("\n")
        assert lines <= 450, f"{path}: {lines} lines: a file has one job; split it"


def test_nothing_is_left_for_later():
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for path in SOURCES:
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


def test_two_folders_give_the_same_binary(tmp_path):
    """Reproducible: paths, dates and the host's kernel must not show in the result."""
    digests = []
    for name in ("one", "another/place"):
        tree = tmp_path / name
        tree.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(SRC, tree / "src")
        for file in ("Makefile", "VERSION"):
            shutil.copy(ROOT / file, tree / file)
        subprocess.run(["make", "-j2", "-C", str(tree)], check=True, stdout=subprocess.DEVNULL)
        digests.append((tree / "build/tcpsight").read_bytes())
    assert digests[0] == digests[1], "the same source built in two folders differs"


def test_shell_scripts_pass_shellcheck():
    subprocess.run(["shellcheck", str(ROOT / "dev"), str(ROOT / ".ci/run")], check=True)


def test_commit_subjects_have_the_form_area_colon_what():
    log = subprocess.run(["git", "-C", str(ROOT), "log", "--no-merges", "--format=%s"],
                         capture_output=True, text=True)
    assert log.returncode == 0, log.stderr
    for subject in log.stdout.splitlines():
        assert re.match(r"^[a-z0-9_]+: \S", subject), f"commit subject: {subject!r}"


def test_man_pages_match_the_tables_and_are_well_formed():
    subprocess.run([str(ROOT / "doc/make-man"), str(BUILD), "--check"], check=True)
    for page in (ROOT / "doc/man").glob("*.8"):
        subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(page)], check=True)


def test_the_page_of_counters_is_that_of_their_table():
    subprocess.run([str(ROOT / "doc/make-counters"), "--check"], check=True)


def test_every_letter_is_one_option():
    for name in ("top", "life", "subnet", "stat", "peek"):
        text = subprocess.run([str(BUILD / "tcpsight"), name, "--help"], capture_output=True,
                              text=True, check=True).stdout
        letters = re.findall(r"^  (-\w), --", text, re.M)
        assert len(letters) == len(set(letters)), f"{name}: {letters}"


def test_every_option_has_its_line_of_help():
    for name in ("top", "life", "subnet", "stat", "peek"):
        text = subprocess.run([str(BUILD / "tcpsight"), name, "--help"], capture_output=True,
                              text=True, check=True).stdout
        assert text.index("examples:") < text.index("usage:") < text.index("options:")
        for line in text.split("options:\n")[1].splitlines()[:-2]:
            assert re.match(r"  (-\w,|   ) --[a-z0-9-]+( \S+)? +\S", line), line


def test_guests_are_given_tests_that_exist():
    """pytest runs nothing at all if one of the tests that it is given is not there."""
    wanted = re.findall(r"^\S+\.py::\S+$", subprocess.run(
        [str(ROOT / "tests/kernels/guest/check.py"), "list"], check=True, capture_output=True,
        text=True).stdout, re.M)
    listed = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "--collect-only",
                             "-q", "tests/e2e"], cwd=ROOT, capture_output=True, text=True).stdout
    there = {line.removeprefix("tests/e2e/").split("[")[0] for line in listed.splitlines()}
    there |= {line.removeprefix("tests/e2e/") for line in listed.splitlines()}
    assert wanted and set(wanted) <= there, set(wanted) - there
