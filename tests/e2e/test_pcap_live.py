# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's flows and the packets' flows, side by side on the same traffic, are the same."""

import collections
import contextlib
import json

import pytest
from flows import Side, Traffic, actor, churn_listed, traffic
from netns import Link
from sight import Tcpsight, run, tuple_of

# What both know. Kernel and wire see an event at slightly different moments: times have slack.
SAME = ["family", "laddr", "lport", "raddr", "rport", "state", "role", "tx_bytes", "rx_bytes",
        "retrans", "end_reason"]
SLACK_US = 200_000
CLOSINGS = ["client", "server", "exit", "half"]


@pytest.fixture
def link(new_netns):
    return Link(new_netns(), new_netns())


def inside(netns):
    return ["nsenter", f"--net={netns.path}"]


@contextlib.contextmanager
def packets(netns, interface, report="life", *options):
    with Tcpsight(report, "--json", "-i", interface, *options, wrap=inside(netns)) as tool:
        yield tool


def assert_same(kernel, wire):
    assert {name: wire[name] for name in SAME} == {name: kernel[name] for name in SAME}
    if kernel["duration_us"] is not None:
        assert abs(wire["duration_us"] - kernel["duration_us"]) < SLACK_US
    assert (wire["handshake_us"] is None) == (kernel["handshake_us"] is None)
    assert (wire["pid"], wire["comm"], wire["owner_source"]) == (None, None, "none")
    assert (wire["netns"], wire["cgroup"], wire["cookie"]) == (None, None, None)


@pytest.mark.parametrize("interface", ["wire", "any"])
def test_life_is_the_same_from_kernel_and_packets(sight, link, interface):
    kernel = sight("life", "--json")
    with packets(link.near, interface) as near, packets(link.far, interface) as far:
        for close in CLOSINGS:
            truth = traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address,
                            bytes=300_000, reply=70_001, close=close)
            client, server = near.wait_row(truth.client), far.wait_row(truth.server)
            assert (client["tx_bytes"], client["rx_bytes"]) == \
                (truth.client.tx_bytes, truth.client.rx_bytes)
            assert_same(kernel.wait_row(truth.client, link.near.inode), client)
            assert_same(kernel.wait_row(truth.server, link.far.inode), server)


def test_resets_are_the_same(sight, link):
    kernel = sight("life", "--json")
    with packets(link.near, "wire") as near, packets(link.far, "wire") as far:
        for close in ("reset", "unread"):
            truth = traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address,
                            bytes=3000, reply=100, close=close)
            assert_same(kernel.wait_row(truth.client, link.near.inode), near.wait_row(truth.client))
            assert_same(kernel.wait_row(truth.server, link.far.inode), far.wait_row(truth.server))


def test_a_refused_attempt_is_one_flow_on_the_client_s_side(sight, link):
    kernel = sight("life", "--json")
    with packets(link.near, "wire") as near, packets(link.far, "wire") as far:
        with actor("try_connect", link.far_address, 5001, 10_000, netns=link.near) as trying:
            side = Side(trying.hear()["client"])
            assert trying.hear()["error"] == "ECONNREFUSED"
        assert_same(kernel.wait_row(side, link.near.inode), near.wait_row(side))
        truth = traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address)
        far.wait_row(truth.server)
        assert len(far.rows()) == 1


def test_every_flow_of_many_on_loopback_is_seen_from_both_ends(sight, netns):
    kernel = sight("life", "--json", "--netns", netns.inode)
    with packets(netns, "lo") as tool:
        listed = churn_listed("127.0.0.1", 300, netns=netns)
        assert len(listed) == 300
        tool.wait_for(lambda lines: len(lines) >= 600, "both ends of 300 flows")
        kernel.wait_for(lambda lines: len(lines) >= 600, "both ends of 300 flows")
        by_tuple = {tuple_of(row): row for row in tool.rows()}
        assert len(by_tuple) == 600
        for row in kernel.rows():
            assert_same(row, by_tuple[tuple_of(row)])
        summary = tool.stop().summary
    assert (summary["opened"], summary["closed"], summary["live"]) == (600, 600, 0)
    assert summary["missed"] == summary["undecoded"] == 0


def test_top_adds_up_to_what_was_sent(sight, link):
    kernel = sight("top", "--json")
    with packets(link.near, "wire", "top") as near:
        flow = Traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address,
                       bytes=500_000, reply=9_000, rounds=3, hold=True)
        with flow:
            for _ in range(3):
                flow.tell()
                flow.hear()
                near.wait_for(lambda lines: len(lines), "an interval")
            truth = flow.finish()
        sums = {}
        for name, tool in (("kernel", kernel), ("packets", near)):
            total = collections.Counter()
            for row in tool.stop().rows:
                if tuple_of(row) == truth.client.tuple:
                    total["tx"] += row["tx_bytes"]
                    total["rx"] += row["rx_bytes"]
            sums[name] = total
    assert sums["packets"] == {"tx": truth.client.tx_bytes, "rx": truth.client.rx_bytes}
    assert sums["packets"] == sums["kernel"]


def test_subnet_adds_up_to_what_was_sent(sight, link):
    """On both ends, in both directions, beside the kernel."""
    for end, addresses in ((link.near, ("10.77.1.1", "fd00:1::1")),
                           (link.far, ("10.77.1.2", "fd00:1::2"))):
        for address in addresses:
            end.add_address(address + ("/64" if ":" in address else "/24"), "wire")
    options = ["--csv", "-o", "subnet,tx_bytes,rx_bytes", "--direction", "both",
               "first=10.77.0.0/24,second=10.77.0.0/16,six=fd00:1::/64,rest=0.0.0.0/0"]
    with contextlib.ExitStack() as running:
        tools = {(end.name, how): running.enter_context(Tcpsight(
            "subnet", *words, *options, wrap=inside(end)))
            for end in (link.near, link.far)
            for how, words in (("kernel", ["--netns", end.inode]), ("packets", ["--interface", "wire"]))}
        sent = collections.defaultdict(collections.Counter)
        for name, address in (("first", link.far_address), ("second", "10.77.1.2"),
                              ("six", "fd00:1::2"), ("first", link.far_address)):
            truth = traffic(netns=link.near, server_netns=link.far.path, addr=address,
                            bytes=200_000, reply=3_333)
            for end, side in ((link.near, truth.client), (link.far, truth.server)):
                sent[end.name, name].update(tx=side.tx_bytes, rx=side.rx_bytes)
        for (end, how), tool in tools.items():
            total = collections.defaultdict(collections.Counter)
            for line in tool.stop().lines[1:]:
                name, tx, rx = line.split(",")
                total[end, name].update(tx=int(tx), rx=int(rx))
            assert total == {key: n for key, n in sent.items() if key[0] == end}, how


# Not of times, which each capture takes for itself.
BESIDE = {
    "life": ["-o", "local,remote,role,state,tx_bytes,rx_bytes,retrans,end_reason"],
    "top": ["-o", "local,remote,tx_bytes,rx_bytes,retrans", "1"],
    "subnet": ["-o", "subnet,tx_bytes,rx_bytes,retrans", "--direction", "both", "127.0.0.0/8"],
    "peek": ["-o", "client_addr,client_port,server_port,outcome,dup_syn"],
}


def watching(folder, *reports):
    """One run on loopback, of which each report has a file below `folder`."""
    folder.mkdir()
    words = [[name, "--json", "--output", str(folder / name), *BESIDE[name],
              *(["-U", str(folder / "socket")] if name == "peek" else [])] for name in reports]
    also = [word for text in words[1:] for word in ("--also", " ".join(text))]
    return ["--interface", "lo", *also], words[0]


def said(folder, report):
    """What adds up of a report's rows, and its summary."""
    sums = collections.Counter()
    summary = None
    for row in map(json.loads, (folder / report).read_text(encoding="utf-8").splitlines()):
        if row.get("type") == "summary":
            summary = {name: row[name] for name in ("opened", "adopted", "closed", "live", "lost")}
        elif "type" not in row:
            moved = {name: row.pop(name) for name in ("tx_bytes", "rx_bytes", "retrans") if name in row}
            who = tuple(row.items())
            sums[who, "rows"] += report in ("life", "peek")
            for name, n in moved.items():
                sums[who, name] += n
    return sums, summary


def test_each_report_beside_others_says_what_it_says_alone(sight, netns, tmp_path):
    """All runs watch the same packets, and end while a flow is open."""
    runs = {name: [name] for name in BESIDE} | {"together": list(BESIDE)}
    tools = []
    for name, reports in runs.items():
        options, (report, *own) = watching(tmp_path / name, *reports)
        tools.append(sight(report, *options, *own, wrap=inside(netns)))
        tools[-1].report = None
    with Traffic(netns=netns, bytes=5000, reply=70, rounds=2, hold=True) as held:
        live = held.go()
        closed = [traffic(netns=netns, bytes=100_000 + i, reply=7, close=close)
                  for i, close in enumerate(CLOSINGS)]
        with actor("try_connect", "127.0.0.1", 5002, 10_000, netns=netns) as trying:
            trying.hear()
            assert trying.hear()["error"] == "ECONNREFUSED"
        for tool in tools:
            assert tool.stop().status == 0
    alone = {name: said(tmp_path / name, name) for name in BESIDE}
    assert {name: said(tmp_path / "together", name) for name in BESIDE} == alone
    ends = 2 * len(closed) + 1
    sums, summary = alone["life"]
    assert sum(n for (_, what), n in sums.items() if what == "rows") == summary["closed"] == ends
    assert summary["live"] == 2
    sent = sum(n for (_, what), n in sums.items() if what == "tx_bytes")
    assert sent == sum(t.client.tx_bytes + t.server.tx_bytes for t in closed)
    sent = sum(n for (_, what), n in alone["top"][0].items() if what == "tx_bytes")
    assert sent == sum(t.client.tx_bytes + t.server.tx_bytes for t in [*closed, live])
    assert sum(n for _, n in alone["peek"][0].items()) == len(closed) + 2


def test_a_flow_older_than_the_capture_is_adopted(sight, link):
    with Traffic(netns=link.near, server_netns=link.far.path, addr=link.far_address, rounds=2,
                 bytes=10_000, reply=500, hold=True) as flow:
        flow.tell()
        flow.hear()
        with packets(link.near, "wire") as near:
            flow.tell()
            flow.hear()
            truth = flow.finish()
            row = near.wait_row(truth.client)
            summary = near.stop().summary
    assert (row["tx_bytes"], row["rx_bytes"], row["role"]) == (10_000, 500, "unknown")
    assert (summary["opened"], summary["adopted"]) == (0, 1)


def test_capture_runs_without_privileges(privileged, netns):
    with packets(netns, "lo") as tool:
        with open(f"/proc/{tool.pid}/status", encoding="ascii") as status:
            facts = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    assert set(facts["Uid"].split()) == {"65534"}
    assert int(facts["CapEff"], 16) & ~(1 << 39) == 0
    assert facts["NoNewPrivs"].strip() == "1"


def test_an_interface_that_is_not_there(privileged):
    outcome = run("life", "-i", "nosuchdev0")
    assert outcome.status == 1 and "nosuchdev0" in outcome.stderr
