# SPDX-License-Identifier: BSD-2-Clause
"""What can be held of the packages without building them. `./dev packages --check` holds the rest."""

import configparser
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "packaging/tcpsight-agent.service"
# Build-essential, or another package's name for the same.
NOT_LISTED = {"gcc", "make", "libc6-dev", "linux-libc-dev"}


def words_of(name):
    return set(re.search(rf"^{name}='([^']*)'", (ROOT / "dev").read_text(), re.M)[1].split())


def fields_of_control():
    return re.split(r"\n(?=\S)", (ROOT / "debian/control").read_text())


def test_the_changelogs_and_the_version_agree():
    subprocess.run([str(ROOT / "packaging/make-changelog"), "--check"], check=True)


def test_what_builds_is_one_list():
    """./dev, and with it CI, installs the same as whoever builds the packages."""
    (field,) = [part for part in fields_of_control() if part.startswith("Build-Depends:")]
    depends = {entry.split()[0] for entry in field.removeprefix("Build-Depends:").split(",")
               if "<!nocheck>" not in entry}
    assert depends - {"debhelper-compat"} == words_of("BUILD_PACKAGES") - NOT_LISTED


def test_the_unit_keeps_what_it_gives_up():
    """At most 1.5 of 10, where an ordinary unit has 9.6."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager",
                           str(UNIT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
    assert "Overall exposure level" in done.stdout


def test_a_weaker_unit_would_be_noticed(tmp_path):
    weaker = tmp_path / UNIT.name
    weaker.write_text(UNIT.read_text().replace("CapabilityBoundingSet=", "# "))
    assert subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", str(weaker)],
                          capture_output=True, check=False).returncode == 1


def test_the_unit_may_load_programs():
    """bpf() is one of @privileged: it must be allowed after those were taken away."""
    filters = re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.M)
    assert [one.startswith("~") for one in filters] == [False, True, False]
    assert "bpf" in filters[-1].split()


def test_the_unit_is_one_that_systemd_reads():
    text = UNIT.read_text()
    parser = configparser.ConfigParser(strict=False, allow_no_value=True, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str
    parser.read_string(text)
    assert parser["Service"]["Type"] == "notify" and "WatchdogSec" in parser["Service"]


@pytest.mark.parametrize("name", ["tcpsight", "tcpsight-agent", "tcpsight-compat"])
def test_every_package_has_its_files(name):
    """Those in the tree; those that are built are found by dpkg-buildpackage."""
    assert any(part.startswith(f"Package: {name}\n") for part in "\n".join(fields_of_control()).split("\n\n"))
    for line in (ROOT / f"debian/{name}.install").read_text().splitlines():
        source = line.split()[0]
        if not source.startswith("usr/"):
            assert (ROOT / source).exists(), source


def test_scripts_of_the_packages_pass_shellcheck():
    subprocess.run(["shellcheck", *map(str, (ROOT / "debian/tests").glob("[!c]*"))], check=True)
