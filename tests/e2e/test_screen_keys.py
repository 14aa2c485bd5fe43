# SPDX-License-Identifier: BSD-2-Clause
"""Keys, mouse and pastes of the screen: each name in the table of keys is pressed by a test."""

import ast
import base64
import json
import pathlib
import re
import signal
import socket
import subprocess

import pytest
from flows import churn
from pyterm import DAY, MOUSE_OFF, MOUSE_ON, events, key, replay
from sight import PROGRAM

ROOT = pathlib.Path(__file__).parents[2]
FLOWS = 60
PASTE = "\x1b[200~{}\x1b[201~"


@pytest.fixture
def many(tmp_path):
    """Flows app00 to app59, each of which moves less than the one before."""
    path = tmp_path / "many"
    lines = [f"clock {DAY}T12:00:00Z"]
    for n in range(FLOWS):
        lines.append(f"0 open {n + 1} pid={100 + n} comm=app{n:02} owner=connect role=connect"
                     f" local=10.0.0.1:{4000 + n} remote=10.4.4.{n}:5432 state=established opened=0.001")
    lines += [f"{t}.5 sample {n + 1} tx={t * 1000 * (FLOWS - n)}" for t in (1, 2) for n in range(FLOWS)]
    path.write_text("\n".join([*lines, ""]))
    return path


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "events"
    path.write_text("".join(line + "\n" for line in events()))
    return path


def cursor(term):
    """The name on the cursor's line."""
    found = re.search(r"^>.*?(app\d+)", term.text(), re.MULTILINE)
    return found and found[1]


def finish(term):
    term.send("q")
    assert term.end() == (0, "") and term.is_restored()


def test_the_cursor_goes_where_keys_lead_it(screen, many):
    term = screen(*replay(many))
    term.wait("PAST 12:00:0")
    page = term.text().count("app") - 1
    moves = [("Down", 1), ("j", 2), ("Up", 1), ("k", 0), ("PgDn", page), ("^f", 2 * page), ("PgUp", page), ("^b", 0),
             ("End", FLOWS - 1), ("Home", 0), ("G", FLOWS - 1), ("g", 0)]
    for word, at in moves:
        term.send(word)
        term.wait(lambda term, at=at: cursor(term) == f"app{at:02}", f"cursor at app{at:02} after {word}")
    finish(term)


def test_every_name_of_a_key_does_the_same(screen, text):
    """What one name of a key opens or changes, its others do too; what undoes it, undoes it."""
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    for word in ("f", "F4", "\\"):
        term.script([word, "wait:filter:", "Esc", "gone:filter:"])
    for word in ("/", "F3"):
        term.script([word, "wait:search:", "Esc", "gone:search:"])
    for word in ("?", "F1"):
        term.script([word, "wait:to_the_line_above", "Esc", "gone:to_the_line_above"])
    for word in ("t", "F5"):
        term.script([word, "wait:Grouped_by:_process", "T", "wait:Grouped_by:_none"])
    for word in ("P", "Z"):
        term.script([word, "wait:This_is_the_end_of_the_file.", "Esc", "gone:end_of_the_file"])
    term.script(["Tab", "wait:closed_", "BackTab", "wait:_flows_"])
    term.script(["BackTab", "wait:_listeners_", "Tab", "wait:_flows_"])
    finish(term)


def sorted_by(term):
    """The title that is marked, and which way: COMM and v. Two empty texts: none is."""
    line, marks = term.lines()[1], term.attributes()[1]
    marked = "".join(sign for sign, mark in zip(line, marks) if mark == "R").strip()
    return marked[:-1].strip(), marked[-1:]


def test_the_order_follows_keys(screen, text):
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    # From "what moves most", which is no column: to the first one, and before it.
    for word, title in (("2", "COMM"), (">", "REMOTE"), ("F6", "RX/s"), ("<", "REMOTE"), ("1", "PID"), ("<", ""),
                        (">", "PID")):
        term.send(word)
        term.wait(lambda term, title=title: sorted_by(term)[0] == title, f"{title} after {word}")
    way = sorted_by(term)[1]
    term.send("I")
    term.wait(lambda term: sorted_by(term)[1] not in ("", way), "the other way round")
    finish(term)


def test_columns_scroll_both_ways(screen, text):
    term = screen(*replay(text))
    term.wait("REMOTE")
    for on, back in (("Right", "Left"), ("l", "h")):
        term.script([on, on, "gone:REMOTE", back, back, "wait:REMOTE"])
    finish(term)


def test_groups_open_and_close(screen, text):
    term = screen(*replay(text, "--by", "process"))
    term.wait("1 flow")
    for shut, opened in (("-", "+"), ("Enter", "Enter"), ("*", "*")):
        term.script([opened, "wait:10.4.4.", shut, "gone:10.4.4."])
    finish(term)


def test_time_goes_by_the_minute(screen, text):
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    term.script(["{", "wait:PAST_12:01:00", "}", "wait:PAST_12:02:00", "[", "wait:PAST_12:01:59", "]",
                 "wait:PAST_12:02:00"])
    # From the moment that is shown, not from the last one.
    term.script(["@", "-1m", "Enter", "wait:PAST_12:01:00", "@", "-20", "Enter", "wait:PAST_12:00:40"])
    term.script(["@", "-5x", "Enter", "wait:expected_a_time_such_as", "Esc", "wait:PAST_12:00:40"])
    finish(term)


def test_the_memory_reaches_back_as_long_as_it_is_told_to(screen, text):
    term = screen(*replay(text, "--history", "30s"))
    term.wait("PAST 12:02:00")
    term.script(["{", "wait:PAST_12:01:30", "[", "wait:The_memory_reaches_back_to_12:01:30_only."])
    finish(term)


@pytest.mark.parametrize("span, why", [("5x", "expected a span such as 90, 10m or 1h"), ("0", "expected a span"),
                                       ("2d", "must be from one second to one day")])
def test_a_memory_of_no_sensible_time_is_refused(built, text, span, why):
    done = subprocess.run([PROGRAM, *replay(text, "--history", span)], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and f"argument --history: {why}" in done.stderr


def test_what_is_shown_is_changed_by_keys(screen, text):
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    term.script(["x", "wait:All_closed_flows", "x", "wait:for_some_seconds", "w", "wait:tcpsight_top_-C"])
    term.script(["Space", "Space"])
    term.wait(lambda term: len(re.findall(r"^\*", term.text(), re.MULTILINE)) == 2, "two marks")
    term.send("U")
    term.wait(lambda term: not re.search(r"^\*", term.text(), re.MULTILINE), "no mark")
    term.script(["c", "wait:Columns_", "c", "Esc", "gone:Columns_"])
    term.script(["e", "wait:figures", "Esc", "gone:figures"])
    term.script(["/", "app", "Enter", "Home"])
    term.wait(lambda term: cursor(term) == "app3", "first of three")
    for word, name in (("n", "app2"), ("n", "app1"), ("N", "app2")):
        term.send(word)
        term.wait(lambda term, name=name: cursor(term) == name, f"{name} after {word}")
    drawn = len(term.bytes)
    term.send("^l")
    term.wait(lambda term: re.search(rb"\x1b\[H\x1b\[2?J", term.bytes[drawn:]), "all of it drawn anew")
    term.send("F10")
    assert term.end() == (0, "") and term.is_restored()


def test_calm_it_draws_when_it_is_asked_to(screen, privileged):
    with socket.create_server(("127.0.0.1", 0)) as server:
        term = screen("top", "--calm", f"dst port {server.getsockname()[1]}")
        term.wait("LIVE")
        with socket.create_connection(server.getsockname()), server.accept()[0]:
            def is_shown(term):
                term.send("i")
                return "127.0.0.1" in term.text()

            term.wait(is_shown, "connection, once it is asked for")
            finish(term)


def test_keys_and_columns_are_searched_where_they_cover_the_table(screen, text):
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    for open_it, first, word, found in (("?", "to the line above", "CLIPboard", "Nothing here has 'CLIP"),
                                        ("?", "to the line above", "clipboard", "copy the line, whole"),
                                        ("c", "Columns", "least round", "least round-trip time")):
        term.script([open_it, f"wait:{first.replace(' ', '_')}"])
        assert found not in term.text()
        term.script(["/", word, f"wait:{found.replace(' ', '_')}", "Enter", "n", "N", "Esc",
                     f"gone:{first.replace(' ', '_')}"])
    finish(term)


def test_details_end_with_the_same_as_json(screen, text, tmp_path):
    tmp_path.chmod(0o777)
    term = screen(*replay(text, "--save-dir", tmp_path), size=(160, 400))
    term.wait("PAST 12:02:00")
    term.send("Enter")
    term.wait(lambda term: term.lines()[-2][82:] == "" and any(line.endswith("}") for line in term.lines()),
              "end of the details")
    lines = [line[82:] for line in term.lines()]
    begin = next(n for n, line in enumerate(lines) if line.startswith("The same as JSON"))
    term.script(["s", "wait:save_to", "^u", "one.json", "Enter", "wait:Saved_1_flow"])
    saved = (tmp_path / "one.json").read_text()
    assert json.loads(saved)["comm"] == "app3"
    # Blanks at the ends of lines are no part of what a terminal shows.
    assert "".join("".join(lines[begin + 1:-1]).split()) == "".join(saved.split())
    finish(term)


def test_before_an_interval_has_ended_there_is_no_time_of_one(screen, privileged, netns):
    term = screen("top", "--netns", netns.name, "60")
    term.wait("LIVE")
    assert re.search(r" 60s ", term.lines()[0]) and not re.search(r"\d\d:\d\d", term.lines()[0])
    finish(term)


def test_paused_it_shows_the_moment_and_counts_what_passes(screen, privileged, netns):
    term = screen("top", "--netns", netns.name)
    term.script(["wait:LIVE", "P", "wait:PAUSED"])
    churn("127.0.0.1", 20, 1, netns=netns)
    term.wait(lambda term: re.search(r"PAUSED \+[2-9] of \d+", term.text()), "count of intervals since")
    assert "churn" not in term.text()
    term.script(["P", "wait:LIVE", "wait:churn", "[", "wait:BACK"])
    term.wait(lambda term: re.search(r"BACK \d\d:\d\d:\d\d \+\d+ of \d+", term.text()), "how far back, of how much")
    term.script(["P", "wait:LIVE"])
    finish(term)


def click(term, row, column):
    term.send(f"\x1b[<0;{column + 1};{row + 1}M")
    term.send(f"\x1b[<0;{column + 1};{row + 1}m")


@pytest.mark.parametrize("by_option", [True, False], ids=["--mouse", "m"])
def test_a_click_chooses_a_line_or_an_order(screen, text, by_option):
    term = screen(*replay(text, *(["--mouse"] if by_option else [])))
    term.wait("PAST 12:02:00")
    if not by_option:
        assert MOUSE_ON not in term.bytes
        term.send("m")
    term.wait(lambda term: MOUSE_ON in term.bytes, "mouse taken")
    row = next(n for n, line in enumerate(term.lines()) if "app1" in line)
    click(term, row, 10)
    term.wait(lambda term: cursor(term) == "app1", "cursor where it was clicked")
    click(term, row, 10)
    term.script(["wait:figures", "Esc", "gone:figures"])
    click(term, 1, term.lines()[1].index("COMM"))
    term.wait(lambda term: sorted_by(term)[0] == "COMM", "order by the title that was clicked")
    click(term, term.rows - 1, 3)
    click(term, 0, 0)
    if by_option:
        # A crash gives it back too.
        term.signal(signal.SIGSEGV)
        assert term.end()[0] == -signal.SIGSEGV and term.is_restored()
    else:
        term.send("m")
        term.wait(lambda term: MOUSE_OFF in term.bytes, "mouse given back")
        finish(term)
    assert term.bytes.rfind(MOUSE_OFF) > term.bytes.rfind(MOUSE_ON)


def test_a_line_is_copied_to_the_clipboard_where_that_is_asked_for(screen, text):
    term = screen(*replay(text, "--osc52"))
    term.wait("PAST 12:02:00")
    term.script(["y", "wait:Copied:"])
    (sent,) = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", term.bytes)
    copied = base64.b64decode(sent).decode().split(" ")
    assert copied[:4] == ["103", "app3", "10.0.0.1:4003", "10.4.4.3:5432"]
    finish(term)
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    term.script(["y", "wait:with_--osc52_only"])
    finish(term)
    assert b"\x1b]52" not in term.bytes


def test_a_paste_is_text_and_never_keys(screen, text):
    term = screen(*replay(text))
    term.wait("PAST 12:02:00")
    # Nothing is asked for: q would quit, t would group.
    term.send(PASTE.format("qtK\rq"))
    term.script(["f", "wait:filter:"])
    # The end of a line in what is pasted ends no prompt, and does not become part of it.
    term.send(PASTE.format("pid 102\r"))
    term.wait("1-1 of 1 ")
    assert "filter: pid 102" in term.text() and "by process" not in term.text()
    term.script(["Enter", "f", "^u"])
    term.send(PASTE.format("comm app3"))
    term.wait("filter: comm app3")
    term.send("Enter")
    term.wait(lambda term: cursor(term) == "app3", "what was pasted, in force")
    finish(term)


def words_sent():
    """Each word that a test or a golden case sends as a key."""
    words = set()
    for path in (ROOT / "tests/golden/screen").glob("*.case"):
        words.update(*[line[2:].split() for line in path.read_text().splitlines() if line.startswith("< ")] or [[]])
    for name in ("test_screen_keys.py", "test_top_screen.py"):
        for node in ast.walk(ast.parse((ROOT / "tests/e2e" / name).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
    return words


def test_each_name_of_each_key_is_pressed_somewhere():
    source = (ROOT / "src/screen/keys.c").read_text()
    names = [name for names in re.findall(r'^\t\{"((?:[^"\\]|\\.)+)", \{', source, re.MULTILINE)
             for name in names.replace("\\\\", "\\").split()]
    assert len(names) > 60
    spelling = {"Shift-Tab": "BackTab", "1-9": "2"}
    sent = words_sent()
    missing = [name for name in names
               if spelling.get(name, re.sub(r"^Ctrl-(.)$", lambda m: "^" + m[1].lower(), name)) not in sent]
    assert not missing
    assert key("^b") == b"\x02"
