# SPDX-License-Identifier: BSD-2-Clause
"""`tcpsight agent`: its settings, and how it begins, goes on and ends as a service."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import time

import pytest
from agents import Agent
from flows import wait_until
from sight import run
from test_api import PAYLOAD, Pair

MISTAKES = """\
source = bpf
max-flows = many   # a number
lisen = 127.0.0.1:1
[metrics]
limt = 3
series-limit = 5
interval = 1
interval = 2
[recrd]
folder = /x
[life x]
verbose = yes
no equals
[metrics
x = "abc
"""


@pytest.fixture
def agent(privileged, tmp_path):
    """Starts agents, whose socket is in the test's folder; they end with the test."""
    with contextlib.ExitStack() as running:
        yield lambda *args, **options: running.enter_context(
            Agent(tmp_path / "agent.sock", *args, **options))


def write(tmp_path, text):
    path = tmp_path / "agent.conf"
    path.write_text(text)
    for folder in tmp_path.parents:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    tmp_path.chmod(0o755)
    return path


def test_all_mistakes_of_a_file_are_told(built, tmp_path):
    path = write(tmp_path, MISTAKES)
    done = run("agent", "--config", path)
    assert done.status == 2 and not done.lines
    told = [line.removeprefix(f"{path}:") for line in done.stderr.splitlines() if line.startswith(str(path))]
    assert [line.split(": ")[0] for line in told] == [
        "13:4", "14:9", "15:5", "2:13", "3:1", "5:1", "6:16", "8:1", "9:2", "12:1"]
    assert "unknown option 'lisen', did you mean 'listen'?" in told[4]
    assert "unknown option 'limt' in [metrics]" in told[5]
    assert "unknown section [recrd], did you mean [record]?" in told[8]
    # The caret stands under what is wrong, in its line.
    lines = done.stderr.splitlines()
    at = lines.index(next(l for l in lines if l.startswith(f"{path}:2:13")))
    assert lines[at + 1] == "  max-flows = many   # a number" and lines[at + 2].index("^") == 2 + 12


def test_mistakes_of_form_hide_none_of_meaning(built, tmp_path):
    """Of other sections: of one that has both it is not known what it would be."""
    path = write(tmp_path, "lisen = 127.0.0.1:1\nlisten = 0.0.0.0:80\n[metrics]\nby = comm,pid\n[api]\nkeep-closed = no\n"
                           "[ipfix]\ncollector = x:1\n[nope]\nx = y\n[life]\nfilter = port 443 and\n")
    done = run("agent", "--config", path)
    assert done.status == 2 and not done.lines
    told = re.findall(rf"^{re.escape(str(path))}:(\d+):", done.stderr, re.M)
    assert sorted(map(int, told)) == [1, 2, 4, 6, 8, 9, 12]


def test_what_a_filter_says_is_checked_where_it_stands(built, tmp_path):
    path = write(tmp_path, "[metrics]\nby = comm,raddr\nfilter = port 443 and\n[life]\njson = yes\n"
                           "output = /nonexistent/x\ncolumns = comm,nothing\n")
    done = run("agent", "--config", path)
    assert done.status == 2
    assert f"{path}:2:11: argument --by: 'raddr'" in done.stderr
    assert f"{path}:7:16: " in done.stderr and "no column 'nothing'" in done.stderr


@pytest.mark.parametrize("option,value,part", [
    ("--config", "/nonexistent.conf", "there is no such file"),
    ("--listen", "127.0.0.1:http", "a port is a number from 0 to 65535"),
    ("--listen", "unix:run", "begins with /"),
    ("--listen", "localhost:80", "expected unix:PATH"),
    ("--listen", "[::1:80", "expected unix:PATH"),
    ("--without", "metrics,page", "expected metrics, api"),
    ("--cpu-budget", "2", "100% of one CPU"),
    ("--memory-limit", "1M", "at least 16M"),
])
def test_a_wrong_option_is_told(built, option, value, part):
    done = run("agent", option, value)
    assert done.status == 2 and part in done.stderr and not done.lines


def test_the_settings_can_be_tried(built, tmp_path):
    path = write(tmp_path, f"listen = unix:{tmp_path}/agent.sock\n[metrics]\nby = comm # why not\n")
    done = run("agent", "--config", path, "--check")
    assert done.status == 0, done.stderr
    assert "the settings are right" in done.text and not (tmp_path / "agent.sock").exists()
    dumped = run("agent", "--config", path, "--dump-config", "--max-flows", "777")
    assert dumped.status == 0
    assert "by = comm    # " + f"{path}:3" in dumped.text and "max-flows = 777" in dumped.text
    path.write_text(f"listen = unix:{tmp_path}/none/folder/agent.sock\n")
    done = run("agent", "--config", path, "--check")
    assert done.status == 1 and f"cannot listen at unix:{tmp_path}/none" in done.stderr


def test_dumped_settings_say_where_they_come_from_and_are_settings_again(built, tmp_path):
    listen = f"unix:{tmp_path}/agent.sock"
    path = write(tmp_path, f"listen = {listen}\n[metrics]\nby = comm\n[life closes]\nfilter = port 5432\njson = yes\n"
                           f"output = {tmp_path}/closes\n")
    words = ("agent", "--dump-config", "--config", path)
    dumped = run(*words, "--max-flows", "777", "--also", "life --output /dev/null --csv").text
    for line in (f"listen = {listen}    # {path}:1", f"by = comm    # {path}:3", f"filter = port 5432    # {path}:5",
                 "max-flows = 777    # command line", "stop-timeout = 5    # default", "series-limit = 2000    # default",
                 "[life closes]", "[life]", "csv = yes    # command line"):
        assert line in dumped.splitlines(), dumped
    assert not re.search("^(config|dump-config|check) =", dumped, re.M)
    path.write_text(dumped)
    assert re.sub(" +#.*", "", run(*words).text) == re.sub(" +#.*", "", dumped)


def test_the_command_line_has_the_last_word(agent, tmp_path):
    path = write(tmp_path, f"listen = unix:{tmp_path}/other.sock\nmax-flows = 1000\n[metrics]\ninterval = 7\n")
    a = agent("--config", path, "--max-flows", "5000", "--without", "api")
    status = json.loads(a.get("/api/v1/status")[1])
    assert status["flows"]["limit"] == 5000
    assert status["http"]["listeners"] == [f"unix:{tmp_path}/agent.sock"]


def test_systemd_is_told(agent, tmp_path):
    path = write(tmp_path, "[metrics]\ninterval = 1\n")
    os.environ["WATCHDOG_USEC"] = "2000000"
    try:
        a = agent("--config", path)
    finally:
        del os.environ["WATCHDOG_USEC"]
    beat = a.hear()
    assert beat[0] == "WATCHDOG=1" and beat[1].startswith("STATUS=") and "flows, 0 lost, bpf" in beat[1]
    a.hang_up()
    heard = a.hear_until("READY=1")
    reloading = next(h for h in heard if h[0] == "RELOADING=1")
    assert reloading[1].startswith("MONOTONIC_USEC=")
    a.process.send_signal(signal.SIGTERM)
    a.hear_until("STOPPING=1")
    assert a.wait_exit().status == 0
    assert not (tmp_path / "agent.sock").exists() or os.geteuid() == 0


def test_the_end_waits_for_a_collector_only_so_long(agent, tmp_path):
    """systemd is told how long it may take, and the end is none that it calls a failure."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = silent.getsockname()
        path = write(tmp_path, f"stop-timeout = 1\n[otlp]\nendpoint = http://127.0.0.1:{address[1]}\nstop-timeout = 1\n")
        a = agent("--config", path)
        socket.create_connection(address).close()
        a.process.send_signal(signal.SIGTERM)
        # One second for outputs, one for the collector, one to be on the safe side.
        assert a.hear_until("STOPPING=1")[-1] == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=3000000"]
        assert a.wait_exit().status == 0


def test_without_an_interval_the_watchdog_is_fed_all_the_same(agent, tmp_path):
    path = write(tmp_path, "[metrics]\ninterval = 3600\n")
    os.environ["WATCHDOG_USEC"] = "1000000"
    try:
        a = agent("--config", path, "--without", "api")
    finally:
        del os.environ["WATCHDOG_USEC"]
    assert a.hear()[0] == "WATCHDOG=1"


def test_a_file_that_is_read_again_changes_what_can_change(agent, tmp_path):
    path = write(tmp_path, "max-flows = 1000\n[metrics]\ninterval = 1\nby = role\n")
    a = agent("--config", path)
    a.page()
    path.write_text("max-flows = 2000\n[metrics]\ninterval = 1\nby = roel\n")
    a.hang_up()
    a.wait_error("the settings stay as they were")
    assert any(f"{path}:4:6: argument --by: no label 'roel', did you mean 'role'?" in e for e in a.errors)
    path.write_text("max-flows = 2000\n[metrics]\ninterval = 1\nby = family\nnames = otel\n")
    a.hang_up()
    a.wait_error("max-flows is for the next start")
    a.wait_error("names of metrics is for the next start")
    a.wait_page(lambda p: any("family" in l for l in p.labels("tcpsight_io_bytes_total"))
                or not p.labels("tcpsight_io_bytes_total"), "series by family")
    assert not any("side" in l for l in a.page().labels("tcpsight_io_bytes_total"))
    assert json.loads(a.get("/api/v1/status")[1])["flows"]["limit"] == 1000
    path.unlink()
    a.hang_up()
    a.wait_error("is missing: the settings stay as they were")
    assert a.stop(signal.SIGTERM).status == 0


@pytest.mark.still
def test_what_came_since_the_last_interval_is_not_lost(agent, netns):
    """No interval ends, so nothing was read of what is open; the truth is what this test opened. The account is of the
    whole machine, where others may open more than an agent can take."""
    a = agent("--without", "api", "--also", f"metrics --interval 3600 --netns {netns.name}")
    before = json.loads(a.get("/api/v1/status")[1])["account"]
    with netns.inside(), contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        for _ in range(20):
            stack.enter_context(socket.create_connection(server.getsockname()))
            stack.enter_context(server.accept()[0])
        account = json.loads(a.get("/api/v1/status")[1])["account"]
        assert account["opened"] - before["opened"] >= 40 and account["live"] >= 40
        assert account["lost"] == account["missed"] == 0
    account = wait_until(lambda: (lambda now: now["closed"] - before["closed"] >= 40 and now)(
        json.loads(a.get("/api/v1/status")[1])["account"]), "their ends")
    assert account["lost"] == account["missed"] == 0


@pytest.mark.still
def test_memory_of_those_who_have_gone_is_given_back(agent, netns, many_files):
    """More than half of what they took; and who comes after them is counted as ever."""
    def resident():
        return int(re.search(r"^VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{a.pid}/status").read_text(), re.M)[1])

    def live():
        return json.loads(a.get("/api/v1/flows?limit=1&filter=net%20127.0.0.0/8")[1])["total"]

    # What is kept of ends, and of minutes, is not of those who live.
    a = agent("--also", "metrics --interval 1", "--also", "api --keep-closed 10 --keep-trails 10")
    before, others = resident(), live()
    with netns.inside(), contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        for _ in range(4000):
            stack.enter_context(socket.create_connection(server.getsockname()))
            stack.enter_context(server.accept()[0])
        wait_until(lambda: live() >= others + 8000, "connections")
        most = wait_until(lambda: resident() > before + 6000 and resident(), "memory for them")
    wait_until(lambda: resident() < before + (most - before) / 2, lambda: f"memory: {before}, {most}, {resident()}")
    with Pair() as pair:
        pair.send(3)
        a.wait_page(lambda p: p.sum("tcpsight_host_io_bytes_total", direction="transmit") >= 3 * len(PAYLOAD), "bytes")
    page = a.wait_page(lambda p: p.sum("tcpsight_host_connections_closed_total") >= 8002, "ends")
    assert page.sum("tcpsight_balance") == 0


def test_near_its_limit_of_memory_it_gives_things_up(agent):
    a = agent("--memory-limit", "16M", "--also", "metrics --interval 1")
    a.wait_error("is the limit: ")
    page = a.wait_page(lambda p: p.sum("tcpsight_step") > 0, "a step")
    assert json.loads(a.get("/api/v1/status")[1])["step"] != "all"
    assert page.sum("process_resident_memory_bytes") > 12 << 20


def test_a_part_may_be_left_out(agent):
    a = agent("--without", "metrics")
    a.get("/metrics", status=404)
    assert a.get("/healthz")[1] == b"ok\n"
    wait_until(lambda: a.get("/readyz")[1] == b"ready\n", "ready agent")


def test_the_api_takes_another_filter_and_other_limits(agent, tmp_path):
    """What it takes now is answered, with all that it moved; what it does not take any more has left."""
    def local_ports():
        answer = json.loads(a.get("/api/v1/flows?columns=lport,tx_bytes,rx_bytes")[1])
        assert answer["total"] == len(answer["rows"])
        return {row["lport"]: row["tx_bytes"] + row["rx_bytes"] for row in answer["rows"]}

    def status():
        return json.loads(a.get("/api/v1/status")[1])["api"]

    with Pair() as one, Pair() as two:
        path = write(tmp_path, f"[api]\nfilter = port {one.rport}\nkeep-closed = 100\n")
        a = agent("--config", path, "--without", "metrics")
        one.send(2)
        two.send(3)
        # These are older than the agent: of them it counts what it saw.
        wait_until(lambda: local_ports().keys() == {one.lport, one.rport}, "the first filter's")
        path.write_text(f"[api]\nfilter = port {two.rport}\nkeep-closed = 50\nkeep-trails = 900000\n")
        a.hang_up()
        a.wait_error("keep-trails of api can grow with a new start only")
        wait_until(lambda: local_ports().keys() == {two.lport, two.rport}, "the second filter's")
        assert status()["closed_limit"] == 50
        series = json.loads(a.get("/api/v1/series?metric=opened_rate")[1])
        # What was there before the filter was, did not begin with it.
        assert sum(series["opened_rate"]) == 0
        two.send(1)
        wait_until(lambda: min(local_ports().values(), default=0) >= 4 * len(PAYLOAD), "all that it moved")
        path.write_text(f"[api]\nfilter = port {two.rport} and\nkeep-closed = 10\n")
        a.hang_up()
        a.wait_error("the settings stay as they were")
        assert status()["closed_limit"] == 50 and local_ports().keys() == {two.lport, two.rport}
    assert a.stop(signal.SIGTERM).status == 0


def fill(path):
    """Notices of others at this socket, as many as may wait there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, contextlib.suppress(BlockingIOError):
        other.setblocking(False)
        while True:
            other.sendto(b"STATUS=of another", path)


def test_that_it_is_ready_again_is_told_although_notices_wait(agent, tmp_path):
    """systemd would wait for that for ever."""
    path = write(tmp_path, "cpu-budget = 5%\n")
    a = agent("--config", path)
    path.write_text("no equals\n")
    fill(a.notify.getsockname())
    a.hang_up()
    a.wait_error("the settings stay as they were")
    a.hear_until("READY=1")


@pytest.fixture
def silent():
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def waiting_for(agent, tmp_path, port, seconds):
    """An agent that has something to send to a server that does not answer. It keeps these closes: those of other
    tests may be more than an agent keeps."""
    with Pair() as pair:
        path = write(tmp_path, f"[api]\nfilter = port {pair.rport}\n")
        a = agent("--config", path, "--without", "metrics", "--stop-timeout", str(seconds), "--also",
                  f"otlp --endpoint http://127.0.0.1:{port} --timeout 300")
        pair.send()
    wait_until(lambda: json.loads(a.get("/api/v1/closed")[1])["matched"] == 2, "closes")
    a.process.send_signal(signal.SIGTERM)
    return a


def test_it_ends_in_time_although_a_server_takes_nothing(agent, tmp_path, silent):
    begun = time.monotonic()
    a = waiting_for(agent, tmp_path, silent, 2)
    outcome = a.wait_exit()
    # Its outputs have their end, so the process that sends has ended with it.
    assert outcome.status == 0 and time.monotonic() - begun >= 2
    assert re.search(r"0 records sent; [1-9]\d* dropped here", outcome.stderr)


def test_a_second_signal_ends_it_at_once(agent, tmp_path, silent):
    a = waiting_for(agent, tmp_path, silent, 600)
    a.hear_until("STOPPING=1")
    assert a.process.poll() is None
    a.process.send_signal(signal.SIGTERM)
    a.wait_exit()
