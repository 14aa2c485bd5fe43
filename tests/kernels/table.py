# SPDX-License-Identifier: BSD-2-Clause
"""From what the guests wrote to tables: kernel x feature, and the verifier's cost."""

import csv
import json

from . import machine

# A program that costs more than this times what is recorded is a failure.
ALLOWED_GROWTH = 1.25

# From here on the bpf source loads; below it netlink stands in, and its tests are not expected to pass.
BPF_FROM = (6, 1)

# What the programs of needs.bpf.c stand for.
FACILITIES = {
    "socket_storage": "storage at a socket",
    "storage_iterator": "an iterator over that storage",
    "atomic_exchange": "an atomic operation that gives back what was there",
    "socket_cookie": "the cookie of a socket",
    "running_task": "the running task",
    "socket_of_file": "the socket of an open file",
    "exchange_not_reached": "stand-in: such an operation where it is never reached",
    "hash_by_address": "stand-in: a hash by the address of a socket",
    "socket_of_hash": "stand-in: from such an address to the socket",
    "hash_beside_sockets": "stand-in: such a hash beside the iterator over a namespace's sockets",
    "cookie_in_sockops": "stand-in: the cookie, in a program of a cgroup",
}

HEAD = """# What works on which kernel

Made by `./dev kernels --update` from runs under qemu; do not edit. Kernels are Debian's newest of
each series at that time, of amd64 unless the name says otherwise. A live test is one of `tests/e2e`,
run inside the guest.

"""

NOTES = """
* 5.10 refuses what all programs of the bpf source are made of, see "What tracing programs may do": storage
  at a socket, its cookie, an atomic exchange, the running task, the socket of an open file. So the netlink
  source stands in by itself. What that one cannot know is said at the top of `src/source/netlink.c`; the
  live tests of the bpf source are not run there ("no bpf").
* A hash by cookie would not make 5.10 work, since a tracing program cannot ask for a cookie there, and a
  socket has none until somebody asks. A program of a cgroup may ask, but it is called only after the state
  change with which a flow begins, needs CAP_NET_ADMIN, and is never called for sockets older than itself.
* A hash by address is accepted there, but a verifier lets no program go from such an address back to the
  socket, on no kernel: each look would have to enter all network namespaces and walk all of their sockets.
  A child would have to be told who its listener is, which it does not name; ids would have to be invented;
  whatever is done exactly once (adopting, ending, counting at the end) would need an update of a second hash
  in place of an exchange. As the old verifier refuses exchanges even where they are never reached, all programs
  would exist twice, for a kernel whose support ends in December 2026. They were not written.
* A test that is missing on a kernel would show as "not run"; lockdown was tried on one kernel, since it is
  a property of the mode.
* Earlier tables had NO for "retransmissions" on some kernels, on a machine with a load of 30: guests then had the
  lowest priority, which left them a hundredth of a processor, and the tests' own wire came later than the kernel's
  timers. A run tells how long each guest was without a processor.
* A star beside a rung: a better one was refused, and `doctor` says why. What the rungs are is in
  `src/probe/ladder.c`; fexit and kprobe were also forced one after the other.
* The verifier's cost is that of the report for which it is highest.
* The notices of closed sockets that the netlink source listens to need no capability on any of these
  kernels.
* `arm64` before Linux 6.4 loads a program for a function's exit and then does not attach it. `arm64-16k`
  has pages of 16 KiB. `s390x` has the other byte order, and Debian's kernel for it no compiler for BPF:
  programs are interpreted there, and none can be attached to a function's exit.
* bcc's `tcplife` prints KB with two digits: "same" means equal to a hundredth of a KB. bcc's `tcptop`
  drops what is less than a KB in each row. Where it shows more received than was sent, it has counted
  twice: it adds up the running total of a recvmsg() call at every step of it.
"""


def read(folder):
    """{name: lines} of every kernel that was run, oldest first."""
    found = {path.parent.name: [json.loads(line) for line in path.read_text().splitlines()]
             for path in folder.glob("*/results")}
    return dict(sorted(found.items(), key=lambda item: machine.order(item[0])))


def of_kind(lines, kind):
    return [line for line in lines if line["kind"] == kind]


def expects_bpf(series):
    return machine.order(series)[1] >= BPF_FROM


def live_counts(series, line):
    return expects_bpf(series) or not line["needs_bpf"]


def broken_lockdown(lines):
    """Where doctor, or what a run does, is not what the mode demands."""
    wrong = []
    for line in of_kind(lines, "lockdown"):
        allowed = line["mode"] != "confidentiality"
        source = "bpf" if allowed else "netlink"
        if (line["source"], line["used"]) != (source, source):
            wrong.append(f"lockdown {line['mode']}: {line['source']}, {line['used']}")
        if not allowed and "lockdown is 'confidentiality'" not in line["why"]:
            wrong.append(f"lockdown {line['mode']}: {line['why']}")
    return wrong


def jumps(lines, recorded):
    """Programs that are not recorded, or cost more than they used to. `recorded`: program -> cost."""
    wrong = []
    for line in lines:
        if line["error"]:
            continue
        if line["program"] not in recorded:
            wrong.append(f"{line['program']} is not recorded in tests/kernels/cost.csv")
        elif not 0 < line["insns"] <= ALLOWED_GROWTH * recorded[line["program"]]:
            wrong.append(f"{line['program']} costs {line['insns']}, not {recorded[line['program']]}")
    return wrong


def failures(results, recorded):
    """What is wrong, as (series, what, name of the log). `recorded`: series -> program -> cost."""
    wrong = []
    for series, lines in results.items():
        wrong += [(series, "the guest broke", line["log"]) for line in of_kind(lines, "broken")]
        wrong += [(series, line["name"], line["log"]) for line in of_kind(lines, "live")
                  if live_counts(series, line) and (line["failed"] or not line["passed"])]
        programs = of_kind(lines, "program")
        wrong += [(series, f"{line['program']}: {line['why']}", "results") for line in programs
                  if expects_bpf(series) and line["error"] and not line["optional"]]
        wrong += [(series, f"{line['program']}: {line['why']}", "results")
                  for line in of_kind(lines, "facility")
                  if expects_bpf(series) and line["error"] and not line["optional"]]
        wrong += [(series, what, "results") for what in jumps(programs, recorded.get(series, {}))]
        wrong += [(series, f"no source for {line['who']}", "results")
                  for line in of_kind(lines, "source") if not line["source"]]
        wrong += [(series, "root is refused the bpf source", "console.txt")
                  for line in of_kind(lines, "source")
                  if line["who"] == "root" and expects_bpf(series) and line["source"] != "bpf"]
        wrong += [(series, what, "results") for what in broken_lockdown(lines)]
        wrong += [(series, line["tool"], "tcplife") for line in of_kind(lines, "peer")
                  if line["tool"] == "tcplife" and expects_bpf(series)
                  and (not line["same"] or line["same"] != line["ours"])]
    return wrong


def missing_cell(series, kind):
    """Why there is no result."""
    return "no bpf" if kind == "live" and not expects_bpf(series) else "not run"


def grid(results, title, kind, key, cell):
    """One table: a row per `key` of the lines of a kind, a column per kernel that has any."""
    results = {series: lines for series, lines in results.items() if of_kind(lines, kind)}
    names = []
    for lines in results.values():
        names += [line[key] for line in of_kind(lines, kind) if line[key] not in names]
    if not names:
        return ""
    rows = [f"## {title}", "", f"| | {' | '.join(results)} |", "|---" * (len(results) + 1) + "|"]
    for name in names:
        cells = []
        for series, lines in results.items():
            line = next((line for line in of_kind(lines, kind) if line[key] == name), None)
            cells.append(cell(series, line) if line else missing_cell(series, kind))
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n\n"


def live_cell(series, line):
    if not live_counts(series, line):
        return "-"
    return str(line["passed"]) if line["passed"] and not line["failed"] else "NO"


def program_cell(_, line):
    if not line["error"]:
        return str(line["insns"])
    return "not for this kernel" if line["optional"] else f"refused: {line['why']}"


def facilities(results):
    """The same results, each facility by the words of FACILITIES and in their order."""
    return {series: [{**line, "need": words} for name, words in FACILITIES.items()
                     for line in of_kind(lines, "facility") if line["program"] == name]
            for series, lines in results.items()}


def rungs_taken(results):
    """Of each kernel a line per need; a star: a better rung was refused."""
    found = {}
    for series, lines in results.items():
        found[series] = []
        for need in dict.fromkeys(line["need"] for line in of_kind(lines, "rung")):
            rungs = [line for line in of_kind(lines, "rung") if line["need"] == need]
            taken = next((line["rung"] for line in rungs if line["state"] == "used"), "nothing")
            better = rungs[:[line["rung"] for line in rungs].index(taken)] if taken != "nothing" else rungs
            star = " *" if any(line["state"] == "unavailable" for line in better) else ""
            found[series].append({"kind": "need", "need": need, "taken": taken + star})
    return found


def peer_cell(_, line):
    if line["tool"] == "tcplife":
        return f"{line['same']} of {line['ours']} rows same"
    return (f"sent {line['truth']}: we show {line['ours_tx']}/{line['ours_rx']}, "
            f"tcptop {line['theirs_tx']}/{line['theirs_rx']} (tx/rx)")


def render(results):
    releases = {series: of_kind(lines, "kernel")[0]["release"] for series, lines in results.items()
                if of_kind(lines, "kernel")}
    text = "".join(f"* {series}: {release}\n" for series, release in releases.items()) + "\n"
    text += grid(results, "Source that is used, by privilege", "source", "who",
                 lambda _, line: line["source"] or "NONE")
    text += grid(results, "Live tests: how many passed", "live", "name", live_cell)
    text += grid(rungs_taken(results), "The rung that is taken, by need", "need", "need",
                 lambda _, line: line["taken"])
    text += grid(facilities(results), "What tracing programs may do", "facility", "need",
                 lambda _, line: f"no: {line['why']}" if line["error"] else "yes")
    text += grid(results, "Under lockdown", "lockdown", "mode",
                 lambda _, line: line["used"] + (f": {line['why']}" if line["why"] else ""))
    text += grid(results, "BPF programs: instructions that the verifier processed", "program", "program",
                 program_cell)
    text += grid(results, "Beside bcc's tools", "peer", "tool", peer_cell)
    return text


def document(results):
    return HEAD + render(results) + NOTES


def costs(results, recorded):
    """program,kernel,insns: what tests/e2e/test_verifier_cost.py compares with. Kernels that were not
    run keep what is recorded."""
    found = dict(recorded)
    for series, lines in results.items():
        found[series] = {line["program"]: line["insns"] for line in of_kind(lines, "program")
                         if not line["error"]}
    rows = [f"{program},{series},{insns}\n" for series in sorted(found, key=machine.order)
            for program, insns in found[series].items()]
    return "".join(["program,kernel,insns\n", *rows])


def read_costs(text):
    """What costs() wrote, as series -> program -> cost."""
    found = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["kernel"], {})[row["program"]] = int(row["insns"])
    return found
