# SPDX-License-Identifier: BSD-2-Clause
"""What is left to each command once it runs: user, capabilities, system calls. That the calls
suffice, all other tests prove: a refusal would stand on stderr, which sight.py looks at."""

import contextlib
import os
import pty
import signal
import socket
import subprocess
import tempfile

import pytest
from capture import Wire, write
from flows import EXIT_NOT_HERE, program, traffic, wait_until
from sight import PATIENCE_SEC, PROGRAM, Tcpsight
from test_privilege import NUMBERS, status_of

NOBODY = "65534"
# Of the calls that inject.c tries.
BASE = {"getpid", "read", "write", "mmap"}
LOOP = {"epoll", "timer", "signals"}
FILES = {"open_read", "stat", "readlink", "list_folder"}
BPF = {"bpf_look_up", "bpf_iterate", "membarrier"}
BPF_TAKE = {"bpf_look_up_many", "bpf_take_many", "bpf_delete"}
NETLINK = {"send", "send_to", "receive_message", "get_option", "option_netlink", "own_cpus"}
CAPTURE = {"receive", "receive_message", "get_option", "option_packet"}
SERVE = {"accept", "receive", "send", "unlink"}
SYSLOG = {"socket_unix", "connect", "send"}
TERMINAL, CHILD = {"window_size"}, {"wait"}


def calls_of(pid):
    """What each call gave that was tried in the process's place: a number, or None if refused."""
    done = subprocess.run([program("inject"), str(pid)], capture_output=True, text=True, timeout=4 * PATIENCE_SEC)
    if done.returncode == EXIT_NOT_HERE:
        pytest.skip("inject.c does not know this machine")
    assert done.returncode == 0, done.stderr
    lines = (line.split() for line in done.stdout.splitlines())
    return {name: int(result[1]) if result[0] == "allowed" else None for name, *result in lines}


def assert_shut_in(pid, allowed, capabilities=()):
    wait_until(lambda: status_of(pid, "Seccomp") == "2", "filter")
    assert status_of(pid, "NoNewPrivs") == "1"
    assert status_of(pid, "Uid") == NOBODY and status_of(pid, "Gid") == NOBODY
    mask = sum(1 << NUMBERS[name] for name in capabilities)
    for name in ("CapPrm", "CapEff"):
        assert int(status_of(pid, name), 16) == mask, name
    for name in ("CapInh", "CapAmb", "CapBnd"):
        assert int(status_of(pid, name), 16) == 0, name
    calls = calls_of(pid)
    assert {name for name, result in calls.items() if result is not None} == BASE | allowed
    assert calls["getpid"] == pid and calls["execve"] is None and len(calls) > 60


COMMANDS = [
    (["life"], LOOP | BPF, ["CAP_BPF"]),
    (["life", "-o", "pid,cgroup"], LOOP | BPF | FILES, ["CAP_BPF"]),
    (["life", "--cgroup", "/"], LOOP | BPF | FILES, ["CAP_BPF"]),
    (["top", "-C"], LOOP | BPF | FILES, ["CAP_BPF"]),
    (["top", "-C", "-S"], LOOP | BPF, ["CAP_BPF"]),
    (["subnet"], LOOP | BPF, ["CAP_BPF"]),
    (["stat"], LOOP | BPF, ["CAP_BPF"]),
    # Its output is not ours, which would else be open until it ends.
    (["stat", "-c", "exec sleep 60 >/dev/null 2>&1"], LOOP | BPF | CHILD, ["CAP_BPF"]),
    (["life", "--source", "netlink", "-o", "laddr,tx_bytes"], LOOP | NETLINK, []),
    (["life", "--source", "netlink", "-o", "pid"], LOOP | NETLINK | FILES,
     ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"]),
    (["stat", "--source", "netlink", "-o", "laddr,tx_bytes"], LOOP | NETLINK, []),
    (["life", "-i", "lo", "-o", "laddr"], LOOP | CAPTURE | FILES, []),
    (["peek", "--source", "bpf"], LOOP | BPF | BPF_TAKE | SERVE, ["CAP_BPF"]),
    (["peek", "-i", "lo"], LOOP | CAPTURE | FILES | SERVE | {"bpf_look_up"}, []),
    (["peek", "-i", "lo", "--rung", "capture=classic"], LOOP | CAPTURE | FILES | SERVE, []),
    (["peek", "-i", "lo", "-l", "info"],
     LOOP | CAPTURE | FILES | SERVE | SYSLOG | {"bpf_look_up"}, []),
]


@pytest.mark.parametrize("words, allowed, capabilities", COMMANDS,
                         ids=[" ".join(words) for words, *_ in COMMANDS])
def test_each_command_keeps_what_it_needs(sight, netns, tmp_path, new_cgroup, words, allowed,
                                          capabilities):
    if words[0] == "peek":
        words = [*words, "-U", tmp_path / "socket"]
    if "/" in words:
        words = [*words[:-1], new_cgroup().path]
    tool = sight(*words, wrap=["nsenter", f"--net={netns.path}"])
    assert_shut_in(tool.pid, allowed, capabilities)
    traffic(netns=netns)
    assert tool.stop().status == 0, "it still runs, and ends well"


def test_a_terminal_s_size_is_asked_only_if_there_is_one(sight):
    master, slave = pty.openpty()
    tool = sight("top", "-S", stdout=slave)
    assert_shut_in(tool.pid, LOOP | BPF | TERMINAL, ["CAP_BPF"])
    tool.stop()
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("command", ["life", "top", "subnet", "peek"])
def test_a_capture_is_parsed_with_memory_and_time_alone(privileged, tmp_path, command):
    capture = write(tmp_path / "c.pcap", Wire().open(0)).read_bytes()
    reading, writing = os.pipe()
    with Tcpsight(command, "--read", "-", "--json", stdin=reading, ready=False) as tool:
        os.close(reading)
        os.write(writing, capture[:-1])
        assert_shut_in(tool.pid, set())
        os.write(writing, capture[-1:])
        os.close(writing)
        outcome = tool.wait_exit()
        assert outcome.status == 0, outcome.stderr


@pytest.mark.parametrize("option, allowed", [(None, set()), ("-j", set()), ("-g", CHILD)])
def test_peekstat_parses_the_answer_shut_in(privileged, tmp_path, option, allowed):
    """Also with -g, although gmetric must be started: a child that was made before does it."""
    path = str(tmp_path / "socket")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(path)
        server.listen()
        tool = subprocess.Popen([PROGRAM, "peekstat", "-U", path, *([option] if option else [])],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with server.accept()[0] as client:
            assert_shut_in(tool.pid, allowed)
            client.sendall(b'[{"RX":{"success":{"total":3}}}]')
        output, errors = tool.communicate(timeout=30)
    assert tool.returncode == 0 and errors == b""
    assert (b"3" in output) == (option != "-g")


def listen_for_syslog(folder):
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(f"{folder}/log")
    os.chmod(f"{folder}/log", 0o666)
    log.settimeout(PATIENCE_SEC)
    return log


def test_syslog_is_found_again_after_it_was_restarted(sight, netns):
    """In a mount namespace in which /dev is a folder of ours."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.mkdir(f"{folder}/run", 0o755)
        log = listen_for_syslog(folder)
        tool = sight("peek", "-q", "-i", "lo", "-l", "info", "-U", f"{folder}/run/socket",
                     wrap=["nsenter", f"--net={netns.path}", "unshare", "-m", "sh", "-c",
                           f'mount --bind {folder} /dev && exec "$@"', "sh"])
        for _ in range(2):
            side = traffic(netns=netns).client
            assert f"127.0.0.1:{side.lport} > " in log.recv(4096).decode()
            log.close()
            os.unlink(f"{folder}/log")
            log = listen_for_syslog(folder)
        log.close()
        assert tool.stop().status == 0


def test_the_command_of_stat_is_not_shut_in(sight, tmp_path):
    """It has the rights of whoever started us: it was made before the filter."""
    told = tmp_path / "status"
    tool = sight("stat", "-c", f"cat /proc/self/status > {told}")
    assert tool.wait_exit().status == 0
    text = told.read_text()
    assert "Seccomp:\t0" in text and "NoNewPrivs:\t0" in text and "\nUid:\t0" in text


def test_a_signal_ends_it_in_the_sandbox_too(sight):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        assert sight("life").stop(number).status == 0
