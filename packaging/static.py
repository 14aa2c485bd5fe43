#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Builds the program so that it needs no library where it runs: $B/static/ARCHITECTURE/tcpsight.

    packaging/static.py [--build DIR] [amd64|arm64]...

Most libraries come from Debian's packages for development. Three do not: libmnl-dev of Debian 12 has no
archive, libpcap's calls for D-Bus and RDMA, and libmicrohttpd's for GnuTLS, which needs what Debian has no
archives of. So libmnl is that of the next release, and the other two are built from Debian's sources
without those parts.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from cross import build as cross, sysroot  # noqa: E402 (found through the line above)
from kernels import apt, machine  # noqa: E402

MACHINES = {"amd64": machine.AMD64, "arm64": machine.ARM64}
# Source package -> what its configure is told besides.
SOURCES = {
    "libpcap": "--disable-shared --disable-dbus --disable-rdma --disable-usb --disable-bluetooth"
               " --without-libnl --without-dag --without-snf",
    "libmicrohttpd": "--enable-static --disable-shared --disable-https --disable-doc --disable-examples"
                     " --disable-curl --disable-tools --disable-dauth --disable-bauth"
                     " --disable-postprocessor --disable-httpupgrade",
}


class Static:
    def __init__(self, folder, architecture):
        self.folder = pathlib.Path(folder).absolute() / "static" / architecture
        self.architecture = architecture
        self.triplet = MACHINES[architecture].triplet
        self.is_native = architecture == subprocess.check_output(
            ["dpkg", "--print-architecture"], text=True).strip()
        self.root = None if self.is_native else self.folder / "sysroot"
        self.library = self.folder / "libraries"
        self.apt = apt.Apt(self.folder / "apt", architecture, ["bookworm", "trixie"], with_sources=True)
        self.compiler = f"{self.triplet}-gcc" + ("" if self.is_native else f" --sysroot={self.root}")

    def make_sysroot(self):
        if not self.is_native:
            sysroot.make(self.root, self.architecture, sysroot.DEVELOPMENT)

    def fetch(self):
        """The archive of libmnl, and the sources."""
        self.ask("apt-get", "update")
        self.ask("apt-get", "download", "libmnl-dev/trixie")
        for name in SOURCES:
            self.ask("apt-get", "source", "--download-only", f"{name}/bookworm")
        return self.apt.folder / "debs"

    def ask(self, *words):
        """An archive may be busy."""
        for patience in 5, 30, None:
            done = self.apt.run(*words, check=False)
            if not done.returncode and "Failed to fetch" not in done.stderr:
                return
            if patience:
                time.sleep(patience)
        raise SystemExit(f"{' '.join(words)}: {done.stderr}")

    def write_versions(self, debs):
        """For the list of what the program contains (packaging/sbom.py): name and version of each source."""
        found = [path.stem.split("_")[:2] for path in sorted(debs.glob("*.dsc")) + sorted(debs.glob("*.deb"))]
        (self.folder / "libraries.txt").write_text(
            "".join(f"{name.removesuffix('-dev')} {version}\n" for name, version in found))

    def take_libmnl(self, debs):
        (deb,) = debs.glob("libmnl-dev_*.deb")
        with tempfile.TemporaryDirectory() as temporary:
            apt.unpack(deb, temporary)
            for name, target in ("libmnl.a", "lib"), ("libmnl.pc", "lib/pkgconfig"), ("libmnl.h", "include/libmnl"):
                (found,) = pathlib.Path(temporary).rglob(name)
                (self.library / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(found, self.library / target)

    def build_source(self, debs, name):
        (dsc,) = debs.glob(f"{name}_*.dsc")
        place = self.folder / "sources" / name
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        log = (self.folder / "sources" / f"{name}.log").open("w")

        def run(*words):
            subprocess.run(words, cwd=place if place.exists() else None, check=True, stdout=log, stderr=log,
                           env={**os.environ, "CC": self.compiler, "SOURCE_DATE_EPOCH": "0", "TZ": "UTC",
                                # Where it was built must not show.
                                "CFLAGS": "-O2 -fPIC -fstack-protector-strong -D_FORTIFY_SOURCE=2"
                                          f" -ffile-prefix-map={place}=/usr/src/{name}"})

        run("dpkg-source", "--no-check", "-x", str(dsc), str(place))
        run("./configure", f"--host={self.triplet}", f"--prefix={self.library}", *SOURCES[name].split())
        run("make", f"-j{os.cpu_count()}")
        run("make", "install")
        for path in (self.library / "lib").glob("*.so*"):
            path.unlink()

    def make_libraries(self):
        """Once: what they are made of is what this file says."""
        made, wanted = self.folder / "libraries.made", pathlib.Path(__file__).read_text()
        if made.exists() and made.read_text() == wanted:
            return
        debs = self.fetch()
        self.take_libmnl(debs)
        for name in SOURCES:
            self.build_source(debs, name)
        self.write_versions(debs)
        made.write_text(wanted)

    def make_program(self, words=()):
        system = f"/usr/lib/{self.triplet}/pkgconfig:/usr/share/pkgconfig"
        if self.is_native:
            found, tools = system, []
        else:
            found = ":".join(f"{self.root}{path}" for path in system.split(":"))
            bpftool = " ".join([*cross.emulator(self.architecture, self.root), f"{self.root}/usr/sbin/bpftool"])
            tools = [f"SYSROOT={self.root}", f"BPFTOOL={bpftool}"]
        # The libraries that were built have real paths, those of the other system are below its root.
        packages = f"PKG_CONFIG_LIBDIR={self.library}/lib/pkgconfig:{found}"
        if not self.is_native:
            packages = f"PKG_CONFIG_SYSROOT_DIR={self.root} {packages}"
        subprocess.run(["make", f"-j{os.cpu_count()}", "-C", ROOT, f"B={self.folder}/build", "STATIC=1",
                        f"STATIC_LIBRARIES={self.library}", "WERROR=1", f"CC={os.environ.get('CCACHE', '')} {self.compiler}".strip(),
                        f"PKG={packages} pkg-config --static", *tools, "all", *words], check=True)
        program = self.folder / "tcpsight"
        strip = "strip" if self.is_native else f"{self.triplet}-strip"
        subprocess.run([strip, "-o", program, self.folder / "build/tcpsight"], check=True)
        return program


def build(folder, architecture):
    static = Static(folder, architecture)
    static.folder.mkdir(parents=True, exist_ok=True)
    static.make_sysroot()
    static.make_libraries()
    return static.make_program()


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    words.add_argument("architectures", nargs="*", metavar="ARCHITECTURE")
    args = words.parse_args()
    unknown = set(args.architectures) - MACHINES.keys()
    if unknown:
        words.error(f"{' '.join(unknown)}: not one of {' '.join(MACHINES)}")
    for architecture in args.architectures or MACHINES:
        program = build(args.build, architecture)
        print(f"{program}: {program.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
