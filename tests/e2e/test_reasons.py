# SPDX-License-Identifier: BSD-2-Clause
"""Why something cannot be had, in words: on machines that are made poor in one thing at a time.

What is hidden is hidden in a mount namespace, a user namespace or by a filter of the test's own.
"""

import ctypes
import gzip
import json
import os
import platform
import struct
import subprocess

import pytest
from sight import PROGRAM
from test_privilege import as_nobody

HIDE_BTF = "mount -t tmpfs none /sys/kernel/btf"
HIDE_CGROUPS = ("sed -n 's/^[^ ]* \\([^ ]*\\) cgroup2 .*/\\1/p' /proc/mounts | "
                "while read -r at; do umount -l \"$at\"; done")


def doctor(*prefix, before=None, **more):
    done = subprocess.run([*prefix, PROGRAM, "doctor", "--json"], check=True, capture_output=True,
                          text=True, preexec_fn=before, **more)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    machine = next(line for line in lines if line["type"] == "machine")
    return {(line["need"], line["rung"]): line for line in lines if line["type"] == "rung"}, machine


def where(script):
    """A mount namespace in which a script has run."""
    return ["unshare", "-m", "sh", "-e", "-c", f'{script}; exec "$@"', "sh"]


def with_config(tmp_path, text):
    """A script that gives the kernel another configuration."""
    path = tmp_path / "config"
    if os.path.exists("/proc/config.gz"):
        path.write_bytes(gzip.compress(text.encode()))
        return f"mount --bind {path} /proc/config.gz"
    path.write_text(text)
    return f"mount -t tmpfs none /boot; cp {path} /boot/config-{platform.release()}"


@pytest.mark.parametrize("config, why, helps", [
    ("# CONFIG_DEBUG_INFO_BTF is not set\n", "CONFIG_DEBUG_INFO_BTF is not set", "CONFIG_DEBUG_INFO_BTF=y"),
    ("CONFIG_DEBUG_INFO_BTF=y\n", "though it was built with CONFIG_DEBUG_INFO_BTF", "mount sysfs"),
])
def test_no_btf(privileged, tmp_path, config, why, helps):
    prefix = where(f"{HIDE_BTF}; {with_config(tmp_path, config)}")
    lines, machine = doctor(*prefix)
    assert machine["source"] == "netlink"
    for need in "edges", "volume", "older", "owner":
        line = next(line for (of, _), line in lines.items() if of == need)
        assert line["state"] == "unavailable"
        assert "shows no BTF" in line["why"] and why in line["why"]
        assert helps in line["helps"]
    run = subprocess.run([*prefix, PROGRAM, "life", "--duration", "1"], check=True,
                         capture_output=True, text=True)
    assert "shows no BTF" in run.stderr and 'using the source "netlink"' in run.stderr


def test_no_cgroups(privileged):
    lines, machine = doctor(*where(HIDE_CGROUPS))
    for rung in ("cgroup", "mount"), ("packets", "cgroup"):
        assert lines[rung]["state"] == "unavailable"
        assert "no mount of cgroup v2" in lines[rung]["why"]
        assert "mount -t cgroup2" in lines[rung]["helps"]
    assert machine["source"] == doctor()[1]["source"]


def test_capabilities_of_a_user_namespace(privileged):
    lines, machine = doctor("unshare", "-Ur")
    assert machine["source"] == "netlink"
    assert "user namespace" in lines["edges", "tracepoint"]["why"]
    assert "outside of the container" in lines["edges", "tracepoint"]["helps"]


def refuse_bpf():
    """As a container's profile does: this process and its children may not call bpf()."""
    number = {"x86_64": 321, "aarch64": 280, "s390x": 351}[platform.machine()]
    load, if_equal, answer, eperm, allow = 0x20, 0x15, 0x06, 0x00050001, 0x7FFF0000
    code = b"".join(struct.pack("HBBI", *word) for word in (
        (load, 0, 0, 0), (if_equal, 0, 1, number), (answer, 0, 0, eperm), (answer, 0, 0, allow)))
    memory = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxQ", 4, ctypes.addressof(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())


def test_seccomp_filter(privileged):
    lines, machine = doctor(before=refuse_bpf)
    assert machine["source"] == "netlink"
    assert "seccomp filter" in lines["edges", "tracepoint"]["why"]
    assert "seccomp profile" in lines["edges", "tracepoint"]["helps"]


@pytest.mark.parametrize("given, missing", [
    ([], "CAP_BPF and CAP_PERFMON are missing"),
    (["CAP_BPF"], "CAP_PERFMON is missing"),
    (["CAP_PERFMON"], "CAP_BPF is missing"),
])
def test_capabilities_that_are_missing_are_named(privileged, given, missing):
    lines, machine = doctor(*as_nobody(given))
    assert machine["source"] == "netlink"
    assert missing in lines["edges", "tracepoint"]["why"]


def test_a_kernel_option_that_is_not_set_is_named(privileged, tmp_path):
    """Of a hook that the kernel has not; its configuration says why."""
    real, _ = doctor()
    gone = [line for line in real.values() if line["state"] == "unavailable"
            and "has no kretprobe" in line["why"]]
    lines, _ = doctor(*where(with_config(tmp_path, "CONFIG_BPF_SYSCALL=y\n")))
    for line in gone:
        assert "CONFIG_KPROBES is not set" in lines[line["need"], line["rung"]]["why"]
        assert "CONFIG_KPROBES=y" in lines[line["need"], line["rung"]]["helps"]
    assert gone or real["accept", "kprobe"]["state"] in {"available", "other_source", "used"}


@pytest.mark.parametrize("switch, helps", [(1, "CAP_SYSLOG"), (2, "sysctl kernel.kptr_restrict=1")])
def test_hidden_addresses(privileged, tmp_path, switch, helps):
    """Whom the kernel shows no addresses is told which switches there are."""
    (tmp_path / "switch").write_text(f"{switch}\n")
    script = f"mount --bind {tmp_path}/switch /proc/sys/kernel/kptr_restrict"
    line = doctor(*where(script), *as_nobody(["CAP_BPF", "CAP_PERFMON"]))[0]["delacks", "timer"]
    if line["state"] != "unavailable":
        assert line["state"] in {"used", "other_source"}
        return
    assert f"kernel.kptr_restrict is {switch}, kernel.perf_event_paranoid " in line["why"]
    assert "missing: CAP_SYSLOG" in line["why"] and helps in line["helps"]


def test_lockdown_is_named(privileged):
    """Where the kernel refuses something to root: lockdown, if it says that it is on."""
    script = ("mount -t tmpfs none /sys/kernel/security; "
              "echo 'none [integrity] confidentiality' >/sys/kernel/security/lockdown")
    lines, machine = doctor(*where(script))
    assert machine["lockdown"] == "integrity"
    refused = [line["why"] for line in lines.values() if "no capability is missing" in line.get("why", "")]
    assert all("lockdown is 'integrity'" in why for why in refused)
