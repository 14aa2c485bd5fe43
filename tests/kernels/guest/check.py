#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs inside a guest: what of tcpsight works on this kernel, as JSON lines in /tmp/out/results.

Each line has a "kind": kernel, program (the verifier's answer and cost), facility (the same of what the bpf
source needs, one by one), rung (of doctor), source
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


def each(test, *parameters):
    return [f"{test}[{one}]" for one in parameters]


CLOSINGS = ["client", "server", "exit", "unread", "half"]

# End-to-end tests, all of which run on the development machine too. Where the bpf source runs:
WITH_BPF = {
    "bytes: every way to close":
        each("test_exact_bytes.py::test_every_way_to_close", *[f"bpf-{one}" for one in CLOSINGS]),
    "bytes: odd flows":
        each("test_odd_flows.py::test_data_left_unread_behind_the_peers_fin", "bpf")
        + each("test_odd_flows.py::test_connect_put_off_until_the_first_send", "bpf")
        + ["test_odd_flows.py::test_socket_connected_anew_is_a_new_flow",
           "test_odd_flows.py::test_connection_that_nobody_accepted"],
    "why it ended":
        each("test_end_reason.py::test_established_flows", "bpf-reset", "bpf-unread", "bpf-stalled")
        + ["test_end_reason.py::test_refused", "test_end_reason.py::test_no_answer_to_the_syn",
           "test_end_reason.py::test_router_says_unreachable"],
    "network namespaces":
        each("test_netns.py::test_same_tuple_in_two_namespaces_at_once", "bpf")
        + each("test_netns.py::test_flow_between_two_namespaces", "bpf"),
    "owner: a worker serves":
        ["test_owner.py::test_worker_not_the_listening_parent_when_closed[prefork-server]",
         "test_owner.py::test_comm_is_the_process_and_thread_the_thread"],
    "owner: at accept()": ["test_accept.py::test_owner_of_an_accepted_flow"],
    "owner: accept=fexit forced": each("test_accept.py::test_forced_way", "fexit"),
    "owner: accept=kprobe forced":
        ["test_accept.py::test_forced_way[kprobe]",
         "test_accept.py::test_owner_is_whoever_accepted_every_time[kprobe]"],
    "all flows are accounted for":
        each("test_conservation.py::test_live_flows_are_part_of_the_sum", "bpf"),
    "top: bytes from before do not count":
        each("test_intervals.py::test_bytes_from_before_do_not_count", "bpf"),
    "subnet": each("test_subnet.py::test_directions_and_sides", "bpf"),
    "stat: each counter":
        each("test_stat.py::test_each_counter_of_a_plain_connection", "bpf")
        + each("test_stat.py::test_sums_are_those_of_the_kernel", "bpf-reset_by_unread"),
    "retransmissions: why":
        each("test_retrans_causes.py::test_a_timeout_and_the_repair_behind_it", "v4", "v6")
        + each("test_retrans_causes.py::test_fast_retransmit", "v4", "v6")
        + each("test_retrans_causes.py::test_a_syn_ack_that_is_lost", "v4", "v6")
        + each("test_retrans_causes.py::test_a_path_that_takes_only_smaller_packets", "v4", "v6")
        + each("test_retrans_causes.py::test_data_that_was_late_and_not_lost", "dsack_and_undo",
               "undo", "no_sack")
        + ["test_retrans_causes.py::test_a_tail_loss_probe",
           "test_retrans_causes.py::test_a_syn_that_is_lost",
           "test_retrans_causes.py::test_data_into_a_window_that_was_closed_over_it",
           "test_retrans_causes.py::test_data_of_a_fast_open_that_the_server_did_not_take",
           "test_retrans_causes.py::test_what_an_adopted_socket_sent_again_before_is_of_no_cause"],
    "retransmissions: causes mixed, and what is none":
        ["test_retrans_causes.py::test_all_causes_mixed",
         "test_retrans_causes.py::test_fast_retransmit_without_sack",
         "test_retrans_causes.py::test_the_accepting_side_sends_again_too",
         "test_retrans_causes.py::test_a_syn_ack_that_is_lost_and_then_data",
         "test_retrans_causes.py::test_a_request_that_comes_to_nothing",
         "test_retrans_causes.py::test_data_that_was_late_and_not_lost[no_timestamps]",
         "test_retrans_causes.py::test_packets_that_are_overtaken",
         "test_retrans_causes.py::test_what_was_lost_was_not_needless"],
    "rejected by a firewall, no port":
        ["test_end_reason.py::test_rejected_by_a_firewall_on_the_way"]
        + each("test_end_reason.py::test_no_local_port", "127.0.0.1-bound", "::1-reused"),
    "handshake after a SYN cookie":
        each("test_handshake_time.py::test_after_a_syn_cookie_it_is_not_known", "127.0.0.1-alone",
             "::1-reuseport"),
    "holders of a socket": each("test_holders.py::test_each_process_counts_once", "bpf-127.0.0.1"),
    "MPTCP: owners of subflows":
        ["test_mptcp.py::test_a_filter_for_the_process_finds_all_of_its_traffic"],
    "looks: by a list alone, as by the kernel's":
        each("test_looks.py::test_what_moves_is_told_to_the_byte", "volume=list-127.0.0.1", "looks=none-::1")
        + each("test_looks.py::test_a_list_alone_tells_all_that_the_storage_does", "127.0.0.1", "::1"),
    "a sockmap is marked":
        each("test_redirected.py::test_a_socket_in_a_sockmap_is_marked", "127.0.0.1"),
    "stat: messages, each way": each("test_messages.py::test_forced_way", "tracepoint", "fexit"),
    "stat: as ss lists them": each("test_stat.py::test_live_lists_what_ss_lists", "bpf"),
    "peek: from kernel edges": ["test_peek_bpf.py::test_success_and_reject_with_owner_and_errno"],
    "capabilities: packets of stat":
        ["test_privilege_features.py::test_net_admin_buys_the_packets_of_stat"],
    "doctor says what a run does":
        ["test_doctor.py::test_one_rung_of_each_need_is_taken_and_the_better_ones_say_why_not"],
}
# Everywhere:
ANYWHERE = {
    "netlink: every way to close":
        each("test_exact_bytes.py::test_every_way_to_close", *[f"netlink-{one}" for one in CLOSINGS]),
    "netlink: network namespaces":
        each("test_netns.py::test_same_tuple_in_two_namespaces_at_once", "netlink"),
    "netlink: stat": each("test_stat.py::test_each_counter_of_a_plain_connection", "netlink"),
    "netlink: subnet": each("test_subnet.py::test_directions_and_sides", "netlink"),
    "netlink: owner": ["test_netlink.py::test_flow_seen_in_a_look_has_owner_and_no_age"],
    "netlink: kernel filters ports":
        ["test_netlink.py::test_ports_and_family_are_filtered_by_the_kernel[127.0.0.1-words4]"],
    "netlink: ordinary user": ["test_netlink.py::test_ordinary_user[asked0]"],
    "peek: packets between namespaces":
        ["test_peek_live.py::test_success_and_reject_from_both_ends[wire]"],
    "peek: handshakes alone leave the kernel":
        ["test_peek_filter.py::test_of_a_transfer_and_many_connections_only_handshakes_arrive"],
    "peek: VLAN devices": ["test_peek_filter.py::test_vlan_devices_between_namespaces"],
    "peek: a capture file": ["test_peek_file.py::test_each_outcome_and_its_conn_state"],
    "reasons: no BTF, a container":
        ["test_reasons.py::test_no_btf", "test_reasons.py::test_seccomp_filter",
         "test_reasons.py::test_capabilities_of_a_user_namespace"],
    "capabilities: after the start":
        ["test_privilege_features.py::test_net_raw_buys_packets"],
}
# inject.c, which tries the calls in their place, knows no other machine.
if platform.machine() == "x86_64":
    KEEPS = "test_sandbox.py::test_each_command_keeps_what_it_needs"
    WITH_BPF["sandbox: bpf"] = [f"{KEEPS}[life]", f"{KEEPS}[peek --source bpf]"]
    ANYWHERE["sandbox: netlink and packets"] = [f"{KEEPS}[life --source netlink -o pid]",
                                                f"{KEEPS}[peek -i lo --rung capture=classic]"]
# Unit tests that call the kernel; does it have to run our BPF programs?
UNITS = {
    "sandbox: system calls": ("tests/unit/confine/test_syscall_filter", False),
    "peek: its socket filter reads packets": ("tests/unit/probe/test_filter_parse", True),
    "peek: its socket filter holds back no handshake": ("tests/unit/probe/test_filter_model", True),
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
    for line in lines_of(BUILD / "tests/verify", *sorted(BUILD.glob("gen/*.o"))):
        say("program", **line)
    for line in lines_of(BUILD / "tests/verify", BUILD / "tests/needs.o"):
        say("facility", **line)


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


def check_lockdown():
    """On a guest that is locked down: what is used, and whether doctor says why nothing better is."""
    lines = list(lines_of(BUILD / "tcpsight", "doctor", "--json"))
    machine = next(line for line in lines if line["type"] == "machine")
    refused = {line["need"]: line["why"] for line in lines if "why" in line}
    say("lockdown", mode=machine["lockdown"], source=machine["source"], used=run_life(),
        why=refused.get("edges", ""), needs=sorted(refused))


def check_live(tests, needs_bpf):
    """Run the tests in one pytest; the log of them all is what a failure names."""
    environment = {**os.environ, "TCPSIGHT_BUILD": str(BUILD), "TCPSIGHT": str(BUILD / "tcpsight"),
                   "PYTHONDONTWRITEBYTECODE": "1", "TCPSIGHT_PATIENCE_SEC": "60"}
    wanted = [f"{E2E}/{one}" for ids in tests.values() for one in ids]
    log = f"pytest-{'bpf' if needs_bpf else 'any'}.txt"
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=short",
                           "--durations=15", "--rootdir=/project", *wanted], env=environment,
                          capture_output=True, text=True, check=False)
    (OUT / log).write_text(done.stdout + done.stderr)
    print(f"{log}: {time.monotonic() - begin:.0f} s", flush=True)
    for name, ids in tests.items():
        found = [result for one in ids for result in
                 re.findall(rf"^(PASSED|FAILED|ERROR|SKIPPED) \S*{re.escape(one)}", done.stdout, re.M)]
        complete = all(re.search(rf"^PASSED \S*{re.escape(one)}", done.stdout, re.M) for one in ids)
        say("live", name=name, needs_bpf=needs_bpf, log=log, passed=found.count("PASSED"),
            failed=len(found) - found.count("PASSED") + (not complete))


def check_units():
    for name, (program, needs_bpf) in UNITS.items():
        done = subprocess.run([BUILD / program], capture_output=True, text=True, check=False)
        log = f"{pathlib.Path(program).name}.txt"
        (OUT / log).write_text(done.stdout + done.stderr)
        say("live", name=name, needs_bpf=needs_bpf, log=log, passed=int(done.returncode == 0),
            failed=int(done.returncode != 0))


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
    if "list" in words:
        print(*[one for tests in (WITH_BPF, ANYWHERE) for ids in tests.values() for one in ids], sep="\n")
        return
    OUT.mkdir(exist_ok=True)
    if "lockdown" in words:
        check_lockdown()
        return
    names = words[words.index("only") + 1:] if "only" in words else []
    say("kernel", release=platform.release(), machine=platform.machine())
    if not names or "programs" in names:
        check_programs()
    check_doctor()
    check_sources()
    if names:
        for tests, needs_bpf in (WITH_BPF, True), (ANYWHERE, False):
            wanted = {name: ids for name, ids in tests.items() if name in names}
            if wanted:
                check_live(wanted, needs_bpf)
        return
    if "peers" in words:
        check_tcplife()
        check_tcptop()
    if run_life() == "bpf":
        check_live(WITH_BPF, True)
    check_live(ANYWHERE, False)
    check_units()


if __name__ == "__main__":
    main(sys.argv[1:])
