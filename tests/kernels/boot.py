# SPDX-License-Identifier: BSD-2-Clause
"""Boots a kernel under qemu, without disk or network, runs a job in it, and returns what came back."""

import contextlib
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
# Behind what people do, and not at the end: beside two processes that burn the processors, the lowest
# priority leaves a guest a hundredth, in which neither its timers nor the tests' own wire keep time.
NICE = "5"


@dataclasses.dataclass
class Outcome:
    status: int | None  # of the job; None: the guest never got that far
    console: str
    folder: pathlib.Path  # what the job left in /tmp/out
    seconds: float
    waited: float  # of the time in which the guest had something to do: the part without a processor


def unpack_results(tar, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if tar.exists() and tar.stat().st_size:
        subprocess.run(["tar", "-C", folder, "-xf", tar], check=False, stderr=subprocess.DEVNULL)


def part_waited(pid):
    """How much of the time in which threads of a process could run they had no processor for it."""
    ran = waited = 0
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            times = path.read_text().split()
            ran, waited = ran + int(times[0]), waited + int(times[1])
    return waited / (ran + waited) if ran else 0


def run(command, limit_sec):
    """Returns what part_waited() told last."""
    waited = 0
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        end = time.monotonic() + limit_sec
        while time.monotonic() < end:
            waited = part_waited(process.pid) or waited
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
                return waited
        process.kill()
    return waited


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
        command = ["nice", "-n", NICE, *computer.qemu.split(), *QEMU, "-m", str(memory_mib),
                   "-kernel", kernel / "vmlinux", "-initrd", here / "initrd",
                   "-append", f"{COMMAND_LINE} {computer.command_line} {words}",
                   *computer.channels.format(folder=here).split()]
        waited = run(command, limit_sec)
        console = here / "console"
        text = console.read_text(errors="replace").replace("\r", "") if console.exists() else ""
        unpack_results(here / "results", out)
    (out / "console.txt").write_text(text)
    found = re.search(r"^@@ STATUS (\d+)", text, re.M)
    return Outcome(int(found[1]) if found else None, text, out, time.monotonic() - begin, waited)
