# SPDX-License-Identifier: BSD-2-Clause
"""doc/from-ss.md: what people typed and what they type now show the same sockets, with the same states,
queues and owners; each line of its tables is run, on each source, on the same sockets."""

import collections
import csv
import ipaddress
import json
import os
import re
import shlex
import subprocess
import time

import pytest
import sources
from flows import wait_until
from odd_sockets import OddSockets
from sight import PROGRAM, ROOT
from test_stat import FAULTS
from test_stat_ss import MS_FRACTION, FLAG, SAME, number

TEXT = (ROOT / "doc/from-ss.md").read_text(encoding="utf-8")
STATES = {"ESTAB": "established", "UNCONN": "close", "FIN-WAIT-1": "fin_wait1", "FIN-WAIT-2": "fin_wait2"}
# What every comparison of sockets asks for.
COLUMNS = "laddr,lport,raddr,rport,state,recv_q,send_q,pid,comm,owner_source,timer,timer_ms,retransmits,uid,cookie,netns"

Socket = collections.namedtuple("Socket", "laddr lport raddr rport state recv_q send_q")


def lines_of(heading):
    """The lines of the table whose first cell is `heading`: pairs of commands."""
    table = TEXT.split(f"\n| {heading} |")[1].split("\n\n")[0]
    found = re.findall(r"^\| `((?:[^`\\]|\\.)*)` \| `((?:[^`\\]|\\.)*)`", table, re.M)
    assert found, heading
    return [(old.replace("\\|", "|"), new.replace("\\|", "|")) for old, new in found]


def all_lines():
    tables = TEXT.split("\n## Not covered")[0]
    # "ss" heads two tables: which sockets, and what is known of each.
    first, second = (lines_of("ss"), re.findall(r"^\| `([^`]*)` \| `([^`]*)` \|$", tables.split(
        "## What is known of each")[1].split("## Counters")[0], re.M))
    return {"ss": first, "known": second, "netstat": lines_of("netstat"), "lsof": lines_of("lsof")}


LINES = all_lines()


def each(table):
    return pytest.mark.parametrize("old, new", LINES[table], ids=[old for old, _ in LINES[table]])


@pytest.fixture(scope="module")
def made():
    """Sockets that are there for all tests, made anew before the first of them are gone."""
    state = {}
    yield state
    if "odd" in state:
        state["odd"].kept.close()


@pytest.fixture
def odd(privileged, made):
    if "odd" in made and made["odd"].is_old:
        made.pop("odd").kept.close()
    if "odd" not in made:
        made["odd"] = OddSockets()
    return made["odd"]


def test_the_tables_are_read():
    assert len(LINES["ss"]) >= 20 and len(LINES["known"]) >= 5, LINES
    assert len(LINES["netstat"]) >= 5 and len(LINES["lsof"]) >= 5, LINES
    assert all(new.startswith("tcpsight stat ") for lines in LINES.values() for _, new in lines)


def addr(text):
    """As the program writes it: IPv4 also where it sits on an IPv6 socket."""
    text = text.strip("[]").partition("%")[0]
    address = ipaddress.ip_address("::" if text == "*" else text)
    return str(getattr(address, "ipv4_mapped", None) or address)


def endpoint(text):
    host, _, port = text.rpartition(":")
    return addr(host), 0 if port == "*" else int(port)


def old_command(odd, old):
    words = shlex.split(old.replace("PID", str(odd.server_pid)))
    return odd.netns.run(*words, *(["-H", "-O"] if words[0] == "ss" else []))


class Of:
    """What an old tool printed, and when it began and ended: sockets, and whose they are."""

    def __init__(self):
        self.sockets, self.owners, self.text, self.time = [], {}, {}, None

    def add(self, sock, owners, line):
        self.sockets.append(sock)
        self.owners[sock[:4]] = owners
        self.text[sock[:4]] = line


def of_ss(text, old):
    found = Of()
    states = re.findall(r"\bstate (\S+)", old)
    only = states[0].replace("-", "_") if len(states) == 1 else None
    for line in text.splitlines():
        words = line.split()
        # With one state asked for, ss leaves the column out.
        if re.fullmatch(r"\d+", words[0]):
            words.insert(0, only)
        state = STATES.get(words[0], words[0].lower().replace("-", "_"))
        state = {"fin_wait_2": "fin_wait2", "fin_wait_1": "fin_wait1"}.get(state, state)
        sock = Socket(*endpoint(words[3]), *endpoint(words[4]), state, int(words[1]), int(words[2]))
        found.add(sock, {int(pid) for pid in re.findall(r"pid=(\d+)", line)}, line)
    return found


def of_netstat(text):
    found = Of()
    for line in text.splitlines():
        words = line.split()
        if not words[0].startswith("tcp"):
            continue
        state = "listen" if words[5] == "LISTEN" else words[5].lower()
        owner = re.search(r" (\d+)/", line)
        sock = Socket(*endpoint(words[3]), *endpoint(words[4]), state, int(words[1]), int(words[2]))
        found.add(sock, {int(owner[1])} if owner else set(), line)
    return found


def of_lsof(text):
    """It does not know queues."""
    found = Of()
    for line in text.splitlines()[1:]:
        command, pid, *_, name, state = line.split()
        local, _, remote = name.partition("->")
        family = 6 if " IPv6 " in line else 4
        if local.startswith("*:"):
            local = local.replace("*", "::" if family == 6 else "0.0.0.0", 1)
        remote = remote or ("[::]:0" if family == 6 and "." not in local else "0.0.0.0:0")
        sock = Socket(*endpoint(local), *endpoint(remote), state.strip("()").lower(), None, None)
        sock = sock._replace(state={"fin_wait2": "fin_wait2"}.get(sock.state, sock.state))
        owners = found.owners.get(sock[:4], set()) | {int(pid)}
        if sock not in found.sockets:
            found.add(sock, owners, line)
        found.owners[sock[:4]] = owners
        assert command
    return found


def new_rows(odd, source, new, columns=COLUMNS):
    """The rows of a command as --json, after it was run as it stands (but for the namespace)."""
    line = new.partition("|")[0].replace("PID", str(odd.server_pid))
    words = [str(PROGRAM), *shlex.split(line)[1:], *source.options, "--netns", odd.netns.name]
    if source is sources.Bpf:
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout, done.stderr
    if "-o" in words:
        at = words.index("-o")
        columns += "," + words[at + 1]
        del words[at:at + 2]
    words = [word for word in words if word != "--csv"]
    done = subprocess.run([*words, "--json", "-o", columns], capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    return [row for row in map(json.loads, done.stdout.splitlines()) if "type" not in row]


def socket_of(row):
    return Socket(addr(row["laddr"]), row["lport"], addr(row["raddr"]), row["rport"], row["state"],
                  row["recv_q"], row["send_q"])


def between_looks(old, new, same=lambda before, after: before == after):
    """What both show, once nothing moved meanwhile: a timer may have fired."""
    for _ in range(10):
        before, ours, after = old(), new(), old()
        if same(before, after):
            return after, ours
    raise AssertionError("the sockets did not rest once in ten looks")


def look(odd, source, old, new, read):
    """The old tool's answer before and after, and our rows between."""
    found = []

    def of_old():
        began = time.monotonic()
        found.append(read(old_command(odd, old)))
        found[-1].time = began, time.monotonic()
        return found[-1]

    _, rows = between_looks(of_old, lambda: new_rows(odd, source, new),
                            lambda before, after: sorted(before.sockets) == sorted(after.sockets))
    return found[-2], rows, found[-1]


def no_queues(sock):
    return sock._replace(recv_q=None, send_q=None)


def compare_owners(rows, found, shows):
    for row in rows:
        owners = found.owners[socket_of(row)[:4]]
        if owners:
            assert row["pid"] in owners and row["owner_source"] in ("files", "accept"), row
        elif shows:
            assert row["owner_source"] in ("none", "listen"), row


@each("ss")
def test_ss_and_stat_show_the_same_sockets(odd, source, old, new):
    if old == "ss -s":
        compare_summary(odd, source, old, new)
        return
    found, rows, _ = look(odd, source, old, new, lambda text: of_ss(text, old))
    assert found.sockets, "nothing to compare"
    assert sorted(map(socket_of, rows)) == sorted(found.sockets)
    compare_owners(rows, found, re.match(r"ss -\w*p", old))


def compare_summary(odd, source, old, new):
    told = odd.netns.run(*old.split())
    rows = new_rows(odd, source, new)
    established = sum(row["state"] in ("established", "close_wait") for row in rows)
    assert number(told, r"\bestab (\d+)") == established
    assert number(told, r"\btimewait (\d+)") == sum(row["timer"] == "timewait" for row in rows) > 0


@each("netstat")
def test_netstat_and_stat_show_the_same_sockets(odd, source, old, new):
    found, rows, _ = look(odd, source, old, new, of_netstat)
    assert found.sockets, "nothing to compare"
    queues = sorted(map(socket_of, rows))
    if old.startswith("netstat -l") or "a" in old.split()[1]:
        # Of a listener netstat shows no limit of the queue.
        queues = sorted(s._replace(send_q=0) if s.state == "listen" else s for s in queues)
    assert queues == sorted(found.sockets)
    compare_owners(rows, found, "p" in old.split()[1])


@each("lsof")
def test_lsof_and_stat_show_the_same_sockets(odd, source, old, new):
    found, rows, _ = look(odd, source, old, new, of_lsof)
    assert found.sockets, "nothing to compare"
    held = [row for row in rows if row["owner_source"] in ("files", "accept")]
    assert sorted(map(str, map(no_queues, map(socket_of, held)))) == sorted(map(str, found.sockets))
    compare_owners(held, found, True)


TIMERS = {"on", "keepalive", "timewait", "persist"}


def timer_in(line):
    """The timer of ss -o: its name, milliseconds from and to, and how often it ran out."""
    told = re.search(r"timer:\((\w+),(?:(\d+)min)?(?:(\d+)sec|(\d+)\.(\d+)ms|(\d+)ms)?,(\d+)\)", line)
    if not told:
        return "", 0, 0, 0
    minutes, seconds, whole, part, short = (int(word or 0) for word in told.groups()[1:6])
    least = minutes * 60000 + seconds * 1000 + whole + (part and whole * 999 + part) + short
    unit = 1000 if told[3] else 60000 if told[2] and not (told[4] or told[6]) else 1
    return told[1], least, least + unit, int(told[7])


def is_set_anew(before, after, passed_ms):
    """A timer that ran out shows another count, but for a loss probe; else it shows another time than is left."""
    name, least, most, count = timer_in(before)
    new_name, new_least, new_most, new_count = timer_in(after)
    return ((name, count) != (new_name, new_count) or new_least > max(most - passed_ms[0], 0) + 10
            or new_most < least - passed_ms[1] - 10)


def compare_timer(row, before, after, passed_ms):
    name, _, most, count = timer_in(before)
    if is_set_anew(before, after, passed_ms):
        return False
    assert row["timer"] == name and name in TIMERS | {""}, (row, before)
    if name:
        # A clock tick of the kernel may lie between; what is overdue shows 0.
        assert timer_in(after)[1] - 10 <= row["timer_ms"] <= most + 10, (row, before, after)
        assert row["retransmits"] == count or name != "on", (row, before)
    return True


@each("known")
def test_what_ss_knows_of_each_socket(odd, source, old, new):
    wanted = re.search(r"-o (\S+)", new)[1].split(",")
    before, rows, after = look(odd, source, old, new, lambda text: of_ss(text, old))
    assert sorted(map(socket_of, rows)) == sorted(before.sockets)
    compared = collections.Counter()
    passed_ms = 1000 * (after.time[0] - before.time[1]), 1000 * (after.time[1] - before.time[0])
    for row in rows:
        key = socket_of(row)[:4]
        one, other = before.text[key], after.text[key]
        if "timer" in wanted:
            compared["timer"] += compare_timer(row, one, other, passed_ms)
        # Of these ss shows nothing; nor do we.
        bare = row["timer"] == "timewait" or row["state"] == "syn_recv"
        if "cookie" in wanted:
            assert row["cookie"] == number(one, r" sk:([0-9a-f]+)", kind=lambda text: int(text, 16))
            assert row["uid"] == (None if bare else number(one, r" uid:(\d+)"))
            compared["cookie"] += 1
        # The FIN counts as a byte there.
        skip = {"bytes_received"} if row["state"] != "established" else set()
        # ss shows no deviation of what was not measured.
        skip |= set() if row.get("rtt_us") else {"rttvar_us"}
        for name in set(wanted) - skip:
            pattern = {**SAME, **MS_FRACTION, **FLAG}.get(name)
            told = pattern and re.search(pattern, one)
            same = told and re.search(pattern, other)
            if bare and pattern:
                assert row[name] is None and not told, (name, row, one)
            elif told and same and told[0] == same[0]:
                value = (1 if name in FLAG else round(float(told[1]) * 1000) if name in MS_FRACTION
                         else int(told[1]))
                assert row[name] == value, (name, row, one)
                compared[name] += 1
            elif pattern and not told and not re.search(pattern, other) and row["state"] != "listen":
                # ss leaves out what is 0.
                assert not row[name], (name, row, one)
                compared[name] += 1
    compared["congestion"] += any(f" {row.get('congestion')} " in before.text[socket_of(row)[:4]]
                                  for row in rows)
    # All but the few whose timers fire.
    assert sum(compared.values()) >= len(rows) // 2, compared


PHRASES = {
    "active_opens": r"(\d+) active connection openings?", "passive_opens": r"(\d+) passive connection openings?",
    "in_segs": r"(\d+) segments received", "out_segs": r"(\d+) segments sent out",
    "retrans_segs": r"(\d+) segments retransmitted", "out_rsts": r"(\d+) resets sent",
    "attempt_fails": r"(\d+) failed connection attempts",
}
NSTAT = {"active_opens": "TcpActiveOpens", "passive_opens": "TcpPassiveOpens", "in_segs": "TcpInSegs",
         "out_segs": "TcpOutSegs", "retrans_segs": "TcpRetransSegs", "out_rsts": "TcpOutRsts",
         "attempt_fails": "TcpAttemptFails"}


@pytest.mark.parametrize("old, new", lines_of("netstat, nstat"), ids=lambda text: text)
def test_counters_add_up_to_those_of_netstat(sight, netns, source, old, new):
    patterns = PHRASES if old.startswith("netstat") else {
        name: rf"^{kernel}\s+(\d+)" for name, kernel in NSTAT.items()}

    def counts():
        # nstat keeps a history of what it showed last, for each user.
        words = [*shlex.split(old), *([] if old.startswith("netstat") else ["-s"])]
        told = netns.run("env", "NSTAT_HISTORY=/dev/null", *words)
        return {name: int((re.search(pattern, told, re.M) or [0, 0])[1])
                for name, pattern in patterns.items()}

    before = counts()
    tool = sight(*shlex.split(new)[1:], "--csv", *source.options, "--netns", netns.name)
    netns.run(*FAULTS, "plain", "127.0.0.1")
    after = counts()
    sums = collections.Counter()
    for row in csv.DictReader(tool.stop().lines):
        for name in patterns:
            sums[name] += int(row.get(name) or 0)
    grown = {name: after[name] - before[name] for name in patterns if name not in source.unknown}
    assert {name: sums[name] for name in grown} == grown
    assert grown["active_opens"] == 20


def test_all_namespaces_are_listed(odd, new_netns, source):
    """What ss -N shows of each of two, in one run; and without --netns more than the shell's."""
    other = new_netns()
    with other.inside():
        import socket
        listener = socket.create_server(("127.0.0.1", 4321))
    namespaces = [odd.netns, other]

    def of_each():
        return [set(of_ss(subprocess.run(["ss", "-tanHO", "-N", netns.name], check=True, capture_output=True,
                                         text=True).stdout, "ss -tan").sockets) for netns in namespaces]

    def ours():
        done = subprocess.run([str(PROGRAM), "stat", "--live", "--all", "--json", *source.options,
                               "-o", COLUMNS], capture_output=True, text=True, check=True)
        rows = [row for row in map(json.loads, done.stdout.splitlines()) if "type" not in row]
        return [{socket_of(row) for row in rows if row["netns"] == netns.inode} for netns in namespaces]

    with listener:
        told, found = between_looks(of_each, ours)
    assert found == told and all(found)


@pytest.mark.parametrize("state", ["established", "time-wait", "all"])
def test_counts_of_what_is_not_listed(odd, source, state):
    """Only where nobody asks for states."""
    def run(*args):
        words = [str(PROGRAM), "stat", "--live", *args, *source.options, "--netns", odd.netns.name]
        return subprocess.run(words, capture_output=True, text=True, check=True)

    waiting = len(odd.netns.run("ss", "-Htn", "state", "time-wait").splitlines())
    half_open = len(odd.netns.run("ss", "-Htn", "state", "syn-recv").splitlines())
    assert waiting == 3 and half_open == 1
    told = run()
    assert told.stderr == "and 3 in TIME_WAIT, 1 in SYN_RECV (--all lists them too)\n"
    assert run("-L", "80").stderr == "and 2 in TIME_WAIT (--state time-wait lists them)\n"
    assert run("-L", "22").stderr == "and 1 in SYN_RECV (--state syn-recv lists them)\n"
    assert run("-L", "8080").stderr == ""
    assert run("--state", state).stderr == ""
    summary = json.loads(run("--json").stdout.splitlines()[-1])
    assert (summary["time_wait"], summary["syn_recv"]) == (3, 1)
    assert "time_wait" not in json.loads(run("--json", "--state", state).stdout.splitlines()[-1])


def test_the_owner_that_was(odd, source):
    """Of what has none: the listener's, if only one process listens there."""
    rows = new_rows(odd, source, "tcpsight stat --live --all")
    bare = [row for row in rows if row["timer"] == "timewait" or row["state"] == "syn_recv"]
    assert {row["lport"] for row in bare if row["owner_source"] == "listen"} == {22, 80}
    for row in bare:
        if row["lport"] in (22, 80):
            assert (row["pid"], row["owner_source"]) == (os.getpid(), "listen"), row
        else:
            assert (row["pid"], row["owner_source"]) == (None, "none"), row


def test_an_accept_queue_that_fills(odd, source):
    """Recv-Q and Send-Q of a listener, in ss's sense."""
    [row] = [row for row in new_rows(odd, source, "tcpsight stat --listening") if row["lport"] == 8080]
    assert (row["recv_q"], row["send_q"], row["pid"]) == (1, 2, odd.server_pid)


def test_time_left_of_time_wait(odd, source):
    def left():
        return {row["rport"] or row["lport"]: row["timer_ms"] for row in new_rows(
            odd, source, "tcpsight stat --live --state time-wait")}

    first = left()
    assert len(first) == 3 and all(0 < ms <= 60_000 for ms in first.values())
    wait_until(lambda: all(left()[port] < first[port] for port in first), "time that goes by")


