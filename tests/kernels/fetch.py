# SPDX-License-Identifier: BSD-2-Clause
"""The newest Debian kernel of each series, unpacked and reduced to what a guest needs."""

import pathlib
import re
import shutil
import struct
import subprocess

from . import apt, machine

# Long-term series that Debian ships, and the newest ones; of other machines, those with BTF.
KERNELS = {
    "amd64": ["5.10", "6.1", "6.12", "6.18", "7.2", "7.3"],
    "arm64": ["6.1-arm64", "6.12-arm64", "6.12-arm64-16k"],
    "s390x": ["6.12-s390x"],
}

# Up to 6.18 one package holds all; later kernels are split in three.
WHOLE = r"linux-image-(?P<abi>{series}[.][^-]*(?:-\d+)?)-{flavour}(?:-unsigned)?$"
SPLIT = r"linux-binary(?:-unsigned)?-(?P<abi>{series}[.][^-]*(?:-\d+)?)-{flavour}$"


def candidates(private_apt, series, flavour):
    """Lists of packages that make a kernel of `series`, best first."""
    split, whole = (re.compile(pattern.format(series=re.escape(series), flavour=flavour))
                    for pattern in (SPLIT, WHOLE))
    for package, version in private_apt.versions(split):
        rest = f"-{split.match(package)['abi']}-{flavour}"
        yield [(package, version), ("linux-modules" + rest, version), ("linux-base" + rest, version)]
    for package, version in private_apt.versions(whole):
        yield [(package, version)]


def decompress(path):
    """The ELF kernel inside a bzImage (Documentation/arch/x86/boot.rst: payload_offset, _length)."""
    image = pathlib.Path(path).read_bytes()
    setup_sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    payload = image[(setup_sectors + 1) * 512 + offset:][:length]
    tools = {b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zX": "xz", b"\x1f\x8b": "gzip", b"\x02\x21\x4c\x18": "lz4"}
    for magic, tool in tools.items():
        if payload.startswith(magic):
            # The payload ends with the size of what it holds, which the tools take for rubbish.
            for data in (payload[:-4], payload):
                done = subprocess.run([tool, "-dc"], input=data, capture_output=True, check=False)
                if done.stdout.startswith(b"\x7fELF"):
                    return done.stdout
    raise ValueError(f"{path}: no kernel found in it")


def fetch(name, folder, private_apt):
    """Make folder/NAME/{vmlinux,modules/,version,config}. Returns the version or None."""
    home = pathlib.Path(folder) / name
    if (home / "version").exists():
        return (home / "version").read_text().strip()
    series, flavour, computer = machine.parse(name)
    for packages in candidates(private_apt, series, flavour):
        debs = [private_apt.download(package, version) for package, version in packages]
        # linux-base holds the configuration only, which is a help to a reader of a failure.
        if not all(debs[:2]):
            continue
        raw = home / "raw"
        shutil.rmtree(home, ignore_errors=True)
        raw.mkdir(parents=True)
        for deb in filter(None, debs):
            apt.unpack(deb, raw)
        release = next(path for path in raw.glob("**/lib/modules/*") if path.is_dir())
        image = next(iter([*raw.glob("boot/vmlinuz-*"), *release.glob("vmlinuz*")]))
        # Of an ordinary image, qemu would spend seconds on decompressing it.
        (home / "vmlinux").write_bytes(decompress(image) if computer is machine.AMD64 else image.read_bytes())
        for config in [*raw.glob("boot/config-*"), *release.glob("config*")]:
            shutil.copy(config, home / "config")
        shutil.move(release, home / "modules")
        shutil.rmtree(raw)
        (home / "version").write_text(release.name + "\n")
        return release.name
    return None
