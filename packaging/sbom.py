#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the released files are made of, as SPDX 2.3 (JSON).

    packaging/sbom.py LIBRARIES.txt FILE...      to the standard output

Each FILE of the release is a package that contains, or was built from, the source of tcpsight; the
static programs contain the libraries that they are linked with, the Debian packages depend on them.
"""

import dataclasses
import datetime
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
VERSION = (ROOT / "VERSION").read_text().strip()
# Of each library of LIBS: the Debian package with its licence, and the licence of what is linked in.
LIBRARIES = {
    "libbpf": ("libbpf1", "LGPL-2.1-only OR BSD-2-Clause"),
    "libelf": ("libelf1", "GPL-2.0-or-later OR LGPL-3.0-or-later"),
    "libpcap": ("libpcap0.8", "BSD-3-Clause"),
    "libmnl": ("libmnl0", "LGPL-2.1-or-later"),
    "libcap-ng": ("libcap-ng0", "LGPL-2.1-or-later"),
    "libseccomp": ("libseccomp2", "LGPL-2.1-only"),
    "jansson": ("libjansson4", "MIT"),
    "libmd": ("libmd0", "BSD-3-Clause AND BSD-2-Clause AND ISC AND Beerware"),
    "zlib": ("zlib1g", "Zlib"),
    "libzstd": ("libzstd1", "BSD-3-Clause OR GPL-2.0-only"),
    "libmicrohttpd": ("libmicrohttpd12", "LGPL-2.1-or-later"),
    "gnutls": ("libgnutls30", "LGPL-2.1-or-later"),
    "libcurl": ("libcurl4", "curl"),
    "libfixbuf": ("libfixbuf9", "LGPL-3.0-only"),
    "ncursesw": ("libncursesw6", "X11"),
    "tinfo": ("libtinfo6", "X11"),
    "glibc": ("libc6", "LGPL-2.1-or-later"),
}
# Linked in without being in LIBS: the C library, and what libbpf uses.
ALWAYS = ["glibc", "libelf"]


@dataclasses.dataclass(frozen=True)
class Library:
    name: str
    package: str
    licence: str
    version: str
    source: str

    def copyright_text(self):
        return pathlib.Path(f"/usr/share/doc/{self.package}/copyright").read_bytes()


def makefile_list(name):
    text = (ROOT / "Makefile").read_text()
    return re.search(rf"^{name} +:= (.*)", text, re.M)[1].split()


def ask_dpkg(package, field):
    return subprocess.run(["dpkg-query", "-W", f"-f=${{{field}}}\n", package], capture_output=True, text=True,
                          check=True).stdout.splitlines()[0]


@functools.lru_cache(maxsize=None)
def library(name):
    package, licence = LIBRARIES[name]
    return Library(name, package, licence, ask_dpkg(package, "source:Version"), ask_dpkg(package, "source:Package"))


def shared_packages():
    return [library(name) for name in [*ALWAYS, *makefile_list("LIBS")]]


def static_packages(own=None):
    """`own`: name to version of those that were not taken from the system's archives (packaging/static.py)."""
    left_out = set(makefile_list("LIBS_SHARED"))
    found = [library(name) for name in [*ALWAYS, *makefile_list("LIBS")] if name not in left_out]
    return [dataclasses.replace(one, version=(own or {}).get(one.name, one.version)) for one in found]


def spdx_id(text):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", text)


def describe(name, version, licence, digest=None, purl=None):
    found = {"SPDXID": spdx_id(name), "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
             "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": licence,
             "copyrightText": "NOASSERTION"}
    if digest:
        found["checksums"] = [{"algorithm": "SHA256", "checksumValue": digest}]
    if purl:
        found["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                  "referenceLocator": purl}]
    return found


def relate(one, kind, other):
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def what_is_in(path, own):
    """Of a file of the release: how it relates to which libraries."""
    if "static" in path.name or "image" in path.name:
        return "CONTAINS", static_packages(own)
    if path.suffix == ".deb" and path.name.startswith("tcpsight_"):
        return "DEPENDS_ON", shared_packages()
    return None, []


def document(paths, moment, own):
    """Of the files; `moment` is when this version was released, so that the same input gives the same."""
    digests = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    source = describe("tcpsight", VERSION, "BSD-2-Clause")
    # Not of the other document of the same name.
    unique = hashlib.sha256("".join(sorted(digests.values())).encode()).hexdigest()
    packages, relations, used = [source], [relate("SPDXRef-DOCUMENT", "DESCRIBES", source["SPDXID"])], {}
    for path, digest in digests.items():
        packages.append(describe(path.name, VERSION, "BSD-2-Clause", digest))
        relations.append(relate("SPDXRef-DOCUMENT", "DESCRIBES", spdx_id(path.name)))
        relations.append(relate(spdx_id(path.name), "GENERATED_FROM", source["SPDXID"]))
        kind, libraries = what_is_in(path, own)
        for one in libraries:
            name = f"{one.name}-{one.version}"
            used[name] = one
            relations.append(relate(spdx_id(path.name), kind, spdx_id(name)))
    for name, one in used.items():
        found = describe(name, one.version, one.licence, purl=f"pkg:deb/debian/{one.source}@{one.version}")
        packages.append({**found, "name": one.name})
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"tcpsight-{VERSION}", "documentNamespace": f"https://spdx.org/spdxdocs/tcpsight-{VERSION}-{unique}",
        "creationInfo": {"created": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "creators": ["Tool: tcpsight-packaging-sbom", "Organization: tcpsight"]},
        "packages": packages, "relationships": relations,
    }


def read_versions(path):
    return dict(line.split() for line in path.read_text().splitlines())


def released():
    """When, as CHANGELOG.md has it."""
    found = re.search(rf"^## {re.escape(VERSION)} \((\S+)\)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    return datetime.datetime.fromisoformat(f"{found[1]}T12:00:00+00:00")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    own = read_versions(pathlib.Path(sys.argv[1]))
    json.dump(document([pathlib.Path(word) for word in sys.argv[2:]], released(), own), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
