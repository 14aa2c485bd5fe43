# SPDX-License-Identifier: BSD-2-Clause
"""Two namespaces with a wire that loses what it is told to, and the kernel's own count of what was sent
again, by cause."""

import collections
import contextlib
import itertools
import socket
import threading

from flows import wait_until
from sight import PATIENCE_SEC
from wire import DROP, Wire

PORT = 7300
MSS = 1448
CAUSES = [f"retrans_{name}" for name in "rto fast tlp syn zwp pmtu other".split()]
# On the time of some tasks a kernel may call no program (ARCHITECTURE.md, Loss): what is sent again there, one segment
# in a thousand on a busy machine, has no cause. No scene that check() looks at has such segments of its own.
UNSEEN_SEGS_MAX = 2
COLUMNS = ["lport", "rport", "netns", "retrans_segs", "retrans_spurious", *CAUSES]


class Watched:
    """Two namespaces, a wire between them, and `stat` that prints a row as each socket closes."""

    def __init__(self, sight, new_netns, delay_s=0.001, **sysctls):
        self.near, self.far = new_netns(), new_netns()
        for netns in self.near, self.far:
            # Loss alone shall decide; loss probes only where they are wanted.
            for name, value in {"tcp_congestion_control": "reno", "tcp_early_retrans": 0,
                                **sysctls}.items():
                netns.sysctl(f"net.ipv4.{name}", value)
        self.wire = Wire(self.near, self.far, delay_s)
        self.ports = itertools.count(PORT)
        self.tool = sight("stat", "--on-close", "--json", "-o", ",".join(COLUMNS))

    def close(self):
        self.wire.close()

    @contextlib.contextmanager
    def connected(self, family=socket.AF_INET, before=None):
        """Both ends of a connection. `before` is called with the socket that is about to connect."""
        address = Wire.far_address if family == socket.AF_INET else Wire.far_address6
        port = next(self.ports)
        with self.far.inside():
            listener = socket.create_server((address, port), family=family)
        with self.near.inside():
            client = socket.socket(family)
        with listener, client:
            client.settimeout(PATIENCE_SEC)
            listener.settimeout(PATIENCE_SEC)
            if before:
                before(client)
            client.connect((address, port))
            if before:
                client.send(b"x" * 100)
            accepted, _ = listener.accept()
            with accepted:
                accepted.settimeout(PATIENCE_SEC)
                yield client, accepted
                self.wire.fate = None
                quiet(self.near, port)
                quiet(self.far, port)

    def rows(self, connections=1):
        """Those of both ends of each connection, once all are there."""
        def find(_):
            rows = [row for row in self.tool.objects() if row.get("netns") in (self.near.inode, self.far.inode)]
            return rows if len(rows) >= 2 * connections else None

        return self.tool.wait_for(find, f"rows of {connections} connections")

    def row_of(self, netns):
        """That of the end of the only connection that is there: the other one may send its FIN again where we are slow."""
        row, = (row for row in self.rows() if row["netns"] == netns.inode)
        return row

    def kernel(self):
        """What the kernel has counted in both namespaces."""
        near, far = self.near.mib(), self.far.mib()
        return collections.Counter({name: n for name in near.keys() & far.keys() if (n := near[name] + far[name])})

    def check(self, connections=1):
        """What the rows sum up to is what the kernel counted and the wire saw. Returns the sums."""
        rows = self.rows(connections)
        for row in rows:
            assert row["retrans_segs"] == sum(row[name] for name in CAUSES), row
            assert row["retrans_spurious"] <= row["retrans_segs"], row
        sums = {name: sum(row[name] for row in rows) for name in COLUMNS[3:]}
        kernel = self.kernel()
        wire = f"the wire saw {self.wire.first} once, {self.wire.again} again, and {self.wire.fins_again} FINs"
        said = f"{sums}\n{kernel}\n{wire}"
        unseen = sums["retrans_other"]
        assert unseen <= UNSEEN_SEGS_MAX, said
        assert sums["retrans_segs"] == kernel["TcpRetransSegs"], said
        assert 0 <= kernel["TcpExtTCPFastRetrans"] - sums["retrans_fast"] <= unseen, said
        assert 0 <= kernel["TcpExtTCPSynRetrans"] - sums["retrans_syn"] <= unseen, said
        by_timer = sums["retrans_rto"] + sums["retrans_pmtu"] - kernel["TcpExtTCPSlowStartRetrans"]
        assert -unseen <= by_timer <= kernel["TcpExtTCPTimeouts"], said
        assert sums["retrans_tlp"] <= kernel["TcpExtTCPLossProbes"], said
        assert self.wire.sent_again() == sums["retrans_segs"] - kernel["TcpExtTCPSynRetrans"], said
        return sums


def quiet(netns, port):
    """Nothing in flight any more, either way."""
    wait_until(lambda: not {"unacked", "timer:(on"} & set(netns.run(
        "sh", "-c", f"ss -Htino '( sport = :{port} or dport = :{port} )' | grep -oE 'unacked|timer:.on'"
        " || true").split()), "rest")


def deliver(sender, receiver, size):
    """Write all, and read it at the other end."""
    writer = threading.Thread(target=sender.sendall, args=(b"x" * size,), daemon=True)
    writer.start()
    while size:
        got = receiver.recv(min(size, 65536))
        assert got
        size -= len(got)
    writer.join()


def first(count, wanted):
    """A fate: the first so many packets that are wanted are lost, and none after them."""
    left = itertools.count(count, -1)

    def fate(packet):
        return DROP if wanted(packet) and next(left) > 0 else None

    return fate


def held_until_sent_again(wire):
    """A fate: data is late, and not lost. It waits until some of it is sent again, and arrives before
    that, or the answer to it would be that to the repair."""
    held, arrives = [], False

    def fate(packet):
        nonlocal arrives
        if not data(packet):
            return None
        if not packet.again and not arrives:
            held.append(packet)
            return DROP
        arrives = True
        while held:
            wire.pass_on(held.pop(0))
        return 0.02 if packet.again else None

    return fate


def data(packet):
    return packet.payload and packet.from_near


def data_once(packet):
    return data(packet) and not packet.again
