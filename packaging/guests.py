#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the static program on other kernels, in a root that has busybox and no library at all.

    packaging/guests.py [--build DIR] [KERNEL]...

The programs are those of packaging/static.py. KERNEL as in tests/kernels/run.py; by default each series of
amd64 that the project looks after, and one of arm64.
"""

import argparse
import json
import pathlib
import shutil
import struct
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from cross import sysroot  # noqa: E402 (found through the line above)
from kernels import boot, initramfs, machine, run  # noqa: E402

KERNELS = ["5.10", "6.1", "6.12", "6.18", "7.2", "7.3", "6.12-arm64"]
APPLETS = [*initramfs.APPLETS, "sh", "httpd", "ip", "kill", "wget", "ls", "find"]
LIMIT_SEC = 2400
# An emulated machine whose processors got no time while the kernel looked for its clock: no fault of either.
NO_CLOCK = "IO-APIC + timer doesn't work"

# Each report once; what it gave is judged outside. A page is fetched again and again while `life` and `top`
# watch, so that there is traffic whenever they are ready.
JOB = """#!/bin/sh
cd /tmp
tool=/project/tcpsight
find / -name '*.so*' -type f 2>/dev/null | grep -v '^/sys\\|^/proc\\|^/modules' >out/libraries
$tool --version >out/version; echo $? >out/version.status
$tool doctor >out/doctor 2>&1; echo $? >out/doctor.status
httpd -p 127.0.0.1:7000 -h /project
fetch() { while [ ! -e stop ]; do wget -q -O /dev/null http://127.0.0.1:7000/tcpsight; done; }
fetch & fetcher=$!
$tool life --json --duration 8 'port 7000' >out/life 2>out/life.errors; echo $? >out/life.status
$tool top -C -S 4 2 'port 7000' >out/top 2>out/top.errors; echo $? >out/top.status
$tool stat --live --json >out/stat 2>out/stat.errors; echo $? >out/stat.status
touch stop; wait $fetcher
for command in otlp ipfix "agent --also otlp" "agent --check --config /project/sends.conf" \
	"ship --to http://127.0.0.1:1" "agent --listen tls:127.0.0.1:1"; do
	$tool $command 2>&1 | grep -c 'linked statically' >>out/left-out
done
$tool peek --read /project/handshakes.pcap --json >out/peek 2>out/peek.errors; echo $? >out/peek.status
"""


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def packet(source, destination, sport, dport, numbers, flags):
    """An IPv4 packet with a TCP header and nothing in it."""
    tcp = struct.pack("!HHIIBBHHH", sport, dport, *numbers, 5 << 4, flags, 64240, 0, 0)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0x4000, 64, 6, 0, source, destination)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + tcp


def capture():
    """One handshake that succeeds and one that is refused, as raw IP."""
    client, server = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
    syn, ack, rst = 2, 16, 4
    packets = [packet(client, server, 40000, 80, (100, 0), syn),
               packet(server, client, 80, 40000, (500, 101), syn | ack),
               packet(client, server, 40000, 80, (101, 501), ack),
               packet(client, server, 40001, 81, (900, 0), syn),
               packet(server, client, 81, 40001, (0, 901), rst | ack)]
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101)
    for at, data in enumerate(packets):
        out += struct.pack("<IIII", 1700000000, 1000 * at, len(data), len(data)) + data
    return out


def make_base(program, busybox, target):
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        for name in "bin etc proc sys dev tmp run root var project".split():
            (root / name).mkdir()
        shutil.copy(busybox, root / "bin/busybox")
        for name in APPLETS:
            link = root / "bin" / name
            if not link.is_symlink():
                link.symlink_to("busybox")
        shutil.copy(program, root / "project/tcpsight")
        (root / "project/handshakes.pcap").write_bytes(capture())
        (root / "project/sends.conf").write_text("[otlp]\nendpoint = http://127.0.0.1:4318\n")
        shutil.copy(ROOT / "tests/kernels/guest/init", root / "init")
        initramfs.pack(root, target)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


def judge(out, size):
    """What is wrong with what a guest gave; `size` is that of the page which was fetched."""
    wrong = []

    def expect(condition, text):
        if not condition:
            wrong.append(text)

    for name in "version doctor life top stat peek".split():
        path = out / f"{name}.status"
        expect(path.exists() and path.read_text() == "0\n", f"{name} did not end with 0")
    if wrong:
        return wrong
    expect(not (out / "libraries").read_text(), "there are libraries")
    expect(", static\n" in (out / "version").read_text(), "not the static program")
    expect((out / "left-out").read_text() == "1\n" * 6, "what is left out is not told in words")
    expect("source in use:" in (out / "doctor").read_text(), "doctor says nothing of sources")
    rows = [row for row in lines(out / "life") if row.get("rport") == 7000]
    expect(any(row["rx_bytes"] >= size for row in rows), f"life: no row has the {size} bytes that were fetched")
    summary = lines(out / "life")[-1]
    expect(summary["type"] == "summary" and not summary["lost"], f"life: {summary}")
    expect(":7000" in (out / "top").read_text(), "top shows nothing of the traffic")
    expect(any(row.get("lport") == 7000 and row.get("state") == "listen" for row in lines(out / "stat")),
           "stat shows no listener")
    results = sorted(row["outcome"] for row in lines(out / "peek") if "outcome" in row)
    expect(results == ["established", "rejected"], f"peek: {results}")
    return wrong


def check(name, build, folder):
    computer = machine.parse(name)[2]
    program = build / "static" / computer.architecture / "tcpsight"
    busybox = pathlib.Path("/bin/busybox")
    if computer is not machine.AMD64:
        system = build / "static" / computer.architecture / "guest"
        sysroot.make(system, computer.architecture, ["busybox-static"])
        busybox = system / "bin/busybox"
    base = folder / f"static-{computer.architecture}.cpio"
    make_base(program, busybox, base)
    for _ in range(3):
        outcome = boot.boot(folder / name, base, JOB, folder / name / "static", LIMIT_SEC)
        if NO_CLOCK not in outcome.console:
            break
    if outcome.status is None:
        return [f"the guest did not get to its end:\n{outcome.console[-1500:]}"], outcome
    return judge(outcome.folder, program.stat().st_size), outcome


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    words.add_argument("kernels", nargs="*", metavar="KERNEL")
    args = words.parse_args()
    build = args.build.absolute()
    folder = build / "kernels"
    folder.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in run.fetch_all(args.kernels or KERNELS, folder):
        wrong, outcome = check(name, build, folder)
        source = [line for line in (outcome.folder / "doctor").read_text().splitlines()
                  if line.startswith("source in use")] if (outcome.folder / "doctor").exists() else []
        print(f"{name}: {'; '.join(wrong) or 'runs'} ({', '.join(source)}; {outcome.seconds:.0f} s)", flush=True)
        failed += [name] if wrong else []
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
