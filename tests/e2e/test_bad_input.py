# SPDX-License-Identifier: BSD-2-Clause
"""Wrong use gets one clear message and the right exit status, and nothing stays attached."""

import os
import re
import shutil
import tempfile

import pytest
from sight import PROGRAM, run

USAGE, NO_PRIVILEGE = 2, 3
PORT_LISTS = ["70000", "65536", "0", "-5", "abc", "80,", ",80", "80,,81", "80x", "80 81", "", "1.5"]
NUMBERS = ["0", "-1", "5x", "x5", "", " ", "1.5", "0x10", "99999999999999999999"]


@pytest.fixture(autouse=True, scope="module")
def nothing_stays(nothing_left_attached_after):
    with nothing_left_attached_after():
        yield


def assert_usage_error(outcome, *words):
    assert outcome.status == USAGE
    assert outcome.text == ""
    lines = outcome.stderr.splitlines()
    assert 1 <= len(lines) <= 6, outcome.stderr
    assert "Traceback" not in outcome.stderr
    for word in words:
        assert word in outcome.stderr


BAD = [
    (["--nonsense"], "--nonsense"),
    (["-Z"], "Z"),
    (["--json=1"], "json"),
    (["-4", "-6"], "-6"),
    (["--netns", "no-such-namespace"], "no-such-namespace"),
    (["--netns", "0"], "0"),
    (["--netns", ""], "netns"),
    (["--cgroup", "/no/such/cgroup"], "/no/such/cgroup"),
    (["--cgroup", "/proc"], "/proc"),
    (["--cgroupmap", "/no/such/map"], "/no/such/map"),
    (["--mntnsmap", "/dev/null"], "/dev/null"),
    (["-o", "pid,,comm"], "-o"),
    (["-o", ""], "-o"),
]
BAD += [([option, value], "pid") for option in ("-p", "--pid") for value in NUMBERS + ["abc"]]
BAD += [([option, value], f"'{value}'") for option in ("-L", "-D") for value in PORT_LISTS]
BAD += [(["--duration", value], "duration") for value in NUMBERS]
BAD += [(["--ring", value], "ring") for value in NUMBERS]
BAD += [([option], option) for option in ("-p", "-L", "-D", "--cgroup", "--netns", "--duration",
                                          "-o")]
BAD_TOP = [(["--rows", value], "rows") for value in NUMBERS]
BAD_TOP += [([value], value) for value in ("0", "5x", "1.5", "99999999999999999999")]
BAD_TOP += [(["1", value], value) for value in ("0", "2x", "99999999999999999999")]
BAD_TOP += [(["--", "-1"], "-1"), (["1", "2", "3"], "3"), (["-s", "nonsense"], "nonsense"),
            (["-r"], "-r"), (["--sort"], "sort")]


@pytest.mark.parametrize("report", ["top", "life"])
@pytest.mark.parametrize("args, word", BAD)
def test_bad_value(built, report, args, word):
    assert_usage_error(run(report, *args), word)


@pytest.mark.parametrize("args, word", BAD_TOP)
def test_bad_value_of_top(built, args, word):
    assert_usage_error(run("top", *args), word)


def test_unknown_subcommand(built):
    assert_usage_error(run("nonsense"), "nonsense")


@pytest.mark.parametrize("option, value, nearest", [
    ("-o", "pid,rx_byts", "rx_bytes"), ("--columns", "srtt", "srtt_us"),
    ("--sort", "tx_byte", "tx_bytes"), ("-o", "ownr_source", "owner_source"),
    ("-o", "cmm", "comm"),
])
def test_unknown_column_suggests_the_nearest(built, option, value, nearest):
    assert_usage_error(run("top", option, value), value.rsplit(",", 1)[-1], nearest)


@pytest.mark.parametrize("report", ["top", "life"])
@pytest.mark.parametrize("text, at", [
    ("port 80 blah", "blah"),
    ("port 80 and and host 10.0.0.1", "and host"),
    ("host 10.0.0.1 or )", ")"),
    ("port 80 and (host 10.0.0.1", ""),
    ("src prt 80", "prt"),
    ("port 80 &&& port 81", "&&&"),
])
def test_bad_filter_has_a_caret_where_it_goes_wrong(built, report, text, at):
    outcome = run(report, text)
    assert_usage_error(outcome)
    lines = outcome.stderr.splitlines()
    shown = next(number for number, line in enumerate(lines) if line.endswith(text))
    start = lines[shown].index(text)
    assert re.fullmatch(r" *\^~*", lines[shown + 1])
    column = lines[shown + 1].index("^") - start
    assert column == (text.index(at) if at else len(text))


def test_filter_words_are_one_filter_in_the_message(built):
    outcome = run("top", "port", "80", "and", "and", "port", "81")
    assert_usage_error(outcome, "port 80 and and port 81", "^")


def test_cgroup_of_the_older_hierarchy_is_no_cgroup2(built, tmp_path):
    (tmp_path / "file").write_text("", encoding="ascii")
    assert_usage_error(run("top", "-c", tmp_path), str(tmp_path))
    assert_usage_error(run("top", "-c", tmp_path / "file"), str(tmp_path / "file"))


@pytest.fixture
def public_copy(built):
    """The program where anybody can execute it."""
    folder = tempfile.mkdtemp(prefix="tcpsight-test-")
    os.chmod(folder, 0o755)
    yield shutil.copy(PROGRAM, folder)
    shutil.rmtree(folder)


NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
          "--inh-caps=-all"]


@pytest.mark.parametrize("args", [["top"], ["life"], ["life", "--json"], ["top", "-C", "1", "2"]])
def test_no_privilege(privileged, public_copy, args):
    outcome = run(*args, "--source", "bpf", program=public_copy, wrap=NOBODY)
    assert outcome.status == NO_PRIVILEGE
    assert outcome.text == ""
    assert re.search("root|CAP_BPF", outcome.stderr)


def test_unreadable_cgroup(privileged, public_copy):
    folder = tempfile.mkdtemp(prefix="tcpsight-test-")
    outcome = run("top", "--cgroup", folder, program=public_copy, wrap=NOBODY)
    os.rmdir(folder)
    assert outcome.status in (USAGE, NO_PRIVILEGE)
    assert folder in outcome.stderr


@pytest.mark.parametrize("report", ["top", "life"])
def test_no_btf(privileged, report):
    hide = ["unshare", "--mount", "sh", "-c",
            'mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"']
    outcome = run(report, "--source", "bpf", wrap=hide)
    assert outcome.status == NO_PRIVILEGE
    assert outcome.text == ""
    assert "BTF" in outcome.stderr
