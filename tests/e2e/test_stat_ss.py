# SPDX-License-Identifier: BSD-2-Clause
"""`stat -o`: every field that ss knows too is what ss shows of the same socket, under traffic that
makes the field say something."""

import contextlib
import json
import re
import socket
import struct
import subprocess

import pytest
from flows import Traffic, wait_until
from netns import Link
from sight import PROGRAM
from test_stat import live

PORT = 7000

# What stays the same while nothing moves; ss leaves out what is 0 (or the default, if given).
SAME = {
    "cwnd": r"\bcwnd:(\d+)", "mss": r"\bmss:(\d+)", "in_segs": r"\bsegs_in:(\d+)",
    "data_segs_out": r"\bdata_segs_out:(\d+)", "data_segs_in": r"\bdata_segs_in:(\d+)",
    "bytes_received": r"\bbytes_received:(\d+)", "retransmitted_bytes": r"\bbytes_retrans:(\d+)",
    "delivered": r"\bdelivered:(\d+)", "delivered_ce": r"\bdelivered_ce:(\d+)",
    "retrans_segs": r"\bretrans:\d+/(\d+)", "lost": r"\blost:(\d+)",
    "dsack_dups": r"\bdsack_dups:(\d+)", "reord_seen": r"\breord_seen:(\d+)",
    "ooo_packets": r"\brcv_ooopack:(\d+)", "unacked": r"\bunacked:(\d+)",
    "notsent": r"\bnotsent:(\d+)", "pmtu": r"\bpmtu:(\d+)", "rmem_bytes": r"skmem:\(r(\d+),",
    "wmem_bytes": r"skmem:\([^)]*,w(\d+),", "snd_wnd": r"\bsnd_wnd:(\d+)",
    "rcvbuf": r"skmem:\([^)]*,rb(\d+),", "sndbuf": r"skmem:\([^)]*,tb(\d+),",
    "forward_bytes": r"skmem:\([^)]*,f(\d+),", "sacked": r"\bsacked:(\d+)",
    "backoff": r"\bbackoff:(\d+)",
}
MS_FRACTION = {
    "rtt_us": r"\brtt:([\d.]+)/", "rttvar_us": r"\brtt:[\d.]+/([\d.]+)",
    "rtt_min_us": r"\bminrtt:([\d.]+)", "rto_us": r"\brto:([\d.]+)",
}
FLAG = {"ecn": r" ecn ", "app_limited": r" app_limited "}
TIME = {"busy_us": r"\bbusy:(\d+)ms", "rwnd_limited_us": r"\brwnd_limited:(\d+)ms",
        "sndbuf_limited_us": r"\bsndbuf_limited:(\d+)ms"}
# Milliseconds that go on while nothing moves.
SINCE = {"since_snd_ms": r"\blastsnd:(\d+)", "since_rcv_ms": r"\blastrcv:(\d+)",
         "since_ack_ms": r"\blastack:(\d+)"}
OTHER = ["pacing_rate", "rcv_rtt_us", "probes_out", "ca_state", "rcv_wnd", "lport", "rport", "ssthresh", "reordering", "delivery_rate", "congestion", "recv_q",
         "send_q", "timer", "timer_ms", "retransmits", "rto_total", "rto_time_ms"]
NO_SSTHRESH, DEFAULT_REORDERING = 0x7FFFFFFF, 3
# Of struct tcp_info: ss of Debian 12 does not show these.
CA_STATE_AT, PROBES_AT, RCV_WND_AT, TOTAL_RTO_AT = 1, 3, 232, 240
CA_STATES = ["open", "disorder", "cwr", "recovery", "loss"]


def number(text, pattern, default=0, kind=int):
    found = re.search(pattern, text)
    return kind(found[1]) if found else default


def timer_of(text):
    """Name, least and greatest milliseconds, as ss rounds them down."""
    found = re.search(r"timer:\((\w+),(?:(\d+)min)?(?:(\d+)sec|(\d+)\.(\d+)ms|(\d+)ms)?,",
                      text)
    if not found:
        assert "timer:" not in text, text
        return "", 0, 0
    name, minutes, *rest = found.groups()
    whole, part, fraction, short = (int(word or 0) for word in rest)
    least = int(minutes or 0) * 60000 + (whole + part) * 1000 + fraction + short
    exact = bool(rest[1] or rest[3])
    return name, least, least if exact else least + (59999 if not rest[0] else 999)


def tcp_info(sock):
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 400)


def look(netns, source, sock):
    """ss before, stat, and ss after, of one socket of ours."""
    lport, rport = sock.getsockname()[1], sock.getpeername()[1]
    columns = ",".join([*SAME, *MS_FRACTION, *FLAG, *TIME, *SINCE, *OTHER])
    ss = ["ss", "-HtinemoO", "sport", "=", f":{lport}", "and", "dport", "=", f":{rport}"]
    before, info = netns.run(*ss), tcp_info(sock)
    done = subprocess.run([str(PROGRAM), "stat", "--live", "--json", *source.options, "--netns",
                           netns.name, "-o", columns], capture_output=True, text=True, check=True)
    info_after, after = tcp_info(sock), netns.run(*ss)
    [row] = [row for row in map(json.loads, done.stdout.splitlines())
             if (row.get("lport"), row.get("rport")) == (lport, rport)]
    return before, info, row, info_after, after


def compare_other(text, row):
    assert row["ssthresh"] == number(text, r"\bssthresh:(\d+)", NO_SSTHRESH)
    assert row["reordering"] == number(text, r"\breordering:(\d+)", DEFAULT_REORDERING)
    assert f" {row['congestion']} " in text and row["congestion"]
    # ss says bits, cut to whole numbers of the same product.
    assert abs(row["delivery_rate"] - number(text, r"\bdelivery_rate (\d+)bps") // 8) <= 1
    assert abs(row["pacing_rate"] - number(text, r"\bpacing_rate (\d+)bps") // 8) <= 1
    assert (row["rcv_rtt_us"] or 0) == round(number(text, r"\brcv_rtt:([\d.]+)", kind=float) * 1000)
    assert [row["recv_q"], row["send_q"]] == [int(word) for word in text.split()[1:3]]


def at_rest(before, after):
    """Whether nothing moved between two looks of ss."""
    patterns = [*SAME.values(), *MS_FRACTION.values(), *FLAG.values(), r"timer:\((\w+)",
                r"\bdelivery_rate (\d+)", r"^\S+ +(\d+ +\d+)", r"\bbackoff:(\d+)"]
    return all(re.findall(p, before) == re.findall(p, after) for p in patterns)


def compare(netns, source, sock):
    """All fields; returns those of stat. A timer may fire meanwhile: then once more."""
    for _ in range(10):
        before, info, row, info_after, after = look(netns, source, sock)
        if at_rest(before, after):
            break
    said = f"\n{before}\n{row}\n{after}"
    for name, pattern in SAME.items():
        assert row[name] == number(before, pattern) == number(after, pattern), name + said
    for name, pattern in MS_FRACTION.items():
        assert row[name] == round(number(before, pattern, kind=float) * 1000), name + said
    for name, pattern in FLAG.items():
        assert row[name] == (re.search(pattern, before) is not None), name + said
    for name, pattern in TIME.items():
        assert number(before, pattern) <= row[name] // 1000 <= number(after, pattern), name + said
    for name, pattern in SINCE.items():
        # One reading may be a clock tick of the kernel behind another.
        assert number(before, pattern) - 10 <= row[name] <= number(after, pattern) + 10, name + said
    compare_other(before, row)
    (name, _, most), (_, least, _) = timer_of(before), timer_of(after)
    assert row["timer"] == name, said
    assert not name or least <= row["timer_ms"] <= most, said
    assert row["retransmits"] == info[2] == info_after[2], said
    assert row["probes_out"] == info[PROBES_AT] == info_after[PROBES_AT], said
    assert row["ca_state"] == CA_STATES[info[CA_STATE_AT]], said
    assert row["rcv_wnd"] == struct.unpack_from("I", info, RCV_WND_AT)[0], said
    for name, form, at in ("rto_total", "H", 0), ("rto_time_ms", "I", 4):
        low, high = (struct.unpack_from(form, told, TOTAL_RTO_AT + at)[0]
                     for told in (info, info_after))
        assert low <= row[name] <= high, (name, low, high, row)
    return row


@contextlib.contextmanager
def connected(near, far, address, **options):
    """Both ends of a connection; options are set before, by name, at the client."""
    with far.inside():
        listener = socket.create_server((address, PORT))
    with near.inside():
        client = socket.socket()
    with listener, client:
        for name, value in options.items():
            level = socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP
            client.setsockopt(level, getattr(socket, name), value)
        client.connect((address, PORT))
        accepted, _ = listener.accept()
        with accepted:
            client.setblocking(False)
            accepted.settimeout(10)
            yield client, accepted


@pytest.fixture
def wire(new_netns):
    """Two namespaces on whose wire each packet is one segment."""
    near, far = new_netns(), new_netns()
    link = Link(near, far)
    for side in near, far:
        side.ip("link", "set", "wire", "gso_max_segs", "1")
    return near, far, link.far_address


def rule(netns, hook, text):
    netns.run("nft", "add table ip t")
    netns.run("nft", f"add chain ip t {hook} {{ type filter hook {hook} priority 0; }}")
    netns.run("nft", f"add rule ip t {hook} {text}")


def fill(sock):
    """Write until there is no room."""
    with contextlib.suppress(BlockingIOError):
        while True:
            sock.send(b"x" * 65536)


def deliver(client, accepted, size):
    """Write and read in turn."""
    unsent = unread = size
    while unread:
        with contextlib.suppress(BlockingIOError):
            unsent -= client.send(b"x" * min(unsent, 65536))
        unread -= len(accepted.recv(65536))


def shows(netns, pattern):
    return re.search(pattern, netns.run("ss", "-Htino", "dport", "=", f":{PORT}")) is not None


def wait_shown(netns, pattern):
    wait_until(lambda: shows(netns, pattern), pattern)


def quiet(netns):
    """Nothing in flight, and no acknowledgement that is still to come."""
    wait_until(lambda: not shows(netns, r"unacked:|timer:\(on"), "rest")


def test_an_idle_connection_with_keepalive(netns, source):
    with connected(netns, netns, "127.0.0.1", SO_KEEPALIVE=1, TCP_KEEPIDLE=5) as (client, accepted):
        deliver(client, accepted, 20_000)
        quiet(netns)
        row = compare(netns, source, client)
        assert row["timer"] == "keepalive" and row["app_limited"] == 1 and row["delivered"] > 1
        assert compare(netns, source, accepted)["bytes_received"] == 20_000


def test_a_receiver_that_does_not_read(netns, source):
    with connected(netns, netns, "127.0.0.1") as (client, accepted):
        fill(client)
        wait_shown(netns, r"timer:\(persist.*\n?.*rwnd_limited")
        row = compare(netns, source, client)
        assert row["timer"] == "persist" and row["rwnd_limited_us"] and row["send_q"]
        assert row["sndbuf"] >= row["wmem_bytes"] // 2 and row["wmem_bytes"]
        assert row["notsent"] and row["pacing_rate"]
        row = compare(netns, source, accepted)
        assert row["recv_q"] and row["rmem_bytes"] >= row["recv_q"]


def test_data_that_nobody_acknowledges(wire, source):
    near, far, address = wire
    with connected(near, far, address) as (client, accepted):
        rule(far, "input", f"tcp dport {PORT} drop")
        client.send(b"x" * 20_000)
        wait_shown(near, r"\bbackoff:1\b")
        row = compare(near, source, client)
        assert row["timer"] == "on" and row["lost"] and row["busy_us"] and row["unacked"]
        assert row["ca_state"] == "loss" and row["wmem_bytes"] > 20_000
        assert row["retransmits"] and row["rto_total"] and row["rto_time_ms"] and row["backoff"]
        compare(far, source, accepted)


def test_acknowledgements_that_are_lost(wire, source):
    """What is sent again for nothing comes back as DSACK."""
    near, far, address = wire
    with connected(near, far, address) as (client, accepted):
        rule(near, "input", f"tcp sport {PORT} drop")
        client.send(b"x" * 1000)
        wait_shown(near, r"\bbackoff:1\b")
        near.run("nft", "flush ruleset")
        quiet(near)
        row = compare(near, source, client)
        assert row["dsack_dups"] and row["retransmitted_bytes"] and row["rto_time_ms"]
        assert compare(far, source, accepted)["bytes_received"] == 1000


def test_segments_that_overtake(wire, source):
    near, far, address = wire
    for words in ("qdisc add dev wire root handle 1: htb default 10",
                  "class add dev wire parent 1: classid 1:10 htb rate 1gbit quantum 60000",
                  "class add dev wire parent 1: classid 1:20 htb rate 4mbit burst 1600"
                  " cburst 1600"):
        near.run("tc", *words.split())
    rule(near, "output", f"tcp dport {PORT} meta length > 500 numgen inc mod 10 == 0"
                         " meta priority set 1:20")
    with connected(near, far, address) as (client, accepted):
        deliver(client, accepted, 1_000_000)
        quiet(near)
        row = compare(near, source, client)
        assert row["reord_seen"] and row["reordering"] != DEFAULT_REORDERING
        assert compare(far, source, accepted)["ooo_packets"]


def test_congestion_that_is_marked(wire, source):
    near, far, address = wire
    for side in near, far:
        side.sysctl("net.ipv4.tcp_ecn", 1)
    rule(far, "input", f"tcp dport {PORT} meta length > 500 ip ecn set ce")
    with connected(near, far, address) as (client, accepted):
        deliver(client, accepted, 50_000)
        quiet(near)
        row = compare(near, source, client)
        assert row["ecn"] == 1 and row["delivered_ce"]
        assert compare(far, source, accepted)["ecn"] == 1


def test_what_an_unanswered_connect_does_not_know(wire, source):
    """Its windows are closed, its times and its rate are not 0 but not known."""
    near, far, address = wire
    rule(far, "input", f"tcp dport {PORT} drop")
    with near.inside():
        client = socket.socket()
    with client:
        client.setblocking(False)
        client.connect_ex((address, PORT))
        columns = [*SINCE, "pacing_rate", "snd_wnd", "unacked", "rmem_bytes", "rport"]
        done = subprocess.run([str(PROGRAM), "stat", "--live", "--json", *source.options, "--netns",
                               near.name, "-o", ",".join(columns)], capture_output=True, text=True,
                              check=True)
        [row] = [row for row in map(json.loads, done.stdout.splitlines()) if row.get("rport") == PORT]
    assert [row[name] for name in columns] == [None, None, None, None, 0, 1, 0, PORT]


# What is compared at rest, of one connection of real programs.
SS = {
    "cwnd": r"\bcwnd:(\d+)", "mss": r"\bmss:(\d+)", "in_segs": r"\bsegs_in:(\d+)",
    "data_segs_out": r"\bdata_segs_out:(\d+)", "data_segs_in": r"\bdata_segs_in:(\d+)",
    "bytes_sent": r"\bbytes_sent:(\d+)", "bytes_received": r"\bbytes_received:(\d+)",
    "delivered": r"\bdelivered:(\d+)", "delivery_rate": r"\bdelivery_rate (\d+)bps",
}


RTT = r"\brtt:([\d.]+)/([\d.]+)"


def test_fields_of_a_socket_are_those_of_ss(netns, source):
    """One socket, at rest after some traffic, so both look at the same numbers."""
    columns = ",".join(["lport", "rtt_us", "rttvar_us", "rto_us", "congestion", "recv_q", "send_q",
                        "retrans_segs", *SS])

    def look():
        """ss, and the row, if nothing waits to be sent or read, and ss still says the same after it."""
        ss = ["ss", "-Htinem", "sport", "=", f":{truth.client.lport}"]
        text = netns.run(*ss)
        rows = live(*source.options, "--netns", netns.name, "-o", columns)
        [row] = [row for row in rows if row["lport"] == truth.client.lport]
        again = netns.run(*ss)
        same = all(re.findall(pattern, text) == re.findall(pattern, again)
                   for pattern in [*SS.values(), RTT, r"\brto:(\d+)"])
        return (text, row) if same and text.split()[1:3] == ["0", "0"] else None

    with Traffic(netns=netns, hold=True, rounds=2, bytes=300_000, reply=2000) as flow:
        truth = flow.go()
        text, row = wait_until(look, "rest")
        flow.finish()
    for name, pattern in SS.items():
        wanted = number(text, pattern)
        if name == "bytes_sent":
            # ss counts what was sent again too.
            wanted -= number(text, r"\bbytes_retrans:(\d+)")
        if name == "delivery_rate":
            # ss says bits, cut to whole numbers of the same product.
            wanted //= 8
            assert abs(row[name] - wanted) <= 1, text
            continue
        assert row[name] == wanted, (name, text)
    rtt, deviation = re.search(RTT, text).groups()
    assert (row["rtt_us"], row["rttvar_us"]) == (round(float(rtt) * 1000),
                                                 round(float(deviation) * 1000))
    assert row["rto_us"] == number(text, r"\brto:(\d+)") * 1000
    assert f" {row['congestion']} " in text
