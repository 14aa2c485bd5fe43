# SPDX-License-Identifier: BSD-2-Clause
"""Builds the program, its BPF objects and the tests' programs for another architecture."""

import os
import pathlib
import subprocess

from kernels import machine

from . import sysroot

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Debian's name -> the machine, and how qemu calls its processor.
ARCHITECTURES = {"arm64": (machine.ARM64, "aarch64"), "s390x": (machine.S390X, "s390x")}


def emulator(architecture, root):
    """The command before a program of `architecture` that runs it here."""
    return ["qemu-" + ARCHITECTURES[architecture][1], "-L", str(root)]


def build(architecture, folder, *targets):
    """Make `targets` in the folder; its subfolder `sysroot` has what they are linked with."""
    folder = pathlib.Path(folder).absolute()
    computer, _ = ARCHITECTURES[architecture]
    root = folder / "sysroot"
    sysroot.make(root, architecture, sysroot.DEVELOPMENT)
    packages = f"{root}/usr/lib/{computer.triplet}/pkgconfig:{root}/usr/share/pkgconfig"
    # The BPF objects are linked by a bpftool of their own byte order: libbpf has no other way.
    bpftool = " ".join([*emulator(architecture, root), f"{root}/usr/sbin/bpftool"])
    subprocess.run(["make", f"-j{os.cpu_count()}", "-C", ROOT, f"B={folder}", "WERROR=1",
                    f"SYSROOT={root}", f"CC={computer.triplet}-gcc --sysroot={root}",
                    f"PKG=PKG_CONFIG_SYSROOT_DIR={root} PKG_CONFIG_LIBDIR={packages} pkg-config",
                    f"BPFTOOL={bpftool}", *targets], check=True)
