# SPDX-License-Identifier: BSD-2-Clause
"""Captures all packets of a TUN device to a file, with the kernel's stamps: not one may be missing."""

import contextlib
import socket
import struct
import threading

from ready import readable

ETH_P_ALL, SOL_PACKET, PACKET_STATISTICS = 3, 263, 6
SO_TIMESTAMPNS, SO_RCVBUFFORCE = 35, 33
LINKTYPE_RAW, NANOSECONDS = 101, 0xA1B23C4D
ROOM = 64 << 20
CAPTURED = 160


class Recorder:
    """Of the device `name` in a namespace, from now on."""

    def __init__(self, netns, path, name="wire"):
        with netns.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
            self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.socket.bind((name, ETH_P_ALL))
        self.socket.setblocking(False)
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", NANOSECONDS, 2, 4, 0, 0, CAPTURED, LINKTYPE_RAW))
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _take(self):
        """All that waits."""
        with contextlib.suppress(BlockingIOError):
            while True:
                data, ancillary, _, _ = self.socket.recvmsg(65536, 64)
                [(_, _, stamp)] = ancillary
                sec, ns = struct.unpack("qq", stamp[:16])
                head = struct.pack("<IIII", sec, ns, min(len(data), CAPTURED), len(data))
                self.file.write(head + data[:CAPTURED])

    def _run(self):
        while not self.over.is_set():
            readable(self.socket, seconds=0.05)
            self._take()

    def close(self):
        """What was sent before is in the file then."""
        self.over.set()
        self.thread.join()
        self._take()
        seen = self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        self.socket.close()
        self.file.close()
        assert struct.unpack("II", seen)[1] == 0, "packets were lost"
