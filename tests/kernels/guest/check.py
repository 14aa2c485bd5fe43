# SPDX-License-Identifier: BSD-2-Clause
"""Runs inside a guest: what of tcpsight works on this kernel, as JSON lines in /tmp/out/results.

Each line has a "kind": kernel, program (the verifier's answer and cost), rung (of doctor), source
(what stands in if nothing is asked for), live (an end-to-end test), peer (a tool of bcc beside ours).
"""

import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

BUILD = pathlib.Path("/project/build")
E2E = "/project/tests/e2e"
OUT = pathlib.Path("/tmp/out")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


# End-to-end tests that show one thing each; all of them run on the development machine.
LIVE = {
    "bytes: client closes first": "test_exact_bytes.py::test_every_way_to_close[client]",
    "bytes: half-closed": "test_exact_bytes.py::test_every_way_to_close[half]",
    "bytes: reset, data unread": "test_exact_bytes.py::test_every_way_to_close[unread]",
    "why it ended: refused": "test_end_reason.py::test_refused",
    "owner: a worker serves":
        "test_owner.py::test_worker_not_the_listening_parent_when_closed[prefork-server]",
    "owner: at accept()": "test_accept.py::test_owner_of_an_accepted_flow",
    "netlink: client closes first": "test_netlink.py::test_every_way_to_close[client-fin]",
    "netlink: half-closed": "test_netlink.py::test_every_way_to_close[half-fin]",
    "netlink: owner": "test_netlink.py::test_flow_seen_in_a_look_has_owner_and_no_age",
    "netlink: kernel filters ports":
        "test_netlink.py::test_ports_and_family_are_filtered_by_the_kernel[127.0.0.1-words4]",
    "netlink: ordinary user": "test_netlink.py::test_ordinary_user[source0]",
}


def say(kind, **facts):
    with open(OUT / "results", "a", encoding="utf-8") as out:
        out.write(json.dumps({"kind": kind, **facts}) + "\n")


def lines_of(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def check_programs():
    for line in lines_of(BUILD / "tests/verify", BUILD / "gen/tcp.o"):
        say("program", **line)


def check_doctor():
    for line in lines_of(BUILD / "tcpsight", "doctor", "--json"):
        if line.pop("type") == "rung":
            say("rung", **line)


def run_life(*prefix):
    """Which source a bare `life` uses; None if it fails."""
    done = subprocess.run([*prefix, BUILD / "tcpsight", "life", "--duration", "1"],
                          capture_output=True, text=True, check=False)
    stand_in = re.search(r'using the source "(\w+)"', done.stderr)
    return (stand_in[1] if stand_in else "bpf") if done.returncode == 0 else None


def nobody_with(*capabilities):
    """Debian 12's setpriv knows the newer capabilities by number only: 38 PERFMON, 39 BPF."""
    words = "".join(f",+cap_{number}" for number in capabilities)
    return [*NOBODY, f"--inh-caps=-all{words}", f"--ambient-caps=-all{words}"]


def check_sources():
    """With one capability less each time: what is left."""
    sets = {
        "root": [],
        "CAP_BPF, CAP_PERFMON": nobody_with(39, 38),
        "CAP_BPF": nobody_with(39),
        "CAP_PERFMON": nobody_with(38),
        "no capability": nobody_with(),
    }
    for name, prefix in sets.items():
        say("source", who=name, source=run_life(*prefix))


def check_live(names):
    environment = {**os.environ, "TCPSIGHT_BUILD": str(BUILD), "TCPSIGHT": str(BUILD / "tcpsight"),
                   "PYTHONDONTWRITEBYTECODE": "1"}
    tests = [f"{E2E}/{LIVE[name]}" for name in names]
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=short",
                           "--rootdir=/project", *tests], env=environment, capture_output=True,
                          text=True, check=False)
    (OUT / "pytest.txt").write_text(done.stdout + done.stderr)
    for name in names:
        found = re.findall(rf"^(PASSED|FAILED|ERROR|SKIPPED) \S*{re.escape(LIVE[name])}", done.stdout, re.M)
        say("live", name=name, passed=found.count("PASSED"), failed=len(found) - found.count("PASSED"))


def tcplife_rows(text):
    """(local port, remote port) -> (sent, received KB) of bcc's tcplife."""
    rows = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 9 and words[3].isdigit() and words[5].isdigit():
            rows[int(words[3]), int(words[5])] = float(words[6]), float(words[7])
    return rows


def check_tcplife():
    """bcc's tcplife and ours on the same flows; bcc rounds to hundredths of a KB."""
    theirs = subprocess.Popen(["tcplife"], stdout=open(OUT / "tcplife", "w"), stderr=subprocess.STDOUT)
    ours = subprocess.Popen([BUILD / "tcpsight", "life", "--json"], stdout=open(OUT / "life", "w"),
                            stderr=subprocess.STDOUT)
    time.sleep(8)
    for size in 1, 1000, 70_000, 300_000:
        subprocess.run([BUILD / "tests/traffic", "send", "--bytes", str(size), "--reply", "500"],
                       check=False, stdout=subprocess.DEVNULL)
    time.sleep(2)
    for tool in theirs, ours:
        tool.send_signal(2)
        tool.wait()
    peer = tcplife_rows((OUT / "tcplife").read_text())
    rows = [json.loads(line) for line in (OUT / "life").read_text().splitlines() if '"lport"' in line]
    same = [abs(row["tx_bytes"] / 1024 - peer[key][0]) < 0.01
            and abs(row["rx_bytes"] / 1024 - peer[key][1]) < 0.01
            for row in rows if (key := (row["lport"], row["rport"])) in peer]
    say("peer", tool="tcplife", ours=len(rows), theirs=len(peer), same=sum(same))


def check_tcptop():
    """bcc's tcptop and ours over one interval that holds all of a known traffic."""
    theirs = subprocess.Popen(["tcptop", "-C", "-r", "100", "25", "1"], stdout=open(OUT / "tcptop", "w"),
                              stderr=subprocess.STDOUT)
    ours = subprocess.Popen([BUILD / "tcpsight", "top", "--json", "3600"],
                            stdout=open(OUT / "top", "w"), stderr=subprocess.STDOUT)
    time.sleep(10)
    wrote = [300_000, 20_000]
    for _ in range(4):
        subprocess.run([BUILD / "tests/traffic", "send", "--bytes", str(wrote[0]), "--reply",
                        str(wrote[1])], check=False, stdout=subprocess.DEVNULL)
    theirs.wait()
    ours.send_signal(2)
    ours.wait()
    peer = re.findall(r"^\d+ .*\s(\d+)\s+(\d+)$", (OUT / "tcptop").read_text(), re.M)
    rows = [json.loads(line) for line in (OUT / "top").read_text().splitlines() if '"lport"' in line]
    say("peer", tool="tcptop", truth=4 * sum(wrote),
        ours_tx=sum(row["tx_bytes"] for row in rows), ours_rx=sum(row["rx_bytes"] for row in rows),
        theirs_rx=sum(int(rx) for rx, _ in peer) * 1024, theirs_tx=sum(int(tx) for _, tx in peer) * 1024)


def main(words):
    OUT.mkdir(exist_ok=True)
    say("kernel", release=platform.release(), machine=platform.machine())
    check_programs()
    check_doctor()
    check_sources()
    if "peers" in words:
        check_tcplife()
        check_tcptop()
    check_live(list(LIVE))


if __name__ == "__main__":
    main(sys.argv[1:])
