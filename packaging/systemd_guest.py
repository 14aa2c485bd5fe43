# SPDX-License-Identifier: BSD-2-Clause
"""The unit in a guest that boots systemd: started, reloaded, hung, crashed, stopped."""

import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "packaging"), str(ROOT / "tests")]

import chroot  # noqa: E402 (found through the line above)
from kernels import boot, initramfs, run  # noqa: E402

KERNEL = "6.1"  # Debian 12's own
LIMIT_SEC = 1500
# Of that system, what a guest does without.
LEFT_OUT = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/bash-completion",
            "usr/share/fish", "usr/share/zsh", "var/cache", "var/lib/apt", "var/log", "tmp", "proc", "sys", "dev",
            "boot", "usr/lib/x86_64-linux-gnu/gconv"]

# Runs packaging/guest/check-unit when systemd is up, hands its results over as tests/kernels/guest/init does, ends.
SERVICE = """[Unit]
Description=Checks tcpsight-agent.service
[Service]
Type=oneshot
ExecStart=/check
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
TimeoutStartSec=infinity
"""
CHECK = """#!/bin/sh
mkdir -p /tmp/out
echo "@@ UP $(cut -d' ' -f1 /proc/uptime) $(uname -r)"
/job </dev/null 2>&1
echo "@@ STATUS $?"
journalctl --no-pager -b >/tmp/out/journal.txt
stty -F /dev/ttyS1 raw -echo
# tar itself writes to no terminal.
tar -C /tmp/out -cf - . | cat >/dev/ttyS1
echo "@@ END $(cut -d' ' -f1 /proc/uptime)"
systemctl poweroff --force --force
"""


def make_base(system, target):
    """The chroot as a guest's memory; its init is systemd."""
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary) / "root"
        ignored = {system / name for name in LEFT_OUT}
        shutil.copytree(system, root, symlinks=True, ignore=lambda folder, names: [
            name for name in names if pathlib.Path(folder) / name in ignored])
        for name in "tmp proc sys dev var/log var/cache/tcpsight".split():
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "init").symlink_to("lib/systemd/systemd")
        (root / "etc/machine-id").write_text("")
        (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        (root / "check").write_text(CHECK)
        (root / "check").chmod(0o755)
        units = root / "etc/systemd/system"
        (units / "check.service").write_text(SERVICE)
        (units / "multi-user.target.wants").mkdir(exist_ok=True)
        (units / "multi-user.target.wants/check.service").symlink_to("../check.service")
        (units / "default.target").unlink(missing_ok=True)
        (units / "default.target").symlink_to("/lib/systemd/system/multi-user.target")
        initramfs.pack(root, target)


def check(folder, debs):
    build = folder.parent
    root = chroot.Chroot(build / "chroot-systemd")
    if not (root.folder / "usr/bin/curl").exists():
        root.make()
        with root.mounted():
            root.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "systemd-sysv", "curl")
    with root.mounted():
        root.install([deb for deb in debs if "-dbgsym" not in deb.name])
    kernels = build / "kernels"
    kernels.mkdir(exist_ok=True)
    run.fetch_all([KERNEL], kernels)
    base = kernels / "systemd.cpio"
    make_base(root.folder, base)
    job = (ROOT / "packaging/guest/check-unit").read_text()
    outcome = boot.boot(kernels / KERNEL, base, job, kernels / KERNEL / "systemd", LIMIT_SEC, memory_mib=2048)
    results = outcome.folder / "results"
    lines = results.read_text().splitlines() if results.exists() else []
    failed = [line for line in lines if not line.startswith("ok ")]
    if outcome.status != 0 or failed or not lines:
        raise SystemExit(f"systemd: status {outcome.status}, {failed}, see {outcome.folder}\n{outcome.console[-1500:]}")
    return f"{len(lines)} checks in {outcome.seconds:.0f} s: {', '.join(line[3:] for line in lines)}"
