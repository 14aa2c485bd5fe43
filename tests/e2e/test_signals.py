# SPDX-License-Identifier: BSD-2-Clause
"""A signal ends a run on a file or a pipe at once: while ticks and rows are made without end, and
while nothing comes; and what came before was shown already."""

import json
import os
import signal
import struct
import subprocess
import threading
import time

import pytest
from capture import Wire, write
from sight import PATIENCE_SEC, PROGRAM

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
# To print what is owed; far less than any of the inputs here would take.
AT_ONCE_SEC = 5


class Fed:
    """A tcpsight that reads from a pipe, and whose output is read as fast as it comes."""

    def __init__(self, *args, stdout=subprocess.PIPE, path="-", **options):
        self.process = subprocess.Popen(
            [PROGRAM, *map(str, args), "--read", str(path)], stdin=subprocess.PIPE, stdout=stdout,
            stderr=subprocess.PIPE, **options)
        self.queues = "--also" in args
        self.size, self.tail = 0, b""
        self.news = threading.Condition()
        self.threads = [threading.Thread(target=self._read, daemon=True)] * (stdout == subprocess.PIPE)
        for thread in self.threads:
            thread.start()

    def _read(self):
        while chunk := os.read(self.process.stdout.fileno(), 1 << 20):
            with self.news:
                self.size += len(chunk)
                self.tail = (self.tail + chunk)[-100_000:]
                self.news.notify_all()

    def feed(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def feed_for_ever(self, make):
        """In a thread: make() gives piece after piece."""

        def run():
            try:
                for piece in make():
                    self.process.stdin.write(piece)
            except BrokenPipeError:
                pass

        threading.Thread(target=run, daemon=True).start()

    def wait_for(self, enough, what):
        with self.news:
            assert self.news.wait_for(lambda: enough(self), PATIENCE_SEC), \
                f"no {what}: {self.tail[-500:]}"

    def end(self, number):
        """Send a signal; what it printed last."""
        self.process.send_signal(number)
        began = time.monotonic()
        self.process.wait(PATIENCE_SEC)
        took = time.monotonic() - began
        for thread in self.threads:
            thread.join(PATIENCE_SEC)
        assert took < AT_ONCE_SEC, f"{took} s"
        # An output of several questions waits for no reader, and the run says so if one is slower than
        # rows that are made without end, as we are on a busy machine.
        said = self.process.stderr.read()
        self.has_dropped = self.queues and b"were dropped: its reader was too slow" in said
        assert self.process.returncode == self.has_dropped, said
        return self.tail.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def opened(number, sec, of="sample", **words):
    told = " ".join(f"{key}={value}" for key, value in words.items())
    return (f"{sec} {of} {number} local=10.{number >> 16}.{number >> 8 & 255}.{number & 255}:1000"
            f" remote=10.0.0.1:80 {told}\n").encode()


def ticks():
    """An event a minute: 60 intervals of a second each, most of them empty."""
    yield opened(1, 0, "open")
    for minute in range(1, 70_000_000):
        yield opened(1, 59 * minute, tx=minute)


def rows():
    """Some ten thousand flows, all with news in each second."""
    for number in range(1, 20_000):
        yield opened(number, 0, "open", tx=1)
    for sec in range(1, 1_000_000):
        for number in range(1, 20_000):
            yield opened(number, sec, tx=sec + 1)


def closes():
    for number in range(1, 1 << 23):
        yield opened(number, number // 1000, "close", tx=1, end="fin")


def packets():
    """A capture without an end: a byte more of one connection every minute."""
    yield struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
    for n in range(70_000_000):
        header = bytes.fromhex("4500002900000000400600000a0000010a000002")
        segment = struct.pack(">HHIIBBHHH", 1000, 80, n, 1, 0x50, 0x18, 1000, 0, 0) + b"x"
        frame = header + segment
        yield struct.pack("<IIII", 59 * n, 0, len(frame), len(frame)) + frame


ENDLESS = {"ticks": ticks, "rows": rows, "closes": closes, "packets": packets}
BUSY = [("ticks", ["subnet"]), ("ticks", ["top", "-C"]), ("ticks", ["top", "--json"]),
        ("ticks", ["stat", "-i", "1"]), ("rows", ["top", "--json"]), ("rows", ["top", "--csv"]),
        ("closes", ["life"]), ("closes", ["life", "--json"]), ("packets", ["subnet"]),
        ("packets", ["top", "--json"]),
        ("ticks", ["subnet", "--json", "--also", "top --json"])]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("input_name, words", BUSY, ids=lambda value: "".join(value))
def test_while_input_never_ends(built, input_name, words, number):
    with Fed(*words) as tool:
        tool.feed_for_ever(ENDLESS[input_name])
        tool.wait_for(lambda t: t.size > 200_000, "output")
        last = tool.end(number).splitlines()[-1]
    if "--json" in words:
        summary = json.loads(last)
        # The summary too may be what found no room; then that was told.
        if tool.has_dropped and "type" not in summary:
            return
        assert summary["type"] == "summary"
        assert summary["opened"] + summary["adopted"] == \
            summary["closed"] + summary["live"] + summary["lost"]


def test_rows_add_up_after_a_signal(built):
    """Interrupted anywhere, each close that is counted has its row."""
    with Fed("life", "--json", "-o", "lport") as tool:
        tool.feed_for_ever(closes)
        tool.wait_for(lambda t: t.size > 1_000_000, "output")
        tail = tool.end(signal.SIGINT)
    summary = json.loads(tail.splitlines()[-1])
    row = len('{"lport":1000}\n')
    assert (tool.size - len(tail.splitlines()[-1]) - 1) == row * summary["closed"]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("words", [["life"], ["top", "--csv"], ["subnet"], ["peek", "--json"]],
                         ids=" ".join)
def test_before_the_first_byte(built, words, number):
    """Nothing is shown yet, so nothing is owed."""
    with Fed(*words) as tool:
        time.sleep(0.2)
        tool.process.send_signal(number)
        tool.process.wait(AT_ONCE_SEC)
        assert tool.process.returncode in (0, -number)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_while_the_pipe_is_silent(built, number):
    with Fed("life", "--json") as tool:
        tool.feed(opened(1, 1, "close", tx=7, end="fin") + b"2 clo")
        tool.wait_for(lambda t: b'"tx_bytes":7' in t.tail, "row of what came")
        summary = json.loads(tool.end(number).splitlines()[-1])
    assert summary["closed"] == 1


def test_interval_is_shown_when_its_end_came(built):
    with Fed("subnet") as tool:
        tool.feed(opened(1, 0, "open") + opened(1, 0.5, tx=4711) + b"1.1 time\n")
        tool.wait_for(lambda t: b"4711" in t.tail, "first interval")
        tool.end(signal.SIGINT)


def test_line_in_pieces(built):
    """A pipe may be cut anywhere."""
    with Fed("life", "--json", "-o", "tx_bytes") as tool:
        for byte in opened(1, 1, "close", tx=7, end="fin"):
            tool.feed(bytes([byte]))
        tool.wait_for(lambda t: b'{"tx_bytes":7}\n' in t.tail, "row")
        tool.end(signal.SIGINT)


def test_last_line_without_its_end(built):
    done = subprocess.run([PROGRAM, "life", "--json", "-o", "tx_bytes", "--read", "-"],
                          input=opened(1, 1, "close", tx=7).strip(), capture_output=True, check=True)
    assert done.stdout.splitlines()[0] == b'{"tx_bytes":7}'


@pytest.mark.parametrize("kind", ["fifo", "substitution"])
@pytest.mark.parametrize("name", ["text", "capture"])
def test_named_pipe(built, tmp_path, kind, name):
    """Opened once only: a second look would have lost the beginning."""
    data = b"".join(opened(n, n, "close", tx=n) for n in range(1, 2000))
    if name == "capture":
        wire = Wire().open(0.0)
        wire.send(0.1, 0, "PA", b"x" * 100)
        data = write(tmp_path / "c.pcap", wire.close(0.5)).read_bytes()
    if kind == "fifo":
        path = tmp_path / "fifo"
        os.mkfifo(path)
        threading.Thread(target=path.write_bytes, args=[data], daemon=True).start()
        done = subprocess.run([PROGRAM, "life", "--json", "--read", path], capture_output=True)
    else:
        reading, writing = os.pipe()
        threading.Thread(target=lambda: (os.write(writing, data[:1000]), os.write(writing, data[1000:]),
                                         os.close(writing)), daemon=True).start()
        done = subprocess.run([PROGRAM, "life", "--json", "--read", f"/dev/fd/{reading}"],
                              pass_fds=[reading], capture_output=True)
        os.close(reading)
    assert done.returncode == 0, done.stderr
    sent = [json.loads(line).get("tx_bytes") for line in done.stdout.splitlines()][:-1]
    assert sent == ([100] if name == "capture" else list(range(1, 2000)))


def test_fifo_without_a_writer(built, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with Fed("life", path=tmp_path / "fifo") as tool:
        time.sleep(0.2)
        tool.process.send_signal(signal.SIGINT)
        tool.process.wait(AT_ONCE_SEC)


@pytest.mark.parametrize("words", [["life", "--json"], ["top", "--json"]], ids=" ".join)
def test_reader_that_sleeps(built, words):
    """Nobody takes the output: a signal ends the wait for it too."""
    reading, writing = os.pipe()
    with Fed(*words, stdout=writing) as tool:
        os.close(writing)
        tool.feed_for_ever(closes if words[0] == "life" else rows)
        time.sleep(1)
        tool.process.send_signal(signal.SIGTERM)
        tool.process.wait(AT_ONCE_SEC)
    os.close(reading)


@pytest.mark.parametrize("args", [["life"], ["life", "--read", "-"]], ids=" ".join)
def test_nohup(sight, args):
    """What was told to outlive the terminal does."""
    reading, writing = os.pipe()
    os.write(writing, b"1 time\n")
    tool = sight(*args, "--json", wrap=["nohup"], stdin=reading)
    os.close(reading)
    tool.process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        tool.process.wait(0.5)
    outcome = tool.stop()
    os.close(writing)
    assert outcome.status == 0 and outcome.summary


def test_a_folder_is_one_clear_line(built, tmp_path):
    for words in (["life"], ["top"], ["subnet"], ["peek"], ["stat"], ["life", "--source", "pcap"],
                  ["life", "--source", "replay"]):
        done = subprocess.run([PROGRAM, *words, "--read", tmp_path], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1 and "is a directory" in done.stderr, done.stderr
        fd = os.open(tmp_path, os.O_RDONLY)
        done = subprocess.run([PROGRAM, *words, "--read", "-"], stdin=fd, capture_output=True, text=True)
        os.close(fd)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1 and "is a directory" in done.stderr, done.stderr


@pytest.mark.parametrize("text", [
    "clock 9999-01-01T00:00:00Z\n", "clock 2116-01-01T00:00:00Z\n", "clock 1969-12-31T23:59:59Z\n",
    "4600000001 time\n", "99999999999999999999 time\n",
    "1 close 1 opened=9223372036.9\n"], ids=str.strip)
def test_a_time_that_no_clock_shows_is_refused(built, text):
    done = subprocess.run([PROGRAM, "life", "--read", "-"], input=text, capture_output=True, text=True)
    assert done.returncode == 1 and ":1: " in done.stderr, done.stderr


def test_the_last_time_that_a_clock_shows(built):
    done = subprocess.run([PROGRAM, "life", "--json", "-o", "time", "--read", "-"], text=True,
                          input="clock 2115-01-01T00:00:00Z\n4600000000 close 1 end=fin\n",
                          capture_output=True, check=True)
    assert json.loads(done.stdout.splitlines()[0])["time"] == "2260-10-07T17:46:40.000000Z"
