# SPDX-License-Identifier: BSD-2-Clause
"""What the screen reads of live flows: also of those that moved nothing, and not all of each where many move."""

import contextlib
import itertools
import socket
import threading

import pytest

PAIRS = 600
WRITE_EACH_S = 0.4
WRITE_BYTES = 2048
RECEIVE_BUFFER = 32768


def connect_pairs(stack, netns, count, receive_buffer):
    """Connections over loopback in `netns`: [(who connected, who accepted and reads nothing)]."""
    with netns.inside(), socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        pairs = []
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(server.getsockname()))
            client.setblocking(False)
            pairs.append((client, stack.enter_context(server.accept()[0])))
        return pairs


def test_who_is_stuck_after_its_last_write_is_told(screen, privileged, netns):
    """Once the peer's window is closed no counter moves any more, and one reading says nothing of a window."""
    term = screen("top", "--netns", netns.name, size=(120, 24))
    term.wait("LIVE")
    with contextlib.ExitStack() as stack:
        client, accepted = connect_pairs(stack, netns, 1, 8192)[0]
        with contextlib.suppress(BlockingIOError):
            for _ in itertools.count():
                client.send(b"x" * 4096)
        term.wait("zero_window")
        term.wait("reader_slow")
        # What is under way arrives, and it is seen that nothing waits any more.
        accepted.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            while accepted.recv(1 << 20):
                pass
        term.script(["gone:zero_window", "gone:reader_slow"])


def test_where_many_move_each_is_judged_in_its_turn(screen, privileged, netns, many_files):
    """More move in an interval than are read whole; whose application reads nothing is told of all the same."""
    done = threading.Event()

    def write(pairs):
        while not done.wait(WRITE_EACH_S):
            for client, _ in pairs:
                with contextlib.suppress(BlockingIOError):
                    client.send(b"x" * WRITE_BYTES)

    with contextlib.ExitStack() as stack:
        pairs = connect_pairs(stack, netns, PAIRS, RECEIVE_BUFFER)
        writer = threading.Thread(target=write, args=(pairs,))
        term = screen("top", "--netns", netns.name, "--where", "verdict reader_slow", size=(120, 24))
        term.wait(f"0 of {2 * PAIRS:,}")
        writer.start()
        try:
            term.wait(f"{PAIRS:,} of {2 * PAIRS:,}")
        finally:
            done.set()
            writer.join()
