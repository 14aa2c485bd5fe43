# SPDX-License-Identifier: BSD-2-Clause
"""apt with lists and cache of its own: packages of other Debian suites without touching the system's.

The archive is the one this machine already uses; only the suites' names are ours. Nothing is
installed: packages are downloaded, their signatures checked by apt, and unpacked into a folder.
"""

import functools
import pathlib
import re
import subprocess

SUITES = ["bullseye", "bookworm", "bookworm-backports", "trixie", "trixie-backports", "sid"]
SECURITY_SUITES = ["bullseye", "bookworm", "trixie"]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEFAULT_ARCHIVE = "http://deb.debian.org/debian"


def archive():
    """The first Debian archive that this machine's apt uses."""
    for path in sorted(pathlib.Path("/etc/apt").rglob("*.sources")):
        found = re.search(r"^URIs:\s*(\S+/debian)/?\s*$", path.read_text(), re.M)
        if found:
            return found[1]
    for path in sorted(pathlib.Path("/etc/apt").rglob("*.list")):
        found = re.search(r"^deb\s+(?:\[.*\]\s+)?(\S+/debian)/?\s", path.read_text(), re.M)
        if found:
            return found[1]
    return DEFAULT_ARCHIVE


class Apt:
    """One private apt, in `folder`, for one architecture; it believes that nothing is installed.
    Several may share a folder, for what they download: each asks the suites that it was made for."""

    def __init__(self, folder, architecture="amd64", suites=tuple(SUITES), with_sources=False):
        self.folder = pathlib.Path(folder).absolute()
        for name in ("lists/partial", "cache/archives/partial", "debs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        self.architecture = architecture
        mark = f"[signed-by={KEYRING} arch={architecture}]"
        base = archive()
        lines = [f"deb {mark} {base} {suite} main" for suite in suites]
        lines += [f"deb {mark} {base}-security {suite}-security main" for suite in SECURITY_SUITES
                  if suite in suites]
        if with_sources:
            lines += [line.replace("deb [", "deb-src [").replace(f" arch={architecture}", "") for line in lines]
        self.sources = "\n".join(lines) + "\n"

    def run(self, tool, *words, check=True):
        (self.folder / "sources.list").write_text(self.sources)
        options = {
            "Dir::Etc::SourceList": self.folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "APT::Architecture": self.architecture,
            "APT::Get::List-Cleanup": "0",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        command = [tool]
        for name, value in options.items():
            command += ["-o", f"{name}={value}"]
        # dpkg's own foreign architectures do not matter here.
        command += ["-o", f"APT::Architectures={self.architecture}"]
        return subprocess.run([*command, *words], cwd=self.folder / "debs", text=True, check=check,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @functools.lru_cache(maxsize=1)
    def names(self):
        return self.run("apt-cache", "pkgnames", "linux-").stdout.split()

    def update(self):
        self.run("apt-get", "update", check=False)

    def versions(self, name):
        """Every (package, version) whose name matches the compiled `name`, newest version first."""
        names = [known for known in self.names() if name.match(known)]
        if not names:
            return []
        rows = [line.split("|") for line in self.run("apt-cache", "madison", *names).stdout.splitlines()]
        found = {(row[0].strip(), row[1].strip()) for row in rows if len(row) == 3}
        return sorted(found, key=functools.cmp_to_key(lambda a, b: compare(a[1], b[1])), reverse=True)

    def download(self, package, version):
        """Path of the package's file, or None if the archive no longer has it."""
        pattern = f"{package}_{version.replace(':', '%3a')}_*.deb"
        found = list((self.folder / "debs").glob(pattern))
        if not found:
            self.run("apt-get", "download", f"{package}={version}", check=False)
            found = list((self.folder / "debs").glob(pattern))
        return found[0] if found else None

    def download_all(self, packages):
        """Paths of the packages' files and of all that they depend on."""
        self.clean()
        done = self.run("apt-get", "install", "--yes", "--no-install-recommends", "--download-only",
                        *packages, check=False)
        if done.returncode != 0:
            raise SystemExit(f"packages for {self.architecture} could not be downloaded:\n{done.stderr}")
        return sorted((self.folder / "cache/archives").glob("*.deb"))

    def clean(self):
        self.run("apt-get", "clean")


def compare(one, other):
    """Debian's order of versions."""
    newer = subprocess.run(["dpkg", "--compare-versions", one, "gt", other], check=False).returncode == 0
    return 1 if newer else -1 if one != other else 0


def unpack(deb, folder):
    subprocess.run(["dpkg-deb", "-x", str(deb), str(folder)], check=True)
