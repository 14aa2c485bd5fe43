# SPDX-License-Identifier: BSD-2-Clause
"""The two sources that watch this kernel. Tests that run on both ask here what to expect: all
exceptions of `netlink` that tcpsight(8) and tcpsight-stat(8) document stand in this file."""


class Bpf:
    """Everything is known."""

    name = "bpf"
    # Of BPF, while it runs.
    holds = frozenset({"prog", "map", "link"})
    options = ("--source", "bpf")
    # So that tens of thousands of closes in a second are told, though whoever closes takes all CPUs.
    room = ()
    # Columns of `stat` that are empty.
    unknown = frozenset()
    # A reset with SO_LINGER 0, or a connect() that failed, is a flow like any other.
    knows_erased = True
    # Of a side that closed first, in no look, and whose peer closed at once.
    may_lack_a_byte = False
    # out_segs of an accepted connection lacks so many for each SYN/ACK that was sent again.
    out_segs_short = 0
    # Flows that no look saw have an owner, an age and a handshake too.
    knows_short = True

    # The row comes when the application has closed the socket, not when TCP is through with it.
    waits_for_close = False

    @staticmethod
    def end(reason):
        return reason

    @staticmethod
    def cut_behind_fin(tx_bytes, rx_bytes):
        """Possible bytes of a side that was reset after the peer's FIN had come."""
        return {(tx_bytes, rx_bytes)}

    @staticmethod
    def bytes_of(row, side, closed_first):
        """What a row says of bytes, and what it should say."""
        del closed_first
        return (row["tx_bytes"], row["rx_bytes"]), (side.tx_bytes, side.rx_bytes)


class Netlink:
    name = "netlink"
    holds = frozenset()
    options = ("--source", "netlink")
    # A notice takes 1.3 kB until it is read: the room that there is without this holds 26,000.
    room = ("--ring", "131072")
    unknown = frozenset("messages_sent messages_received in_receives out_requests attempt_fails"
                        " out_rsts delayed_acks".split())
    knows_erased = False
    may_lack_a_byte = True
    out_segs_short = 2
    knows_short = False
    waits_for_close = True

    @staticmethod
    def end(reason):
        """Why, of orderly ends only."""
        return reason if reason == "fin" else None

    @staticmethod
    def cut_behind_fin(tx_bytes, rx_bytes):
        """The FIN counts as a byte, unless a list showed it, or it was all that came."""
        return {(tx_bytes, rx_bytes), (tx_bytes, rx_bytes + 1)}

    @staticmethod
    def bytes_of(row, side, closed_first):
        """A side that closed first may be a byte short of what it received."""
        received = row["rx_bytes"]
        if side is closed_first and received == side.rx_bytes - 1:
            received += 1
        return (row["tx_bytes"], received), (side.tx_bytes, side.rx_bytes)


BOTH = (Bpf, Netlink)
