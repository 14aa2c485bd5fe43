# SPDX-License-Identifier: BSD-2-Clause
"""The machines that qemu plays, and which kernels run on them.

A kernel is named by its series, and behind a dash by its kind unless it is that of an ordinary
amd64 machine: 6.12, 6.12-arm64.
"""

import dataclasses

from . import apt


@dataclasses.dataclass(frozen=True)
class Machine:
    architecture: str  # as Debian names it
    triplet: str  # as compilers and library folders do
    qemu: str  # which machine and processor
    channels: str  # makes the files {folder}/console and {folder}/results of what the guest sends
    command_line: str  # of the kernel; `results` is not the kernel's: the guest's init gets it
    suites: tuple = tuple(apt.SUITES)  # where its kernels are


# Its kernel would doubt a timer that stands still while the host has no processor for it.
AMD64 = Machine(
    "amd64", "x86_64-linux-gnu", "qemu-system-x86_64 -cpu max",
    "-serial file:{folder}/console -serial file:{folder}/results",
    "console=ttyS0 results=ttyS1 tsc=reliable no_timer_check mitigations=off")
# Its board has one port; the other is a card.
ARM64 = Machine(
    "arm64", "aarch64-linux-gnu", "qemu-system-aarch64 -M virt -cpu neoverse-n1",
    "-serial file:{folder}/console -chardev file,id=results,path={folder}/results"
    " -device pci-serial,chardev=results",
    "console=ttyAMA0 results=ttyS0 mitigations=off", ("bookworm", "trixie"))
# No serial ports at all. With its vector instructions, as qemu 7.2 plays them, the kernel gets the
# checksum of resets wrong.
S390X = Machine(
    "s390x", "s390x-linux-gnu", "qemu-system-s390x -cpu max,vx=off,vxeh=off",
    "-chardev file,id=console,path={folder}/console -device sclpconsole,chardev=console"
    " -chardev file,id=results,path={folder}/results"
    " -device virtio-serial-ccw -device virtserialport,chardev=results",
    "console=ttysclp0 results=vport0p1", ("bookworm", "trixie"))

# Kind of a kernel: how Debian's packages call it, and the machine.
KINDS = {
    "": ("cloud-amd64", AMD64),
    "arm64": ("cloud-arm64", ARM64),
    "arm64-16k": ("arm64-16k", ARM64),  # pages of 16 KiB
    "s390x": ("s390x", S390X),
}


def parse(name):
    """Series, name of the flavour, machine."""
    series, _, kind = name.partition("-")
    if kind not in KINDS:
        raise SystemExit(f"{name}: what stands behind the dash is none of {' '.join(filter(None, KINDS))}")
    return (series, *KINDS[kind])


def order(name):
    """Sorts kernels: amd64 first, each kind from its oldest series on."""
    series, _, kind = name.partition("-")
    return list(KINDS).index(kind), tuple(int(part) for part in series.split("."))
