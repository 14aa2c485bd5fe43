# SPDX-License-Identifier: BSD-2-Clause
"""Collectors of IPFIX that others wrote, and what passes their way."""

import contextlib
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import struct
import subprocess
import threading

from flows import wait_until
from ports import free_port
from scapy.layers.inet import IP, UDP
from scapy.layers.netflow import NetflowHeader, NetflowHeaderV5, NetflowRecordV5
from scapy.packet import Raw
from scapy.utils import wrpcap

ALL_FIELDS = r"^\t\(([\d/]+)\)[^:]*: (.*)$"
STRANGER = "192.0.2.1"
DOC = (pathlib.Path(__file__).parents[2] / "doc" / "push.md").read_text(encoding="utf-8")


def settings_of(path, **changes):
    """The lines of doc/push.md for a file of settings, with values of the test; each must stand there."""
    (block,) = re.findall(rf"^    # {path}\n((?:    [^#].*\n)+)", DOC, re.M)
    lines = "".join(line[4:] + "\n" for line in block.splitlines())
    for name, value in changes.items():
        lines, found = re.subn(rf"^{name}: .*$", f"{name}: {value}", lines, flags=re.M)
        assert found == 1, name
    return lines


def command_of(program):
    """A command of doc/push.md, as words."""
    (text,) = set(re.findall(rf"`({program} [^`]*)`", DOC))
    return shlex.split(text)


def dump(path):
    """Flow records of a file of messages as ipfixDump shows them: element to value."""
    # A message that is not whole yet ends it, with an error.
    text = subprocess.run(["ipfixDump", "--in", path], capture_output=True, text=True, check=False).stdout
    found = []
    for record in re.split(r"^--- data record", text, flags=re.M)[1:]:
        fields = dict(re.findall(ALL_FIELDS, record.split("***")[0], re.M))
        if "4" in fields:
            found.append(fields)
    return found


class Stream:
    """A TCP collector that keeps what comes, connection by connection. `tls`: a context for it; `cuts`: after so
    many bytes each of the first connections is reset."""

    def __init__(self, server, tls=None, cuts=()):
        self.tls, self.cuts = tls, list(cuts)
        self.server, self.connections, self.ended, self.refused = server, [], 0, 0
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                if self.tls:
                    try:
                        connection = self.tls.wrap_socket(connection, server_side=True)
                    except OSError:
                        self.refused += 1
                        continue
                self.take(connection)

    def take(self, connection):
        limit = self.cuts.pop(0) if self.cuts else None
        data = bytearray()
        self.connections.append(data)
        with connection, contextlib.suppress(ConnectionResetError):
            while limit is None or len(data) < limit:
                chunk = connection.recv(65536 if limit is None else limit - len(data))
                if not chunk:
                    break
                data += chunk
            else:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.ended += 1

    def port(self):
        return self.server.getsockname()[1]

    @property
    def where(self):
        return f"tcp:127.0.0.1:{self.port()}"

    def records(self, tmp_path):
        """Flow records as ipfixDump shows them: element to value."""
        wait_until(lambda: self.ended and self.ended == len(self.connections), "end of the stream")
        return self.records_so_far(tmp_path)

    def records_so_far(self, tmp_path):
        found = []
        for data in list(self.connections):
            path = tmp_path / "stream.ipfix"
            # A copy: what is written out cannot grow meanwhile, and that would end serve().
            path.write_bytes(bytes(data))
            found += dump(path)
        return found


class Daemon:
    """A collector of UDP on a port of its own."""

    def __init__(self, port, *command):
        self.port = port
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        start_new_session=True)
        wait_until(self.listens, command[0])

    def listens(self):
        return f":{self.port} " in subprocess.run(["ss", "-Huln"], capture_output=True, text=True,
                                                  check=True).stdout

    def end(self, number=signal.SIGTERM):
        """What it says of itself."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=30)[0]

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


class Nfcapd(Daemon):
    """nfcapd and nfdump, called as doc/push.md says."""

    def __init__(self, folder):
        self.folder = folder
        port = free_port()
        changed = {"4739": str(port), "/var/lib/flows": str(folder)}
        super().__init__(port, *(changed.get(word, word) for word in command_of("nfcapd")), "-t", "3600")

    def flows(self):
        """Of each source and its port, destination and its port, octets, reverse octets."""
        words = [str(self.folder) if word == "/var/lib/flows" else word for word in command_of("nfdump")]
        text = subprocess.run([*words, "-q"], capture_output=True, text=True, check=True).stdout
        return [line.split() for line in text.splitlines() if line.strip()]


class Nfacctd(Daemon):
    """pmacct's collector, with the settings of doc/push.md."""

    def __init__(self, folder):
        self.rows = folder / "rows"
        port = free_port()
        (folder / "primitives").write_text(settings_of("/etc/pmacct/primitives"))
        (folder / "conf").write_text(settings_of(
            "/etc/pmacct/nfacctd.conf", nfacctd_port=port, aggregate_primitives=folder / "primitives",
            print_output_file=self.rows))
        super().__init__(port, "nfacctd", "-f", folder / "conf")

    def wake(self):
        """Its core tells its plugin of rows only if the plugin sleeps: what came before that slept for the first time,
        while it made its tables, or in the moment in which it falls asleep, lies there until the next datagram."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.sendto(bytes(NetflowHeader(version=5) / NetflowHeaderV5(count=1) / NetflowRecordV5(
                src=STRANGER, dst=STRANGER, dpkts=1, dOctets=40)), ("127.0.0.1", self.port))

    def wait_rows(self, count):
        """So many rows of others than wake()."""
        def so_far():
            lines = self.rows.read_text().splitlines(keepends=True) if self.rows.exists() else []
            rows = [json.loads(line) for line in lines if line.endswith("\n")]
            return [row for row in rows if row["ip_src"] != STRANGER]

        def whole():
            self.wake()
            found = so_far()
            return len(found) >= count and found
        return wait_until(whole, lambda: f"{count} rows of nfacctd, but {len(so_far())}: {self.end()}", pause_sec=1)


class Tee:
    """Takes datagrams, keeps them, and sends each on to others."""

    def __init__(self, *ports):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.where = f"udp:127.0.0.1:{self.socket.getsockname()[1]}"
        self.ports, self.messages = ports, []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while message := self.socket.recv(65536):
            self.messages.append(message)
            for port in self.ports:
                self.socket.sendto(message, ("127.0.0.1", port))

    def end(self):
        """All that was sent to it before has been taken."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self.thread.join(30)
        self.socket.close()

    def file(self, path):
        path.write_bytes(b"".join(self.messages))
        return path

    def pcap(self, folder):
        path = folder / "tee.pcap"
        wrpcap(str(path), [IP(src="127.0.0.1", dst="127.0.0.1") / UDP(sport=9, dport=4739) / Raw(message)
                           for message in self.messages])
        return path

    def tshark(self, folder):
        """Of each flow source port, destination port, octets and reverse octets; nothing may be malformed."""
        path = self.pcap(folder)

        def ask(*words):
            return subprocess.run(["tshark", "-r", path, "-d", "udp.port==4739,cflow", *words], check=True,
                                  capture_output=True, text=True).stdout
        assert not ask("-Y", "_ws.malformed || _ws.expert.severity >= 6291456")
        found = []
        for line in ask("-T", "fields", "-e", "cflow.srcport", "-e", "cflow.dstport", "-e",
                        "cflow.octets").splitlines():
            sources, destinations, octets = (
                list(map(int, cell.split(","))) if cell else [] for cell in line.split("\t"))
            assert len(octets) == 2 * len(sources) == 2 * len(destinations)
            found += zip(sources, destinations, octets[::2], octets[1::2])
        return found


def rows_of(path):
    return [row for row in map(json.loads, path.read_text().splitlines()) if row.get("type") != "summary"]


def biflow_of(row):
    """Source, destination, octets and reverse octets of a row of life."""
    local, remote = (row["laddr"], row["lport"]), (row["raddr"], row["rport"])
    if row["role"] == "accept":
        return *remote, *local, row["rx_bytes"], row["tx_bytes"]
    return *local, *remote, row["tx_bytes"], row["rx_bytes"]
