# SPDX-License-Identifier: BSD-2-Clause
"""The control socket, byte for byte, whatever its clients do; and `peekstat`, which is one."""

import contextlib
import json
import os
import pathlib
import re
import select
import shutil
import socket
import stat
import subprocess
import tempfile
import time

import pytest
from flows import traffic, wait_until
from ready import readable
from sight import PATIENCE_SEC, PROGRAM, Tcpsight, run

NONE = '"success":{"total":0,"dupsyn":0,"dupsynack":0},"failure":{"total":0,"timeout":0,"reject":0'


def counts(success):
    return NONE.replace('"total":0', f'"total":{success}', 1)


@contextlib.contextmanager
def peek(netns, path, *options, **more):
    with Tcpsight("peek", "-i", "lo", "-U", path, *options,
                  wrap=["nsenter", f"--net={netns.path}"], **more) as tool:
        yield tool


@pytest.fixture
def path(tmp_path):
    return tmp_path / "peek.sock"


@pytest.fixture
def running(netns, path):
    with peek(netns, path, "-q", 'we"b:RX@%:80') as tool:
        yield tool


def connect(path):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(str(path))
    client.settimeout(PATIENCE_SEC)
    return client


def answer(client):
    said = b""
    while more := client.recv(65536):
        said += more
    return said.decode()


def wait_hang_up(client):
    """Wait until the other end has closed, whatever there is to read."""
    waiting = select.poll()
    waiting.register(client, select.POLLRDHUP)
    assert waiting.poll(1000 * PATIENCE_SEC), "it was not cut off"


def ask(path, request):
    with connect(path) as client:
        client.sendall(request)
        return answer(client)


def one_handshake(netns, path, so_many):
    traffic(netns=netns)
    wait_until(lambda: json.loads(ask(path, b"GET\r\n"))[0]["RX"]["success"]["total"] >= so_many,
               "handshake that is counted")


def test_get_and_refresh_byte_for_byte(netns, path, running):
    one_handshake(netns, path, 1)
    said = ask(path, b"GET\r\n")
    packets = re.search(r'"recv":(\d+),', said)[1]
    assert said == ('[{"RX":{' + counts(1) + ', "unreach":0}}},{"TX":{' + counts(1)
                    + ', "unreach":0}}},{"we\\"b":{' + counts(0) + ', "unreach":0}}},'
                    + '{"pcap":{"stats":{"recv":' + packets + ',"drop":0,"ifdrop":0}}}]')
    assert int(packets) == 3, "what the kernel keeps back is not counted"
    refreshed = '[{"RX":{%s}}},{"TX":{%s}}},{"we\\"b":{%s}}}]'
    assert ask(path, b"REFRESH\r\n") == refreshed % (counts(1), counts(1), counts(0))
    assert ask(path, b"REFRESH\r\n") == refreshed % (counts(0), counts(0), counts(0))
    one_handshake(netns, path, 2)
    assert ask(path, b"REFRESH\r\n") == refreshed % (counts(1), counts(1), counts(0))


@pytest.mark.parametrize("request_", [b"GET\r\n", b"GET\n", b"  GET \t\r\n", b"\n", b"anything\r\n",
                                      b"x" * 127])
def test_what_means_get(path, running, request_):
    assert ask(path, request_).startswith('[{"RX":{"success":{"total":0,')
    assert '"pcap"' in ask(path, request_)


def test_the_end_of_what_is_sent_ends_a_request(path, running):
    with connect(path) as client:
        client.sendall(b"REFRESH")
        client.shutdown(socket.SHUT_WR)
        assert "pcap" not in answer(client)


def test_a_request_may_come_in_pieces(path, running):
    with connect(path) as client:
        for byte in b"REFRESH\r\n":
            client.sendall(bytes([byte]))
            time.sleep(0.02)
        assert "pcap" not in answer(client)


def test_silent_clients_are_cut_off_and_hold_up_nobody(path, running):
    silent = [connect(path) for _ in range(10)]
    assert ask(path, b"GET\n")
    assert not readable(silent[-1], seconds=0), "they are still there"
    for client in silent:
        assert client.recv(10) == b"", "closed without an answer"
        client.close()


def test_more_clients_than_places_push_out_the_oldest(path, running):
    crowd = [connect(path) for _ in range(100)]
    assert ask(path, b"GET\n").endswith("]")
    for client in crowd:
        client.close()


def test_clients_that_die_or_flood_do_no_harm(netns, path, running):
    for _ in range(50):
        connect(path).close()
        with connect(path) as dying:
            dying.sendall(b"GET\n")
        with connect(path) as flooding:
            flooding.setblocking(False)
            with contextlib.suppress(OSError):
                for _ in range(50):
                    flooding.send(b"z" * 60000)
    one_handshake(netns, path, 1)
    assert running.process.poll() is None


def test_a_client_that_drips_is_cut_off(path, running):
    """Each byte in time does not buy more of it."""
    began = time.monotonic()
    with connect(path) as client, pytest.raises(OSError):
        while time.monotonic() - began < PATIENCE_SEC:
            client.send(b"G")
            time.sleep(0.1)


@pytest.fixture
def talkative(netns, path):
    """Its answer is larger than what a socket holds on its way."""
    with peek(netns, path, "-q", *(f"{n:04}" + "n" * 120 + ":RX@%:80" for n in range(2000))) as tool:
        yield tool


def test_a_client_that_reads_slowly_gets_all(path, talkative):
    with connect(path) as client:
        client.sendall(b"GET\n")
        time.sleep(0.5)
        said = b""
        while more := client.recv(100_000):
            said += more
            time.sleep(0.05)
    assert len(json.loads(said)) == 2000 + 3


def test_clients_that_never_read_hold_up_nobody(netns, path, talkative):
    whole = len(ask(path, b"GET\n"))
    deaf = [connect(path) for _ in range(20)]
    for client in deaf:
        client.sendall(b"GET\n")
    one_handshake(netns, path, 1)
    for client in deaf:
        wait_hang_up(client)
        assert len(answer(client)) < whole - 100, "it was cut off in the middle"
        client.close()
    one_handshake(netns, path, 2)


@pytest.mark.parametrize("umask", [0, 0o077])
def test_the_file_is_for_owner_and_group_only(netns, path, umask):
    with peek(netns, path, umask=umask):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)


@pytest.mark.parametrize("uid, gid, heard", [(65534, 1234, True), (1234, 65534, True),
                                             (1234, 1234, False)])
def test_others_are_not_heard(netns, uid, gid, heard):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = pathlib.Path(folder) / "peek.sock"
        with peek(netns, path):
            done = subprocess.run(
                ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups",
                 PROGRAM.with_name("tcpeekstat"), "-j", "-U", path],
                capture_output=True, text=True, timeout=PATIENCE_SEC)
    assert (done.returncode == 0) == heard
    assert heard or "Permission denied" in done.stderr


def test_a_folder_is_made_and_left_clean(netns):
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o755)
        path = pathlib.Path(above) / "tcpeek" / "tcpeek.sock"
        with peek(netns, path):
            assert ask(path, b"GET\n")
        assert path.parent.is_dir() and not path.exists()


def test_a_stale_file_is_replaced_but_nothing_else(netns, path):
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))
    with peek(netns, path):
        assert ask(path, b"GET\n")
        second = run("peek", "-i", "lo", "-U", path)
        assert second.status == 1 and "Address already in use" in second.stderr
        assert ask(path, b"GET\n"), "the first one still answers"
    path.unlink(missing_ok=True)
    path.write_text("mine")
    third = run("peek", "-i", "lo", "-U", path)
    assert third.status == 1 and path.read_text() == "mine"


def test_many_long_names_fit(netns, path):
    names = [f"{n:03}" + "\\" * 100 for n in range(300)]
    with peek(netns, path, "-q", *(name + ":RX@%:80" for name in names)):
        said = json.loads(ask(path, b"GET\n"))
    assert [next(iter(one)) for one in said] == ["RX", "TX", *names, "pcap"]


def peekstat(path, *options):
    return subprocess.run([PROGRAM.with_name("tcpeekstat"), "-U", str(path), *options],
                          capture_output=True, text=True, timeout=PATIENCE_SEC)


def test_peekstat_prints_the_table(netns, path, running):
    one_handshake(netns, path, 1)
    done = peekstat(path)
    assert done.returncode == 0 and done.stderr == ""
    rule = "-" * 28
    assert done.stdout.splitlines()[:14] == [
        "====== TCPEEK SUMMARY ======", rule, " RX", rule, " success",
        "     total               1", "     dupsyn              0", "     dupsynack           0",
        " failure", "     total               0", "     timeout             0",
        "     reject              0", "     unreach             0", rule]
    assert done.stdout.endswith("     ifdrop              0\n============================\n")


def test_peekstat_prints_json(path, running):
    done = peekstat(path, "-j")
    said = ask(path, b"GET\n")
    assert json.loads(done.stdout)[:3] == json.loads(said)[:3]
    assert " " not in done.stdout and done.stdout.endswith("]\n")


def test_peekstat_without_peek_fails(path):
    done = peekstat(path)
    assert done.returncode == 1 and done.stdout == "" and str(path) in done.stderr
    assert peekstat(path, "-g", "-j").returncode == 2
    assert peekstat(path, "word").returncode == 2
    assert peekstat(path, "-h").returncode == peekstat(path, "-v").returncode == 0


@pytest.mark.parametrize("said", [b"", b"no json", b"{}", b"[{"])
def test_peekstat_says_what_it_did_not_understand(path, said):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        process = subprocess.Popen([PROGRAM, "peekstat", "-U", str(path)], stderr=subprocess.PIPE)
        with server.accept()[0] as client:
            client.recv(100)
            client.sendall(said)
        assert process.wait(PATIENCE_SEC) == 1
        assert b"understood" in process.communicate()[1]


@pytest.mark.parametrize("said, status", [(b'[{"RX":{"success":{"total":3}}}]', 0), (b"", 1)])
def test_who_hangs_up_before_it_was_asked_is_understood_all_the_same(path, said, status):
    """Twenty times, since it depends on who comes first."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        for _ in range(20):
            process = subprocess.Popen([PROGRAM, "peekstat", "-U", str(path)],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            with server.accept()[0] as client:
                client.sendall(said)
            output, errors = process.communicate(timeout=PATIENCE_SEC)
            assert process.returncode == status, errors
            assert b"3" in output if said else b"understood" in errors


@pytest.fixture
def gmond(netns, tmp_path):
    """A real gmond that hears real gmetric on the loopback of the namespace."""
    if not (shutil.which("gmond") and pathlib.Path("/usr/bin/gmetric").exists()):
        pytest.skip("needs ganglia-monitor")
    config = tmp_path / "gmond.conf"
    config.write_text("""
globals { daemonize = no setuid = no mute = no deaf = no host_dmax = 0 cleanup_threshold = 300
          gexec = no send_metadata_interval = 1 }
cluster { name = "test" owner = "test" latlong = "" url = "" }
host { location = "" }
udp_send_channel { host = 127.0.0.1 port = 8649 ttl = 1 }
udp_recv_channel { port = 8649 bind = 127.0.0.1 }
tcp_accept_channel { port = 8649 }
""")
    inside = ["nsenter", f"--net={netns.path}"]
    process = subprocess.Popen([*inside, "gmond", "-f", "-c", str(config)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield inside, config
    process.kill()
    process.wait()


def test_peekstat_hands_what_was_added_to_ganglia(netns, path, gmond):
    inside, config = gmond
    # gmetric reads /etc/ganglia/gmond.conf: in a mount namespace of our own it is this one.
    script = f"mount --bind {config} /etc/ganglia/gmond.conf && exec {PROGRAM} peekstat -g -U {path}"
    with peek(netns, path, "-q", "http-rx:RX@%:80"):
        done = subprocess.run([*inside, "unshare", "-m", "sh", "-c", script], capture_output=True,
                              text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("/usr/bin/gmetric -n")]
    assert len(lines) == 3 * 4
    assert "/usr/bin/gmetric -n tcpeek_RX_failure_reject -v 0 -t uint32" in lines
    fetch = ("import socket,sys\ns = socket.create_connection(('127.0.0.1', 8649))\n"
             "while d := s.recv(65536): sys.stdout.write(d.decode('latin1'))")
    deadline = time.monotonic() + PATIENCE_SEC
    wanted = {f"tcpeek_{f}_{i}" for f in ("RX", "TX", "http-rx") for i in (
        "success_dupsyn", "success_dupsynack", "failure_timeout", "failure_reject")}
    while True:
        heard = subprocess.run([*inside, "/usr/bin/python3", "-c", fetch], capture_output=True,
                               text=True).stdout
        if all(f'NAME="{name}" VAL="0" TYPE="uint32"' in heard for name in wanted):
            break
        assert time.monotonic() < deadline, heard[-3000:]
        time.sleep(0.2)


def test_peekstat_fails_if_gmetric_does(path, running):
    if not pathlib.Path("/usr/bin/gmetric").exists():
        pytest.skip("needs ganglia-monitor")
    script = f"mount --bind /bin/false /usr/bin/gmetric && exec {PROGRAM} peekstat -g -U {path}"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("/usr/bin/gmetric failed for tcpeek_") == 3 * 4
