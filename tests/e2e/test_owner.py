# SPDX-License-Identifier: BSD-2-Clause
"""Every flow is shown with the process that it belongs to, and says how that is known."""

import socket

import pytest
from flows import Side, Traffic, actor, traffic, wait_closed


def who(row):
    return row["pid"], row["comm"]


def told(facts):
    return Side(facts["client"]), Side(facts["server"])


def by_ports(rows):
    return {(row["lport"], row["rport"]): row for row in rows}


@pytest.mark.parametrize("close", ["client", "server", "exit", "reset", "unread", "half"])
def test_whoever_closes_first(life, close):
    truth = traffic(bytes=500, reply=500, close=close)
    client, server = life.wait_row(truth.client), life.wait_row(truth.server)
    assert who(client) == (truth.client.pid, "tcp-client")
    assert who(server) == (truth.server.pid, "tcp-server")
    assert client["owner_source"] in {"connect", "close"}
    assert server["owner_source"] != "none"


HANDED_OVER = [("prefork", "client"), ("prefork", "server"), ("passed", "client"),
               ("passed", "server"), ("inetd", "client")]


@pytest.mark.parametrize("kind, first", HANDED_OVER)
def test_worker_not_the_listening_parent_when_closed(life, kind, first):
    def play():
        with actor("handed_over", kind, first) as flow:
            client, server = told(flow.hear())
            flow.go()
            flow.end()
        return server, None, client
    row, server, client = life.played(play)
    assert who(row) == (server.pid, server.comm)
    assert who(life.wait_row(client)) == (client.pid, client.comm)


@pytest.mark.parametrize("kind", ["prefork", "passed", "inetd"])
def test_worker_not_the_listening_parent_while_open(sight, source, kind):
    tool = sight("top", "--json", *source.options, 3600)
    with actor("handed_over", kind, "client") as flow:
        client, server = told(flow.hear())
        rows = by_ports(tool.stop().rows)
    assert who(rows[client.lport, client.rport]) == (client.pid, client.comm)
    row = rows[server.lport, server.rport]
    assert who(row) == (server.pid, server.comm)
    assert row["owner_source"] in {"accept", "files"}


@pytest.mark.parametrize("kind", ["prefork", "passed", "inetd"])
def test_handed_over_before_the_tool_came(sight, source, kind):
    with actor("handed_over", kind, "server" if kind != "inetd" else "client") as flow:
        client, server = told(flow.hear())
        tool = sight("life", "--json", *source.options)
        flow.go()
        flow.end()
    for side in client, server:
        assert who(tool.wait_row(side)) == (side.pid, side.comm)


@pytest.mark.still
def test_handed_over_while_nothing_is_opened(sight):
    """Who has which files is looked at then, and scanned because that has changed."""
    with actor("handed_on") as flow:
        _, server = told(flow.hear())
        tool = sight("top", "--json", "1")
        flow.go()
        row = tool.wait_for(lambda lines: [line for line in lines if f'"lport":{server.lport},' in line
                                           and f'"pid":{server.pid},' in line], "row of the worker")
        flow.end()
    assert '"comm":"tcp-worker"' in row[0]


def test_flows_older_than_the_tool(sight, source):
    with Traffic(hold=True, rounds=2, bytes=1000, reply=10) as flow:
        flow.go()
        tool = sight("top", "--json", *source.options, 3600)
        truth = flow.go()
        rows = by_ports(tool.stop().rows)
    client = rows[truth.client.lport, truth.client.rport]
    server = rows[truth.server.lport, truth.server.rport]
    assert who(client) == (truth.client.pid, "tcp-client")
    assert who(server) == (truth.server.pid, "tcp-server")
    assert (client["owner_source"], server["owner_source"]) == ("files", "files")


def test_listener_older_than_the_tool(sight):
    with actor("serve", "server") as server:
        known = server.hear()
        tool = sight("life", "--json")
        with socket.create_connection(("127.0.0.1", known["port"])) as client:
            laddr, lport = client.getsockname()
            client.recv(100, socket.MSG_WAITALL)
        side = Side({"laddr": "127.0.0.1", "lport": known["port"], "raddr": laddr, "rport": lport})
        assert who(tool.wait_row(side)) == (known["pid"], "tcp-serve")


def test_client_that_became_another_program(life):
    with actor("client_exec") as flow:
        client, server = told(flow.hear())
        flow.go()
        flow.end()
    assert who(life.wait_row(client)) == (client.pid, "cat")
    assert who(life.wait_row(server)) == (server.pid, "tcp-server")


def test_comm_is_the_process_and_thread_the_thread(life):
    with actor("client_thread") as flow:
        client, server = told(flow.hear())
        row = life.wait_row(client)
        assert who(row) == (client.pid, "tcp-process")
        assert row["thread"] == "tcp-thread"
        assert who(life.wait_row(server)) == (server.pid, "tcp-process")


@pytest.mark.parametrize("report", [["life"], ["top", 3600]])
def test_process_gone_before_its_row_is_printed(sight, report):
    tool = sight(report[0], "--json", *report[1:])
    with actor("client_gone") as flow:
        client, server = told(flow.hear())
        flow.end()
    rows = by_ports(tool.stop().rows)
    assert who(rows[client.lport, client.rport]) == (client.pid, "tcp-gone")
    assert who(rows[server.lport, server.rport]) == (server.pid, "tcp-server")


@pytest.mark.parametrize("report", [["life"], ["top", 3600]])
@pytest.mark.parametrize("first", ["server", "client"])
def test_selecting_by_pid_and_port_of_a_server(sight, first, report):
    """Short flows, also those that the server closes: its end alone, every time."""
    with actor("serve", first) as server:
        known = server.hear()
        by_pid = sight(report[0], "--json", "-p", known["pid"], *report[1:])
        by_port = sight(report[0], "--json", "-L", known["port"], *report[1:])
        client_ports = set()
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", known["port"])) as client:
                client_ports.add(client.getsockname()[1])
                client.recv(100, socket.MSG_WAITALL)
                if first == "server":
                    client.recv(1)
    wait_closed(known["port"])
    for tool in by_pid, by_port:
        rows = tool.stop().rows
        assert {row["rport"] for row in rows} == client_ports
        assert len(rows) == 20
        assert {who(row) for row in rows} == {(known["pid"], "tcp-serve")}


def test_pid_selects_the_final_owner(sight):
    with actor("handed_over", "prefork", "client") as flow:
        facts = flow.hear()
        worker, parent = facts["server"]["pid"], facts["parent"]
        of_worker = sight("life", "--json", "-p", worker)
        of_parent = sight("life", "--json", "-p", parent)
        flow.go()
        flow.end()
    assert [row["pid"] for row in of_worker.stop().rows] == [worker]
    assert of_parent.stop().rows == []
