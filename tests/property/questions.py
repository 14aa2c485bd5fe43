# SPDX-License-Identifier: BSD-2-Clause
"""Questions that can be asked of one run, from a seed: reports with their options, as typed."""

COLUMNS = [
    "time", "pid", "comm", "owner_source", "family", "laddr", "lport", "raddr", "rport", "local",
    "remote", "state", "role", "tx_bytes", "rx_bytes", "acked_bytes", "bytes", "duration_us", "ms",
    "seen", "handshake_us", "srtt_us", "min_rtt_us", "retrans", "bytes_retrans", "netns", "cookie",
    "end_reason", "error", "flows", "group", "port", "elapsed", "uid", "thread", "community_id",
]
COUNTERS = [
    "in_segs", "out_segs", "cwnd", "busy_us", "messages_sent", "messages_received", "in_receives",
    "out_requests", "delayed_acks", "recv_q", "send_q", "bytes_sent", "bytes_received", "curr_estab",
    "active_opens", "passive_opens", "estab_resets", "attempt_fails", "retrans_segs", "out_rsts",
]
CAUSES = ["retrans_rto", "retrans_fast", "retrans_syn", "retrans_other", "causes_by", "verdict",
          "sentence", "evidence"]
FILTERS = [
    ["-4"], ["-6"], ["-p", "2"], ["-L", "1024,1026,1030"], ["-D", "80,443"], ["--netns", "4026531840"],
    ["--state", "established"], ["--state", "close-wait,last-ack,closing"], ["--state", "all"],
    ["port 80 or port 443"], ["dst net 10.0.0.0/8"], ["ip6"], ["not host 127.0.0.1"],
    ["src portrange 1024-1040"],
]
GROUPINGS = ["process", "unit", "container", "remote", "port", "subnet"]
INDEXES = ["laddr", "raddr", "lport", "rport", "tuple", "unit", "container", "state", "pid", "comm"]
SUBNETS = ["10.0.0.0/24,10.0.0.0/8,0.0.0.0/0", "a=10.1.7.0/24,b=198.51.100.0/24,a=10.0.0.0/24",
           "six=2001:db8::/32,four=0.0.0.0/0"]
PEEKS = [[], ["web:RX@%:80:443"], ["all:RX@%:443", "out:TX@10.0.0.0/8:22"], [":TX@%:22"]]


def one_of(chance, probability, words):
    return list(words) if chance.random() < probability else []


def columns(chance, probability, names):
    if chance.random() >= probability:
        return []
    return ["-o", ",".join(chance.sample(names, chance.randint(1, min(6, len(names)))))]


def form(chance):
    return chance.choice([[], [], ["--json"], ["--json"], ["--csv"]])


def pace(chance):
    return str(chance.choice([1, 1, 1, 2, 3, 5, 7, 10, 60]))


def top(chance, more=COUNTERS, may_end=True):
    words = ["top", *form(chance)]
    words += one_of(chance, 0.3, ["--by", chance.choice(GROUPINGS)])
    words += columns(chance, 0.4, COLUMNS + more)
    words += one_of(chance, 0.4, ["--sort", chance.choice(COLUMNS + more + ["sent", "all"])])
    words += one_of(chance, 0.3, ["--rows", str(chance.choice([1, 2, 5]))])
    words += one_of(chance, 0.3, ["-S"]) + one_of(chance, 0.5, ["-C"])
    chosen = one_of(chance, 0.4, chance.choice(FILTERS))
    numbers = [pace(chance)] + one_of(chance, may_end * 0.15, [str(chance.choice([1, 3]))])
    if chosen and not chosen[0].startswith("-"):
        return words + numbers + chosen
    return words + chosen + numbers


def life(chance, more=COUNTERS):
    words = ["life", *chance.choice([form(chance), form(chance), ["-s"], ["-w"]])]
    words += one_of(chance, 0.3, ["-T"]) + one_of(chance, 0.3, ["-t"])
    words += columns(chance, 0.5, COLUMNS + more)
    words += one_of(chance, 0.4, ["--sort", chance.choice(COLUMNS + more)])
    words += one_of(chance, 0.3, ["--rows", str(chance.choice([1, 2, 5]))])
    return words + one_of(chance, 0.4, chance.choice(FILTERS))


def subnet(chance):
    words = ["subnet", *chance.choice([form(chance), ["-J"]]), "-i", pace(chance)]
    words += one_of(chance, 0.4, ["--direction", chance.choice(["tx", "rx", "both"])])
    words += one_of(chance, 0.3, ["--by", "local"]) + one_of(chance, 0.3, ["--longest"])
    words += one_of(chance, 0.3, ["-f", chance.choice("bkmBKM")])
    return words + one_of(chance, 0.7, [chance.choice(SUBNETS)])


def stat(chance):
    words = ["stat", *form(chance)]
    if chance.random() < 0.25:
        words += ["--on-close"]
    else:
        words += one_of(chance, 0.7, ["-i", pace(chance)])
        words += one_of(chance, 0.7, ["index=" + chance.choice(INDEXES)])
    words += columns(chance, 0.3, COUNTERS + ["laddr", "lport", "pid", "comm", "flows"])
    words += one_of(chance, 0.3, ["--zeros"]) + one_of(chance, 0.2, ["--all"])
    words += one_of(chance, 0.2, ["--sort", chance.choice(COUNTERS)])
    return words + one_of(chance, 0.3, [chance.choice(["*:*-*:80", "10.0.0.1:*-*.*.*.*:*"])])


def peek(chance):
    words = ["peek", *form(chance)]
    words += columns(chance, 0.3, ["time", "outcome", "client_addr", "server_port", "dup_syn"])
    return words + one_of(chance, 0.3, ["-q"]) + chance.choice(PEEKS)


def why(chance):
    words = ["why", *form(chance)] + one_of(chance, 0.6, ["--interval", pace(chance)])
    if "--interval" in words:
        words += one_of(chance, 0.2, ["--count", "2"])
    words += one_of(chance, 0.5, ["--all"]) + one_of(chance, 0.3, ["--no-group"])
    return words + one_of(chance, 0.3, chance.choice(FILTERS))


def record(chance, more="extra,handshakes,resets"):
    words = ["record", "-i", pace(chance)]
    words += one_of(chance, 0.5, ["--with", more])
    return words + one_of(chance, 0.2, ["--without", "samples"])


def questions(chance):
    """One to eight questions. The first is the command line's own."""
    reports = chance.choices([top, life, subnet, stat, why, record, peek], [8, 4, 3, 5, 2, 1, 1],
                             k=chance.choice([1, 2, 2, 3, 3, 4, 5, 6, 7, 8]))
    return [report(chance) for report in reports]


def of_a_capture(chance, is_full):
    """One to five, of those that packets can answer. Where not all flows find a place, only one follows
    them, to the end: which do may depend on when they are looked at."""
    reports = chance.choices([top, subnet, why, record, life, peek], [4, 2, 2, 1, 4, 3],
                             k=chance.randint(1, 5))
    if is_full:
        reports = [chance.choice([life, peek]) for _ in reports[1:]] + \
            [chance.choice([top, subnet, record])]
    more = {top: [CAUSES, not is_full], life: [CAUSES], record: ["handshakes"]}
    return [report(chance, *more.get(report, [])) for report in reports]
