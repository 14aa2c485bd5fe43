# SPDX-License-Identifier: BSD-2-Clause
"""Wait for descriptors of any number: select() refuses those from 1,024 on, which a test that holds many sockets has."""

import select


def _ready(files, events, seconds):
    poll = select.poll()
    of = {}
    for file in files:
        number = file if isinstance(file, int) else file.fileno()
        of[number] = file
        poll.register(number, events)
    return [of[number] for number, _ in poll.poll(None if seconds is None else max(0, 1000 * seconds))]


def readable(*files, seconds):
    """Those that can be read (or are at their end) after at most so long; None waits for ever."""
    return _ready(files, select.POLLIN, seconds)


def writable(*files, seconds):
    """Those that can be written (or have failed) after at most so long."""
    return _ready(files, select.POLLOUT, seconds)
