# SPDX-License-Identifier: BSD-2-Clause
"""Boots a kernel under qemu, without disk or network, runs a job in it, and returns what came back."""

import dataclasses
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from . import initramfs, machine

# Under TCG, which works on every machine; a guest is emulated at about a tenth of the host's speed.
QEMU = """-accel tcg,thread=multi,tb-size=256 -smp 2 -nodefaults -no-user-config -display none
-no-reboot -monitor none""".split()
# The kernel is told not to lose time with what a test does not need.
COMMAND_LINE = "quiet panic=-1 random.trust_cpu=on"


@dataclasses.dataclass
class Outcome:
    status: int | None  # of the job; None: the guest never got that far
    console: str
    folder: pathlib.Path  # what the job left in /tmp/out
    seconds: float


def unpack_results(tar, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if tar.exists() and tar.stat().st_size:
        subprocess.run(["tar", "-C", folder, "-xf", tar], check=False, stderr=subprocess.DEVNULL)


def boot(kernel, base, script, out, limit_sec=280, memory_mib=1024, words=""):
    """Run `script` (a shell script with its first line) in a guest; its files come to folder `out`.
    The name of the folder `kernel` says which machine it is for. `words` are added to the kernel's
    command line."""
    kernel, out = pathlib.Path(kernel), pathlib.Path(out)
    _, _, computer = machine.parse(kernel.name)
    modules = kernel / "modules.cpio"
    if not modules.exists():
        initramfs.make_modules(kernel, modules)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        here = pathlib.Path(temporary)
        initramfs.make_job(script, kernel, here / "job.cpio")
        with open(here / "initrd", "wb") as initrd:
            for part in (base, modules, here / "job.cpio"):
                initrd.write(pathlib.Path(part).read_bytes())
        command = ["nice", "-n", "19", *computer.qemu.split(), *QEMU, "-m", str(memory_mib),
                   "-kernel", kernel / "vmlinux", "-initrd", here / "initrd",
                   "-append", f"{COMMAND_LINE} {computer.command_line} {words}",
                   *computer.channels.format(folder=here).split()]
        try:
            subprocess.run(command, timeout=limit_sec, stdin=subprocess.DEVNULL, check=False)
        except subprocess.TimeoutExpired:
            pass
        console = here / "console"
        text = console.read_text(errors="replace").replace("\r", "") if console.exists() else ""
        unpack_results(here / "results", out)
    (out / "console.txt").write_text(text)
    found = re.search(r"^@@ STATUS (\d+)", text, re.M)
    return Outcome(int(found[1]) if found else None, text, out, time.monotonic() - begin)
