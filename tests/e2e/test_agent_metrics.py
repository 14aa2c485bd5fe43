# SPDX-License-Identifier: BSD-2-Clause
"""What the agent's metrics add up to, compared with what was really sent, and those who scrape it."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import urllib.parse
import urllib.request
import uuid

import bpfstate
import pytest
from agents import Agent, Page
from flows import churn, traffic, wait_until
from otlp_server import collector, sender_of
from ports import free_port
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from sight import PATIENCE_SEC, run

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
# As Prometheus 2.42 asks.
PROMETHEUS = (OPENMETRICS + ",application/openmetrics-text;version=0.0.1;q=0.75,"
              "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
# One process that changes its name for each of its connections; prints the bytes that it sent.
NAMES = """
import ctypes, socket, sys
libc, total = ctypes.CDLL(None), 0
listener = socket.create_server(("127.0.0.1", 0))
for i in range(int(sys.argv[1]), int(sys.argv[2])):
    libc.prctl(15, f"{sys.argv[3]}{i}".encode(), 0, 0, 0)
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    client.sendall(b"x" * (i + 1))
    client.shutdown(socket.SHUT_WR)
    while server.recv(65536):
        pass
    server.close()
    while client.recv(65536):
        pass
    client.close()
    total += i + 1
print(total)
"""


@pytest.fixture
def agent(privileged, tmp_path):
    with contextlib.ExitStack() as running:
        yield lambda *args, **options: running.enter_context(
            Agent(tmp_path / "agent.sock", *args, **options))


def names(netns, first, last, word="name"):
    return int(netns.run("/usr/bin/python3", "-c", NAMES, first, last, word))


class Truth:
    """What was sent so far within the namespace, where both ends of each connection are."""

    def __init__(self, agent):
        self.agent, self.bytes, self.flows, self.last = agent, 0, 0, None

    def check(self):
        """Wait until all that was sent is told; then all sums must be right, and none has fallen."""
        page = self.agent.wait_page(
            lambda p: p.sum("tcpsight_host_connections_closed_total") == 2 * self.flows
            and p.sum("tcpsight_host_io_bytes_total", direction="receive") == self.bytes, "all that was sent")
        assert page.sum("tcpsight_host_io_bytes_total", direction="transmit") == self.bytes
        for direction in ("transmit", "receive"):
            assert page.whole("io_bytes_total", direction=direction) == self.bytes, page.text
        for role in ("client", "server"):
            assert page.whole("connections_opened_total", role=role) == self.flows
            assert page.whole("connections_closed_total", role=role) == self.flows
            assert page.whole("connection_duration_seconds_count", role=role) == self.flows
        assert page.whole("connect_total") == self.flows
        assert page.labels("tcpsight_balance") and page.sum("tcpsight_balance") == 0
        self.not_fallen(page)
        return page

    def not_fallen(self, page):
        if self.last and self.last.sum("tcpsight_series_left_total") == page.sum("tcpsight_series_left_total"):
            for key, value in self.last.samples.items():
                if key[0].endswith(("_total", "_count", "_bucket")):
                    assert page.samples.get(key, 0) >= value, f"{key} fell from {value}"
        self.last = page


def test_sums_are_what_was_sent(agent, netns, tmp_path):
    """Under churn, with the limit hit, after series left and came back, across reloads."""
    path = tmp_path / "agent.conf"
    settings = ("[metrics]\ninterval = 1\nby = comm,side\nseries-limit = 100\nseries-idle = {idle}\n"
                f"netns = {netns.name}\n").replace("side", "role")
    path.write_text(settings.format(idle="1h"))
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o055)
    a = agent("--config", path, "--without", "api")
    truth = Truth(a)
    done = churn("127.0.0.1", 3000, 3, netns=netns)
    truth.bytes += done["tx_bytes"]
    truth.flows += done["flows"]
    truth.check()
    # More names than series.
    truth.bytes += names(netns, 0, 300)
    truth.flows += 300
    page = truth.check()
    assert page.sum("tcpsight_series_folded_total", metric="tcpsight_io_bytes") > 0
    assert page.sum("tcpsight_io_bytes_total", comm="other", otel_metric_overflow="true") > 0
    for name in ("io_bytes_total", "connections_opened_total", "connections_closed_total"):
        assert len(page.labels("tcpsight_" + name)) <= 100
    # What is quiet leaves, and comes back from nothing.
    path.write_text(settings.format(idle="2s"))
    a.hang_up()
    page = a.wait_page(lambda p: p.sum("tcpsight_io_bytes_total") == p.sum(
        "tcpsight_io_bytes_total", comm="other"), "series that leave")
    assert page.sum("tcpsight_series_left_total") > 10
    truth.check()
    truth.bytes += names(netns, 0, 20)
    truth.flows += 20
    page = truth.check()
    # Other labels.
    path.write_text(settings.format(idle="1h").replace("comm,role", "remote_class"))
    a.hang_up()
    a.wait_page(lambda p: not any("comm" in l for l in p.labels("tcpsight_io_bytes_total")), "other labels")
    truth.bytes += names(netns, 0, 20)
    truth.flows += 20
    page = truth.check()
    assert page.sum("tcpsight_io_bytes_total", remote_class="loopback") > 0


def test_what_stands_still_is_counted_in_each_interval(agent, netns):
    """Though it is not read again each time; and what is stuck after that is found."""
    a = agent("--without", "api", "--also", f"metrics --interval 1 --by netns --netns {netns.name}")
    with netns.inside(), contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        clients = []
        for _ in range(20):
            clients.append(stack.enter_context(socket.create_connection(server.getsockname())))
            stack.enter_context(server.accept()[0])
        a.wait_page(lambda p: p.sum("tcpsight_connections", state="established") == 40, "connections")
        last = 0
        for _ in range(6):
            page = a.wait_page(lambda p: p.sum("tcpsight_snapshot_timestamp_seconds") > last, "interval")
            assert page.sum("tcpsight_connections", state="established") == 40
            last = page.sum("tcpsight_snapshot_timestamp_seconds")
        assert not page.sum("tcpsight_verdicts", verdict="zero_window")
        clients[0].setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                sent += clients[0].send(bytes(65536))
        a.wait_page(lambda p: p.sum("tcpsight_verdicts", verdict="zero_window") == 1, "verdict")
        page = a.wait_page(lambda p: p.sum("tcpsight_io_bytes_total", direction="transmit") == sent, "all that was sent")
        assert page.sum("tcpsight_balance") == 0


def test_names_do_no_harm_and_other_is_not_all_others(agent, netns):
    a = agent("--without", "api", "--also", f"metrics --interval 1 --by comm --netns {netns.name}")
    # The number at its end makes each a name of its own, but for the first.
    hostile = 'a"} 1\\\n'
    sent = names(netns, 0, 2, hostile)
    rename = NAMES.replace('f"{sys.argv[3]}{i}"', "sys.argv[3]")
    other = int(netns.run("/usr/bin/python3", "-c", rename, 0, 1, "other"))
    page = a.wait_page(lambda p: p.sum("tcpsight_host_io_bytes_total", direction="receive") == sent + other,
                       "all that was sent")
    told = {l["comm"] for l in page.labels("tcpsight_io_bytes_total")}
    assert {'a\\"} 1\\\\?0', 'a\\"} 1\\\\?1', "other_"} <= told
    assert page.sum("tcpsight_io_bytes_total", comm="other_", direction="receive") == other
    families = list(text_string_to_metric_families(a.get("/metrics", {"Accept": OPENMETRICS})[1].decode()))
    assert {s.labels["comm"] for f in families for s in f.samples if s.name == "tcpsight_io_bytes_total"} >= {
        'a"} 1\\?0', "other_"}


def test_both_formats_are_right_and_say_the_same(agent, netns):
    a = agent("--without", "api", "--also", f"metrics --interval 1 --netns {netns.name}")
    sent = names(netns, 0, 10)
    a.wait_page(lambda p: p.sum("tcpsight_host_io_bytes_total", direction="receive") == sent, "what was sent")
    headers, text = a.get("/metrics")
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert checked.returncode == 0 and not checked.stderr, (checked.stdout, checked.stderr)
    # These are of the whole machine, or of us, and go on.
    moves = ("process_", "tcpsight_scrape", "tcpsight_http", "tcpsight_snapshot", "tcpsight_interval",
             "tcpsight_events", "tcpsight_flows", "tcpsight_lost", "tcpsight_program_")

    def still(samples):
        return {k: v for k, v in samples.items() if not k[0].startswith(moves)}

    # Each is made when it is asked for first in an interval, and ends are counted when they come: so between two
    # of different intervals that are the same.
    def both():
        first, (headers, opened) = a.page(), a.get("/metrics", {"Accept": PROMETHEUS})
        stamp = first.sum("tcpsight_snapshot_timestamp_seconds")
        again = a.wait_page(lambda p: p.sum("tcpsight_snapshot_timestamp_seconds") != stamp, "the next interval")
        return still(first.samples) == still(again.samples) and (still(first.samples), headers, opened)

    found, headers, opened = wait_until(both, "a page between two that are the same")
    assert headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    families = list(text_string_to_metric_families(opened.decode()))
    samples = {(s.name, frozenset((k, v) for k, v in s.labels.items())): s.value
               for f in families for s in f.samples}
    assert still(samples) == found
    assert {f.name for f in families} >= {"tcpsight_io_bytes", "tcpsight_rtt_seconds", "tcpsight_build",
                                          "process_cpu_seconds"}
    # Packed, it is the same.
    import gzip
    headers, packed = a.get("/metrics", {"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed).startswith(b"# HELP tcpsight_io_bytes_total")
    for accept in ("text/html", "*/*", "", "application/openmetrics-text;version=7", ",;q="):
        assert a.get("/metrics", {"Accept": accept})[0]["Content-Type"].startswith("text/plain; version=0.0.4")


def test_times_are_those_of_the_flows(agent, netns, tmp_path):
    """Counts and sums of the histograms against what `life` tells of the same connections in the same run."""
    tmp_path.chmod(0o777)
    rows_path = tmp_path / "life.json"
    a = agent("--without", "api", "--also", f"metrics --interval 1 --by role --netns {netns.name}",
              "--also", f"life --json --netns {netns.name} --output {rows_path}")
    names(netns, 100, 140)
    page = a.wait_page(lambda p: p.sum("tcpsight_host_connections_closed_total") == 80, "all ends")
    assert a.stop().status == 0
    rows = [json.loads(line) for line in rows_path.read_text().splitlines()]
    for role, word in (("client", "connect"), ("server", "accept")):
        own = [r for r in rows if r.get("role") == word]
        assert len(own) == 40
        for name, column in (("handshake", "handshake_us"), ("connection_duration", "duration_us")):
            assert page.sum(f"tcpsight_{name}_seconds_count", role=role) == 40
            assert round(page.sum(f"tcpsight_{name}_seconds_sum", role=role) * 1e6) == sum(r[column] for r in own)
            assert page.sum(f"tcpsight_{name}_seconds_bucket", role=role, le="+Inf") == 40
        # One at each end, and perhaps one in an interval before.
        assert 40 <= page.sum("tcpsight_rtt_seconds_count", side=role) <= 80


@contextlib.contextmanager
def running(*command):
    """A server of somebody else's, ended whatever happens."""
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ask(port, query):
    """The samples of an instant query of Prometheus' API: [(labels, value)]."""
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SEC) as answer:
            found = json.load(answer)["data"]["result"]
    except OSError:
        return []
    return [(s["metric"], float(s["value"][1])) for s in found]


def scrape_config(tmp_path, port, extra=""):
    path = tmp_path / "scrape.yml"
    path.write_text("global:\n  scrape_interval: 1s\nscrape_configs:\n- job_name: tcpsight\n"
                    f"  static_configs:\n  - targets: ['127.0.0.1:{port}']\n{extra}")
    return path


def expect_scraped(port, sent):
    wait_until(lambda: ask(port, "count_over_time(up[1m]) >= 3"), "three scrapes")
    assert [v for _, v in ask(port, "min_over_time(up[1m])")] == [1]
    wait_until(lambda: ask(port, f'tcpsight_host_io_bytes_total{{direction="receive"}} == {sent}'), "what was sent")
    assert ask(port, 'sum by (direction) (tcpsight_io_bytes_total)') == ask(
        port, 'sum by (direction) (tcpsight_host_io_bytes_total)') or {
        m["direction"]: v for m, v in ask(port, 'sum by (direction) (tcpsight_io_bytes_total)')} == {
        m["direction"]: v for m, v in ask(port, 'sum by (direction) (tcpsight_host_io_bytes_total)')}
    assert not ask(port, "resets(tcpsight_host_io_bytes_total[1m]) > 0")
    assert not ask(port, '{__name__=~"tcpsight_.*_created"}')


def test_prometheus_scrapes_it(agent, netns, tmp_path):
    a = agent("--without", "api", "--also",
              f"metrics --interval 1 --netns {netns.name} --listen 127.0.0.1:0")
    sent = names(netns, 0, 30)
    port = free_port()
    config = scrape_config(tmp_path, a.address()[1])
    with running("prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data",
                 f"--web.listen-address=127.0.0.1:{port}"):
        expect_scraped(port, sent)


def test_vmagent_scrapes_it(agent, netns, tmp_path):
    a = agent("--without", "api", "--also",
              f"metrics --interval 1 --netns {netns.name} --listen 127.0.0.1:0")
    sent = names(netns, 0, 30)
    port, own = free_port(), free_port()
    config = scrape_config(tmp_path, a.address()[1])
    with running("victoria-metrics", f"-storageDataPath={tmp_path}/data", "-search.latencyOffset=0s",
                 f"-httpListenAddr=127.0.0.1:{port}", "-search.disableCache"):
        with running("vmagent", f"-promscrape.config={config}", f"-httpListenAddr=127.0.0.1:{own}",
                     f"-remoteWrite.url=http://127.0.0.1:{port}/api/v1/write",
                     f"-remoteWrite.tmpDataPath={tmp_path}/queue", "-remoteWrite.flushInterval=1s"):
            expect_scraped(port, sent)


def test_a_listener_of_metrics_serves_nothing_else(agent):
    a = agent("--without", "api", "--also", "metrics --listen 127.0.0.1:0")
    host, port = a.address()
    for path, status in (("/metrics", 200), ("/healthz", 200), ("/readyz", 200), ("/api/v1/status", 404),
                         ("/", 404)):
        with socket.create_connection((host, port), PATIENCE_SEC) as s:
            s.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
            assert s.makefile("rb").readline().split()[1] == str(status).encode(), path


def test_alone_it_prints_pages(sight, netns):
    tool = sight("metrics", "--interval", "1", "--by", "comm", "--netns", netns.name)
    sent = names(netns, 0, 5)
    tool.wait_for(lambda lines: f'tcpsight_host_io_bytes_total{{direction="receive"}} {sent}\n' in lines, "page")
    assert tool.stop().status == 0


def test_the_alerts_of_the_page_are_rules_about_metrics_that_there_are(agent, tmp_path):
    page = (pathlib.Path(__file__).parents[2] / "doc/agent.md").read_text()
    table = page.split("| alert | expression |")[1].split("\n\n")[0]
    rules = [re.search(r"`([^`]*)` *\|$", line)[1].replace("\\|", "|") for line in table.splitlines()[2:]]
    assert len(rules) >= 5
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "tcpsight", "rules": [
        {"alert": f"a{i}", "expr": rule} for i, rule in enumerate(rules)]}]}))
    checked = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    told = set(re.findall(r"^# TYPE (\S+)", agent("--without", "api").page().text, re.M))
    for rule in rules:
        for name in re.findall(r"tcpsight_\w+", rule):
            assert name.removesuffix("_bucket") in told, name


def test_of_those_who_send_it_tells_what_became_of_it(agent, netns):
    """Each exporter of an agent; one whose process died is told as 0, what it should have sent as dropped, and
    the others go on."""
    with collector() as first, collector([400] + 1000 * [200]) as second:
        a = agent("--without", "api", "--also", f"metrics --interval 1 --netns {netns.name}",
                  "--also", f"otlp --endpoint {first.url} --netns {netns.name}",
                  "--also", f"otlp --endpoint {second.url} --netns {netns.name}")
        page = a.wait_page(lambda p: p.sum("tcpsight_exporter_up") == 2, "both exporters")
        assert {each["exporter"] for each in page.labels("tcpsight_exporter_up")} == {"otlp", "otlp-2"}
        names(netns, 0, 5)
        page = a.wait_page(lambda p: p.sum("tcpsight_exporter_sent_total", exporter="otlp") == 10
                           and p.sum("tcpsight_exporter_connected") == 2, "records of the first")
        refused = page.sum("tcpsight_exporter_dropped_total", exporter="otlp-2", reason="refused")
        assert refused >= 1 and refused == page.sum("tcpsight_exporter_dropped_total")
        assert refused + page.sum("tcpsight_exporter_sent_total", exporter="otlp-2") == 10
        os.kill(sender_of(a), signal.SIGKILL)
        a.wait_page(lambda p: p.sum("tcpsight_exporter_up") == 1, "the end of one")
        names(netns, 0, 5)
        page = a.wait_page(lambda p: p.sum("tcpsight_exporter_dropped_total", reason="queue") == 10,
                           "what was not sent")
        sent = a.wait_page(lambda p: p.sum("tcpsight_exporter_sent_total") == 30 - refused, "what was sent")
        dead, = (each["exporter"] for each in sent.labels("tcpsight_exporter_up")
                 if not sent.sum("tcpsight_exporter_up", exporter=each["exporter"]))
        assert not page.sum("tcpsight_exporter_connected", exporter=dead)
        assert page.sum("tcpsight_host_connections_closed_total") == 20
        a.stop()


def test_the_ways_are_those_that_doctor_tells(agent):
    page = agent("--without", "api").page()
    told = {(l["need"], l["way"]) for l in page.labels("tcpsight_rung_info")}
    lines = [json.loads(line) for line in run("doctor", "--json").lines]
    used = {(line["need"], line["rung"]) for line in lines if line["type"] == "rung" and line["state"] == "used"}
    assert len(told) >= 8 and told <= used | {(need, "none") for need, _ in used}


@pytest.mark.alone  # others may have the kernel count, too
def test_what_programs_cost_is_what_the_kernel_counts(agent, netns):
    a = agent("--without", "api", "--also", f"metrics --interval 1 --netns {netns.name}")
    assert a.page().sum("tcpsight_program_runs_total") == 0
    with bpfstate.counting_runs():
        names(netns, 0, 20)
        # Of 20 connections at least 8 changes of state each.
        a.wait_page(lambda p: p.sum("tcpsight_program_runs_total", program="on_state") > 160, "runs of programs")
    page = a.wait_page(lambda p: sorted(v for (n, _), v in p.samples.items() if n == "tcpsight_program_runs_total")
                       == sorted(bpfstate.runs(a.pid).values()), "what the kernel counted")
    assert page.sum("tcpsight_program_seconds_total", program="on_state") > 0


def test_pods_have_names_and_namespaces(agent, netns, new_cgroup, tmp_path):
    """As a kubelet makes them: a cgroup by the pod's uid, and a folder for its logs."""
    logs = tmp_path / "pods"
    uids = [str(uuid.uuid4()) for _ in range(3)]
    mine = new_cgroup(new_cgroup(), "kubepods")
    groups = [new_cgroup(new_cgroup(mine, f"pod{uid}"), "0123456789abcdef" * 4) for uid in uids]
    for name in (f"shop_cart-7d9f_{uids[0]}", f"kube-system_dns_{uids[1]}", "lost+found"):
        (logs / name).mkdir(parents=True)
    for folder in (logs, *tmp_path.parents, tmp_path):
        folder.chmod(folder.stat().st_mode | 0o055)
    a = agent("--without", "api", "--also",
              f"metrics --interval 1 --by namespace,pod --pods-from {logs} --netns {netns.name}")
    sent = [traffic(netns=netns, cgroup=group, bytes=1000 * (i + 1)).client.tx_bytes for i, group in enumerate(groups)]
    page = a.wait_page(lambda p: p.sum("tcpsight_host_io_bytes_total", direction="receive") == sum(sent), "all bytes")
    told = {(l.get("namespace"), l["pod"]) for l in page.labels("tcpsight_io_bytes_total")}
    assert told == {("shop", "cart-7d9f"), ("kube-system", "dns"), (None, uids[2])}
    assert page.sum("tcpsight_io_bytes_total", namespace="shop", direction="receive") == sent[0]


def test_a_limit_that_cannot_grow_in_a_run_is_told(agent, tmp_path):
    path = tmp_path / "agent.conf"
    path.write_text("[metrics]\ninterval = 1\nseries-limit = 200\n")
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o055)
    a = agent("--config", path, "--without", "api")
    path.write_text("[metrics]\ninterval = 1\nseries-limit = 300\n")
    a.hang_up()
    a.wait_error("series-limit of metrics can grow with a new start only: it stays 200")
