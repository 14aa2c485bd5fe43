# SPDX-License-Identifier: BSD-2-Clause
"""A Debian of another architecture in a folder: packages are unpacked there, none is installed."""

import os
import pathlib
import shutil

from kernels import apt

# What a compiler needs, and bpftool, which must have the byte order of the objects that it links.
DEVELOPMENT = """libc6-dev linux-libc-dev libbpf-dev libelf-dev zlib1g-dev libpcap-dev libmnl-dev
libcap-ng-dev libjansson-dev libmd-dev libzstd-dev libseccomp-dev libcmocka-dev bpftool
libmicrohttpd-dev libgnutls28-dev libcurl4-openssl-dev libfixbuf-dev libncurses-dev""".split()
# What tests/kernels/initramfs.py takes into a guest besides.
GUEST = DEVELOPMENT + """busybox-static dash bash iproute2 nftables util-linux libcap2-bin coreutils
python3 python3-pytest python3-scapy python3-pyte ethtool""".split()
# bcc's tools to compare with, where Debian has them.
PEERS = {"arm64": ["libbpf-tools"]}


def make_links_relative(folder):
    """Links to /lib/... meant the root of that Debian."""
    for path in folder.rglob("*"):
        if path.is_symlink() and os.readlink(path).startswith("/"):
            inside = folder / os.readlink(path).lstrip("/")
            path.unlink()
            path.symlink_to(os.path.relpath(inside, path.parent))


def make(folder, architecture, packages):
    """Unpack the packages, and all that they depend on, into the folder, unless they are there."""
    folder = pathlib.Path(folder).absolute()
    made = folder.with_name(folder.name + ".packages")
    wanted = " ".join(packages) + "\n"
    if made.exists() and made.read_text() == wanted:
        return
    made.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    private_apt = apt.Apt(folder.parent / "apt", architecture, ["bookworm"])
    private_apt.update()
    for deb in private_apt.download_all(packages):
        apt.unpack(deb, folder)
    private_apt.clean()
    make_links_relative(folder)
    made.write_text(wanted)
