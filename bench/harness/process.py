# SPDX-License-Identifier: BSD-2-Clause
"""Start programs, read what they cost, stop them again.

CPU time of a running program is read from its POSIX CPU clock, which counts nanoseconds of user and
system time of all its threads, so a reading costs it nothing and start-up can be left out by taking
two readings in one run. CPU time of a finished program is what wait4() says.
"""

import contextlib
import dataclasses
import os
import pathlib
import select
import signal
import socket
import subprocess
import tempfile
import time

READY_TIMEOUT_S = 20
END_TIMEOUT_S = 20
QUIET_STEP_S = 0.1
QUIET_STEPS = 3
QUIET_CPU_S = 0.002
QUIET_TIMEOUT_S = 15


class Failure(Exception):
    """A part cannot be measured here; the text says why."""


@dataclasses.dataclass
class Use:
    """What a finished program took. @cpu_s is user and system time, @wall_s from exec to exit."""

    cpu_s: float
    wall_s: float
    status: int


def cpu_clock_s(pid):
    """User and system time that the running process @pid has taken so far."""
    return time.clock_gettime((~pid << 3) | 2)


def wait_use(child, start_s):
    """Wait for @child, a Popen; return its Use."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return Use(usage.ru_utime + usage.ru_stime, time.monotonic() - start_s, child.returncode)


def run_quiet(command):
    """Run @command with its output thrown away; return its Use. It must succeed."""
    start_s = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    use = wait_use(child, start_s)
    if use.status:
        raise Failure(f"{' '.join(command)}: exit status {use.status}")
    return use


def settle(pid):
    """Wait until process @pid takes (nearly) no CPU time: it has started, or has caught up."""
    quiet, deadline_s = 0, time.monotonic() + QUIET_TIMEOUT_S
    before_s = cpu_clock_s(pid)
    while quiet < QUIET_STEPS:
        if time.monotonic() > deadline_s:
            name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
            raise Failure(f"{name} does not come to rest: others' connections keep it busy")
        time.sleep(QUIET_STEP_S)
        now_s = cpu_clock_s(pid)
        quiet = quiet + 1 if now_s - before_s < QUIET_CPU_S else 0
        before_s = now_s


def stop(child):
    """End @child as Ctrl-C does. Return its exit status."""
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise Failure(f"{child.args[0]} ignores SIGINT") from None
    return child.returncode


@contextlib.contextmanager
def ready_program(command, cpus=None, stdout=subprocess.DEVNULL, timeout_s=READY_TIMEOUT_S):
    """Run @command until the block ends; enter the block once it has reported READY=1 to
    NOTIFY_SOCKET. Yields (Popen, seconds from exec to READY)."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            # The sender may have given its privileges up.
            os.chmod(folder, 0o711)
            os.chmod(path, 0o666)
            notify.settimeout(timeout_s)
            with tempfile.TemporaryFile() as errors:
                start_s = time.monotonic()
                child = subprocess.Popen(pinned(command, cpus), stdin=subprocess.DEVNULL,
                                         stdout=stdout, stderr=errors,
                                         env={**os.environ, "NOTIFY_SOCKET": path})
                try:
                    await_ready(notify, child, errors, command)
                    yield child, time.monotonic() - start_s
                finally:
                    status = stop(child)
                if status:
                    raise Failure(f"{' '.join(command)}: exit status {status}: {tail(errors)}")


def await_ready(notify, child, errors, command):
    """Read @notify until READY=1 comes, or complain with what @child wrote to @errors."""
    deadline_s = time.monotonic() + notify.gettimeout()
    while time.monotonic() < deadline_s:
        if select.select([notify], [], [], 0.2)[0]:
            if b"READY=1" in notify.recv(4096).split(b"\n"):
                return
        if child.poll() is not None:
            break
    raise Failure(f"{' '.join(command)} did not become ready: {tail(errors)}")


def tail(file):
    """The last words that were written to @file, in one line."""
    file.seek(0)
    return " | ".join(file.read()[-400:].decode(errors="replace").split("\n")).strip(" |")


def pinned(command, cpus):
    """@command, bound to the CPUs in @cpus; to none if that is None."""
    if cpus is None:
        return list(command)
    return ["taskset", "-c", ",".join(map(str, cpus))] + list(command)


def memory_kib(pid):
    """VmRSS, VmHWM and their kin of process @pid, in KiB."""
    fields = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.startswith(("Vm", "Rss")):
            fields[name] = int(value.split()[0])
    return fields
