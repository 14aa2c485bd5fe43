#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Debian packages: built from what is committed, below $B/packages; and what is held of them.

    packaging/debian.py [--build DIR] [--check [WHAT]...]

--check: lintian (no error, no warning), reproducible (a second build elsewhere gives the same bytes),
chroot (packaging/chroot.py), systemd (packaging/systemd_guest.py); all of them if none is named.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "packaging"))
VERSION = (ROOT / "VERSION").read_text().strip()


def export(folder):
    """What is committed, as a user gets it who unpacks the release."""
    source = folder / f"tcpsight-{VERSION}"
    shutil.rmtree(source, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    archive = subprocess.Popen(["git", "-C", ROOT, "archive", f"--prefix={source.name}/", "HEAD"],
                               stdout=subprocess.PIPE)
    subprocess.run(["tar", "-C", folder, "-x"], stdin=archive.stdout, check=True)
    if archive.wait():
        raise SystemExit("git archive failed")
    return source


def set_version(source, version):
    """Another version of the same source, as if it had been released before: for upgrades."""
    path = source / "debian/changelog"
    path.write_text(path.read_text().replace(f"({VERSION})", f"({version})", 1))
    (source / "VERSION").write_text(version + "\n")


def build(source, **environment):
    """Run dpkg-buildpackage in a source tree; returns what it made. The log stands beside it."""
    log = source.parent / "build.log"
    with log.open("w") as out:
        done = subprocess.run(["dpkg-buildpackage", "-b", "-us", "-uc"], cwd=source, stdout=out, stderr=out,
                              env={**os.environ, "DEB_BUILD_OPTIONS": f"parallel={os.cpu_count()}",
                                   **environment}, check=False)
    if done.returncode:
        raise SystemExit(f"dpkg-buildpackage failed:\n{log.read_text()[-3000:]}")
    return sorted(source.parent.glob("*.deb"))


def packages(folder):
    """Build them in the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    return build(export(folder))


def digests(debs):
    return {deb.name: hashlib.sha256(deb.read_bytes()).hexdigest() for deb in debs}


def check_lintian(folder, debs):
    del debs
    (changes,) = folder.glob("*.changes")
    done = subprocess.run(["lintian", "--fail-on", "error,warning", "--info", "--allow-root", changes],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"lintian:\n{done.stdout}{done.stderr}")
    return "no error, no warning"


def check_reproducible(folder, debs):
    """Another folder, file mode mask, language, time zone and number of processes."""
    other = folder.parent / "packages-again/elsewhere"
    shutil.rmtree(other.parent, ignore_errors=True)
    mask = os.umask(0o077)
    try:
        source = export(other)
        again = build(source, DEB_BUILD_OPTIONS="parallel=1 nocheck", LC_ALL="C.UTF-8", TZ="Pacific/Chatham",
                      HOME="/nonexistent")
    finally:
        os.umask(mask)
    one, two = digests(debs), digests(again)
    if one != two:
        raise SystemExit(f"two builds differ: {[name for name in one if one[name] != two.get(name)]}")
    return f"{len(one)} packages, equal digests"


def check_chroot(folder, debs):
    import chroot  # pylint: disable=import-outside-toplevel
    return chroot.check(folder, debs)


def check_systemd(folder, debs):
    import systemd_guest  # pylint: disable=import-outside-toplevel
    return systemd_guest.check(folder, debs)


CHECKS = {"lintian": check_lintian, "reproducible": check_reproducible, "chroot": check_chroot,
          "systemd": check_systemd}


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    words.add_argument("--check", nargs="*", choices=list(CHECKS))
    args = words.parse_args()
    folder = args.build.absolute() / "packages"
    debs = packages(folder)
    for deb in debs:
        print(f"{deb}: {deb.stat().st_size} bytes")
    for name in [] if args.check is None else args.check or CHECKS:
        print(f"{name}: {CHECKS[name](folder, debs)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
