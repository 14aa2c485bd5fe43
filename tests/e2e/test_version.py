# SPDX-License-Identifier: BSD-2-Clause
"""`tcpsight --version`: which build this is, and of what."""

import re
import subprocess

import pytest

from sight import PROGRAM, ROOT


def said(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.fixture(name="lines", scope="module")
def _lines():
    return said(PROGRAM, "--version").splitlines()


def test_version_is_that_of_the_file(lines):
    assert lines[0].split()[:2] == ["tcpsight", (ROOT / "VERSION").read_text().strip()]


def test_build_is_the_one_that_debuggers_see(lines):
    (note,) = re.findall(r"Build ID: (\w+)", said("readelf", "-n", PROGRAM))
    assert lines[1].startswith(f"build: {note}, ")
    assert lines[1].endswith(", dynamic")


def test_libraries_are_those_that_it_was_built_with(lines):
    libraries = dict(one.split(" ") for one in lines[2].removeprefix("built with: ").split(", "))
    listed = re.search(r"^LIBS +:= (.*)", (ROOT / "Makefile").read_text(), re.M)[1]
    assert set(libraries) == set(listed.split())
    for name, version in libraries.items():
        assert said("pkg-config", "--modversion", name).strip() == version


def test_libraries_loaded_are_those_installed(lines):
    """Each tells its version itself; libbpf without the last part."""
    loaded = dict(one.split(" ") for one in lines[3].removeprefix("loaded: ").split(", "))
    assert {"libbpf", "libpcap", "zlib"} <= set(loaded)
    for name, version in loaded.items():
        assert said("pkg-config", "--modversion", name).startswith(version), name


def test_every_command_says_the_same(lines):
    assert said(PROGRAM, "top", "--version").splitlines() == lines
    assert said(PROGRAM, "peekstat", "--version").splitlines() == lines
