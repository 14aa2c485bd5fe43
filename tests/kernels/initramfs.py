# SPDX-License-Identifier: BSD-2-Clause
"""What a guest's memory holds at boot: three cpio archives one after the other, which the kernel
unpacks into one file system: the base (programs and tests, the same for all kernels of a machine),
the modules of one kernel, and the job."""

import functools
import lzma
import pathlib
import re
import shutil
import subprocess
import tempfile

from .guest import check

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# Found by name in PATH; each comes with the libraries that it is linked with. What is not
# installed is left out, and the tests that call it say so.
PROGRAMS = """dash bash ip ss tc nft nstat bpftool tcptop tcplife nsenter unshare setpriv capsh setcap env
python3 ethtool""".split()

# Applets of busybox that tests and scripts call; the real tools above win over them.
APPLETS = """cat chmod cp cut date dmesg echo grep head id insmod kill ln ls lsmod mkdir mknod
mount mv nproc poweroff ps reboot rm sed seq setsid sleep sort stty su sync tail tar tee test time
timeout touch tr true false umount uname wc xargs""".split()

MODULES = """crc32c_generic tcp_diag inet_diag veth tls sch_ingress sch_htb sch_netem cls_bpf act_bpf
nf_tables nft_ct nft_limit nft_numgen nft_quota nft_counter nft_reject nft_reject_inet
nft_reject_ipv4 nft_reject_ipv6 nft_compat nft_log dummy tcp_bbr 8021q tun""".split()

# Of Python's library, what no test imports.
PYTHON_SKIP = {"test", "idlelib", "tkinter", "lib2to3", "ensurepip", "turtledemo", "pydoc_data",
               "distutils", "config-3.11-*"}
PYTHON_PACKAGES = ["pytest", "_pytest", "pluggy", "iniconfig", "packaging", "attr", "attrs",
                   "more_itertools", "py", "exceptiongroup", "scapy", "pyte", "wcwidth"]


def pack(folder, target):
    """Write folder as a cpio archive owned by root."""
    # It becomes the guest's root, which everybody must be able to enter.
    pathlib.Path(folder).chmod(0o755)
    names = subprocess.run(["find", ".", "-print0"], cwd=folder, check=True, stdout=subprocess.PIPE)
    with open(target, "wb") as out:
        subprocess.run(["cpio", "--null", "-o", "-H", "newc", "-R", "0:0", "--quiet"], cwd=folder,
                       input=names.stdout, stdout=out, check=True)
        # Each archive begins where a word of four bytes does.
        out.write(b"\0" * (-out.tell() % 512))


@functools.lru_cache(maxsize=None)
def linked_with(path):
    """Names of the libraries that a program or library asks for, its loader first."""
    listed = subprocess.run(["readelf", "-ld", str(path)], capture_output=True, text=True, check=False)
    return re.findall(r"(?:program interpreter: |Shared library: \[)([^]]+)", listed.stdout)


class System:
    """A Debian, the running one or one unpacked into a folder, of which a guest's root is made."""

    def __init__(self, folder, triplet, root):
        self.folder, self.triplet, self.root = pathlib.Path(folder), triplet, root

    def which(self, name):
        folders = [str(self.folder / folder) for folder in ("usr/sbin", "usr/bin", "sbin", "bin")]
        found = shutil.which(name, path=":".join(folders))
        return pathlib.Path(found) if found else None

    def library(self, name):
        """Path below the folder, as the loader would find it."""
        for folder in ("", f"lib/{self.triplet}/", f"usr/lib/{self.triplet}/"):
            path = folder + name.lstrip("/")
            if (self.folder / path).exists():
                return path
        return None

    def add_libraries(self, program):
        """Copy the libraries that a program is linked with, and theirs, to where the loader looks."""
        for path in filter(None, map(self.library, linked_with(program))):
            target = self.root / path
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy((self.folder / path).resolve(), target)
                self.add_libraries(target)

    def add_program(self, path):
        shutil.copy(path.resolve(), self.root / "bin" / path.name)
        self.add_libraries(path)

    def add_python(self):
        library = self.folder / "usr/lib/python3.11"
        skip = shutil.ignore_patterns(*PYTHON_SKIP, "*.a")
        shutil.copytree(library, self.root / "usr/lib/python3.11", ignore=skip, symlinks=False,
                        ignore_dangling_symlinks=True)
        for module in (library / "lib-dynload").glob("*.so"):
            self.add_libraries(module)
        for name in PYTHON_PACKAGES:
            for path in [f"usr/lib/python3/dist-packages/{name}{end}" for end in ("", ".py")]:
                source, target = self.folder / path, self.root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if source.is_dir():
                    shutil.copytree(source, target)
                elif source.exists():
                    shutil.copy(source, target)


def add_project(build, system):
    """The program, its links, its BPF object, the tests' own programs, and the tests."""
    target = system.root / "project"
    # Of the unit tests only those that call the kernel.
    units = [build / program for program, _ in check.UNITS.values()]
    for path in [build / "tcpsight", *build.glob("tests/*"), *units]:
        if path.is_file() and path.suffix != ".d":
            (target / "build" / path.relative_to(build)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / "build" / path.relative_to(build))
            system.add_libraries(path)
    for link in build.glob("tcp*"):
        if link.is_symlink():
            (target / "build" / link.name).symlink_to("tcpsight")
    (target / "build/gen").mkdir()
    for path in build.glob("gen/*.o"):
        shutil.copy(path, target / "build/gen")
    for name in ("e2e", "kernels"):
        if (ROOT / "tests" / name).exists():
            shutil.copytree(ROOT / "tests" / name, target / "tests" / name,
                            ignore=shutil.ignore_patterns("__pycache__"))


def make_base(build, target, folder, triplet):
    """Of what was built in `build` and of the Debian in `folder`."""
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        system = System(folder, triplet, root)
        for name in "bin etc proc sys dev tmp run root var usr/bin lib64".split():
            (root / name).mkdir(parents=True)
        (root / "sbin").symlink_to("bin")
        shutil.copy(system.folder / "bin/busybox", root / "bin/busybox")
        for name in APPLETS:
            (root / "bin" / name).symlink_to("busybox")
        for path in filter(None, map(system.which, PROGRAMS)):
            if (root / "bin" / path.name).is_symlink():
                (root / "bin" / path.name).unlink()
            system.add_program(path)
        # Not busybox's shell: it would prefer its own ip and tc to the programs in PATH.
        (root / "bin/sh").symlink_to("dash")
        (root / "usr/bin/python3").symlink_to("/bin/python3")
        (root / "usr/bin/env").symlink_to("/bin/env")
        (root / "var/run").symlink_to("/run")
        (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n"
                                         "nobody:x:65534:65534:nobody:/:/bin/false\n")
        (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
        (root / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        system.add_python()
        add_project(build, system)
        shutil.copy(HERE / "guest/init", root / "init")
        pack(root, target)


def module_files(modules):
    return {path.name.split(".ko")[0].replace("-", "_"): path for path in modules.rglob("*.ko*")}


def read_module(path):
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dc", str(path)], check=True, stdout=subprocess.PIPE).stdout
    return path.read_bytes()


def make_modules(kernel, target):
    """The modules of MODULES that a kernel has, and what they depend on, in an order that loads."""
    files = module_files(kernel / "modules")
    order = []

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "modules"
        folder.mkdir()

        def add(name):
            if name in order or name not in files or (folder / f"{name}.ko").exists():
                return
            data = read_module(files[name])
            (folder / f"{name}.ko").write_bytes(data)
            depends = re.search(rb"\0depends=([^\0]*)\0", data)
            for other in (depends[1].decode().split(",") if depends and depends[1] else []):
                add(other.replace("-", "_"))
            order.append(name)

        for name in MODULES:
            add(name)
        (folder / "order").write_text("".join(name + "\n" for name in order))
        pack(temporary, target)


def make_job(script, kernel, target):
    """What is run, and the kernel's configuration where distributions put it."""
    with tempfile.TemporaryDirectory() as temporary:
        path = pathlib.Path(temporary) / "job"
        (pathlib.Path(temporary) / "boot").mkdir()
        if (kernel / "config").exists():
            release = (kernel / "version").read_text().strip()
            shutil.copy(kernel / "config", pathlib.Path(temporary) / f"boot/config-{release}")
        path.write_text(script)
        path.chmod(0o755)
        pack(temporary, target)

