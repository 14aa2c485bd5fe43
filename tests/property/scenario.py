# SPDX-License-Identifier: BSD-2-Clause
"""Event files from a seed, in the words of `--read`, with what they say kept beside them.

A scenario has what a kernel does to us: flows that open, move and close, that were there before us,
readings that are torn (less than the one before, or more than the next) or come twice, ids that are
used again, owners that change, resets, handshakes, listeners, long silences, and events on, just
before and just after the end of an interval. It is a pure function of its seed and profile.
"""

import random

# Counters that only grow, and how much at once; bytes first, since without them there is no row.
SUMS = {
    "tx": 1 << 20, "rx": 1 << 20, "acked": 1 << 20, "bytes_retrans": 1 << 14, "retrans": 12,
    "segs_in": 800, "segs_out": 800, "writes": 90, "reads": 90, "packets_in": 500,
    "packets_out": 500, "delayed_acks": 9, "busy": 900_000,
}
GAUGES = {"srtt": 90_000, "min_rtt": 9_000, "cwnd": 500, "recv_q": 70_000, "send_q": 70_000}
COMMS = ["curl", "nginx", "a,b", "post\"gres", "node"]
OWNERS = ["listen", "connect", "accept", "files", "close"]
STATES = ["established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2", "close_wait", "last_ack",
          "closing", "established", "established"]
ENDS = ["fin", "reset_sent", "reset_received", "timeout", "refused", "unreachable", "aborted"]
OUTCOMES = ["established", "rejected", "aborted", "unreachable", "timed_out", "superseded",
            "overflow", "gone", "not_sent", "listen_drop"]
SECOND = 1_000_000_000
START = 5 * SECOND


class Flow:
    """One flow from its first line to its last, and what a run must make of it."""

    def __init__(self, number, lport, is_adopted):
        self.id, self.lport, self.is_adopted = number, lport, is_adopted
        self.is_listener = False
        self.now = dict.fromkeys(SUMS, 0)  # the truth
        self.first = None  # of an adopted flow: what it had moved before us
        self.base = None   # what the first reading that was kept is measured from
        self.said = dict.fromkeys(SUMS, 0)  # by the lines so far
        self.told = dict.fromkeys(SUMS, 0)  # as read last, of readings that were kept
        self.is_closed = False

    def moved(self, name):
        """Since we knew of it."""
        return self.now[name] - (self.first or {}).get(name, 0)

    def shown(self, name):
        """Of that, what a run can show: the rest found the table full."""
        return self.told[name] - (self.base or {}).get(name, 0)


class Scenario:
    """`lines` for --read; `max_flows` for --max-flows; `flows` and `refused` for what must be shown."""

    file, watch = "events", []

    def __init__(self, seed, profile="any"):
        self.chance = random.Random(f"{profile}/{seed}")
        self.lines, self.flows, self.live, self.free_ids = [], [], [], []
        self.time_ns = START
        self.table, self.peak, self.refused = set(), 0, 0
        self.next_id, self.next_port = 1, 1024
        self.torn_up = 200 if profile == "any" else 0
        self.others = profile == "any"  # what is no flow's
        self.limit = self.chance.choice([3, 8, 17]) if profile == "full" else None
        self.lines.append("clock 2026-11-21T09:00:00Z")
        if profile == "long":
            self.limit = 16
            self.make_many(10 * self.limit)
        else:
            for _ in range(self.chance.choice([8, 30, 60, 120]) * (2 if self.limit else 1)):
                self.step()
        for flow in self.live if not self.torn_up else []:
            self.read(flow, flow.now)
        # Rows of an interval may be more than this; flows at a time are not, unless it is asked for.
        self.max_flows = self.limit or max(1, self.peak + self.chance.choice([0, 0, 1, 100]))

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"

    @property
    def data(self):
        return self.text.encode("ascii")

    # One step of many kinds.

    def step(self):
        kinds = [(self.open, 12), (self.sample, 30), (self.close, 10), (self.wait, 14)]
        if self.others:
            kinds += [(self.repeat, 4), (self.owner, 3), (self.reset, 3), (self.handshake, 3),
                      (self.stray, 1), (self.clock_goes_on, 2)]
        actions, weights = zip(*kinds)
        self.chance.choices(actions, weights)[0]()
        self.time_ns += self.chance.choice([0, 1, 999, 1000, 40_000_000, 170_000_000])

    def make_many(self, closes):
        """Flows that come and go within one long interval, and some that stay."""
        stay = []
        for _ in range(4):
            self.open()
            stay.append(self.live.pop())
        while closes:
            while len(self.live) < 8:
                self.open()
            self.sample()
            self.close()
            closes -= 1
            self.time_ns += 70_000_000
        self.live += stay
        for _ in range(6):
            self.sample()

    def wait(self):
        """To a moment near the end of an interval, or far away."""
        second = (self.time_ns - START) // SECOND + self.chance.choice([1, 1, 1, 2, 3, 5, 10])
        if self.chance.random() < 0.05:
            second += self.chance.choice([59, 61, 62, 200, 86_400])
        self.time_ns = START + second * SECOND + self.chance.choice([-1000, -1, 0, 0, 1, 1000])

    # What the lines say.

    def emit(self, kind, number, words):
        at = f"{self.time_ns // SECOND}.{self.time_ns % SECOND:09d}"
        self.lines.append(" ".join([at, kind, str(number), *(f"{k}={v}" for k, v in words.items())]))

    def keep(self, flow, reading, is_close=False):
        """The engine's table, as its contract says: who finds no place is told of when it closes."""
        if is_close:
            self.table.discard(flow.id)
        elif flow.id in self.table or self.limit is None or len(self.table) < self.limit:
            self.table.add(flow.id)
            self.peak = max(self.peak, len(self.table))
        else:
            self.refused += 1
            return
        if flow.base is None:
            flow.base = dict(reading) if flow.is_adopted else dict.fromkeys(SUMS, 0)
        flow.told = dict(reading)

    def grow(self, flow, chance=0.7):
        for name, most in SUMS.items():
            if self.chance.random() < chance * 0.5:
                flow.now[name] += self.chance.randint(0, most)

    def reading(self, flow):
        """What is read of the flow's counters: the truth, or one that was torn by a segment."""
        read = dict(flow.now)
        if self.chance.random() < 0.25:
            for name in self.chance.sample(list(SUMS), 3):
                least = (flow.first or {}).get(name, 0)
                read[name] = max(least, read[name] + self.chance.randint(-2000, self.torn_up))
        return read

    def words_of(self, flow, read):
        """What a line has to say for the flow's counters to be these: earlier lines hold still."""
        words = {k: v for k, v in read.items() if v != flow.said[k] or self.chance.random() < 0.1}
        flow.said = dict(read)
        return words

    def gauges(self):
        return {name: self.chance.randint(0, most) for name, most in GAUGES.items()
                if self.chance.random() < 0.3}

    def ident(self, flow, family, role):
        c = self.chance
        if family == 6:
            ends = f"[2001:db8::{c.randint(1, 4)}]", f"[2001:db8:{c.randint(0, 2)}::{c.randint(1, 9):x}]"
        else:
            ends = (f"{c.choice(['10.0.0.1', '127.0.0.1', '192.0.2.9'])}",
                    f"{c.choice(['10.0.0', '10.1.7', '198.51.100'])}.{c.randint(1, 6)}")
        words = {"local": f"{ends[0]}:{flow.lport}", "role": role,
                 "remote": f"{ends[1]}:{c.choice([80, 443, 5432, c.randint(1024, 65535)])}"}
        if c.random() < 0.8:
            words |= {"pid": c.randint(1, 5), "owner": c.choice(OWNERS), "comm": c.choice(COMMS)}
            words["thread"] = c.choice(COMMS)
        if c.random() < 0.3:
            words |= {"uid": c.choice([0, 1000]), "netns": c.choice([4026531840, 4026532385])}
        if c.random() < 0.5:
            words["handshake"] = c.randint(0, 50_000)
        return words

    def open(self):
        c = self.chance
        is_adopted = c.random() < 0.25
        number = self.free_ids.pop(c.randrange(len(self.free_ids))) \
            if self.free_ids and c.random() < 0.5 else self.next_id
        self.next_id += number == self.next_id
        flow = Flow(number, self.next_port, is_adopted)
        self.next_port += 1
        role = c.choice(["connect", "accept", "unknown"])
        flow.is_listener = self.others and c.random() < 0.08
        words = self.ident(flow, c.choice([4, 4, 6]), "listen" if flow.is_listener else role)
        words["state"] = "listen" if flow.is_listener else c.choice(STATES)
        if is_adopted:
            self.grow(flow, 1.5)
            flow.first = dict(flow.now)
            words |= {"seen": "adopted"} | self.words_of(flow, flow.now)
        else:
            words |= {"opened": f"{(self.time_ns - c.randint(0, SECOND)) / SECOND:.9f}"}
            if c.random() < 0.7:
                words["established"] = words["opened"]
            if self.others and c.random() < 0.1:
                words["seen"] = "late"
        if flow.is_listener:
            words |= {"drops": c.randint(0, 9), "backlog": 1, "backlog_max": 5}
        self.emit(c.choice(["open", "open", "sample"]), number, words)
        self.keep(flow, flow.now)
        self.flows.append(flow)
        self.live.append(flow)

    def sample(self):
        if not self.live:
            self.open()
            return
        flow = self.chance.choice(self.live)
        self.grow(flow)
        self.read(flow, self.reading(flow))

    def read(self, flow, read):
        words = self.words_of(flow, read) | self.gauges()
        if flow.is_listener:
            words["drops"] = self.chance.randint(0, 99)
        elif self.others and self.chance.random() < 0.15:
            words["state"] = self.chance.choice(STATES)
        self.emit("sample", flow.id, words)
        self.keep(flow, read)

    def close(self):
        if not self.live:
            return
        flow = self.live.pop(self.chance.randrange(len(self.live)))
        if self.chance.random() < 0.6:
            self.grow(flow)
        read = self.reading(flow) if self.torn_up else dict(flow.now)
        words = self.words_of(flow, read) | self.gauges()
        if self.chance.random() < 0.9:
            words["end"] = self.chance.choice(ENDS)
        if self.chance.random() < 0.2:
            words["error"] = self.chance.choice([104, 110, 111])
        self.emit("close", flow.id, words)
        self.keep(flow, read, is_close=True)
        flow.is_closed = True
        self.free_ids.append(flow.id)

    def repeat(self):
        """A reading that says nothing new."""
        if self.live:
            self.emit("sample", self.chance.choice(self.live).id, {})

    def owner(self):
        """A socket changes hands; the rest of its ident may come to be known, too."""
        if self.live:
            c = self.chance
            words = {"pid": c.randint(1, 9), "owner": c.choice(OWNERS), "comm": c.choice(COMMS)}
            if c.random() < 0.2:
                words["remote"] = f"10.0.0.{c.randint(1, 9)}:80"
            self.emit("sample", c.choice(self.live).id, words)

    def reset(self):
        """Of a flow that is there, of one that has closed, of none."""
        numbers = [flow.id for flow in self.live] + self.free_ids[-1:]
        if numbers:
            self.emit("reset", self.chance.choice(numbers),
                      {"state": self.chance.choice(["established", "close"])})

    def handshake(self):
        c = self.chance
        words = {"role": c.choice(["connect", "accept"]), "local": f"10.0.0.1:{c.randint(1, 65535)}",
                 "remote": f"10.0.0.{c.randint(2, 5)}:{c.choice([80, 443, 22])}",
                 "outcome": c.choice(OUTCOMES), "direction": c.choice(["rx", "tx", "both"]),
                 "started": f"{(self.time_ns - c.randint(0, SECOND)) / SECOND:.6f}",
                 "dup_syn": c.randint(0, 3), "conn_state": "S1"}
        self.emit("handshake", 900_000 + c.randint(1, 99), words)

    def stray(self):
        """A reading of a flow of which nothing else is known: its opening was lost."""
        flow = Flow(500_000 + self.next_port, self.next_port, False)
        self.next_port += 1
        self.emit("sample", flow.id, {"tx": 77})
        self.keep(flow, flow.now | {"tx": 77})

    def clock_goes_on(self):
        at = f"{self.time_ns // SECOND}.{self.time_ns % SECOND:09d}"
        self.lines.append(f"{at} time")
