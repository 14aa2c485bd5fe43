# SPDX-License-Identifier: BSD-2-Clause
"""The packages in a clean Debian 12: installed, upgraded, removed and purged, and tested as installed."""

import contextlib
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "packaging"), str(ROOT / "tests")]

import debian  # noqa: E402
from kernels import apt  # noqa: E402

OLD = "0.1.0"  # the version that an upgrade comes from
FOLDERS = "/etc /usr /lib /var/lib /var/log /run /home /root".split()
# What installing anything leaves behind, and what `systemd-analyze verify`, which only this check calls.
NOISE = ("/var/lib/dpkg/", "/var/lib/apt/", "/var/cache/", "/var/log/", "/etc/ld.so.cache",
         "/var/lib/systemd/deb-systemd-helper-", "/usr/share/info/dir", "/usr/lib/x86_64-linux-gnu/gconv/",
         "/run/systemd/systemd-units-load")


class Chroot:
    def __init__(self, folder):
        self.folder = folder

    def make(self):
        """A clean one: a copy of one that is made once."""
        clean = self.folder.with_name("chroot-clean")
        if not (clean / "usr/sbin/policy-rc.d").exists():
            shutil.rmtree(clean, ignore_errors=True)
            Chroot(clean).bootstrap()
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", clean, self.folder], check=True)

    def bootstrap(self):
        """A minimal Debian from the archive that this machine uses, in which no service is started."""
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", self.folder, apt.archive()], check=True,
                       stdout=subprocess.DEVNULL)
        security = f"deb {apt.archive()}-security bookworm-security main\n"
        with open(self.folder / "etc/apt/sources.list", "a", encoding="utf-8") as out:
            out.write(security)
        self.run("apt-get", "update", "-qq")
        self.run("apt-get", "upgrade", "-qq", "-y")
        policy = self.folder / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    @contextlib.contextmanager
    def mounted(self):
        names = ["proc", "sys", "dev"]
        for name in names:
            subprocess.run(["mount", "--rbind", "--make-rslave", f"/{name}", self.folder / name], check=True)
        try:
            yield
        finally:
            for name in names:
                subprocess.run(["umount", "-l", self.folder / name], check=True)

    def run(self, *words, check=True):
        done = subprocess.run(["chroot", self.folder, "env", "-i", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8",
                               "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *words], capture_output=True, text=True,
                              check=False)
        if check and done.returncode:
            raise SystemExit(f"in the chroot: {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def install(self, debs):
        """As a user does, who has the files: apt finds what they depend on."""
        (self.folder / "tmp/debs").mkdir(exist_ok=True)
        names = []
        for deb in debs:
            shutil.copy(deb, self.folder / "tmp/debs")
            names.append(f"/tmp/debs/{deb.name}")
        self.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "--allow-downgrades", *names)

    def files(self):
        """Everything in it, but for what each installation leaves."""
        listed = self.run("find", *FOLDERS, "-xdev", "(", "-type", "f", "-o", "-type", "l", "-o", "-type", "d", ")").stdout
        return {name for name in listed.splitlines() if not name.startswith(NOISE)}

    def version(self, name):
        return self.run("dpkg-query", "-W", "-f=${Version} ${db:Status-Abbrev}", name, check=False).stdout


def expect(condition, text):
    if not condition:
        raise SystemExit(f"chroot: {text}")


def older_packages(folder):
    """The same source as version 0.1.0: that release had no packages."""
    source = debian.export(folder)
    debian.set_version(source, OLD)
    return debian.build(source, DEB_BUILD_OPTIONS="parallel=2 nocheck noddebs")


def check_installed(root):
    expect(root.run("tcpsight", "--version").stdout.startswith(f"tcpsight {debian.VERSION} "), "another version runs")
    expect("CAP_BPF" in root.run("tcpsight", "doctor").stdout, "doctor says nothing")
    expect(root.run("tcptop", "--help").stdout.startswith("tcptop:"), "no tcptop")
    links = root.folder / "etc/systemd/system/multi-user.target.wants"
    expect(not list(links.glob("tcpsight*")), "the unit was enabled")
    for name in "agent", "ship":
        unit = f"/lib/systemd/system/tcpsight-{name}.service"
        expect((root.folder / unit.lstrip("/")).exists(), f"no unit {unit}")
        verify = root.run("systemd-analyze", "verify", "--man=no", unit, check=False)
        expect(not verify.returncode and not verify.stderr, f"systemd-analyze verify: {verify.stderr}")


def check_upgrade(root, older, debs):
    conf = root.folder / "etc/tcpsight/agent.conf"
    root.install(older)
    expect(root.version("tcpsight").startswith(OLD), "the older version was not installed")
    conf.write_text(conf.read_text() + "max-flows = 1000\n")
    root.install(debs)
    expect(root.version("tcpsight-agent").startswith(debian.VERSION), "not upgraded")
    expect("max-flows = 1000" in conf.read_text(), "the upgrade lost a setting")
    check_installed(root)


def check_removal(root, names, before):
    conf = root.folder / "etc/tcpsight/agent.conf"
    root.run("apt-get", "remove", "-qq", "-y", *names)
    expect(conf.exists(), "removing took the settings")
    expect(not (root.folder / "usr/sbin/tcpsight").exists(), "removing left the program")
    # Those without settings are unknown by now; dpkg does not mind.
    root.run("dpkg", "--purge", *names)
    left = root.files() - before
    expect(not left, f"purging left {sorted(left)}")


def check_conflict(root, debs):
    """The tool goes along with libbpf-tools, its other names do not."""
    root.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "libbpf-tools")
    alone = [deb for deb in debs if deb.name.startswith("tcpsight_")]
    root.install(alone)
    expect(root.version("libbpf-tools").endswith("ii "), "tcpsight drove libbpf-tools out")
    root.install([deb for deb in debs if deb.name.startswith("tcpsight-compat_")])
    expect(not root.version("libbpf-tools").endswith("ii "), "two packages have /usr/sbin/tcptop")
    root.run("apt-get", "purge", "-qq", "-y", "tcpsight", "tcpsight-compat", "libbpf-tools")


def run_autopkgtest(folder, source, root, debs):
    done = subprocess.run(["autopkgtest", "-B", "--no-auto-control", *debs, source, "--summary-file",
                           folder / "autopkgtest.txt", "--", "chroot", root.folder],
                          capture_output=True, text=True, check=False)
    (folder / "autopkgtest.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        raise SystemExit(f"autopkgtest: {done.returncode}, see {folder}/autopkgtest.log\n{done.stderr[-2000:]}")
    return (folder / "autopkgtest.txt").read_text().strip()


def check(folder, debs):
    debs = [deb for deb in debs if "-dbgsym" not in deb.name]
    names = [deb.name.split("_")[0] for deb in debs]
    root = Chroot(folder.parent / "chroot")
    root.make()
    older = [deb for deb in older_packages(folder.parent / "packages-older") if "-dbgsym" not in deb.name]
    with root.mounted():
        # What they depend on is there before, so that only their own files are compared.
        root.install(debs)
        root.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "systemd")
        root.run("apt-get", "purge", "-qq", "-y", *names)
        before = root.files()
        root.install(debs)
        check_installed(root)
        check_removal(root, names, before)
        check_upgrade(root, older, debs)
        check_removal(root, names, before)
        check_conflict(root, debs)
        # Tests open terminals, and programs are loaded by what /sys tells of the kernel.
        tests = run_autopkgtest(folder, folder / f"tcpsight-{debian.VERSION}", root, debs)
    return f"installed, upgraded from {OLD}, removed, purged; autopkgtest: {' '.join(tests.split())}"
