# SPDX-License-Identifier: BSD-2-Clause
"""Network namespaces, and a control group, that a test has for itself."""

import contextlib
import ctypes
import itertools
import os
import pathlib
import subprocess

from flows import wait_until

CLONE_NEWNET = 0x40000000
_number = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)


def _ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True, text=True)


class Netns:
    """A new network namespace with its loopback up."""

    def __init__(self):
        self.name = f"tcpsight-{os.getpid()}-{next(_number)}"
        self.path = f"/run/netns/{self.name}"
        _ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        self.inode = os.stat(self.path).st_ino

    def ip(self, *words):
        _ip("-n", self.name, *words)

    def add_address(self, address, device):
        """With the length of its prefix; it can be used at once. The device must be up."""
        self.ip("addr", "add", address, "dev", device, *["nodad"] * (":" in address))
        if ":" in address:
            self.wait_local(address.partition("/")[0])

    def wait_local(self, address):
        """An IPv6 address has its route from a queue of the kernel's, a while after it is no longer tentative."""
        def is_local():
            done = subprocess.run(["ip", "-n", self.name, "-6", "route", "get", address],
                                  capture_output=True, text=True, check=False)
            return done.stdout.startswith("local ")

        wait_until(is_local, f"route to {address}")

    def sysctl(self, name, value):
        path = "/proc/sys/" + name.replace(".", "/")
        self.run("sh", "-c", f"echo {value} > {path}")

    def run(self, *command):
        done = subprocess.run(
            ["nsenter", f"--net={self.path}", *map(str, command)],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    @contextlib.contextmanager
    def inside(self):
        """What the calling thread opens here is of the namespace, and stays so."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(self.path, "rb") as there:
            assert _libc.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert _libc.setns(home.fileno(), CLONE_NEWNET) == 0

    def mib(self):
        """What the kernel counted in it: {"TcpRetransSegs": 3, ...}."""
        found = {}
        for name in "snmp", "netstat":
            lines = self.run("cat", f"/proc/net/{name}").splitlines()
            for names, values in zip(lines[::2], lines[1::2]):
                prefix = names.split(":")[0]
                for key, value in zip(names.split()[1:], values.split()[1:]):
                    found[prefix + key] = int(value)
        return found

    def counted(self, name):
        """What the kernel has counted here since the namespace was made, by nstat's name."""
        return int(self.run("nstat", "-asz", name).split()[-2])

    def remove(self):
        _ip("netns", "del", self.name)


class Link:
    """Two namespaces with a wire between them. A neighbour entry makes the far end answer to no
    ARP: packets to an address that it does not have vanish without a trace."""

    near_address, far_address = "10.77.0.1", "10.77.0.2"

    def __init__(self, near, far):
        self.near, self.far = near, far
        macs = "02:00:00:77:00:01", "02:00:00:77:00:02"
        near.ip("link", "add", "wire", "address", macs[0], "type", "veth",
                "peer", "name", "wire", "address", macs[1], "netns", far.name)
        for side, address, mac in ((near, self.far_address, macs[1]),
                                   (far, self.near_address, macs[0])):
            side.ip("link", "set", "wire", "up")
            side.ip("neigh", "add", address, "lladdr", mac, "dev", "wire", "nud", "permanent")
        near.ip("addr", "add", self.near_address + "/24", "dev", "wire")
        self.mend()

    def cut(self):
        self.far.ip("addr", "del", self.far_address + "/24", "dev", "wire")

    def mend(self):
        self.far.ip("addr", "add", self.far_address + "/24", "dev", "wire")


def cgroup2_mount():
    with open("/proc/mounts", encoding="ascii") as mounts:
        for line in mounts:
            _, where, kind, *_ = line.split()
            if kind == "cgroup2":
                return pathlib.Path(where)
    return None


class Cgroup:
    """A new control group below `parent`, by default the root of the cgroup2 hierarchy. A name may
    be given to it there."""

    def __init__(self, parent=None, name=None):
        above = parent.path if parent else cgroup2_mount()
        self.name = name or f"tcpsight-{os.getpid()}-{next(_number)}"
        self.path = above / self.name
        self.path.mkdir()
        self.id = self.path.stat().st_ino

    def enter(self):
        """For a child process before it executes."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    def is_populated(self):
        return "populated 1" in (self.path / "cgroup.events").read_text(encoding="ascii")

    def remove(self):
        """Children of what ran here may take a moment longer to go than what was waited for."""
        wait_until(lambda: not self.is_populated(), f"end of all that ran in {self.name}")
        self.path.rmdir()
