# SPDX-License-Identifier: BSD-2-Clause
"""`stat`: the sum over all sockets is what /proc/net/snmp counts in the same network namespace, and a
socket's own fields are those that ss shows. Documented differences are written as such."""

import contextlib
import csv
import functools
import json
import pathlib
import re
import subprocess
import sys
import time

import bpfstate
import pytest
import sources
import witness
from flows import Traffic, traffic, wait_until
from netns import Link
from sight import PROGRAM

HERE = pathlib.Path(__file__).resolve().parent
FAULTS = [sys.executable, str(HERE / "faults.py")]

# Our counter, and the kernel's of the same meaning.
TCP = {
    "active_opens": "TcpActiveOpens", "passive_opens": "TcpPassiveOpens",
    "attempt_fails": "TcpAttemptFails", "estab_resets": "TcpEstabResets",
    "curr_estab": "TcpCurrEstab", "in_segs": "TcpInSegs", "out_segs": "TcpOutSegs",
    "out_rsts": "TcpOutRsts", "retrans_segs": "TcpRetransSegs",
    "listen_drops": "TcpExtListenDrops", "delayed_acks": "TcpExtDelayedACKs",
}
IP = {"in_receives": "IpInReceives", "out_requests": "IpOutRequests"}
HOST = {"listen_overflows": "TcpExtListenOverflows", "memory_pressures": "TcpExtTCPMemoryPressures",
        "reasm_reqds": "IpReasmReqds", "reasm_timeout": "IpReasmTimeout",
        "frag_oks": "IpFragOKs", "frag_fails": "IpFragFails"}


@functools.lru_cache(maxsize=None)
def counts_messages():
    """Does doctor say that this kernel lets us? Linux 6.1 on arm64 has no hook for it."""
    told = subprocess.run([PROGRAM, "doctor", "--json"], check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    return any(line["state"] == "used" and line["rung"] != "none" for line in lines
               if line.get("need") == "messages")


class Watched:
    """A scenario under `stat --csv`: what the sockets sum up to, and what the kernel counted."""

    def __init__(self, sight, netns, scenario, *args, run=None, source=sources.Bpf, lost=False):
        began, before = time.monotonic(), netns.mib()
        tool = sight("stat", "--csv", *source.options, "--netns", netns.name)
        self.said = run() if run else netns.run(*FAULTS, scenario, *args)
        after = netns.mib()
        outcome = tool.stop()
        self.source = source
        self.warnings = outcome.stderr.splitlines()
        # Before anything else, the columns that stay empty.
        told = self.warnings.pop(0) if source.unknown else ""
        assert all(name in told for name in source.unknown), outcome.stderr
        if source is sources.Bpf and not counts_messages():
            assert "no messages_sent and messages_received" in self.warnings.pop(0), outcome.stderr
        assert outcome.status == 0 and len(self.warnings) == lost, outcome.stderr
        self.kernel = {key: after[key] - before[key] for key in after}
        self.timers_unseen = witness.delayed_acks_since(began)
        self.rows = list(csv.DictReader(outcome.lines))
        self.sums = {}
        for row in self.rows:
            for key, value in row.items():
                if re.fullmatch(r"-?\d+", value):
                    self.sums[key] = self.sums.get(key, 0) + int(value)

    def may_lack(self, name):
        """Only ACKs that the timer had to put off since somebody held the socket, be it ss or another
        tcpsight, and timers that were shown to no program (as closes are, ARCHITECTURE.md, Loss). Those that expire
        together interrupt the same task."""
        return self.kernel["TcpExtDelayedACKLocked"] + self.timers_unseen if name == "delayed_acks" else 0

    def differences(self, names):
        """Counters that are not the kernel's: {ours: (sum, kernel's)}."""
        assert not self.source.unknown & self.sums.keys(), self.sums
        return {ours: (self.sums.get(ours), self.kernel[theirs]) for ours, theirs in names.items()
                if ours not in self.source.unknown and not
                0 <= self.kernel[theirs] - self.sums.get(ours, -1) <= self.may_lack(ours)}


SCENARIOS = [(sources.Bpf, "plain"), (sources.Bpf, "refused"), (sources.Bpf, "reset_by_client"),
             (sources.Bpf, "reset_by_unread"), (sources.Netlink, "plain"),
             (sources.Netlink, "reset_by_unread")]
EACH_SCENARIO = pytest.mark.parametrize("source, scenario", SCENARIOS,
                                        ids=[f"{source.name}-{name}" for source, name in SCENARIOS])


@EACH_SCENARIO
def test_sums_are_those_of_the_kernel(sight, netns, source, scenario):
    seen = Watched(sight, netns, scenario, "127.0.0.1", source=source)
    assert seen.differences({**TCP, **IP, **HOST}) == {}
    assert seen.kernel["TcpActiveOpens"], "nothing happened"


@EACH_SCENARIO
def test_sums_are_those_of_the_kernel_for_ipv6(sight, netns, source, scenario):
    """The Ip counters of IPv6 hold neighbour discovery too, so TCP's only."""
    netns.wait_local("::1")
    seen = Watched(sight, netns, scenario, "::1", source=source)
    assert seen.differences(TCP) == {}
    assert seen.kernel["TcpActiveOpens"], "nothing happened"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_fin_that_finds_a_stand_in_is_no_sockets(sight, netns, source, address):
    """The kernel counts it, and the ACK that answers it, for the host alone."""
    netns.wait_local("::1")
    seen = Watched(sight, netns, "late_fin", address, source=source)
    stand_ins = int(seen.said)
    assert stand_ins, "all sockets were kept"
    taken = ("in_segs", "out_segs", "in_receives", "out_requests")
    for name in seen.sums.keys() & set(taken) - source.unknown:
        seen.sums[name] += stand_ins
    same = TCP if ":" in address else {**TCP, **IP}
    assert seen.differences(same) == {}


@pytest.mark.parametrize("scenario, lost, seen_still", [("refused", 7, 0), ("reset_by_client", 5, 5)])
def test_netlink_owns_up_to_sockets_that_took_their_counters_along(sight, netns, scenario, lost,
                                                                   seen_still):
    seen = Watched(sight, netns, scenario, "127.0.0.1", source=sources.Netlink, lost=True)
    assert f"lost {lost} of {lost + seen_still} flows" in seen.warnings[0]
    assert "connect() failed" in seen.warnings[0] and "SO_LINGER 0" in seen.warnings[0]
    assert seen.sums.get("passive_opens", 0) == seen.sums.get("estab_resets", 0) == seen_still


def test_each_counter_of_a_plain_connection(sight, netns, source):
    """What the scenario did, not only that we agree with the kernel."""
    sums = Watched(sight, netns, "plain", "127.0.0.1", source=source).sums
    assert sums["bytes_sent"] == 20 * (3 * 5000 + 10)
    assert 0 <= sums["bytes_sent"] - sums["bytes_received"] <= 20 * source.may_lack_a_byte
    if "messages_sent" not in source.unknown and counts_messages():
        assert sums["messages_sent"] == 20 * 4
        assert sums["messages_received"] >= 20 * 4
    assert (sums["active_opens"], sums["passive_opens"]) == (20, 20)
    assert sums["curr_estab"] == 0


def test_refused_connects_name_the_port_that_answered(sight, netns):
    seen = Watched(sight, netns, "refused", "127.0.0.1")
    answered = {(row["laddr"], row["lport"]) for row in seen.rows if row["out_rsts"] not in ("", "0")}
    asked = {(row["raddr"], row["rport"]) for row in seen.rows if row["attempt_fails"] == "1"}
    assert answered == asked and len(asked) == 1
    assert seen.sums["attempt_fails"] == 7


@contextlib.contextmanager
def serving(netns, address):
    """A server on port 7000 that reads connections to their end."""
    server = subprocess.Popen(["nsenter", f"--net={netns.path}", *FAULTS, "serve", address],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "ready\n"
        yield
    finally:
        server.kill()
        server.wait(20)
        server.stdin.close()
        server.stdout.close()


def rules(netns, hook, *texts):
    """Add nftables rules to a hook of its own table."""
    netns.run("nft", "add table ip t")
    netns.run("nft", f"add chain ip t {hook} {{ type filter hook {hook} priority 0; }}")
    for text in texts:
        netns.run("nft", f"add rule ip t {hook} {text}")


def linked(new_netns):
    """Two namespaces on whose wire each packet is one segment."""
    near, far = new_netns(), new_netns()
    link = Link(near, far)
    for side in near, far:
        side.ip("link", "set", "wire", "gso_max_segs", "1")
    return near, far, link


def test_loss_is_counted_where_it_was_sent_again(sight, new_netns, source):
    near, far, link = linked(new_netns)
    rules(far, "input", "tcp dport 7000 meta length > 500 numgen inc mod 20 == 7 drop")
    with serving(far, link.far_address):
        seen = Watched(sight, near, "send", link.far_address, source=source)
    assert seen.kernel["TcpRetransSegs"], "nothing was lost"
    assert seen.differences(TCP) == {}


def test_lost_syn_acks_are_the_listeners_side(sight, new_netns, source):
    """The kernel counts a SYN/ACK that is sent again both as sent and as sent again."""
    near, far, link = linked(new_netns)
    # Two, so that the client's SYN is sent again whichever side's timer of one second runs first.
    rules(near, "input", "tcp sport 7000 tcp flags & (syn|ack) == (syn|ack) quota until 150 bytes drop")
    with serving(far, link.far_address):
        seen = Watched(sight, far, None, run=lambda: near.run(*FAULTS, "send", link.far_address),
                       source=source)
    assert seen.kernel["TcpRetransSegs"], "no SYN/ACK was lost"
    same = {key: name for key, name in TCP.items() if key not in ("in_segs", "listen_drops")}
    seen.sums["out_segs"] += source.out_segs_short * seen.kernel["TcpRetransSegs"]
    assert seen.differences(same) == {}
    # SYNs that came again belong to no socket yet, and the listener throws them away.
    again = seen.kernel["TcpInSegs"] - seen.sums["in_segs"]
    assert 0 < again <= near.counted("TcpRetransSegs")
    assert 0 <= seen.sums["listen_drops"] - seen.kernel["TcpExtListenDrops"] <= again


def test_segments_out_of_order(sight, new_netns, source):
    """Every tenth segment goes a slower way."""
    near, far, link = linked(new_netns)
    for words in ("qdisc add dev wire root handle 1: htb default 10",
                  "class add dev wire parent 1: classid 1:10 htb rate 1gbit quantum 60000",
                  "class add dev wire parent 1: classid 1:20 htb rate 4mbit burst 1600 cburst 1600"):
        near.run("tc", *words.split())
    rules(near, "output", "tcp dport 7000 meta length > 500 numgen inc mod 10 == 0"
                          " meta priority set 1:20")
    with serving(far, link.far_address):
        tool = sight("stat", "--csv", *source.options, "-o", "ooo_packets,bytes_received", "--netns",
                     far.name)
        before = far.mib()
        near.run(*FAULTS, "send", link.far_address, "7000", "1000000")
        after = far.mib()
        rows = list(csv.DictReader(tool.stop().lines))
    queued = after["TcpExtTCPOFOQueue"] - before["TcpExtTCPOFOQueue"]
    assert queued >= 5, "nothing was out of order"
    assert sum(int(row["ooo_packets"] or 0) for row in rows) == queued


def test_a_reset_in_the_middle(sight, new_netns, source):
    """A box on the way answers data with a reset: one end is cut, and knows it."""
    near, far, link = linked(new_netns)
    rules(far, "input", "tcp dport 7000 meta length > 1000 reject with tcp reset")

    def run():
        with pytest.raises(subprocess.CalledProcessError) as failed:
            near.run(*FAULTS, "send", link.far_address)
        assert "ConnectionResetError" in failed.value.stderr

    with serving(far, link.far_address):
        seen = Watched(sight, near, None, run=run, source=source)
    assert seen.sums["estab_resets"] == seen.kernel["TcpEstabResets"] == 1
    same = {key: name for key, name in TCP.items() if key != "in_segs"}
    assert seen.differences(same) == {}


def test_syns_that_vanish(sight, new_netns):
    """A connect that times out is retransmitted, fails, and was never established."""
    near, far = new_netns(), new_netns()
    link = Link(near, far)
    near.sysctl("net.ipv4.tcp_syn_retries", 1)
    link.cut()

    def run():
        with pytest.raises(subprocess.CalledProcessError) as failed:
            near.run(*FAULTS, "send", link.far_address)
        assert "TimeoutError" in failed.value.stderr

    seen = Watched(sight, near, None, run=run)
    assert seen.differences(TCP) == {}
    assert (seen.sums["attempt_fails"], seen.sums["estab_resets"]) == (1, 0)
    assert seen.sums["retrans_segs"] >= 1


@pytest.mark.parametrize("first", ["server", "client"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_full_accept_queue(sight, netns, address, first):
    """The SYNs that the listener dropped are in InSegs of the kernel, but of no socket. So are RSTs of
    the listener's end, if the client has closed before and only stand-ins of its sockets are left."""
    netns.wait_local("::1")
    netns.sysctl("net.ipv4.tcp_syncookies", 0)
    seen = Watched(sight, netns, "overflow", address, first)
    drops = seen.kernel["TcpExtListenDrops"]
    assert drops >= 8 and drops == seen.kernel["TcpExtListenOverflows"]
    assert seen.sums["listen_drops"] == seen.sums["listen_overflows"] == drops
    same = {key: name for key, name in TCP.items() if key != "in_segs"}
    assert seen.differences(same) == {}
    assert seen.kernel["TcpOutRsts"] == 2
    unheard = int(seen.said)
    assert unheard <= (2 if first == "client" else 0)
    assert seen.sums["in_segs"] + drops + unheard == seen.kernel["TcpInSegs"]


def test_delayed_acks(sight, netns):
    seen = Watched(sight, netns, "delayed_ack", "127.0.0.1")
    assert seen.kernel["TcpExtDelayedACKs"] >= 10
    assert seen.differences({"delayed_acks": "TcpExtDelayedACKs"}) == {}


def test_fragments_are_the_hosts(sight, netns, source):
    netns.ip("link", "set", "lo", "mtu", "1500")
    seen = Watched(sight, netns, "fragments", "127.0.0.1", source=source)
    assert seen.differences(HOST) == {}
    assert seen.sums["frag_oks"] == 4 and seen.sums["reasm_reqds"] == 12
    for row in seen.rows:
        assert (row["frag_oks"] == "") == (row["scope"] != "host"), row


def test_on_close_tells_the_whole_life(sight, netns, source):
    resets = "reset_by_client" if source.knows_erased else "reset_by_unread"
    tool = sight("stat", "--on-close", "--csv", *source.options, "--netns", netns.name)
    netns.run(*FAULTS, "plain", "127.0.0.1")
    netns.run(*FAULTS, resets, "127.0.0.1")
    rows = list(csv.DictReader(tool.stop().lines))
    assert len(rows) == 2 * 20 + 2 * 5
    assert sum(int(row["bytes_sent"]) for row in rows) == 20 * 15010 + 5 * 100
    if "out_rsts" not in source.unknown:
        assert sum(int(row["out_rsts"]) for row in rows) == 5
    assert sum(int(row["estab_resets"]) for row in rows) == 10


def test_intervals_add_up(sight, netns, source):
    columns = ["bytes_sent", "data_segs_out"] if source.unknown else ["bytes_sent", "messages_sent"]
    tool = sight("stat", "-i", 1, "--csv", *source.options, "-o", ",".join(columns), "--netns",
                 netns.name)

    def moved():
        return [sum(int(row[key] or 0) for row in csv.DictReader(tool.lines)) for key in columns]

    with Traffic(netns=netns, hold=True, rounds=3, bytes=1000) as flow:
        for number in range(1, 4):
            flow.go()
            wait_until(lambda n=number: moved()[0] >= n * 1000, "row of the round")
        flow.finish()
    tool.stop()
    assert moved() == [3000, 3]


def test_a_command_is_run_and_ends_the_report(sight, netns, source):
    command = " ".join(["nsenter", f"--net={netns.path}", *FAULTS, "plain", "127.0.0.1"])
    tool = sight("stat", "--csv", *source.options, "-o", "scope,bytes_sent", "-c", command, "--netns",
                 netns.name)
    outcome = tool.wait_exit()
    assert outcome.status == 0
    rows = list(csv.DictReader(outcome.lines))
    assert sum(int(row["bytes_sent"] or 0) for row in rows) == 20 * 15010


def test_the_timeout_is_what_was_asked_for(sight, netns):
    outcome = sight("stat", "timeout=1", "--netns", netns.name).wait_exit()
    assert outcome.status == 0
    assert outcome.lines[-1] == "No packets were accepted by the filters.\n"


def programs_of(pid):
    names = {item["id"]: item.get("name") for item in bpfstate.listed("prog")}
    return {names.get(number) for kind, number in bpfstate.held(pid) if kind == "prog"}


@pytest.mark.parametrize("column,program", [
    ("messages_sent", "on_send"), ("in_receives", "on_packet_in"), ("out_rsts", "on_reset"),
    ("delayed_acks", "on_timer_begin"),
])
def test_probes_are_loaded_only_for_those_who_ask(sight, netns, column, program):
    costly = {"on_send", "on_receive", "on_packet_in", "on_packet_out", "on_reset",
              "on_timer_begin", "on_timer_end"}
    options = "--netns", netns.name, "-o"
    assert not programs_of(sight("stat", *options, "in_segs,bytes_sent,rtt_us").pid) & costly
    asked = programs_of(sight("stat", *options, f"in_segs,{column}").pid)
    assert program in asked
    assert len(asked & costly) <= 2


def live(*args):
    """The rows of `stat --live --json`."""
    done = subprocess.run([str(PROGRAM), "stat", "--live", "--json", *args], capture_output=True,
                          text=True, check=True)
    return [row for row in map(json.loads, done.stdout.splitlines()) if row.get("type") != "summary"]


def test_live_lists_what_ss_lists(netns, source):
    """Every socket but those in TIME_WAIT, with states, queues and owners."""
    def look():
        """What ss lists, and the rows, if ss still lists the same after them."""
        listed = netns.run("ss", "-Htanp").splitlines()
        rows = live(*source.options, "--netns", netns.name)
        return (listed, rows) if listed == netns.run("ss", "-Htanp").splitlines() else None

    with Traffic(netns=netns, hold=True, bytes=1000) as flow:
        truth = flow.go()
        listed, rows = wait_until(look, "rest")
        flow.finish()
    states = {"ESTAB": "established", "LISTEN": "listen", "CLOSE-WAIT": "close_wait"}
    wanted = sorted((states[words[0]], int(words[1]), int(words[2]))
                    for words in map(str.split, listed) if words[0] != "TIME-WAIT")
    assert sorted((row["state"], row["recv_q"], row["send_q"]) for row in rows) == wanted
    owners = {(row["lport"], row["rport"]): row["pid"] for row in rows}
    assert owners[truth.client.lport, truth.client.rport] == truth.client.pid
    assert owners[truth.server.lport, truth.server.rport] == truth.server.pid


def test_what_was_before_counts_nowhere(sight, netns, source):
    with Traffic(netns=netns, hold=True, rounds=2, bytes=5000) as flow:
        flow.go()
        tool = sight("stat", "--csv", *source.options, "-o", "bytes_sent,active_opens,passive_opens,curr_estab",
                     "--netns", netns.name)
        flow.go()
        flow.finish()
    rows = list(csv.DictReader(tool.stop().lines))
    sums = {key: sum(int(row[key]) for row in rows) for key in rows[0]}
    assert sums == {"bytes_sent": 5000, "active_opens": 0, "passive_opens": 0, "curr_estab": -2}


def test_a_short_flow_has_all_its_counters(sight, netns, source):
    tool = sight("stat", "--csv", *source.options, "-o",
                 "lport,bytes_sent,bytes_received,in_segs,out_segs", "--netns", netns.name)
    truth = traffic(netns=netns, bytes=700, reply=33)
    rows = {int(row["lport"]): row for row in csv.DictReader(tool.stop().lines)}
    row = rows[truth.client.lport]
    assert (row["bytes_sent"], row["bytes_received"]) == ("700", "33")
    assert int(row["in_segs"]) >= 3 and int(row["out_segs"]) >= 4
