# SPDX-License-Identifier: BSD-2-Clause
"""The interactive screen on a pseudo-terminal: when it starts, files, saving, closing, and its end."""

import json
import os
import random
import re
import shlex
import signal
import socket
import stat
import subprocess
import termios

import pytest
from flows import wait_until
from pyterm import DAY, ENTER, LEAVE, MOUSE_OFF, MOUSE_ON, events, replay
from sight import PROGRAM


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "events"
    path.write_bytes("".join(line + "\n" for line in events()).encode())
    return path


def test_a_file_is_shown_at_its_end_and_the_terminal_is_given_back(screen, text):
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    assert term.text().count("established") == 0 and "app3" in term.text()
    term.send("q")
    assert term.end() == (0, "")
    assert term.is_restored()


@pytest.mark.parametrize("args", [("-C",), ("--json",), ("--csv",), ("--rows", "3"), ("--format", "table"),
                                  ("1", "2")])
def test_whoever_asks_for_a_form_gets_it_as_ever(screen, text, args):
    term = screen(*replay(text, *args))
    status, _ = term.end()
    assert status == 0
    assert b"\x1b[?1049h" not in term.bytes
    piped = subprocess.run([PROGRAM, *replay(text, *args)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                           check=True, env={"TZ": "UTC", "LC_ALL": "C.UTF-8"}).stdout
    if args != ("--rows", "3"):
        shown = term.bytes.replace(b"\r\n", b"\n")
        # Without -C a terminal is cleared for each interval.
        assert shown == piped or b"\x1b[2J" in shown or b"\x1b[H" in shown


@pytest.mark.parametrize("term_name", ["dumb", "nobody-knows-this"])
def test_a_terminal_that_cannot_be_drawn_on_gets_the_plain_form(screen, text, term_name):
    term = screen(*replay(text), term=term_name)
    assert term.end()[0] == 0
    assert b"\x1b[?1049h" not in term.bytes and b"app3" in term.bytes


def test_without_a_command_it_needs_a_terminal(built):
    done = subprocess.run([PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "usage: tcpsight COMMAND" in done.stdout


@pytest.fixture
def recording(tmp_path, text):
    path = tmp_path / "r.tsr"
    subprocess.run([PROGRAM, "record", "--source", "replay", "--read", text, "--output", path], check=True,
                   env={"TZ": "UTC"})
    return path


def first_second(term):
    """Of the minute: when the first whole interval from --at on ends."""
    term.wait(lambda term: re.search(r"PAST 12:01:0\d", term.text()), "moment of --at")
    return int(re.search(r"PAST 12:01:0(\d)", term.text())[1])


def test_a_recording_is_entered_anywhere_and_played(screen, recording):
    term = screen("top", "--read", recording, "--at", f"{DAY} 12:01:00")
    begin = first_second(term)
    term.send("]")
    term.wait(f"PAST 12:01:0{begin + 1}")
    # What came before was never read; it is read now, with the rates that it had.
    term.script(["["] * (begin + 2))
    term.wait("PAST 12:00:59")
    term.wait("3.0 k")
    term.script(["@", "12:00:30", "Enter"])
    term.wait("PAST 12:00:30")
    term.script(["@", "12:01:50", "Enter"])
    term.wait("PAST 12:01:50")
    term.script(["S", "S", "P"])
    # The last interval is that of the events: none follows in which nothing was.
    term.wait("PAST 12:02:00")
    term.send("P")
    term.wait("This is the end of the file.")
    term.send("q")
    assert term.end() == (0, "") and term.is_restored()


def test_the_same_moment_looks_the_same_from_both_sides(screen, recording):
    """Going back leads to what was shown when it was reached going on."""
    term = screen("top", "--read", recording, "--at", f"{DAY} 12:01:00")
    seen, begin = {}, first_second(term)
    for second in range(begin, 9):
        term.wait(f"PAST 12:01:0{second}")
        seen[second] = term.lines()
        if second < 8:
            term.send("]")
    for second in range(7, begin - 1, -1):
        term.send("[")
        term.wait(lambda term, n=second: term.lines() == seen[n], f"screen of 12:01:0{second} again")
    term.send("q")
    assert term.end()[0] == 0


@pytest.mark.parametrize("at, shown", [("12:01:00", "12:01:00"), ("12:01:00.5", "12:01:01"), ("12:01:01", "12:01:01")])
def test_a_moment_is_the_same_by_option_and_by_key(screen, recording, at, shown):
    by_option = screen("top", "--read", recording, "--at", f"{DAY} {at}")
    by_option.wait(f"PAST {shown}")
    by_option.wait("3.0 k")
    by_key = screen("top", "--read", recording)
    by_key.script(["wait:PAST_12:02:00", "@", at, "Enter", f"wait:PAST_{shown}"])
    by_key.wait(lambda term: term.lines()[1:] == by_option.lines()[1:], f"the same as {by_option.text()}")


def test_of_what_is_kept_by_the_minute_each_moment_is_in_its_minute(screen, tmp_path):
    """As old recordings are, once they were summed up: rates are a second's, and times lie within intervals."""
    text, path = tmp_path / "long", tmp_path / "r.tsr"
    text.write_text("".join(line + "\n" for line in events(seconds=600)))
    subprocess.run([PROGRAM, "record", "--interval", "60", "--source", "replay", "--read", text, "--output", path],
                   check=True, env={"TZ": "UTC"})
    term = screen("top", "--read", path, "--at", f"{DAY} 12:05:00")
    # 3,000 bytes a second, whatever the interval is; --at and @ lead to the minute that the moment lies in.
    term.wait(lambda term: "PAST 12:05:00" in term.text() and " 60s " in term.text() and "3.0 k" in term.text())
    for words, moment in ((["["], "12:04:00"), (["["], "12:03:00"), (["]"], "12:04:00"),
                          (["@", "12:06:30", "Enter"], "12:07:00"), (["@", "12:08:00", "Enter"], "12:08:00"),
                          (["@", "12:02:59", "Enter"], "12:03:00"), (["}"], "12:04:00"), (["{"], "12:03:00")):
        term.script(words)
        term.wait(lambda term, moment=moment: f"PAST {moment}" in term.text() and "3.0 k" in term.text(),
                  f"{moment} after {words}")
    term.send("q")
    assert term.end() == (0, "")


def test_what_is_marked_is_saved_once_and_never_written_over(screen, text, tmp_path):
    os.chmod(tmp_path, 0o777)
    term = screen(*replay(text, "--save-dir", tmp_path))
    term.wait("PAST 12:02:00")
    term.script(["Space", "Space", "s", "wait:save_to", "^u", "saved.json", "Enter", "wait:Saved_2_flows"])
    rows = [json.loads(line) for line in (tmp_path / "saved.json").read_text().splitlines()]
    assert [row["comm"] for row in rows] == ["app2", "app3"] and rows[0]["remote"] == "10.4.4.2:5432"
    assert stat.S_IMODE((tmp_path / "saved.json").stat().st_mode) == 0o640
    term.script(["s", "^u", "saved.json", "Enter", "wait:File_exists"])
    term.script(["s", "^u", "../x", "Enter", "wait:without_/"])
    assert not (tmp_path.parent / "x").exists()
    term.send("q")
    assert term.end() == (0, "")


def command_shown(term):
    """The lines of the window that somebody would copy."""
    term.send("w")
    term.wait("tcpsight top -C")
    lines = term.lines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("tcpsight top -C"))
    end = next(n for n in range(begin, len(lines)) if not lines[n].endswith("\\"))
    return "\n".join(lines[begin:end + 1])


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 30)], ids=["80x24", "200x50", "40x30"])
def test_the_command_that_is_shown_prints_what_is_shown(screen, recording, size):
    """Of the interval that is shown: which lines, in which order, with which bytes."""
    term = screen("top", "--read", recording, "--at", f"{DAY} 12:01:00", "--sort", "tx_bytes", "--where",
                  "pid 102 and not port 22 or port 5432", size=size)
    first_second(term)
    term.script(["]", "wait:PAST_12:01:01", "f", "^u", "net 10.4.4.0/24 and pid 102", "Enter"])
    term.wait(lambda term: "app2" in term.text() and "app3" not in term.text(), "filtered line")
    shell = f'tcpsight() {{ {shlex.quote(str(PROGRAM))} "$@"; }}\n{command_shown(term)}\n'
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True, env={"TZ": "UTC"})
    rows = [line.split() for line in done.stdout.splitlines() if "app" in line]
    assert [row[:6] for row in rows] == [["102", "app2", "10.0.0.1:4002", "10.4.4.2:5432", "1000", "2000"]]


def test_nothing_is_closed_unless_the_command_line_allows_it(screen, text):
    term = screen(*replay(text))
    term.script(["wait:PAST_12:02:00", "K", "wait:without_--allow-kill"])
    term.send("q")
    assert term.end()[0] == 0


def test_a_connection_is_closed_once_the_word_is_typed(screen, privileged):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(server.getsockname())
        peer, _ = server.accept()
        term = screen("top", "--allow-kill", f"dst port {port}")
        term.wait("LIVE")
        term.wait(f"127.0.0.1:{port}")
        own = f"pid {os.getpid()} "
        # Who and what is asked about stays in sight, whole, while it is answered.
        term.script(["K", "wait:ECONNABORTED", "n", "o"])
        term.wait(lambda term: "type kill: no" in term.text() and own in term.text()
                  and f":{client.getsockname()[1]} > 127.0.0.1:{port}" in " ".join(term.lines()), "what is asked about")
        term.script(["Enter", "wait:Nothing_was_closed"])
        client.sendall(b"still there")
        assert peer.recv(100) == b"still there"
        term.script(["K", "wait:ECONNABORTED", "kill", "Enter", "wait:closed_1,_gone_already_0"])
        with pytest.raises(ConnectionAbortedError):
            client.send(b"x")
        with pytest.raises(ConnectionResetError):
            peer.recv(1)
        client.close()
        peer.close()
        term.send("q")
        status, said = term.end()
        assert status == 0 and f"> 127.0.0.1:{port}" in said
        assert term.is_restored()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_signals_that_end_it_give_the_terminal_back(screen, text, number):
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    term.signal(number)
    assert term.end() == (0, "")
    assert term.is_restored()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGUSR1])
def test_a_crash_gives_the_terminal_back_first(screen, text, number):
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    term.signal(number)
    assert term.end()[0] == -number
    assert term.is_restored()


@pytest.mark.parametrize("mouse", [[], ["--mouse"]], ids=["keys", "mouse"])
def test_stopped_it_gives_the_terminal_back_and_takes_it_again(screen, text, mouse):
    def holds_mouse():
        return term.bytes.rfind(MOUSE_ON) > term.bytes.rfind(MOUSE_OFF)

    term = screen(*replay(text, *mouse))
    term.wait("PAST 12:02:00")
    taken = termios.tcgetattr(term.slave)
    assert taken != term.modes and holds_mouse() == bool(mouse)
    for _ in range(3):
        term.signal(signal.SIGTSTP)
        os.waitid(os.P_PID, term.pid, os.WSTOPPED)
        while term.pump(0):
            pass
        assert term.is_restored() and not holds_mouse()
        term.screen.reset()
        term.signal(signal.SIGCONT)
        term.wait("PAST 12:02:00")
        assert termios.tcgetattr(term.slave) == taken and holds_mouse() == bool(mouse)
        assert term.bytes.rfind(ENTER) > term.bytes.rfind(LEAVE)
    term.send("q")
    assert term.end() == (0, "") and term.is_restored() and not holds_mouse()


def test_names_that_would_do_harm_are_shown_harmlessly(screen, tmp_path):
    names = [b"\x1b]0;x\x07", b"a\x9bb\x1b[2Jc", b"e\xcc\x81e\xcc\x81", b"\xe2\x80\xaert", b"\xe6\xbc\xa2\xe5\xad\x97",
             b"\xff\xfe", b"\xcc\x81x", b"a\xe2\x80\x8db"]
    path = tmp_path / "events"
    lines = list(events([f"@{n}@" for n in range(len(names))], 2))
    blob = "".join(line + "\n" for line in lines).encode()
    for n, name in enumerate(names):
        blob = blob.replace(f"@{n}@".encode(), name)
    path.write_bytes(blob)
    term = screen(*replay(path))
    term.wait("PAST 12:00:02")
    term.idle(0.2)
    assert term.screen.title == "" and term.screen.icon_name == ""
    for bad in ("\x07", "\x9b", "\u202e", "\u200d", "\x1b]"):
        assert bad.encode() not in term.bytes and bad not in term.text()
    for n in range(1, len(names) + 1):
        assert f"10.4.4.{n}:5432" in term.text()
    assert "漢" in term.text()
    term.send("q")
    assert term.end() == (0, "") and term.is_restored()


def test_any_size_of_the_window(screen, text):
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    chance = random.Random(1)
    sizes = [(1, 1), (2, 1), (1, 50), (500, 1), (19, 3), (20, 3), (40, 8), (300, 100)]
    sizes += [(chance.randint(1, 250), chance.randint(1, 70)) for _ in range(150)]
    for n, size in enumerate(sizes):
        term.resize(*size)
        term.send(chance.choice(["Enter", "t", "*", "Tab", "Right", "?", "Esc", "c", "End", "x"]))
        if n % 10 == 0:
            term.pump(0)
    term.send("Esc")
    term.resize(100, 30)
    term.wait("12:02:00")
    term.signal(signal.SIGTERM)
    assert term.end() == (0, "") and term.is_restored()


def test_a_terminal_that_takes_nothing_holds_nobody_up(screen, privileged):
    """Nothing is read from the terminal while it draws; keys work on, and so does the end."""
    term = screen("top", size=(200, 60))
    term.wait("LIVE")
    for _ in range(60):
        os.write(term.master, b"\x0c")
    term.signal(signal.SIGTERM)
    assert term.end()[0] == 0 and term.is_restored()


class Tmux:
    """The second emulator, which shares nothing with the first."""

    def __init__(self, folder, argv, size):
        self.call = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        columns, rows = size
        env = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        subprocess.run([*self.call, "new-session", "-d", "-x", str(columns), "-y", str(rows),
                        shlex.join(map(str, argv))], check=True, env=env)

    def lines(self):
        done = subprocess.run([*self.call, "capture-pane", "-p"], capture_output=True, text=True, check=True)
        return [line.rstrip() for line in done.stdout.split("\n")[:-1]]

    def send(self, word):
        subprocess.run([*self.call, "send-keys", "--", word], check=True)

    def end(self):
        subprocess.run([*self.call, "kill-server"], check=False)


@pytest.mark.parametrize("keys", ["", "t *", "Tab Tab", "?", "[ Enter", "d u 3", "c", "Right Right I", "/ app1 Enter",
                                  "@ -1m Enter"])
def test_two_emulators_agree(screen, text, tmp_path, keys):
    argv = [PROGRAM, *replay(text)]
    term = screen(*replay(text), size=(100, 24))
    term.wait("PAST 12:02:00")
    before = term.lines()
    term.script(keys.split())
    # Both agree before either has heeded a key, too.
    term.wait(lambda term: not keys or term.lines() != before, "what the keys change")
    other = Tmux(tmp_path, argv, (100, 24))
    try:
        wait_until(lambda: "PAST 12:02:00" in "\n".join(other.lines()), "screen in tmux")
        for word in keys.split():
            other.send(word)
        wait_until(lambda: term.pump(0.1) or other.lines() == term.lines(), "agreement")
    finally:
        other.end()
    term.send("^c")
    assert term.end()[0] == 0
