# SPDX-License-Identifier: BSD-2-Clause
"""`doctor` says what a run will do: the same source and rungs, for the same user; --rung forces them."""

import errno
import json
import re
import socket
import subprocess

import bpfstate
import pytest
from flows import Side, actor
from sight import PROGRAM, run, tuple_of

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
          "--bounding-set=-all"]


def said(*command):
    """Other processes of the machine may have any name."""
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True,
                          errors="backslashreplace")


def rungs(*prefix):
    """(need, rung) -> line of doctor, and the line about the machine."""
    lines = [json.loads(line) for line in said(*prefix, PROGRAM, "doctor", "--json").stdout.splitlines()]
    machine = next(line for line in lines if line["type"] == "machine")
    return {(line["need"], line["rung"]): line for line in lines if line["type"] == "rung"}, machine


@pytest.mark.parametrize("user", [[], NOBODY])
def test_source_is_the_one_that_is_used(privileged, user):
    lines, machine = rungs(*user)
    vital = [line for line in lines.values() if line["vital"] and line["source"] == "bpf"]
    met = {line["need"] for line in vital if line["state"] != "unavailable"}
    refused = [line for line in vital if line["need"] not in met]
    errors = said(*user, PROGRAM, "life", "--duration", "1").stderr
    assert machine["source"] == ("netlink" if refused else "bpf")
    assert ('using the source "netlink"' in errors) == (machine["source"] == "netlink")
    assert bool(refused) == bool(user)
    for line in refused:
        assert "CAP_BPF and CAP_PERFMON are missing" in line["why"]
        assert "root" in line["helps"]


def test_one_rung_of_each_need_is_taken_and_the_better_ones_say_why_not(privileged):
    lines, _ = rungs()
    for need in {need for need, _ in lines}:
        states = [line["state"] for (of, _), line in lines.items() if of == need]
        assert states.count("used") == 1, (need, states)
        assert set(states[:states.index("used")]) <= {"unavailable", "other_source"}
    for line in lines.values():
        assert (line["state"] == "unavailable") == ("why" in line) == ("helps" in line)


def test_the_log_of_a_run_says_what_doctor_says(privileged):
    lines, _ = rungs()
    errors = said(PROGRAM, "life", "--duration", "1", "--verbose").stderr
    for need in "edges", "volume", "older", "owner", "accept":
        taken = next(rung for (of, rung), line in lines.items()
                     if of == need and line["state"] == "used")
        assert f"{need}: {taken} (" in errors


def needs_by_state(lines):
    """The needs that are met by the first of their ways, by another one, and not at all."""
    found = {"full": [], "partial": [], "missing": []}
    for need in dict.fromkeys(need for need, _ in lines):
        ways = [line for (of, _), line in lines.items() if of == need]
        used = [n for n, line in enumerate(ways) if line["state"] == "used"]
        state = "missing" if not used or not ways[used[0]]["hooks"] else "partial" if used[0] else "full"
        found[state].append(need)
    return found


@pytest.mark.parametrize("user", [[], NOBODY])
def test_the_verdict_sums_up_what_works_and_what_would_mend_it(privileged, user):
    text = said(*user, PROGRAM, "doctor").stdout
    lines = [json.loads(line) for line in said(*user, PROGRAM, "doctor", "--json").stdout.splitlines()]
    verdict = lines[-1]
    assert verdict["type"] == "verdict" and text.endswith(f"\nverdict: {verdict['text']}\n")
    found, machine = rungs(*user)
    for state, needs in needs_by_state(found).items():
        assert verdict[state] == needs
        for need in needs:
            named = re.search(rf"(: |[,;] ){need}\b", verdict["text"])
            assert bool(named) == (state != "full"), (need, verdict)
    assert f"source {machine['source']}" in verdict["text"]
    better = [line for (need, _), line in found.items()
              if line["state"] == "unavailable" and need not in verdict["full"]]
    if user:
        better = [found["edges", "tracepoint"]]
    assert ("Remedy: " in verdict["text"]) == bool(better)
    for line in better:
        assert line["helps"] in verdict["text"]
    assert ("BPF is unavailable" in verdict["text"]) == bool(user)


@pytest.mark.parametrize("user", [[], NOBODY])
def test_whether_a_connection_can_be_closed_is_what_ss_finds(privileged, netns, user):
    with netns.inside():
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(listener.getsockname())
    with listener, client, listener.accept()[0]:
        netns.run(*user, "ss", "-K", "dport", "=", str(listener.getsockname()[1]))
        is_closed = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNABORTED
    lines, _ = rungs(*user)
    assert is_closed == (not user), "ss -K"
    assert (lines["close", "netlink"]["state"] == "used") == is_closed
    assert is_closed or "CAP_NET_ADMIN" in lines["close", "netlink"]["why"]


WRONG = [
    ("speed=ebpf", 0, "no need 'speed' (there are: edges, "),
    ("accept=telepathy", 7, "no rung 'telepathy' of accept (there are: fexit, "),
    ("accept=files,accept=none", 13, "accept is named twice"),
    ("accept", 6, "no rung '' of accept"),
    ("", 0, "no need ''"),
    ("edges=netlink,volume=iterator", 21, "volume=iterator belongs to the source bpf"),
    ("capture=classic", 0, "belongs to the source pcap"),
    ("close=netlink", 6, "close has one way only, which --allow-kill asks for"),
]


@pytest.mark.parametrize("words, caret, text", WRONG)
def test_words_of_rung_that_are_wrong(built, words, caret, text):
    outcome = run("life", "--rung", words)
    assert (outcome.status, outcome.text) == (2, "")
    assert text in outcome.stderr
    assert f"\n  {words}\n  {' ' * caret}^\n" in outcome.stderr


def test_rung_of_another_source_than_the_one_that_is_asked_for(built):
    outcome = run("life", "--source", "netlink", "--rung", "accept=files")
    assert (outcome.status, outcome.text) == (2, "")
    assert "belongs to the source bpf" in outcome.stderr


# Who needs a rung, by the first words of what it is for; else all do.
REPORTS = {"stat": ["stat"], "peek": ["peek", "--source", "bpf"], "how fast": ["top"]}


@pytest.mark.parametrize("user", [[], NOBODY])
def test_forced_rung_that_is_refused_has_no_stand_in(privileged, user):
    lines, _ = rungs(*user)
    refused = [line for line in lines.values()
               if line["state"] == "unavailable" and line["source"] in {"bpf", "netlink"}]
    for line in refused:
        report = next((report for word, report in REPORTS.items() if line["what"].startswith(word)), ["life"])
        words = f"{line['need']}={line['rung']}"
        done = subprocess.run([*user, PROGRAM, *report, "--duration", "1", "--rung", words],
                              capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (3, ""), words
        assert "instead" not in done.stderr
        # Who may load nothing is told of the first thing that he may not.
        assert line["why"] in done.stderr or user


def test_rung_that_nothing_needs(privileged):
    done = said(PROGRAM, "life", "--duration", "1", "--rung", "messages=none")
    assert "--rung messages=none changes nothing" in done.stderr


def test_rung_of_a_source_brings_that_source(sight):
    tool = sight("life", "--json", "--rung", "edges=netlink")
    assert bpfstate.programs(tool.pid) == []
    tool = sight("life", "--json", "--rung", "edges=tracepoint")
    assert bpfstate.programs(tool.pid) != []


@pytest.mark.parametrize("way", ["files", "none"])
def test_refinement_switched_off(sight, way):
    """With files a scan finds the worker; with none whoever called listen() stays."""
    tool = sight("top", "--json", 3600, "--rung", f"accept={way}")
    with actor("handed_over", "prefork", "client") as flow:
        told = flow.hear()
        server = Side(told["server"])
        rows = {tuple_of(row): row for row in tool.stop().rows}
    row = rows[server.tuple]
    owner = server.pid if way == "files" else told["parent"]
    assert (row["pid"], row["owner_source"]) == (owner, way if way == "files" else "listen")
