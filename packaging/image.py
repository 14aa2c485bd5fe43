#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""An image (OCI) from scratch: the static program, its licences, and two names for user ids. Made by this
file alone, without a daemon; the same input gives the same digests.

    packaging/image.py OUT.tar ARCHITECTURE=PROGRAM...

OUT.tar is an OCI archive: `podman load -i`, `skopeo copy oci-archive:`, `ctr image import` take it.
"""

import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
VERSION = (ROOT / "VERSION").read_text().strip()
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
# It starts as root, to load its programs; once they are attached it is nobody.
FILES = {
    "etc/passwd": "root:x:0:0:root:/:/tcpsight\nnobody:x:65534:65534:nobody:/:/tcpsight\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
}
FOLDERS = ["etc", "etc/tcpsight", "run", "run/tcpsight", "sys", "proc", "dev", "usr", "usr/share", "usr/share/doc",
           "usr/share/doc/tcpsight"]


def entry(name, data=None, mode=0o644):
    info = tarfile.TarInfo(name)
    info.mode, info.uname, info.gname = mode, "root", "root"
    if data is None:
        info.type = tarfile.DIRTYPE
    else:
        info.size = len(data)
    return info


def pack(files):
    """A tar of (name, bytes or None, mode), in this order, without the time or the user of this machine."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data, mode in files:
            tar.addfile(entry(name, data, mode), io.BytesIO(data) if data is not None else None)
    return out.getvalue()


def licences():
    """Of what the program is linked with, as Debian's packages tell them."""
    sys.path.insert(0, str(ROOT / "packaging"))
    import sbom  # pylint: disable=import-outside-toplevel
    yield "LICENSE", (ROOT / "LICENSE").read_bytes()
    for package in sbom.static_packages():
        yield f"{package.source}.copyright", package.copyright_text()


def layer(program):
    files = [(name, None, 0o755) for name in FOLDERS]
    files += [(name, text.encode(), 0o644) for name, text in FILES.items()]
    files += [("etc/tcpsight/agent.conf", (ROOT / "packaging/agent.conf").read_bytes(), 0o644)]
    files += [(f"usr/share/doc/tcpsight/{name}", data, 0o644) for name, data in sorted(licences())]
    files += [("tcpsight", pathlib.Path(program).read_bytes(), 0o755)]
    return pack(files)


class Archive:
    def __init__(self):
        self.blobs = {}

    def add(self, data, kind, **more):
        if not isinstance(data, bytes):
            data = json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data), **more}

    def add_platform(self, architecture, program):
        content = layer(program)
        packed = gzip.compress(content, 9, mtime=0)
        labels = {"org.opencontainers.image.title": "tcpsight", "org.opencontainers.image.version": VERSION,
                  "org.opencontainers.image.licenses": "BSD-2-Clause"}
        config = self.add({
            "architecture": architecture, "os": "linux",
            "config": {"Entrypoint": ["/tcpsight"], "Cmd": ["agent"], "User": "0:0", "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(content).hexdigest()}"]},
        }, CONFIG)
        return self.add({"schemaVersion": 2, "mediaType": MANIFEST, "config": config,
                         "layers": [self.add(packed, LAYER)], "annotations": labels},
                        MANIFEST, platform={"architecture": architecture, "os": "linux"})

    def write(self, path, manifests):
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        listed = self.add(index, INDEX, annotations={"org.opencontainers.image.ref.name": VERSION})
        files = [("oci-layout", b'{"imageLayoutVersion":"1.0.0"}', 0o644),
                 ("index.json", json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]},
                                           sort_keys=True).encode(), 0o644),
                 ("blobs", None, 0o755), ("blobs/sha256", None, 0o755)]
        files += [(f"blobs/sha256/{digest}", data, 0o644) for digest, data in sorted(self.blobs.items())]
        pathlib.Path(path).write_bytes(pack(files))


def build(path, programs):
    """`programs`: architecture to the static program."""
    archive = Archive()
    archive.write(path, [archive.add_platform(*one) for one in sorted(programs.items())])
    return path


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    build(sys.argv[1], dict(word.split("=", 1) for word in sys.argv[2:]))
    subprocess.run(["sha256sum", sys.argv[1]], check=True)


if __name__ == "__main__":
    main()
