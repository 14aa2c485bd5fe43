# SPDX-License-Identifier: BSD-2-Clause
"""`subnet` over capture files: bytes as tshark counts them, subnets as Python's ipaddress sees them."""

import collections
import ipaddress
import json

import pytest
from capture import BASE_SEC, Wire, convert, tshark_rows, write
from sight import run

pytestmark = pytest.mark.usefixtures("built")
CLIENTS = {4: "10.0.0.1", 6: "2001:db8::1"}
SERVERS = ["10.80.0.7", "10.80.0.200", "10.80.1.9", "10.9.9.9", "172.16.3.3", "192.168.1.5",
           "192.30.253.113", "8.8.8.8", "2001:db8::7", "2001:db8:1::7", "fd00::7", "fe80::9"]


def talk(sport, server, start):
    """Some segments each way over some seconds, one of each way sent again."""
    wire = Wire(client=CLIENTS[6 if ":" in server else 4], server=server, sport=sport,
                dport=443 if sport % 2 else 80).open(start)
    for n in range(4):
        wire.send(start + 0.3 + 0.7 * n, 0, "PA", b"q" * (100 + 13 * sport % 900))
        wire.send(start + 0.4 + 0.7 * n, 1, "PA", b"a" * (200 + 17 * sport % 1000))
        if n == 1:
            for lost in wire.packets[-2:]:
                again = lost.copy()
                again.time = float(lost.time) + 0.25
                wire.packets.append(again)
    return wire.close(start + 3.5)


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    wires = [talk(40000 + n, server, 0.37 * n) for n, server in enumerate(SERVERS * 2)]
    return write(tmp_path_factory.mktemp("subnet") / "c.pcap", *wires)


@pytest.fixture(scope="module")
def judged(capture):
    rows = tshark_rows(capture)
    assert sum(row["retrans"] for row in rows.values()) == 2 * 2 * len(SERVERS)
    return rows


def expected(judged, nets, longest=False, by="remote", direction="tx", what="new",
             wanted=lambda key: True):
    """Name to bytes; `nets` are pairs of a name and an ip_network. Local is who connected."""
    total = collections.Counter()
    for (src, sport, dst, dport), row in judged.items():
        outgoing = dport in (80, 443)
        local, remote = (src, dst) if outgoing else (dst, src)
        ports = (sport, dport) if outgoing else (dport, sport)
        if direction not in ("both", "tx" if outgoing else "rx") or not wanted((local, remote, *ports)):
            continue
        address = ipaddress.ip_address(local if by == "local" else remote)
        holding = [(net.prefixlen, name) for name, net in nets if address in net]
        if holding:
            total[max(holding)[1] if longest else holding[0][1]] += row[what]
    return {name: n for name, n in total.items() if n}


def network(text):
    return ipaddress.ip_network(text, strict=False)


def of_list(text):
    return [(item, network(item)) for item in text.split(",")]


def entries(capture, *options):
    """Name to the sum over all intervals, of -J."""
    outcome = run("subnet", "-J", "--read", capture, *options)
    assert outcome.status == 0, outcome.stderr
    total = collections.Counter()
    for line in outcome.lines:
        total.update(json.loads(line)["entries"])
    return dict(total)


MIXED = "10.80.0.0/24,10.80.0.0/16,10.0.0.0/8,192.30.253.96/27,0.0.0.0/0,2001:db8:1::/48,::/0"
NESTED = "0.0.0.0/0,10.0.0.0/8,10.80.0.0/24,10.80.0.200/32,::/0,fd00::/7,2001:db8::/32,2001:db8::7/128"


@pytest.mark.parametrize("direction", ["tx", "rx", "both"])
@pytest.mark.parametrize("longest", [False, True])
@pytest.mark.parametrize("nets", [MIXED, NESTED])
def test_bytes_are_tshark_s(capture, judged, nets, longest, direction):
    options = ["--direction", direction, *(["--longest"] if longest else []), nets]
    assert entries(capture, *options) == expected(judged, of_list(nets), longest, direction=direction)


def test_the_defaults_are_those_of_tcpsubnet(capture, judged):
    four = "127.0.0.1/32,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,0.0.0.0/0"
    six = "::1/128,fc00::/7,fe80::/10,::/0"
    assert entries(capture) == expected(judged, of_list(four))
    assert entries(capture, "-6") == expected(judged, of_list(six))


# As people write them, and what they mean.
FORMS = [
    ("10.80.0.7/24", "10.80.0.0/24"),  # host bits
    ("192.30.253.110/27", "192.30.253.96/27"),
    ("10.80.257/16", "10.80.0.0/16"),  # inet_aton(): 10.80.1.1
    ("0x0a500000/16", "10.80.0.0/16"),
    ("012.0.0.0/8", "10.0.0.0/8"),  # octal
    ("134744072/32", "8.8.8.8/32"),
    ("8.8.8.8/32", "8.8.8.8/32"),
    ("0.0.0.0/0", "0.0.0.0/0"),
    ("128.0.0.0/1", "128.0.0.0/1"),
    ("2001:DB8::7/64", "2001:db8::/64"),
    ("2001:db8:0:0:0:0:0:7/128", "2001:db8::7/128"),
    ("::/0", "::/0"),  # no IPv4
    ("fd00::10.0.0.7/8", "fd00::/8"),
]


@pytest.mark.parametrize("typed, meant", FORMS, ids=[typed for typed, _ in FORMS])
def test_each_form_of_a_prefix(capture, judged, tmp_path, typed, meant):
    truth = expected(judged, [(typed, network(meant))])
    assert truth and entries(capture, typed) == truth
    named = expected(judged, [("some where", network(meant))])
    assert entries(capture, f"some where={typed}") == named
    (tmp_path / "list").write_text(f"# remark\n\n  {typed}\tsome where \t# remark\n")
    assert entries(capture, "--subnets", tmp_path / "list") == named


def test_elements_of_one_name_are_one_row_and_a_file_comes_before_the_list(capture, judged, tmp_path):
    (tmp_path / "list").write_text("10.80.0.0/24 office\n2001:db8::/32 office\n")
    nets = [("office", network("10.80.0.0/24")), ("office", network("2001:db8::/32")),
            ("rest", network("0.0.0.0/0")), ("office", network("fd00::/8"))]
    assert entries(capture, "--subnets", tmp_path / "list",
                   "rest=0.0.0.0/0,office=fd00::/8") == expected(judged, nets)


def test_by_local_address(capture, judged):
    nets = "10.0.0.0/31,2001:db8::/127,0.0.0.0/0"
    assert entries(capture, "--by", "local", nets) == expected(judged, of_list(nets), by="local")


@pytest.mark.parametrize("option, wanted", [
    (["-4"], lambda local, remote, lport, rport: ":" not in remote),
    (["-6"], lambda local, remote, lport, rport: ":" in remote),
    (["-D", "443"], lambda local, remote, lport, rport: rport == 443),
    (["-L", "40001,40005"], lambda local, remote, lport, rport: lport in (40001, 40005)),
    (["--where", "dst net 10.80.0.0/16 and not port 80"],
     lambda local, remote, lport, rport: remote.startswith("10.80.") and rport != 80),
])
def test_filters(capture, judged, option, wanted):
    nets = "10.80.0.0/16,0.0.0.0/0,::/0"
    truth = expected(judged, of_list(nets), wanted=lambda key: wanted(*key))
    assert truth and entries(capture, *option, nets) == truth


def test_local_networks_turn_the_view_round(capture, judged):
    """Seen from the servers what was received is sent, and the client is the peer."""
    swapped = {key: row for key, row in judged.items() if ":" not in key[0]}
    servers = ",".join(server for server in SERVERS if ":" not in server)
    assert entries(capture, "-4", "--local", servers, "10.0.0.1/32") == {
        "10.0.0.1/32": sum(row["new"] for (_, sport, _, _), row in swapped.items()
                           if sport in (80, 443))}


def test_each_interval_has_the_bytes_of_its_seconds(capture, judged):
    """Intervals begin with the first packet, which is at the full second."""
    outcome = run("subnet", "-J", "-i", "2", "--read", capture, "0.0.0.0/0,::/0")
    frames = [json.loads(line) for line in outcome.lines]
    seconds = collections.Counter()
    for (_, _, dst, dport), row in judged.items():
        for what, n in row.items():
            if what.startswith("new at ") and dport in (80, 443):
                second = (int(what.removeprefix("new at ")) - BASE_SEC) // 2 * 2 + 2
                seconds[second, "::/0" if ":" in dst else "0.0.0.0/0"] += n
    said = {(2 * n + 2, name): amount for n, frame in enumerate(frames)
            for name, amount in frame["entries"].items()}
    assert said == {key: n for key, n in seconds.items() if n}
    assert len(frames) == 7


@pytest.mark.parametrize("unit, times, per", [("b", 8, 1), ("k", 8, 1024), ("m", 8, 1 << 20),
                                              ("B", 1, 1), ("K", 1, 1024), ("M", 1, 1 << 20)])
def test_units_are_rounded_down(capture, judged, unit, times, per):
    nets = "10.80.0.0/16,0.0.0.0/0"
    truth = {name: n * times // per for name, n in expected(judged, of_list(nets)).items()}
    assert entries(capture, "-i", "3600", "-f", unit, nets) == truth


def test_the_same_in_every_format(capture, judged):
    nets = "ten=10.0.0.0/8,rest=0.0.0.0/0"
    named = [("ten", network("10.0.0.0/8")), ("rest", network("0.0.0.0/0"))]
    words = ["subnet", "-i", "3600", "--read", capture, nets]
    tx, rx = (expected(judged, named, direction=way) for way in ("tx", "rx"))
    text = run(*words).lines
    assert [line.split() for line in text[2:]] == [
        [name, str(n)] for name, n in sorted(tx.items(), key=lambda item: -item[1])]
    rows = [json.loads(line) for line in run(*words, "--json", "--direction", "both").lines]
    assert {row["subnet"]: (row["tx_bytes"], row["rx_bytes"], row["prefix"]) for row in rows[:-1]} == {
        "ten": (tx["ten"], rx["ten"], "10.0.0.0/8"), "rest": (tx["rest"], rx["rest"], "0.0.0.0/0")}
    assert rows[-1]["type"] == "summary" and rows[-1]["undecoded"] == 0
    csv = run(*words, "--csv", "-o", "subnet,flows,tx_bytes,retrans,bytes_retrans",
              "--sort", "tx_bytes").lines
    flows = {"ten": 8, "rest": 8}
    again = {name: sum(row["bytes"] - row["new"] for (_, _, dst, dport), row in judged.items()
                       if dport in (80, 443) and ":" not in dst
                       and (dst.startswith("10.") == (name == "ten"))) for name in tx}
    assert csv == ["subnet,flows,tx_bytes,retrans,bytes_retrans\n"] + [
        f"{name},{flows[name]},{n},{flows[name]},{again[name]}\n"
        for name, n in sorted(tx.items(), key=lambda item: -item[1])]


def test_pcapng_short_snapshots_and_stdin_give_the_same(capture):
    truth = entries(capture, MIXED)
    assert entries(convert(capture, "-F", "pcapng"), MIXED) == truth
    assert entries(convert(capture, "-s", "74"), MIXED) == truth
    with open(capture, "rb") as file:
        lines = run("subnet", "-J", "-i", "3600", "--read", "-", MIXED, stdin=file).lines
    assert [json.loads(line)["entries"] for line in lines] == [truth]
