# SPDX-License-Identifier: BSD-2-Clause
"""The JSON API of an agent. The truth is what this process sent, over sockets that it holds."""

import json
import os
import socket
import threading
import time

import pytest
from agent_client import ROOMY, Agent, Connection
from flows import named, wait_until
from sight import PATIENCE_SEC, UNSEEN_MAX

PAYLOAD = b"x" * 10000


@pytest.fixture(scope="module")
def agent():
    with Agent(*ROOMY) as running:
        yield running


class Pair:
    """Two ends of a connection over loopback, both ours."""

    def __init__(self, name=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.client = socket.create_connection(self.listener.getsockname())
        self.server, _ = self.listener.accept()
        self.listener.close()
        self.sent = 0
        self.lport = self.client.getsockname()[1]
        self.rport = self.client.getpeername()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, count=1):
        for _ in range(count):
            self.client.sendall(PAYLOAD)
            self.sent += len(PAYLOAD)
            left = len(PAYLOAD)
            while left:
                left -= len(self.server.recv(left))

    def close(self):
        """The client first, so that its end is told of as the one that closed."""
        self.client.close()
        self.server.close()

    @property
    def filter(self):
        """Of the client's end only."""
        return f"(src port {self.lport} and dst port {self.rport})"


def any_of(pairs):
    return " or ".join(pair.filter for pair in pairs)


def the_row(answer):
    rows = answer["rows"]
    return rows[0] if len(rows) == 1 else None


def moved(pair):
    return lambda answer: (row := the_row(answer)) and row["tx_bytes"] == pair.sent and row


def test_a_flow_has_the_bytes_that_were_sent(agent):
    with Pair() as pair:
        pair.send(7)
        row = agent.wait_api(moved(pair), "row", "flows", filter=pair.filter)
        assert row["pid"] == os.getpid() and row["role"] == "connect"
        assert row["local"] == f"127.0.0.1:{pair.lport}"
        assert row["remote_class"] == "loopback" and row["state"] == "established"
        assert row["id"] == f"{row['cookie']}.0"
        other = f"src port {pair.rport} and dst port {pair.lport}"
        row = the_row(agent.api("flows", filter=other, columns="rx_bytes,role"))
        assert row == {"id": row["id"], "rx_bytes": pair.sent, "role": "accept"}


def test_rates_are_those_of_the_interval(agent):
    with Pair() as pair, agent.events(kinds="interval", filter=pair.filter,
                                      columns="tx_bytes,tx_rate") as events:
        pair.send(3)
        told = 0
        deadline = time.monotonic() + PATIENCE_SEC
        # A rate is a whole number of bytes a second, so what it tells of is a little more or less.
        while told < pair.sent - 20:
            assert time.monotonic() < deadline, told
            (_, _, data), _ = events.wait(lambda name, _: name == "interval", "interval")
            rows = data["rows"]
            if rows and rows[0]["tx_rate"]:
                told += round(rows[0]["tx_rate"] * data["interval"])
        assert abs(told - pair.sent) <= 20


def test_pages_hold_each_flow_once_while_others_come_and_go(agent):
    pairs = [Pair() for _ in range(20)]
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            Pair().close()

    other = threading.Thread(target=churn)
    other.start()
    try:
        mine = {p.lport for p in pairs}
        agent.wait_api(lambda a: mine <= {int(r["local"].split(":")[1]) for r in a["rows"]}, "flows",
                       "flows", pid=os.getpid(), limit=10000)
        met, after, pages = [], None, 0
        while True:
            page = agent.api("flows", sort="id", limit=7, columns="id,lport", pid=os.getpid(),
                             **({"after": after} if after else {}))
            met += page["rows"]
            after, pages = page["next"], pages + 1
            if not after:
                break
            assert len(page["rows"]) == 7
        assert pages >= 40 // 7
        ids = [row["id"] for row in met]
        assert len(ids) == len(set(ids))
        numbers = [int(i.split(".")[0]) for i in ids]
        assert numbers == sorted(numbers)
        assert sum(row["lport"] in mine for row in met) >= len(mine)
        assert mine <= {row["lport"] for row in met}
    finally:
        stop.set()
        other.join()
        for pair in pairs:
            pair.close()


def test_sorted_pages_go_on_where_the_last_ended(agent):
    pairs = [Pair() for _ in range(5)]
    try:
        for n, pair in enumerate(pairs):
            pair.send(n + 1)
        ports = any_of(pairs)
        agent.wait_api(lambda a: [r["tx_bytes"] for r in a["rows"]] ==
                       sorted((p.sent for p in pairs), reverse=True),
                       "order", "flows", filter=ports, sort="-tx_bytes")
        first = agent.api("flows", filter=ports, sort="tx_bytes", limit=3)
        rest = agent.api("flows", filter=ports, sort="tx_bytes", limit=3, after=first["next"])
        assert [r["tx_bytes"] for r in first["rows"] + rest["rows"]] == [p.sent for p in pairs]
        assert rest["next"] is None and first["matched"] == 5
    finally:
        for pair in pairs:
            pair.close()


def test_one_flow_alive_and_gone(agent):
    pair = Pair()
    pair.send(2)
    flow_id = agent.wait_api(moved(pair), "row", "flows", filter=pair.filter)["id"]
    alive = agent.api(f"flows/{flow_id}")
    assert alive["alive"] and alive["flow"]["id"] == flow_id
    assert alive["flow"]["tx_bytes"] == pair.sent and "sentence" in alive["flow"]
    assert set(alive["trail"]) == {"step", "tx_rate", "rx_rate", "srtt_us", "retrans"}
    # Five minutes back, in steps: the whole of what was sent.
    agent.wait_api(lambda a: sum(a["trail"]["tx_rate"]) * a["trail"]["step"] == pair.sent, "trail",
                   f"flows/{flow_id}")
    pair.close()
    deadline = time.monotonic() + 15
    while (gone := agent.get(f"/api/v1/flows/{flow_id}")).status == 200:
        assert time.monotonic() < deadline
    assert gone.status == 410 and gone.type == "application/problem+json"
    assert gone.json["flow"]["tx_bytes"] == pair.sent and gone.json["flow"]["end_reason"] == "fin"
    for nobody in ("99999999999.0", "x", "1", ""):
        assert agent.get(f"/api/v1/flows/{nobody}").status == 404


def test_what_closed_comes_latest_first_and_page_by_page(agent):
    pairs = []
    for n in range(5):
        pair = Pair()
        pair.send(n + 1)
        pairs.append(pair)
        pair.close()
    sent = [(pair.lport, pair.sent) for pair in pairs]
    ports = any_of(pairs)
    agent.wait_api(lambda a: a["matched"] == 5, "closes", "closed", filter=ports, pid=os.getpid())
    first = agent.api("closed", filter=ports, pid=os.getpid(), limit=3, since="5m")
    rest = agent.api("closed", filter=ports, pid=os.getpid(), limit=3, after=first["next"])
    rows = first["rows"] + rest["rows"]
    told = [(int(r["local"].split(":")[1]), r["tx_bytes"]) for r in rows]
    assert told == sent[::-1]
    assert rest["next"] is None
    later = agent.api("closed", filter=ports, since="2100-01-01T00:00:00Z")
    assert later["rows"] == [] and later["matched"] == 0


def test_groups_and_edges_are_sums_of_their_flows(agent):
    with Pair() as one, Pair() as two:
        one.send(3)
        two.send(4)
        ports = any_of((one, two))
        wanted = one.sent + two.sent
        row = agent.wait_api(
            lambda a: (r := the_row(a)) and r["tx_bytes"] == wanted and r, "group", "groups",
            by="pid,remote_class", filter=ports, pid=os.getpid())
        assert (row["pid"], row["remote_class"], row["flows"]) == (os.getpid(), "loopback", 2)
        edge = the_row(agent.api("edges", by="pid", peer="rport", sort="-bytes",
                                 filter=one.filter))
        assert (edge["from"], edge["to"], edge["tx_bytes"]) == (os.getpid(), one.rport, one.sent)
    agent.wait_api(lambda a: (r := the_row(a)) and (r["flows"], r["closed"]) == (0, 2) and
                   r["tx_bytes"] == wanted, "group of what closed", "groups",
                   by="pid", filter=ports, pid=os.getpid())


def test_listeners_have_their_queues(agent):
    with socket.create_server(("127.0.0.1", 0), backlog=7) as listener:
        port = listener.getsockname()[1]
        waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        row = agent.wait_api(lambda a: (r := the_row(a)) and r["backlog"] == 3 and r, "queue",
                             "listeners", filter=f"src port {port}")
        assert row["lport"] == port and row["backlog_max"] == 7 and row["pid"] == os.getpid()
        for client in waiting:
            client.close()


def test_what_is_wrong_is_found_told_of_and_ends(agent):
    """The peer reads nothing: its window shuts, and the sender is stalled."""
    with Pair() as pair, agent.events(kinds="verdict", filter=pair.filter) as events:
        pair.client.setblocking(False)
        try:
            while True:
                pair.client.send(PAYLOAD)
        except BlockingIOError:
            pass
        (_, _, began), _ = events.wait(lambda _, data: data["change"] == "began", "verdict")
        row = agent.wait_api(the_row, "verdict", "verdicts", filter=pair.filter)
        assert row["verdict"] == began["verdict"] and row["severity"] == began["severity"]
        assert row["sentence"] and row["certainty"] in ("measured", "inferred")
        assert began["local"] == f"127.0.0.1:{pair.lport}"
        group = the_row(agent.api("groups", by="lport", filter=pair.filter))
        assert group["verdict"] == row["verdict"]
        # Now it reads.
        pair.server.setblocking(False)
        try:
            while pair.server.recv(1 << 20):
                pass
        except BlockingIOError:
            pass
        events.wait(lambda _, data: (data["change"], data["verdict"]) == ("ended", row["verdict"]),
                    "end of the verdict")


def test_events_come_in_order_and_go_on_after_a_break(agent):
    def sort_of(name, data):
        return name, data["local"]

    with agent.events(kinds="open,close", pid=os.getpid()) as events:
        pair = Pair()
        events.wait(lambda name, data: sort_of(name, data) == ("open", f"127.0.0.1:{pair.lport}"),
                    "open")
        pair.send()
        pair.close()
        (_, last, data), _ = events.wait(
            lambda name, data: sort_of(name, data) == ("close", f"127.0.0.1:{pair.lport}"), "close")
        assert data["tx_bytes"] == pair.sent and data["end_reason"] == "fin"
    missed = [Pair() for _ in range(4)]
    for pair in missed:
        pair.close()
    agent.wait_api(lambda a: a["matched"] == 4, "closes", "closed", pid=os.getpid(),
                   filter=any_of(missed))
    with agent.events(kinds="open,close", pid=os.getpid(), headers={"Last-Event-ID": str(last)}) as events:
        met, numbers = [], []
        wanted = {(name, f"127.0.0.1:{p.lport}") for name in ("open", "close") for p in missed}
        while not wanted <= set(met):
            name, number, data = events.next()
            assert name != "gap", data
            met.append(sort_of(name, data))
            numbers.append(number)
        assert len(met) == len(set(met))
        assert numbers == sorted(set(numbers)) and numbers[0] > last
    with agent.events(kinds="close", headers={"Last-Event-ID": str(1 << 60)}) as events:
        (name, _, data), _ = events.wait(lambda *_: True, "gap")
        assert name == "gap" and data["lost"]


def listen_overflows():
    with open("/proc/net/netstat") as file:
        names, values = [line.split() for line in file if line.startswith("TcpExt:")]
    return int(values[names.index("ListenOverflows")])


def test_counters_of_the_host_are_those_of_the_moment_in_which_they_are_asked_for(agent):
    told = agent.api("counters")["host"]["listen_overflows"]
    before = listen_overflows()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        clients = [socket.socket() for _ in range(4)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        wait_until(lambda: listen_overflows() >= before + 2, "overflows")
        grown = listen_overflows() - before
        # No interval needs to pass. Others on this machine may make it more.
        assert agent.api("counters")["host"]["listen_overflows"] >= told + grown
        for client in clients:
            client.close()


def test_who_comes_from_another_run_is_told_of_a_gap_also_if_nothing_happened(privileged):
    with Agent("--without", "metrics,api", "--also", "api port 1") as quiet:
        with quiet.events(kinds="close", headers={"Last-Event-ID": "7"}) as events:
            (name, _, data), _ = events.wait(lambda *_: True, "gap")
        assert (name, data["lost"]) == ("gap", 0)


def test_a_client_that_does_not_read_is_told_of_its_gap(agent):
    """What is lost and what arrives make all that there was, and nobody else waits."""
    slow = Connection(agent.socket)
    slow.connect()
    slow.request("GET", f"/api/v1/events?kinds=close&columns=end_reason,local,remote&pid={os.getpid()}")
    response = slow.getresponse()
    pairs = 4000
    for _ in range(pairs):
        Pair().close()
    got, lost, name = 0, 0, None
    # Some ends may be shown to nobody, so they are neither.
    while got + lost < 2 * pairs - UNSEEN_MAX:
        line = response.readline().decode()
        if line.startswith("event: "):
            name = line[7:].strip()
        if line.startswith("data: "):
            lost += json.loads(line[6:])["lost"] if name == "gap" else 0
            got += name == "close"
    assert got and lost and got + lost <= 2 * pairs
    response.close()
    slow.close()


def test_a_hostile_name_is_no_markup(agent):
    name = "<img src=x on>&"
    with named(name, 10) as process:
        pid = process.hear()["pid"]
        answer = agent.wait_api(lambda a: a["rows"] and a, "flow", "flows", pid=pid)
        assert answer["rows"][0]["comm"] == name
        raw = agent.get("/api/v1/flows", pid=pid).body
        assert b"<" not in raw and b">" not in raw and b"&" not in raw and b"\\u003cimg" in raw


@pytest.mark.parametrize("path,parameters,where,says", [
    ("flows", {"filter": "port 443 and"}, {"parameter": "filter", "column": 12}, "syntax error"),
    ("flows", {"filter": "host localhost"}, {"parameter": "filter", "column": 5}, "not looked up"),
    ("flows", {"columns": "comm,tx_raet"}, {"parameter": "columns", "column": 5}, "did you mean tx_rate?"),
    ("flows", {"sort": "-tx_raet"}, {"parameter": "sort", "column": 1}, "did you mean tx_rate?"),
    ("flows", {"limit": "0"}, {"parameter": "limit", "column": 0}, "from 1 to 10000"),
    ("flows", {"after": "1"}, {"parameter": "after", "column": 0}, "next"),
    ("closed", {"since": "soon"}, {"parameter": "since", "column": 0}, "span"),
    ("groups", {"by": "comm,secret"}, {"parameter": "by", "column": 5}, "summed up by"),
    ("groups", {"sort": "-comm"}, {"parameter": "sort", "column": 0}, "-rate"),
    ("edges", {"peer": "raddr,rport"}, {"parameter": "peer", "column": 5}, "one column"),
    ("series", {"metric": "tx_rate,x"}, {"parameter": "metric", "column": 8}, "rx_rate"),
    ("series", {"from": "5m"}, {"parameter": "from", "column": 0}, "-5m"),
    ("events", {"kinds": "close,x"}, {"parameter": "kinds", "column": 6}, "verdict"),
])
def test_a_mistake_is_told_with_its_place(agent, path, parameters, where, says):
    answer = agent.get("/api/v1/" + path, **parameters)
    assert answer.status == 400 and answer.type == "application/problem+json", answer.body
    problem = answer.json
    assert problem["type"] == "about:blank" and problem["status"] == 400 and problem["title"]
    assert problem["pointer"] == where and says in problem["detail"]


def test_no_parameter_is_passed_over(agent):
    assert agent.get("/api/v1/flows", filtre="port 1").status == 400
    assert agent.get("/api/v1/nothing").status == 404


def test_columns_and_series(agent):
    columns = {c["name"]: c for c in agent.api("columns")["rows"]}
    assert columns["tx_rate"]["unit"] == "B/s" and columns["tx_rate"]["available"]
    # What needs a probe on the path of data is not loaded, and so not told as 0.
    assert not columns["messages_sent"]["available"]
    with Pair() as pair:
        pair.send()
        names = [name for name in columns if name != "id"]
        row = {}
        # More than an answer can have.
        for half in (names[::2], names[1::2]):
            row |= agent.wait_api(the_row, "row", "flows", filter=pair.filter, columns=",".join(half))
        assert row.keys() == columns.keys() and row["messages_sent"] is None
        assert row["tx_bytes"] == pair.sent
    agent.wait_api(lambda a: len(a["time"]) >= 2, "points", "series")
    series = agent.api("series", metric="tx_rate,flows", **{"from": "-1m"})
    assert set(series) == {"moment", "interval", "step", "time", "tx_rate", "flows"}
    assert len(series["time"]) == len(series["tx_rate"]) == len(series["flows"])
    assert series["time"] == sorted(series["time"])
