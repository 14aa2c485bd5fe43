# SPDX-License-Identifier: BSD-2-Clause
"""Why segments were sent again, inferred from a capture at their sender: the truth is what the kernel
counted of the same connection, by cause."""

import collections
import contextlib
import json
import socket
import subprocess

import pytest
from recorder import Recorder
from resent import (CAUSES, MSS, PORT, UNSEEN_SEGS_MAX, Watched, data, data_once, deliver, first, held_until_sent_again,
                    quiet)
from sight import PROGRAM
from wire import ACK, DROP, FIN, Wire, too_big


def some_are_lost(seen, client, accepted):
    deliver(client, accepted, 20 * MSS)
    seen.wire.fate = lambda packet: DROP if data_once(packet) and packet.index % 50 in (30, 31, 40) else None
    deliver(client, accepted, 150 * MSS)
    seen.wire.fate = None


def all_are_lost(seen, client, accepted):
    seen.wire.fate = first(8, data_once)
    deliver(client, accepted, 8 * MSS)
    seen.wire.fate = None


def the_last_is_lost(seen, client, accepted, times):
    """Once: the loss probe repairs it. More often: the timer has to, and what it sends is lost too."""
    quiet(seen.near, PORT)
    last = seen.wire.first[0] + seen.wire.again[0] + 3
    left = [times]

    def fate(packet):
        if data(packet) and packet.index >= last and left[0]:
            left[0] -= 1
            return DROP
        return None

    seen.wire.fate = fate
    deliver(client, accepted, 4 * MSS)
    seen.wire.fate = None


def requests_are_lost(seen, client, accepted):
    """A probe for one request that is acknowledged with nothing behind it leaves none for the next."""
    for _ in range(3):
        quiet(seen.near, PORT)
        seen.wire.fate = first(1, data_once)
        deliver(client, accepted, 700)
        deliver(accepted, client, 700)
        seen.wire.fate = None


def answers_are_lost(seen, client, accepted):
    seen.wire.fate = first(3, lambda packet: packet.payload and not packet.from_near)
    deliver(accepted, client, 5 * MSS)
    seen.wire.fate = None


def some_come_late(seen, client, accepted):
    deliver(client, accepted, 10 * MSS)
    quiet(seen.near, PORT)
    seen.wire.fate = held_until_sent_again(seen.wire)
    deliver(client, accepted, 2 * MSS)
    seen.wire.fate = None


def the_window_closes_over_data(seen, client, accepted):
    deliver(client, accepted, 20 * MSS)
    quiet(seen.near, PORT)
    begin = seen.wire.first[0] + seen.wire.again[0]

    def fate(packet):
        if data(packet) and packet.again:
            seen.wire.fate = None
        elif data(packet) and packet.index > begin:
            return DROP
        elif not packet.from_near and packet.flags & ACK:
            return packet.with_window(0)
        return None

    seen.wire.fate = fate
    deliver(client, accepted, 5 * MSS)


def the_path_takes_less(seen, client, accepted):
    def fate(packet):
        if not data(packet) or len(packet.raw) <= 1300:
            return None
        seen.wire.answer(packet, too_big(packet, 1300))
        return DROP

    seen.wire.fate = fate
    deliver(client, accepted, 10 * MSS)
    seen.wire.fate = None


def the_fin_is_lost(seen, client, accepted):
    quiet(seen.near, PORT)
    seen.wire.fate = first(1, lambda packet: packet.from_near and packet.is_tcp and packet.flags & FIN)
    client.shutdown(socket.SHUT_WR)
    assert accepted.recv(1) == b""
    seen.wire.fate = None


def probed(times):
    def scene(seen, client, accepted):
        the_last_is_lost(seen, client, accepted, times)

    return scene


# What must have happened, or the scene shows nothing.
SCENES = {
    "lost": ([some_are_lost, answers_are_lost, all_are_lost], {"fast"}),
    "probes": ([probed(1), probed(2), probed(3), requests_are_lost, the_fin_is_lost],
               {"rto", "tlp"}),
    "probed": ([probed(1), probed(2)], {"rto", "tlp"}),
    "late": ([some_come_late, some_are_lost], {"rto", "fast", "spurious"}),
    "path": ([the_path_takes_less, the_window_closes_over_data, the_fin_is_lost], {"pmtu", "zwp"}),
}
# One way: round trips of 1 ms and 200 ms.
NEAR, FAR = 0.0005, 0.1
RUNS = {
    "lost-1ms": ("lost", NEAR, {}),
    "lost-1ms-no_sack": ("lost", NEAR, {"tcp_sack": 0}),
    "lost-200ms": ("lost", FAR, {}),
    "probes-1ms": ("probes", NEAR, {}),
    "probes-1ms-no_timestamps": ("probes", NEAR, {"tcp_timestamps": 0}),
    "probed-200ms": ("probed", FAR, {}),
    "late-1ms": ("late", NEAR, {}),
    "late-200ms-no_sack": ("late", FAR, {"tcp_sack": 0}),
    "path-1ms": ("path", NEAR, {}),
}
ALL = [*CAUSES, "retrans_spurious"]


def inferred(path, local):
    done = subprocess.run([PROGRAM, "life", "--json", "--read", path, "--local", local, "-o",
                           ",".join(["retrans", "causes_by", *ALL])],
                          capture_output=True, text=True, check=True)
    assert "inferred from packets" in done.stderr
    [row] = [json.loads(line) for line in done.stdout.splitlines() if '"retrans"' in line]
    assert row["retrans"] == sum(row[name] for name in CAUSES), row
    return row


def alike(told, real, is_late):
    """
    Where ACKs come as late as the timer, no packet tells which of the two it was that came first: of all that was
    sent again one segment may then be told as the other of the two. What no program was shown has no cause, but to
    who reads packets. Elsewhere nothing may differ.
    """
    told, real = collections.Counter(told), collections.Counter(real)
    more, less = told - real, real - told
    if set(less) == {"retrans_other"}:
        return more.total() == less.total() <= UNSEEN_SEGS_MAX
    return told == real or (is_late and {*more, *less} == {"retrans_rto", "retrans_fast"}
                            and more.total() == less.total() == 1)


@pytest.mark.parametrize("run", RUNS)
def test_causes_are_those_of_the_kernel(sight, new_netns, tmp_path, run):
    name, delay_s, sysctls = RUNS[run]
    steps, must = SCENES[name]
    with contextlib.closing(Watched(sight, new_netns, delay_s, tcp_early_retrans=3, **sysctls)) as seen:
        ends = [(seen.near, Wire.near_address), (seen.far, Wire.far_address)]
        recorders = [Recorder(netns, tmp_path / netns.name) for netns, _ in ends]
        with seen.connected() as (client, accepted):
            for step in steps:
                step(seen, client, accepted)
        rows = {row["netns"]: row for row in seen.rows()}
        for recorder in recorders:
            recorder.close()
        seen.check()
    happened = {cause for cause in must for row in rows.values() if row[f"retrans_{cause}"]}
    # Whether a step leads to its cause is the kernel's business, and a matter of moments: what it counted is the truth.
    assert happened, rows
    for netns, address in ends:
        row, told = rows[netns.inode], inferred(tmp_path / netns.name, address)
        assert told["causes_by"] == "packets", told
        assert alike({cause: told[cause] for cause in CAUSES}, {cause: row[cause] for cause in CAUSES},
                     is_late=name == "late"), (told, rows)


def test_far_from_the_sender_it_is_said_what_is_missing(sight, new_netns, tmp_path):
    with contextlib.closing(Watched(sight, new_netns, 0.01)) as seen:
        recorder = Recorder(seen.far, tmp_path / "far")
        with seen.connected() as (client, accepted):
            some_are_lost(seen, client, accepted)
        [row] = [row for row in seen.rows() if row["netns"] == seen.near.inode]
        recorder.close()
    told = inferred(tmp_path / "far", Wire.near_address)
    assert told["causes_by"] == "packets_afar" and told["retrans"] <= row["retrans_segs"], (told, row)
