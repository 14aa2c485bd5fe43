# SPDX-License-Identifier: BSD-2-Clause
"""Connections with holes, forged segments, unusual ends, and half of the packets: what was sent is known.

Each is made with either side in its active part (`a`, the other is `b`), and says what both sent, what of
that reached the other, and how it ended.
"""

from capture import Wire
from scapy.all import TCP

FAR = 500_000_000


class Scene:
    """What became of a wire: bytes by side."""

    def __init__(self, wire, sent, received=None, end="fin"):
        self.wire, self.sent, self.end = wire, sent, end
        self.received = received or sent  # what was sent by a side and reached the other

    def row(self):
        """What `life` must say from the client's side."""
        end = self.end if isinstance(self.end, str) or self.end is None else \
            "reset_sent" if self.end == 0 else "reset_received"
        return self.sent[0], self.received[1], end


def talk(wire, t, a, ask=100, answer=1000):
    """One asks, and is answered; all is acknowledged."""
    b = 1 - a
    wire.send(t, a, "PA", b"q" * ask)
    wire.send(t + 0.001, b, "A")
    wire.send(t + 0.002, b, "PA", b"a" * answer)
    wire.send(t + 0.003, a, "A")


def close(wire, t, a):
    wire.send(t, a, "FA")
    wire.send(t + 0.001, 1 - a, "FA")
    wire.send(t + 0.002, a, "A")


def by(a, of_a, of_b):
    """In the order of the sides."""
    return (of_a, of_b) if a == 0 else (of_b, of_a)


def scene_hole(wire, t, a):
    """1.9 GB of the answer were not captured."""
    talk(wire.open(t), t + 1, a)
    wire.next[1 - a] += 1_900_000_000
    talk(wire, t + 20, a)
    close(wire, t + 21, a)
    return Scene(wire, by(a, 200, 1_900_002_000))


def scene_hole_seen_in_acks(wire, t, a):
    """Nor was what follows it, but for its ACKs."""
    talk(wire.open(t), t + 1, a)
    wire.next[1 - a] += 1_250_000_000
    wire.send(t + 20, a, "A")
    wire.next[1 - a] += 1000
    wire.send(t + 20.1, a, "A")
    close(wire, t + 21, a)
    return Scene(wire, by(a, 100, 1_250_002_000))


def scene_holes_both_ways(wire, t, a):
    talk(wire.open(t), t + 1, a)
    wire.next = [n + 1_200_000_000 for n in wire.next]
    talk(wire, t + 20, a)
    close(wire, t + 21, a)
    return Scene(wire, by(a, 1_200_000_200, 1_200_002_000))


def scene_far_segment(wire, t, a):
    talk(wire.open(t), t + 1, a)
    wire.send(t + 2, a, "PA", b"f" * 100, seq=wire.next[a] + FAR, repeat=True)
    talk(wire, t + 2.1, a)
    close(wire, t + 3, a)
    return Scene(wire, by(a, 200, 2000))


def scene_far_fin_and_ack(wire, t, a):
    talk(wire.open(t), t + 1, a)
    wire.send(t + 2, a, "FA", seq=wire.next[a] + FAR, repeat=True)
    wire.send(t + 2.05, a, "A", ack=wire.next[1 - a] + FAR, repeat=True)
    talk(wire, t + 2.1, a)
    close(wire, t + 3, a)
    return Scene(wire, by(a, 200, 2000))


def scene_far_reset(wire, t, a):
    talk(wire.open(t), t + 1, a)
    wire.send(t + 2, a, "R", seq=wire.next[a] + FAR, repeat=True)
    talk(wire, t + 2.1, a)
    close(wire, t + 3, a)
    return Scene(wire, by(a, 200, 2000))


def scene_in_window_reset(wire, t, a):
    """RFC 5961: it is challenged, and its sender knows nothing of it."""
    talk(wire.open(t), t + 1, a)
    wire.send(t + 2, a, "R", seq=wire.next[a] + 3000, repeat=True)
    wire.send(t + 2.001, 1 - a, "A")
    talk(wire, t + 2.01, a)
    close(wire, t + 3, a)
    return Scene(wire, by(a, 200, 2000))


def scene_foreign_syn(wire, t, a):
    talk(wire.open(t), t + 1, a)
    wire.send(t + 2, a, "S", seq=77_777_777, repeat=True)
    wire.send(t + 2.001, 1 - a, "A")
    talk(wire, t + 2.01, 0)
    talk(wire, t + 2.02, 1)
    close(wire, t + 3, a)
    return Scene(wire, (200 + 1000, 2000 + 100) if a == 0 else (1000 + 100 + 1000, 100 + 1000 + 100))


def scene_reset_acknowledges(wire, t, a):
    wire.open(t)
    wire.send(t + 1, a, "PA", b"q" * 100)
    wire.send(t + 1.001, 1 - a, "A")
    wire.send(t + 1.002, 1 - a, "PA", b"a" * 1000)
    wire.send(t + 1.003, a, "RA")
    return Scene(wire, by(a, 100, 1000), end=a)


def scene_reset_of_a_closed_socket(wire, t, a):
    """It proves nothing about what it answers."""
    wire.open(t)
    wire.send(t + 1, a, "PA", b"q" * 100)
    wire.send(t + 1.001, 1 - a, "A")
    wire.send(t + 1.002, 1 - a, "PA", b"a" * 1000)
    wire.send(t + 1.003, a, "R")
    return Scene(wire, by(a, 100, 1000), by(a, 100, 0), end=a)


def scene_data_before_reset(wire, t, a):
    wire.open(t)
    wire.send(t + 1, a, "PA", b"q" * 100)
    wire.send(t + 1.001, a, "RA")
    wire.send(t + 1.002, 1 - a, "A")
    wire.send(t + 1.003, a, "R")
    return Scene(wire, by(a, 100, 0), end=a)


def scene_data_sent_again_before_reset(wire, t, a):
    """In vain."""
    wire.open(t)
    for again in range(3):
        wire.send(t + 1 + again, a, "PA", b"q" * 100, seq=wire.next[a], repeat=True)
    wire.next[a] += 100
    wire.send(t + 5, a, "RA")
    return Scene(wire, by(a, 100, 0), (0, 0), end=a)


def scene_reset_crosses_data(wire, t, a):
    """And what is written before it is known counts."""
    wire.open(t)
    wire.send(t + 1, 1 - a, "PA", b"q" * 100)
    wire.send(t + 1.001, a, "RA")
    wire.send(t + 1.002, 1 - a, "PA", b"q" * 1000)
    wire.send(t + 1.003, a, "R")
    return Scene(wire, by(a, 0, 1100), by(a, 0, 100), end=a)


def scene_reset_after_what_was_lost(wire, t, a):
    talk(wire.open(t), t + 1, 1 - a)
    wire.send(t + 2, a, "R", seq=wire.next[a] + 500)
    return Scene(wire, by(a, 1000, 100), end=a)


def scene_last_ack_lost(wire, t, a):
    talk(wire.open(t), t + 1, a)
    wire.send(t + 2, a, "FA")
    wire.send(t + 2.001, 1 - a, "FA")
    return Scene(wire, by(a, 100, 1000))


def scene_data_with_the_handshake(wire, t, a):
    """In the SYN/ACK, and if the client is active in the SYN too, which the server takes."""
    wire.send(t, 0, "S", b"f" * 50 if a == 0 else b"")
    wire.next[0] += 0
    wire.send(t + 0.01, 1, "SA", b"b" * 110)
    wire.send(t + 0.011, 0, "A")
    talk(wire, t + 1, 0)
    close(wire, t + 2, a)
    return Scene(wire, (150 if a == 0 else 100, 1110))


def scene_only_one_way(wire, t, a):
    """Asymmetric routing: nothing of the other side was captured."""
    talk(wire.open(t), t + 1, 0)
    close(wire, t + 2, a)
    wire.packets = [p for p in wire.packets if p[TCP].sport == wire.ends[a][1]]
    return Scene(wire, (100, 1000))


def scene_from_the_middle(wire, t, a):
    wire.next = [n + 1 for n in wire.next]
    talk(wire, t, a)
    close(wire, t + 1, a)
    return Scene(wire, by(a, 100, 1000))


def scene_open_at_the_end(wire, t, a):
    """Some time before the end of the file, a reader would have given it up."""
    talk(wire.open(t), t + 1, a)
    wire.send(t + 2, a, "PA", b"u" * 30)
    return Scene(wire, by(a, 130, 1000), by(a, 100, 1000), end=None)


SCENES = {name.removeprefix("scene_"): scene for name, scene in globals().items() if name.startswith("scene_")}


def scenes(**ends):
    """All of them, with either side active, a minute and more apart."""
    made = {}
    for number, (name, scene) in enumerate(SCENES.items()):
        for a in (0, 1):
            port = 40000 + 2 * number + a
            wire = Wire(sport=port, isn=(4_000_000_000, 1_000_000_000 + port), **ends)
            made[port] = name, a, scene(wire, 200 * number + 100 * a, a)
    return made


def seen(row):
    return row["tx_bytes"], row["rx_bytes"], row["end_reason"]
