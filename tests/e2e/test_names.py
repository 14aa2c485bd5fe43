# SPDX-License-Identifier: BSD-2-Clause
"""Names of processes hold whatever their owners want: nothing of that may reach a terminal, shift a
column or break a line, in any format. What they should look like is worked out here, with Python's
own decoder and its tables of Unicode."""

import csv
import json
import os
import pty
import subprocess
import time
import unicodedata

import pytest
from flows import wait_until
from ready import readable
from sight import PATIENCE_SEC, PROGRAM, run

NAMES = [
    b"\x1b[31mred\x1b[2J", b"\xff\xfe\xc3(", b"new\nline", b"k\xc3\xb6nig\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f",
    b"\xf0\x9f\x98\x80" * 3 + b"\xf0\x9f\x98", b"\xe2\x80\xae evil", b"\xc2\x9b31mC1", b"a\rb\tc",
    b'q"uote,\\', b"  lead ", b"", b"\x01\x02\x7f", b"%s%n%x", b"\xed\xa0\x80half", b"\xc0\xaflong",
    b"zero\xe2\x80\x8bwidth", b"\xef\xbb\xbfbom", b"\xe2\x81\xa6iso\xe2\x81\xa9", b"ls\xe2\x80\xa8end",
    b"\xf3\xa0\x81\x81tag", b"\xe2\x9d\xa4\xef\xb8\x8f", b"so\xc2\xadft", b"\xd8\x9cmark", b"nel\xc2\x85",
    b"\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", b"e\xcc\x81", b"\xf4\x90\x80\x80big",
    b"=1+1", b"exactly15 bytes", b"\xe4\xb8\xad\xe6\x96\x87\xe5\x90\x8d\xe5\xad\x97x",
]

MAKE = """
import ctypes, json, socket, sys
libc = ctypes.CDLL(None)
listener = socket.create_server(("127.0.0.1", 0))
for name in map(bytes.fromhex, sys.argv[1:]):
    libc.prctl(15, name, 0, 0, 0)
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    client.sendall(b"x" * 1000)
    server.recv(1000)
    print(json.dumps([client.getsockname()[1], name.hex()]), flush=True)
    if sys.stdin.read(1) != "h":
        client.close()
        server.close()
    else:
        globals().setdefault("held", []).append((client, server))
sys.stdin.read()
"""


class Namer:
    """One process of many names, each of which makes a connection."""

    def __init__(self, netns, hold=False):
        self.process = subprocess.Popen(
            ["nsenter", f"--net={netns.path}", "python3", "-c", MAKE, *(n.hex() for n in NAMES)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name_of = {}
        for _ in NAMES:
            lport, name = json.loads(self.process.stdout.readline())
            self.name_of[lport] = bytes.fromhex(name)
            self.process.stdin.write("h" if hold else "c")
            self.process.stdin.flush()

    @property
    def pid(self):
        return self.process.pid

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def start(sight, netns):
    return lambda *args: sight(*args, "--netns", netns.name)


DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
# Default_Ignorable_Code_Point that is no format character.
IGNORED = {0x34f, 0x115f, 0x1160, 0x3164, 0xffa0, *range(0xfe00, 0xfe10), *range(0x180b, 0x1810)}


def is_harmful(char):
    return (unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") or ord(char) in IGNORED
            or unicodedata.bidirectional(char) in DIRECTIONS)


def characters(name):
    """Of a name: each character, or None for a byte that is none."""
    found, rest = [], name
    while rest:
        for size in range(1, 5):
            try:
                found.append(rest[:size].decode())
                rest = rest[size:]
                break
            except UnicodeDecodeError:
                pass
        else:
            found.append(None)
            rest = rest[1:]
    return found


def shown(name):
    return "".join("?" if c is None or is_harmful(c) else c for c in characters(name))


def told(name):
    """In JSON all characters arrive, and U+FFFD for what is none."""
    return "".join("\ufffd" if c is None else c for c in characters(name))


def assert_harmless(text, allowed=""):
    bad = {hex(ord(c)) for c in text if c not in "\n" + allowed and is_harmful(c)}
    assert not bad, bad


def client_rows(lines, name_of, port_of):
    rows = {port_of(line): line for line in lines}
    found = {lport: rows[lport] for lport in name_of if lport in rows}
    assert found.keys() == name_of.keys()
    return found


SOURCES = [[], ["--source", "netlink"]]


@pytest.mark.parametrize("wide", [False, True])
def test_life_table(start, netns, wide):
    tool = start("life", *(["-w"] if wide else []))
    namer = Namer(netns)
    namer.end()
    lines = tool.stop().lines[1:]
    assert_harmless("".join(lines))
    width = 16 if wide else 10
    size = 6 + width + (4 if wide else 1)
    for lport, name in namer.name_of.items():
        comm = shown(name)[:width]
        begin = f"{namer.pid:<5} {comm:<{width}} " + (f"{4:<2} " if wide else "")
        address = "127.0.0.1".ljust(39 if wide else 15)
        rows = [line for line in lines if line.startswith(f"{begin}{address} {lport:<5} ")]
        assert len(rows) == 1, (name, [line for line in lines if f" {lport} " in line], size)


def test_csv(start, netns):
    """Also of a file: whoever looks at it uses a terminal."""
    tool = start("life", "--csv", "-o", "lport,comm,role,thread")
    namer = Namer(netns)
    namer.end()
    lines = tool.stop().lines
    assert_harmless("".join(lines))
    rows = {int(row["lport"]): row for row in csv.DictReader(lines, strict=True)}
    for lport, name in namer.name_of.items():
        assert rows[lport]["comm"] == rows[lport]["thread"] == shown(name)


def test_seed_csv(start, netns):
    tool = start("life", "-s")
    namer = Namer(netns)
    namer.end()
    lines = tool.stop().lines
    assert_harmless("".join(lines))
    rows = {int(row["LPORT"]): row for row in csv.DictReader(lines, strict=True)}
    assert {lport: rows[lport]["COMM"] for lport in namer.name_of} == \
        {lport: shown(name) for lport, name in namer.name_of.items()}


@pytest.mark.parametrize("words", [["life"], ["peek", "--source", "bpf", "-U", "/tmp/tcpsight-names.sock"]],
                         ids=lambda words: words[0])
def test_json(start, netns, words):
    """Escaped, and to the letter."""
    port = "lport" if words[0] == "life" else "client_port"
    tool = start(*words, "--json", "-o", f"{port},comm,role")
    namer = Namer(netns)
    namer.end()
    lines = tool.stop().lines
    assert_harmless("".join(lines))
    rows = {row[port]: row["comm"] for row in map(json.loads, lines) if row.get("role") == "connect"}
    for lport, name in namer.name_of.items():
        assert rows[lport] == told(name)


@pytest.mark.parametrize("source", SOURCES, ids=" ".join)
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_present_sockets(privileged, netns, form, source):
    """The name is the present one, of the last connection."""
    namer = Namer(netns, hold=True)
    name = NAMES[-1]
    options = [] if form == "table" else [f"--{form}"]
    outcome = run("stat", "--live", *options, *source, "-o", "lport,comm,role", "--netns",
                  netns.name)
    namer.end()
    assert_harmless(outcome.text)
    assert shown(name) in outcome.text


@pytest.mark.parametrize("source", SOURCES, ids=" ".join)
@pytest.mark.parametrize("words, cut", [(["top", "-C", "3600"], 12), (["top", "-C", "--csv", "3600"], 15),
                                        (["top", "--by", "process", "-C", "3600"], 15),
                                        (["stat", "index=comm"], 15), (["stat", "--csv"], 15)],
                         ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_intervals(start, netns, words, cut, source):
    tool = start(*words, *source)
    namer = Namer(netns)
    wait_until(lambda: namer.process.poll() is None, "namer")
    namer.end()
    outcome = tool.stop()
    assert outcome.status == 0
    # Lines of a block begin with a tab.
    assert_harmless(outcome.text.replace("\n\t", "\n"))
    if source:
        return
    if words[0] == "top" and "--by" not in words or "index=comm" in words:
        text = outcome.text.replace('""', '"')
        for name in NAMES:
            assert shown(name)[:cut].rstrip() in text, name


def test_peek_lines(start, netns):
    tool = start("peek", "--source", "bpf", "-U", "/tmp/tcpsight-names.sock")
    namer = Namer(netns)
    namer.end()
    outcome = tool.stop()
    assert_harmless(outcome.stderr)
    for name in NAMES:
        assert f"| {shown(name)}[{namer.pid}]" in outcome.stderr, name


def test_on_a_screen(privileged, netns):
    """What is redrawn in place holds no escape but its own."""
    master, slave = pty.openpty()
    process = subprocess.Popen([PROGRAM, "top", "--format", "screen", "--netns", netns.name], stdin=slave, stdout=slave,
                               stderr=subprocess.DEVNULL)
    os.close(slave)
    said = b""

    def read_until(text, count):
        nonlocal said
        deadline = time.monotonic() + PATIENCE_SEC
        while said.count(text) < count and readable(master, seconds=PATIENCE_SEC):
            said += os.read(master, 65536)
            assert time.monotonic() < deadline, said

    # It watches before there is anything to see.
    read_until(b"loadavg", 1)
    namer = Namer(netns)
    read_until(b"127.0.0.1", 3)
    process.terminate()
    process.wait()
    os.close(master)
    namer.end()
    assert_harmless(said.decode(errors="ignore").replace("\x1b[H\x1b[2J", "").replace("\r\n", "\n"))


@pytest.mark.parametrize("words", [
    ["no\x1b[2J"], ["life", "--read", "/no\x1b[2J\u202e\u009b"], ["life", "port 1 \x1b[2J\u202e"],
    ["life", "-o", "\x1b[2J\u202e"], ["life", "--\x1b[2J"], ["life", "-\x1b"], ["top", "\x1b[2J"],
    ["subnet", "\x1b[2J\u202e"], ["stat", "\x1b[2J\u202e"], ["peek", "\x1b[2J\u202e"],
    ["life", "--netns", "\x1b[2J"], ["life", "--cgroup", "\x1b[2J"], ["life", "--state", "\x1b[2J"],
    ["life", "--source", "\x1b[2J"], ["life", "--rung", "\x1b[2J"], ["life", "--sort", "\x1b[2J"],
    ["life", "--also", "\x1b[2J\u202e"], ["life", "--also", "life --\x1b[2J"],
    ["life", "-p", "\x1b[2J"], ["life", "-L", "\x1b[2J"], ["life", "--output", "/no/\x1b[2J"],
    ["peekstat", "-U", "/no/\x1b[2J"], ["doctor", "\x1b[2J"], ["life", "-i", "\x1b[2J"],
    ["life", "-i", "lo", "--local", "\x1b[2J"], ["peek", "-u", "\x1b[2J"],
], ids=repr)
def test_messages_quote_without_harm(built, words):
    """File names and words may come from somebody else too."""
    outcome = run(*words)
    assert outcome.status
    # The usage of tcpipstat.stp is laid out with tabs.
    assert_harmless(outcome.stderr, allowed="\t")


def test_lines_of_a_file_are_quoted_without_harm(built, tmp_path):
    path = tmp_path / "events\x1b[2J"
    for line in (b"\x1b]0;title\x07\n", b"1 close 1 comm=\xc2\x9b31m x\n", b"1 \xe2\x80\xae\n",
                 b"x" * 2000 + b"\x1b\n", b"1 close 1 end=\xff\xfe\n"):
        path.write_bytes(line)
        outcome = run("life", "--read", path)
        assert outcome.status == 1
        assert_harmless(outcome.stderr)


@pytest.mark.parametrize("size", [100_000])
@pytest.mark.parametrize("words", [
    ["{}"], ["life", "{}"], ["life", "-o", "{}"], ["life", "--{}"], ["life", "--{}=1"], ["top", "{}"],
    ["subnet", "{}"], ["stat", "{}"], ["peek", "{}"], ["life", "--netns", "{}"], ["life", "--cgroup", "{}"],
    ["life", "--state", "{}"], ["life", "--source", "{}"], ["life", "--rung", "{}"],
    ["life", "--sort", "{}"], ["life", "--also", "{}"], ["life", "--also", "life {}"], ["life", "-p", "{}"],
    ["life", "-L", "{}"], ["life", "--output", "{}"], ["peekstat", "-U", "{}"], ["life", "--read", "{}"],
    ["doctor", "{}"], ["life", "-i", "{}"], ["life", "-i", "lo", "--local", "{}"], ["peek", "-u", "{}"],
    ["stat", "-c", "true", "index={}"], ["stat", "timeout={}"],
    ["life", "--cgroupmap", "{}"], ["top", "1", "{}"], ["top", "1", "1{}"], ["top", "--by", "{}"],
    ["peek", "-l", "{}"], ["peek", "-c", "{}"], ["life", "--where", "{}"], ["life", "--rung", "edges={}"],
], ids=" ".join)
def test_long_words_are_not_echoed(built, words, size):
    """A message is for people to read."""
    outcome = run(*(word.format("x" * size) for word in words), "--duration", "1")
    assert outcome.status in (0, 1, 2, 3)
    assert len(outcome.stderr) < 2000, len(outcome.stderr)
    assert len(outcome.text) < 2000


@pytest.mark.parametrize("words, why", [
    (["-o", "comm," * 20000 + "comm"], "too many columns"),
    (["port 1 or " * 10000 + "port 2"], "too long"),
    (["--where", "port 1 or " * 10000 + "port 2"], "too long"),
    (["port 1 or"] * 10000 + ["port 2"], "too long"),
    (["--state", "established," * 10000 + "listen"], None),
    (["-L", "1," * 40000 + "1"], None),
], ids=lambda value: str(value)[:20])
def test_too_much_is_called_so(built, tmp_path, words, why):
    path = tmp_path / "events"
    path.write_text("1 time\n", encoding="ascii")
    outcome = run("life", "--read", path, *words)
    assert outcome.status == (2 if why else 0), outcome.stderr
    assert why is None or why in outcome.stderr
    assert len(outcome.stderr) < 1000
