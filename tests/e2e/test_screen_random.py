# SPDX-License-Identifier: BSD-2-Clause
"""Random keys, bytes, pastes, clicks and sizes of the window: no crash, no leak, the terminal given back.

TCPSIGHT_KEYS says how many keys each scene gets, TCPSIGHT_SEED from where; ./dev sanitize sends 10,000 to a
build that watches addresses and leaks, ./dev fuzz begins elsewhere each time.
"""

import os
import random
import subprocess
import time

import pytest
from flows import churn
from pyterm import KEYS, PATIENCE_SEC, events, replay
from ready import writable
from sight import PROGRAM

SEED = int(os.environ.get("TCPSIGHT_SEED", "1"))
COUNT = int(os.environ.get("TCPSIGHT_KEYS", "1000"))
KEYS_A_RUN = 1000
PASTE, PASTE_END = b"\x1b[200~", b"\x1b[201~"
NAMES = [b"nginx", b"\x1b]0;x\x07", b"a\x9bb\x1b[2Jc", b"e\xcc\x81e\xcc\x81", b"\xe6\xbc\xa2\xe5\xad\x97", b"\xff\xfe",
         b"\xcc\x81x"]
# What ends or stops it, by itself or by the terminal's signals: these are tested by themselves.
SIGNALS = b"\x03\x1a\x1c"
LEAVING = b"q" + SIGNALS
TEXTS = [b"pid 101", b"comm nginx", b"dst port 5432 and (", b"state established or verdict any", b"12:00:30", b"5m ago",
         b"saved", b"../x", b"\xe6\xbc\xa2", b"'\\"]


def random_bytes(chance, most, without):
    return bytes(c for c in chance.randbytes(chance.randint(0, most)) if c not in without)


def random_key(chance):
    """The bytes of what somebody, or something, might type."""
    kind = chance.random()
    if kind < 0.45:
        return bytes([chance.choice([c for c in range(0x20, 0x7f) if c not in LEAVING])])
    if kind < 0.75:
        return chance.choice([code for name, code in KEYS.items() if name != "F10"])
    if kind < 0.80:
        return chance.choice(TEXTS) + chance.choice([b"\r", b"\x1b", b""])
    if kind < 0.85:
        return PASTE + random_bytes(chance, 40, SIGNALS) + PASTE_END
    if kind < 0.90:
        return b"\x1b[<%d;%d;%d%s" % (chance.randrange(3), chance.randrange(250), chance.randrange(80),
                                      chance.choice([b"M", b"m"]))
    if kind < 0.92:
        # Too long for a line of text.
        return bytes([chance.choice(b"aA (")]) * chance.randrange(5000) + b"\x15"
    return random_bytes(chance, 4, LEAVING)


def type_bytes(term, typed):
    """The terminal's own queue is small, and what comes out has to be taken, too."""
    deadline = time.monotonic() + PATIENCE_SEC
    while typed:
        term.pump(0)
        if writable(term.master, seconds=0.1):
            typed = typed[os.write(term.master, typed[:500]):]
        assert time.monotonic() < deadline, f"it takes no keys:\n{term.text()}"


def type_keys(term, chance, count):
    for n in range(count):
        type_bytes(term, random_key(chance))
        if n % 50 == 0:
            term.resize(chance.randint(1, 200), chance.randint(1, 60))
    # Whatever is open is closed; a paste or a click that never ended may swallow one of these.
    type_bytes(term, 2 * PASTE_END)
    term.resize(80, 24)
    for _ in range(4):
        term.send("Esc")
        term.pump(0.1)
    term.send("q")


@pytest.fixture(params=["events", "recording", "live"])
def scene(request, tmp_path):
    """Words of a command line."""
    if request.param == "live":
        request.getfixturevalue("privileged")
        netns = request.getfixturevalue("netns")
        churn("127.0.0.1", 60, 1, netns=netns)
        return ["top", "--netns", netns.name]
    path = tmp_path / "events"
    blob = "".join(line + "\n" for line in events([f"@{n}@" for n in range(len(NAMES))], 90))
    blob += ("100 open 20 pid=7 comm=sshd owner=listen role=listen local=0.0.0.0:22 state=listen"
             " backlog=1 backlog_max=9\n")
    blob += "101 close 1 tx=900000 rx=900000 end=reset_received error=104\n102 time\n"
    blob = blob.encode()
    for n, name in enumerate(NAMES):
        blob = blob.replace(f"@{n}@".encode(), name)
    path.write_bytes(blob)
    if request.param == "events":
        return replay(path)
    recording = tmp_path / "r.tsr"
    subprocess.run([PROGRAM, "record", "--source", "replay", "--read", path, "--output", recording], check=True,
                   env={**os.environ, "TZ": "UTC"})
    return ["top", "--read", recording]


def test_random_keys_do_no_harm(screen, scene, tmp_path):
    saved = tmp_path / "saved"
    saved.mkdir(mode=0o777)
    saved.chmod(0o777)
    for run in range(-(-COUNT // KEYS_A_RUN)):
        print(f"TCPSIGHT_SEED={SEED}, run {run} of keys")
        term = screen(*scene, "--save-dir", saved)
        term.wait(lambda term: "LIVE" in term.text() or "PAST" in term.text(), "screen")
        type_keys(term, random.Random(f"{SEED} {run}"), min(KEYS_A_RUN, COUNT - run * KEYS_A_RUN))
        assert term.end() == (0, "")
        assert term.is_restored() and term.screen.title == ""
    assert not (tmp_path / "x").exists()
