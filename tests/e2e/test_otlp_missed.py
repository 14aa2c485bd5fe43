# SPDX-License-Identifier: BSD-2-Clause
"""otlp --from-recording: what a collector missed comes from the recording, each record once, or with a mark. The
truth is `life --json` of the same runs."""

import collections
import json
import os
import re
import signal

import pytest
from flows import churn, wait_until
from otlp_server import collector, sender_of
from sight import UNSEEN_MAX, run

UID = re.compile(rb'"log.record.uid","value":\{"stringValue":"([^"]+)"')
MANY = 6500  # connections, of two ends each: more than the queue holds


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()][:-1]


@pytest.fixture
def recorded(sight, netns, tmp_path):
    """Starts a run that records, sends to `url`, and shows; gives it, and the file of its rows."""
    runs = []

    def start(url, *options):
        rows = tmp_path / f"rows{len(runs)}"
        runs.append(rows)
        more = " ".join(map(str, options))
        return sight("record", tmp_path / "R", "--interval", 1, "--netns", netns.name,
                     "--also", f"otlp --from-recording --endpoint {url} --netns {netns.name} {more}",
                     "--also", f"life --json --netns {netns.name} --output {rows}"), rows
    return start


def key_of(row):
    return row["laddr"], row["lport"], row["raddr"], row["rport"], row["tx_bytes"], row["rx_bytes"]


def key_of_record(record):
    return tuple(record[name] for name in (
        "network.local.address", "network.local.port", "network.peer.address", "network.peer.port",
        "network.io.transmit", "network.io.receive"))


def by_uid(records):
    """Each record once. What came several times is the same, and but for one of them has its mark."""
    found = collections.defaultdict(list)
    for record in records:
        found[record["log.record.uid"]].append(record)
    for same in found.values():
        assert sum("tcpsight.repeated" not in record for record in same) <= 1, same
        assert len({key_of_record(record) for record in same}) == 1
    return {uid: same[0] for uid, same in found.items()}


def assert_all_came(server, *rows):
    expected = sorted(key_of(row) for path in rows for row in rows_of(path))
    assert sorted(map(key_of_record, by_uid(server.records()).values())) == expected


def wait_for_records(server, count):
    """Each body is looked at once: who waits must not take the time of those who send."""
    seen, uids = 0, set()

    def there():
        nonlocal seen
        with server.lock:
            bodies = [body for _, _, body, answer in server.requests[seen:] if answer == 200]
            seen = len(server.requests)
        for body in bodies:
            uids.update(UID.findall(body))
        return len(uids) >= count
    wait_until(there, lambda: f"{count} different records; there are {len(uids)}")


def test_what_no_queue_holds_comes_from_the_recording(recorded, netns):
    with collector(is_away=True) as server:
        tool, rows = recorded(server.url)
        churn("127.0.0.1", MANY, 2, netns=netns)
        # Who shows may be behind those who close: the queue is to be full before there is anybody to empty it.
        tool.wait_for(lambda _: "the collector misses records" in "".join(tool.errors), "outage")
        server.come()
        wait_for_records(server, 2 * MANY)
        # From here on records are sent at once again.
        churn("127.0.0.1", 100, 1, netns=netns)
        wait_for_records(server, 2 * MANY + 200)
        outcome = tool.stop(signal.SIGTERM)
    assert outcome.status == 0 and "records sent;" not in outcome.stderr, outcome.stderr
    assert "not in the recording" not in outcome.stderr
    assert_all_came(server, rows)
    # Two bodies were under way when the queue was full; of those alone nobody knows.
    assert sum("tcpsight.repeated" in record for record in server.records()) <= 1000


def test_what_was_given_up_comes_from_the_recording(recorded, netns):
    """Nothing was full; the server only was away for longer than one tries."""
    with collector(is_away=True) as server:
        tool, rows = recorded(server.url, "--give-up", 1)
        churn("127.0.0.1", 300, 2, netns=netns)
        tool.wait_for(lambda _: "trying again" in "".join(tool.errors), "warning")
        churn("127.0.0.1", 300, 2, netns=netns)
        server.come()
        wait_for_records(server, 1200)
        outcome = tool.stop(signal.SIGTERM)
    assert outcome.status == 0, outcome.stderr
    assert_all_came(server, rows)


def test_a_run_goes_on_where_the_one_before_ended(recorded, netns):
    with collector(is_away=True) as server:
        tool, first = recorded(server.url, "--stop-timeout", 0)
        churn("127.0.0.1", MANY, 2, netns=netns)
        outcome = tool.stop(signal.SIGTERM)
        assert "waits in" in outcome.stderr and "for the next run" in outcome.stderr
        assert outcome.status == 0 and "records sent;" not in outcome.stderr, outcome.stderr
        server.come()
        tool, second = recorded(server.url)
        churn("127.0.0.1", 100, 1, netns=netns)
        wait_for_records(server, 2 * MANY + 200)
        tool.wait_for(lambda _: "has got what it missed" in "".join(tool.errors), "end of the outage")
        assert tool.stop(signal.SIGTERM).status == 0
        assert_all_came(server, first, second)
        # All was sent: the one after that has nothing to add.
        count = len(server.records())
        tool, _ = recorded(server.url)
        churn("127.0.0.1", 1, 1, netns=netns)
        wait_for_records(server, 2 * MANY + 202)
        assert tool.stop(signal.SIGTERM).status == 0
        assert len(server.records()) == count + 2


def test_a_run_that_was_killed_sends_nothing_twice_without_its_mark(recorded, netns, tmp_path):
    with collector() as server:
        tool, _ = recorded(server.url)
        churn("127.0.0.1", 1000, 2, netns=netns)
        wait_for_records(server, 500)
        # What the recording has on the disk is what there is; the rest dies with it.
        wait_until(lambda: len(run("life", "--json", "--read", tmp_path / "R").lines) > 2000, "rows on the disk")
        tool.process.kill()
        tool.process.wait()
        tool, _ = recorded(server.url)
        wait_for_records(server, 2000)
        assert tool.stop(signal.SIGTERM).status == 0
        assert len(by_uid(server.records())) == 2000


def test_a_sender_that_died_is_made_up_for_by_the_next_run(recorded, netns):
    with collector() as server:
        tool, first = recorded(server.url)
        os.kill(sender_of(tool), signal.SIGKILL)
        tool.wait_for(lambda _: "the process that sends has ended" in "".join(tool.errors), "warning")
        churn("127.0.0.1", 50, 1, netns=netns)
        outcome = tool.stop(signal.SIGTERM)
        assert "for the next run" in outcome.stderr and "records sent;" not in outcome.stderr
        tool, second = recorded(server.url)
        wait_for_records(server, 100)
        assert tool.stop(signal.SIGTERM).status == 0
    assert_all_came(server, first, second)


def test_a_recording_that_is_gone_is_counted(recorded, netns, tmp_path):
    with collector(is_away=True) as server:
        tool, _ = recorded(server.url, "--stop-timeout", 0)
        churn("127.0.0.1", MANY, 2, netns=netns)
        assert tool.stop(signal.SIGTERM).status == 0
        for path in (tmp_path / "R").glob("*.tsr"):
            path.unlink()
        server.come()
        tool, _ = recorded(server.url)
        tool.wait_for(lambda _: "are not in the recording" in "".join(tool.errors), "warning")
        outcome = tool.stop(signal.SIGTERM)
    # But for two bodies that were under way, and may have arrived; and for ends that the kernel showed to nobody.
    dropped = int(re.search(r"(\d+) dropped here", outcome.stderr)[1])
    assert 0 <= 2 * MANY - 1000 - dropped <= UNSEEN_MAX, outcome.stderr


@pytest.mark.parametrize("args, why", [
    (["otlp", "--from-recording"], "this run records nothing"),
    (["otlp", "--from-recording", "--no-logs", "--metrics"], "what --no-logs leaves out")])
def test_without_a_recording_there_is_nothing_to_read(built, args, why):
    outcome = run(*args)
    assert (outcome.status, outcome.text) == (2, "")
    assert why in outcome.stderr
