# SPDX-License-Identifier: BSD-2-Clause
"""Several reports of one run, live: each gives the bytes that were sent, whatever its pace, and says
what it would say alone."""

import json

import pytest
from flows import Traffic, churn, traffic, wait_until

# Flows that the kernel showed to no program; see test_conservation.py.
UNSEEN_MAX = 4
FLOW_BYTES_MAX = 1000  # of churn.c
STAT = "lport,rport,bytes_sent,bytes_received"
REPORTS = {
    "top": ["1"],
    "slow_top": ["60"],
    "life": [],
    "stat": ["-o", STAT],
    "stat_paced": ["-i", "2", "-o", STAT],
    "by_port": ["--by", "port", "1"],
    "closes": ["--on-close", "-o", STAT],
}
NAMES = {"slow_top": "top", "stat_paced": "stat", "by_port": "top", "closes": "stat"}
FOLLOWING = ["top", "slow_top", "stat", "stat_paced"]


class Together:
    """All of REPORTS in one run, each in a file of its own, all of one network namespace."""

    def __init__(self, sight, source, netns, folder, *words_of_run):
        self.folder = folder
        words = {key: [NAMES.get(key, key), "--json", "--netns", netns.name, "--output",
                       str(folder / key), *options] for key, options in REPORTS.items()}
        first, *others = words.values()
        also = [word for text in others for word in ("--also", " ".join(text))]
        self.tool = sight(first[0], *source.options, *words_of_run, *also, *first[1:])
        self.tool.report = None

    def stop(self):
        outcome = self.tool.stop()
        assert (outcome.status, outcome.text) == (0, ""), outcome.stderr
        self.lost = 0
        for key in REPORTS:
            with open(self.folder / key, encoding="utf-8") as lines:
                *rows, summary = map(json.loads, lines)
            assert summary["type"] == "summary" and "dropped_rows" not in summary
            came = summary["opened"] + summary["adopted"]
            assert came == summary["closed"] + summary["live"] + summary["lost"], summary
            self.lost = summary["lost"]
            setattr(self, key, rows)
        return outcome

    def sums(self, key, by=("lport", "rport")):
        """Bytes sent and received: of each end of a connection, or of all."""
        found = {}
        for row in getattr(self, key):
            if row.get("scope") == "host" or "lport" in row and row["lport"] is None:
                continue
            sent = row["tx_bytes"] if "tx_bytes" in row else row["bytes_sent"]
            received = row["rx_bytes"] if "rx_bytes" in row else row["bytes_received"]
            end = tuple(row[name] for name in by)
            so_far = found.get(end, (0, 0))
            found[end] = so_far[0] + sent, so_far[1] + received
        return found


def end_of(side):
    return side.lport, side.rport


def short_by(source, moved):
    """What may be said of a side that closed first and whose peer closed at once."""
    sent, received = moved
    return {moved, (sent, received - 1)} if source.may_lack_a_byte else {moved}


def check(sums, truths, source):
    for truth in truths:
        for side in truth.client, truth.server:
            moved = side.tx_bytes, side.rx_bytes
            right = short_by(source, moved) if side is truth.first else {moved}
            assert sums.get(end_of(side), (0, 0)) in right, side.tuple


@pytest.mark.parametrize("addr", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_each_report_gives_the_bytes_that_were_sent(sight, netns, source, tmp_path, addr):
    together = Together(sight, source, netns, tmp_path)
    with Traffic(netns=netns, addr=addr, hold=True, bytes=70_000, reply=3_000, rounds=2) as held:
        held.go()
        closed = [traffic(way, netns=netns, addr=addr, bytes=100_000 + i, reply=10 * i)
                  for i, way in enumerate(["send", "writev", "sendfile", "splice"])]
        live = held.go()
        wait_until(lambda: (tmp_path / "top").stat().st_size, "row")
        together.stop()
    for key in FOLLOWING:
        check(together.sums(key), [*closed, live], source)
    for key in "life", "closes":
        sums = together.sums(key)
        check(sums, closed, source)
        assert not {end_of(live.client), end_of(live.server)} & sums.keys(), key
    sent = sum(truth.client.tx_bytes + truth.server.tx_bytes for truth in [*closed, live])
    assert sum(row["tx_bytes"] for row in together.by_port) == sent


def test_what_was_there_before_counts_from_then_on(sight, netns, source, tmp_path):
    with Traffic(netns=netns, hold=True, bytes=50_000, reply=7, rounds=2) as flow:
        before = flow.go()
        together = Together(sight, source, netns, tmp_path)
        truth = flow.go()
        flow.finish()
        wait_until(lambda: (tmp_path / "life").read_text().count("\n") >= 2, "close")
        together.stop()
    since = (truth.client.tx_bytes - before.client.tx_bytes,
             truth.client.rx_bytes - before.client.rx_bytes)
    assert since == (50_000, 7)
    for key in FOLLOWING + ["closes"]:
        assert together.sums(key)[end_of(truth.client)] in short_by(source, since), key
    assert together.sums("life")[end_of(truth.client)] in short_by(source, (100_000, 14))


def test_twenty_thousand_short_flows(sight, netns, source, tmp_path):
    together = Together(sight, source, netns, tmp_path, *source.room)
    total = churn("127.0.0.1", 20_000, 4, netns=netns)
    together.stop()
    assert together.lost <= UNSEEN_MAX
    unseen_bytes = together.lost * FLOW_BYTES_MAX
    for key in FOLLOWING + ["life", "closes"]:
        sent, received = [sum(column) for column in zip(*together.sums(key).values())]
        assert 0 <= total["tx_bytes"] - sent <= unseen_bytes, key
        # Every second flow is closed by its accepting side first.
        assert 0 <= total["tx_bytes"] - received <= source.may_lack_a_byte * 10_000 + unseen_bytes
    assert len(together.life) == 40_000 - together.lost


def test_one_row_for_each_where_two_share_the_standard_output(sight, netns, source):
    tool = sight("top", "--json", *source.options, "--netns", netns.name,
                 "--also", f"life --json --netns {netns.name}", 3600)
    tool.report = None
    truth = traffic(netns=netns, bytes=4321)
    outcome = tool.stop()
    assert (outcome.status, outcome.stderr) == (0, "")
    rows = [json.loads(line) for line in outcome.lines]
    assert [row["report"] for row in rows if row.get("type") == "summary"] == ["top", "life"]
    for report in "top", "life":
        mine = [row for row in rows if row["report"] == report and row.get("lport") ==
                truth.client.lport]
        assert [row["tx_bytes"] for row in mine] == [4321]


def test_the_first_question_ends_the_run_and_the_others_are_told_the_rest(sight, netns, source,
                                                                         tmp_path):
    tool = sight("top", "--json", *source.options, "--netns", netns.name, 1, 2,
                 "--also", f"stat --json --netns {netns.name} --output {tmp_path / 'stat'}")
    tool.report = None
    with Traffic(netns=netns, hold=True, bytes=1000) as flow:
        truth = flow.go()
        assert tool.wait_exit().status == 0
    rows = [json.loads(line) for line in (tmp_path / "stat").read_text().splitlines()]
    assert [row["bytes_sent"] for row in rows if row.get("lport") == truth.client.lport] == [1000]


def test_each_question_has_its_own_filter(sight, netns, source, tmp_path):
    tool = sight("life", "--json", *source.options, "--netns", netns.name, "-D", "5001",
                 "--output", tmp_path / "one",
                 "--also", f"life --json --netns {netns.name} -L 5001,5002 --output {tmp_path}/two",
                 "--also", f"life --json --netns {netns.name} -6 --output {tmp_path}/six")
    tool.report = None
    for port, addr in (5001, "127.0.0.1"), (5002, "127.0.0.1"), (5003, "::1"):
        traffic(netns=netns, port=port, addr=addr, bytes=port)
    tool.stop()
    found = {}
    for name in "one", "two", "six":
        rows = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        found[name] = sorted((row["role"], row["tx_bytes"], row["rx_bytes"]) for row in rows[:-1])
    assert found == {"one": [("connect", 5001, 0)],
                     "two": [("accept", 0, 5001), ("accept", 0, 5002)],
                     "six": [("accept", 0, 5003), ("connect", 5003, 0)]}


@pytest.mark.parametrize("also", [0, 2])
def test_netlink_watches_no_namespace_that_nobody_wants(sight, new_netns, also):
    """Each costs it lists and notices, of which some may be lost."""
    mine, other = new_netns(), new_netns()
    more = [f"life --json --netns {mine.inode}"] * also
    tool = sight("life", "--json", "--source", "netlink", "--netns", mine.name,
                 *[word for text in more for word in ("--also", text)])
    tool.report = None
    traffic(netns=other, bytes=1)
    traffic(netns=mine, bytes=2)
    rows = [json.loads(line) for line in tool.stop().lines]
    summaries = [row for row in rows if row.get("type") == "summary"]
    assert [(row["opened"], row["adopted"], row["closed"]) for row in summaries] == \
        [(2, 0, 2)] * (also + 1)
    assert len(rows) == 3 * (also + 1)
