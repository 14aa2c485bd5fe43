# SPDX-License-Identifier: BSD-2-Clause
"""What can be held of the packages without building them. `./dev packages --check` holds the rest."""

import configparser
import fnmatch
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import tarfile

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "packaging/tcpsight-agent.service"
UNITS = [UNIT, ROOT / "packaging/tcpsight-ship.service"]
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


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_keeps_what_it_gives_up(unit):
    """At most 1.5 of 10, where an ordinary unit has 9.6."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager",
                           str(unit)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
    assert "Overall exposure level" in done.stdout


def test_a_weaker_unit_would_be_noticed(tmp_path):
    weaker = tmp_path / UNIT.name
    weaker.write_text(UNIT.read_text().replace("CapabilityBoundingSet=", "# "))
    assert subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", str(weaker)],
                          capture_output=True, check=False).returncode == 1


def test_the_unit_may_load_programs():
    """bpf() is one of @privileged: it must be allowed after those were taken away; what a sandbox is made
    with is in no group of its systemd."""
    filters = re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.M)
    assert [one.startswith("~") for one in filters] == [False, True, False]
    assert {"bpf", "capset", "seccomp", "landlock_create_ruleset", "landlock_add_rule",
            "landlock_restrict_self"} <= set(filters[-1].split())


def read_unit(path):
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str
    parser.read_string(path.read_text())
    return parser["Service"]


def test_the_units_are_such_as_systemd_reads():
    agent, ship = map(read_unit, UNITS)
    assert agent["Type"] == ship["Type"] == "notify" and "WatchdogSec" in agent
    # Recordings are the agent's own; ship is the same user, without what the agent may.
    assert ship["User"] == UNIT.stem and agent["DynamicUser"] == ship["DynamicUser"] == "yes"
    assert ship["LogsDirectory"] == agent["LogsDirectory"] and ship["CapabilityBoundingSet"] == ""
    assert "AmbientCapabilities" not in ship
    # No password stands where others could read it.
    assert "password" not in ship["ExecStart"] and ship["LoadCredential"].startswith("ship:/etc/tcpsight/")


@pytest.mark.parametrize("name", ["tcpsight", "tcpsight-agent", "tcpsight-compat"])
def test_every_package_has_its_files(name):
    """Those in the tree; those that are built are found by dpkg-buildpackage."""
    assert any(part.startswith(f"Package: {name}\n") for part in "\n".join(fields_of_control()).split("\n\n"))
    for line in (ROOT / f"debian/{name}.install").read_text().splitlines():
        source = line.split()[0]
        if not source.startswith("usr/"):
            assert (ROOT / source).exists(), source


def test_what_is_installed_is_in_one_package_each(tmp_path):
    """dh_missing stops a build of packages for what is in none; that comes too late."""
    build = pathlib.Path(os.environ["TCPSIGHT_BUILD"]).absolute()
    subprocess.run(["make", "-s", "-C", ROOT, f"B={build}", "PREFIX=/usr", "ZSH_FUNCTIONS=vendor-completions",
                    f"DESTDIR={tmp_path}", "install"], check=True)
    owners = {str(path.relative_to(tmp_path)): [] for path in tmp_path.rglob("*") if not path.is_dir()}
    for listing in (ROOT / "debian").glob("*.install"):
        for pattern in (line.split()[0] for line in listing.read_text().splitlines()):
            named = [name for name in owners if fnmatch.fnmatchcase(name, pattern) or name.startswith(pattern + "/")]
            assert named or (ROOT / pattern).exists(), f"{listing.name}: {pattern} is not installed"
            for name in named:
                owners[name].append(listing.stem)
    assert len(owners) > 30 and {name: held for name, held in owners.items() if len(held) != 1} == {}


def test_scripts_of_the_packages_pass_shellcheck():
    subprocess.run(["shellcheck", *map(str, (ROOT / "debian/tests").glob("[!c]*")),
                    str(ROOT / "packaging/guest/check-unit")], check=True)


@pytest.fixture(name="parts")
def _parts(monkeypatch):
    """The modules of packaging/."""
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    import image  # pylint: disable=import-outside-toplevel
    import sbom  # pylint: disable=import-outside-toplevel
    return image, sbom


def blob(archive, descriptor):
    with tarfile.open(archive) as tar:
        data = tar.extractfile("blobs/" + descriptor["digest"].replace(":", "/")).read()
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == descriptor["digest"]
    assert len(data) == descriptor["size"]
    return data


def test_the_image_is_what_its_digests_say_and_the_same_each_time(parts, tmp_path):
    image, _ = parts
    program = tmp_path / "program"
    program.write_bytes(b"the program")
    one = image.build(tmp_path / "one.tar", {"amd64": program, "arm64": program})
    two = image.build(tmp_path / "two.tar", {"amd64": program, "arm64": program})
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as tar:
        (listed,) = json.load(tar.extractfile("index.json"))["manifests"]
    for manifest in json.loads(blob(one, listed))["manifests"]:
        manifest = json.loads(blob(one, manifest))
        config = json.loads(blob(one, manifest["config"]))
        (layer,) = manifest["layers"]
        content = gzip.decompress(blob(one, layer))
        assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content).hexdigest()}"]
        with tarfile.open(fileobj=io.BytesIO(content)) as files:
            assert files.extractfile(config["config"]["Entrypoint"][0].lstrip("/")).read() == b"the program"
            assert {"LICENSE", "libbpf.copyright"} <= {pathlib.Path(name).name for name in files.getnames()}
            assert all(one.mtime == 0 and one.uid == 0 for one in files)


def test_every_library_is_in_the_list_of_parts(parts, tmp_path):
    _, sbom = parts
    libraries = set(sbom.makefile_list("LIBS"))
    assert libraries <= set(sbom.LIBRARIES), "packaging/sbom.py: LIBRARIES"
    static, deb = tmp_path / "tcpsight-1-static-amd64", tmp_path / "tcpsight_1_amd64.deb"
    for path in static, deb:
        path.write_bytes(path.name.encode())
    listed = sbom.document([static, deb], sbom.released(), {"libmnl": "1.0.5-3"})
    ids = {package["SPDXID"]: package for package in listed["packages"]}
    assert len(ids) == len(listed["packages"])
    related = {}
    for one in listed["relationships"]:
        assert {one["spdxElementId"], one["relatedSpdxElement"]} <= ids.keys() | {"SPDXRef-DOCUMENT"}
        related.setdefault((one["spdxElementId"], one["relationshipType"]), set()).add(
            ids.get(one["relatedSpdxElement"], {}).get("name"))
    left_out = set(sbom.makefile_list("LIBS_SHARED"))
    assert related[f"SPDXRef-{static.name}", "CONTAINS"] == libraries - left_out | {"glibc", "libelf"}
    assert related[sbom.spdx_id(deb.name), "DEPENDS_ON"] == libraries | {"glibc", "libelf"}
    assert any(one["name"] == "libmnl" and one["versionInfo"] == "1.0.5-3" for one in listed["packages"])


def test_the_manifest_runs_this_version_with_the_least_that_works():
    """Kubernetes' own schema is asked by `./dev release --check`."""
    text = (ROOT / "packaging/daemonset.yaml").read_text()
    (daemonset,) = [one for one in yaml.safe_load_all(text) if one["kind"] == "DaemonSet"]
    pod = daemonset["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == f"tcpsight:{(ROOT / 'VERSION').read_text().strip()}"
    may = container["securityContext"]
    assert may["capabilities"] == {"drop": ["ALL"], "add": ["BPF", "PERFMON", "SETUID", "SETGID"]}
    assert may["readOnlyRootFilesystem"] and not may["privileged"] and not may["allowPrivilegeEscalation"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert [one["hostPath"]["path"] for one in pod["volumes"] if "hostPath" in one] == ["/sys/fs/cgroup"]
    assert all(one.get("readOnly") for one in container["volumeMounts"] if one["name"] != "run")
