# SPDX-License-Identifier: BSD-2-Clause
"""Programs whose TCP sockets change hands, or never connect: actors.py SCENARIO [ARG]...

Each prints JSON lines about the two ends of its flow, {"client": {...}, "server": {...}}, and waits
for a line on stdin before the flow ends. Run by flows.actor().
"""

import ctypes
import json
import os
import platform
import signal
import socket
import struct
import sys
import threading
import time

from acting import (PAYLOAD, PAYLOAD_BYTES, end_of, fork, name_self, other_end, say, step,
                    wait_for_comm)
from attempts import (abandon_connect, ask_connect, connect_from_taken_port, no_port_left,
                      try_connect)
from ready import readable

IPPROTO_MPTCP = 262


def serve_one(sock, control):
    """A worker's share: take the payload, say so, close when told to or at end of file."""
    sock.recv(len(PAYLOAD), socket.MSG_WAITALL)
    control.send(b"got")
    readable(sock, control, seconds=None)
    sock.close()


def prefork_worker(listener, control):
    name_self("tcp-worker")
    serve_one(listener.accept()[0], control)


def passed_worker(channel, control):
    name_self("tcp-worker")
    _, fds, _, _ = socket.recv_fds(channel, 1, 1)
    serve_one(socket.socket(fileno=fds[0]), control)


def inetd_worker(sock, control):
    control.send(b"got")
    os.dup2(sock.fileno(), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execvp("cat", ["cat"])


def listening_parent(kind, control, worker_control):
    """Owns the listener; the connection ends up with a worker, of which this tells the PID."""
    name_self("tcp-parent")
    listener = socket.create_server(("127.0.0.1", 0))
    ours, theirs = socket.socketpair()
    workers = {"prefork": (prefork_worker, listener), "passed": (passed_worker, theirs)}
    worker = fork(*workers[kind], worker_control) if kind in workers else 0
    control.send(json.dumps([os.getpid(), worker, listener.getsockname()[1]]).encode())
    if kind != "prefork":
        sock, _ = listener.accept()
        if kind == "passed":
            socket.send_fds(ours, [b"x"], [sock.fileno()])
        else:
            control.send(str(fork(inetd_worker, sock, worker_control)).encode())
        sock.close()
        # Whoever closes last is who closed it: the worker, only once the parent has let go.
        control.send(b"let go")
    signal.pause()


def handed_over(kind, first):
    """A server whose parent listens and whose worker serves; `first` closes first, reset: rudely."""
    name_self("tcp-client")
    control, parent_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    worker_control, worker_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fork(listening_parent, kind, parent_end, worker_end)
    parent, worker, port = json.loads(control.recv(100))
    client = socket.create_connection(("127.0.0.1", port))
    if kind == "inetd":
        worker = int(control.recv(100))
    if kind != "prefork":
        control.recv(100)
    client.send(PAYLOAD)
    worker_control.recv(10)
    if kind == "inetd":
        wait_for_comm(worker, "cat")
    mine = end_of(client, os.getpid(), "tcp-client")
    theirs = other_end(mine, worker, "cat" if kind == "inetd" else "tcp-worker")
    say(client=mine, server=theirs, parent=parent)
    step()
    if first == "server":
        worker_control.send(b"close")
        client.recv(1)
    if first == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    say(closed=True)
    step()


def speak(sock):
    """Move a byte now and then, so that the flow has rows."""
    while True:
        sock.send(b"x")
        time.sleep(0.1)


def passed_worker_that_speaks(channel):
    name_self("tcp-worker")
    _, fds, _, _ = socket.recv_fds(channel, 1, 1)
    speak(socket.socket(fileno=fds[0]))


def handed_on():
    """An old connection, whose server's end goes to a worker when told to, and nothing else happens."""
    name_self("tcp-parent")
    listener = socket.create_server(("127.0.0.1", 0))
    ours, theirs = socket.socketpair()
    worker = fork(passed_worker_that_speaks, theirs)
    client = socket.create_connection(listener.getsockname())
    sock, _ = listener.accept()
    mine = end_of(client, os.getpid(), "tcp-parent")
    say(client=mine, server=other_end(mine, worker, "tcp-worker"))
    step()
    socket.send_fds(ours, [b"x"], [sock.fileno()])
    sock.close()
    say(passed=True)
    step()


def client_exec():
    """A client that becomes another program while its connection is open."""
    name_self("tcp-server")
    listener = socket.create_server(("127.0.0.1", 0))

    def become_cat():
        sock = socket.create_connection(listener.getsockname())
        sock.send(PAYLOAD)
        os.dup2(sock.fileno(), 0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execvp("cat", ["cat"])

    client = fork(become_cat)
    sock, _ = listener.accept()
    sock.recv(len(PAYLOAD), socket.MSG_WAITALL)
    wait_for_comm(client, "cat")
    mine = end_of(sock, os.getpid(), "tcp-server")
    say(client=other_end(mine, client, "cat"), server=mine)
    step()
    sock.close()
    os.waitpid(client, 0)
    say(closed=True)
    step()


def client_thread():
    """A client whose connection is made and closed by a thread with a name of its own."""
    name_self("tcp-process")
    listener = socket.create_server(("127.0.0.1", 0))

    def connect():
        name_self("tcp-thread")
        with socket.create_connection(listener.getsockname()) as sock:
            sock.send(PAYLOAD)
            server, _ = listener.accept()
            mine = end_of(sock, os.getpid(), "tcp-process")
        server.close()
        say(client=mine, server=other_end(mine, os.getpid(), "tcp-process"))

    thread = threading.Thread(target=connect)
    thread.start()
    thread.join()
    step()


def client_gone():
    """A client that ends without closing, and is reaped before anybody can look at it."""
    name_self("tcp-server")
    listener = socket.create_server(("127.0.0.1", 0))

    def connect():
        name_self("tcp-gone")
        socket.create_connection(listener.getsockname()).send(PAYLOAD)
        os._exit(0)

    client = fork(connect)
    sock, _ = listener.accept()
    os.waitpid(client, 0)
    mine = end_of(sock, os.getpid(), "tcp-server")
    sock.close()
    say(client=other_end(mine, client, "tcp-gone"), server=mine)
    step()


def serve(first):
    """Serve connections one after the other; each gets the payload and is closed, `first` first."""
    name_self("tcp-serve")
    listener = socket.create_server(("127.0.0.1", 0))
    say(pid=os.getpid(), port=listener.getsockname()[1])
    while True:
        sock, _ = listener.accept()
        sock.send(PAYLOAD)
        if first == "client":
            sock.recv(1)
        sock.close()


def listen_only(address, port, backlog):
    """Listen, and accept nothing, until told to close."""
    name_self("tcp-listen")
    listener = socket.create_server((address, int(port)), backlog=int(backlog))
    say(pid=os.getpid())
    step()
    listener.close()
    say(closed=True)
    step()


def hold_connected(address, port, count):
    """So many connections to a server that does not accept, until told to let go."""
    held = [socket.create_connection((address, int(port))) for _ in range(int(count))]
    for sock in held:
        sock.send(PAYLOAD)
    say(ports=[sock.getsockname()[1] for sock in held])
    step()
    for sock in held:
        sock.close()
    say(closed=True)


def hold_many(pairs):
    """Hold so many connections open, both ends, until told to let go."""
    listeners = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(4)]
    held = []
    for i in range(int(pairs)):
        held.append(socket.create_connection(listeners[i % 4].getsockname()))
        held.append(listeners[i % 4].accept()[0])
    say(sockets=len(held))
    step()


def mptcp_server(port, control):
    """Named otherwise when it listens than when it serves."""
    name_self("mp-before")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", int(port)))
    listener.listen(8)
    name_self("mp-server")
    control.send(b"listening")
    sock, _ = listener.accept()
    while sock.recv(65536):
        pass
    sock.close()
    control.send(b"closed")


def mptcp(laddr, raddr, port):
    """One MPTCP connection, whose other subflows the kernel opens."""
    name_self("mp-client")
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP).close()
    except OSError as error:
        print(f"no MPTCP: {error}", file=sys.stderr)
        sys.exit(77)
    server = fork(mptcp_server, port, theirs)
    control.recv(10)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    sock.bind((laddr, 0))
    sock.connect((raddr, int(port)))
    sock.send(PAYLOAD)
    say(client=os.getpid(), server=server, lport=sock.getsockname()[1])
    step()
    for _ in range(50):
        sock.send(PAYLOAD * 500)
    say(sent=PAYLOAD_BYTES + 50 * 500 * PAYLOAD_BYTES)
    step()
    sock.close()
    control.recv(10)
    say(closed=True)
    step()


def held_by_many(address, children):
    """A listener and a connection that children hold too; each has the connection twice."""
    name_self("tcp-holder")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, 0), family=family)
    client = socket.create_connection(listener.getsockname()[:2])
    again = socket.socket(fileno=os.dup(client.fileno()))
    pids = [fork(signal.pause) for _ in range(int(children))]
    say(listener=listener.getsockname()[1], client=client.getsockname()[1], pid=os.getpid(), pids=pids)
    step()
    again.close()
    client.close()
    listener.close()
    say(closed=True)
    step()


def bpf(command, form, *values):
    """The system call, with the first fields of its union; returns a descriptor or raises OSError."""
    number = {"x86_64": 321, "aarch64": 280, "s390x": 351}[platform.machine()]
    attributes = struct.pack(form, *values).ljust(128, b"\0")
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.syscall(number, command, ctypes.create_string_buffer(attributes, 128), 128)
    if done < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    return done


def instruction(code, dst=0, src=0, value=0):
    registers = src << 4 | dst if sys.byteorder == "little" else dst << 4 | src
    return struct.pack("=BBhi", code, registers, 0, value)


def sockmap(address):
    """A sidecar's short cut: what the client sends is put into the server's queue, past TCP."""
    name_self("tcp-sidecar")
    sockets = bpf(0, "=IIII", 15, 4, 4, 2)  # BPF_MAP_CREATE of a SOCKMAP
    # return bpf_msg_redirect_map(msg, &sockets, 1, BPF_F_INGRESS);
    code = b"".join([instruction(0x18, 2, 1, sockets), instruction(0), instruction(0xB7, 3, 0, 1),
                     instruction(0xB7, 4, 0, 1), instruction(0x85, 0, 0, 60), instruction(0x95)])
    code, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"GPL")
    program = bpf(5, "=IIQQIIQII16sII", 16, len(code) // 8, ctypes.addressof(code),
                  ctypes.addressof(licence), 0, 0, 0, 0, 0, b"", 0, 7)
    bpf(8, "=III", sockets, program, 7)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, 0), family=family)
    client = socket.create_connection(listener.getsockname()[:2])
    server, _ = listener.accept()
    plain = socket.create_connection(listener.getsockname()[:2])
    for index, sock in enumerate((client, server)):
        key = ctypes.create_string_buffer(struct.pack("=I", index))
        value = ctypes.create_string_buffer(struct.pack("=I", sock.fileno()))
        bpf(2, "=I4xQQ", sockets, ctypes.addressof(key), ctypes.addressof(value))
    client.send(b"x" * 5000)
    received = len(server.recv(5000, socket.MSG_WAITALL))
    mine = end_of(client, os.getpid(), "tcp-sidecar")
    say(client=mine, server=other_end(mine, os.getpid(), "tcp-sidecar"), received=received,
        plain=plain.getsockname()[1])
    step()
    client.close()


def deferred_connect():
    """Two flows with TCP_FASTOPEN_CONNECT; the first fetches the cookie that the second uses."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 8)
    for _ in range(2):
        client = socket.socket()
        client.setsockopt(socket.IPPROTO_TCP, 30, 1)  # TCP_FASTOPEN_CONNECT
        client.connect(listener.getsockname())
        client.send(PAYLOAD)
        client.send(PAYLOAD[:50])
        server, _ = listener.accept()
        server.recv(150, socket.MSG_WAITALL)
        options = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[5]
        mine = end_of(client, os.getpid(), "")
        client.close()
        server.close()
    say(client=mine, server=other_end(mine, os.getpid(), ""), syn_data=bool(options & 32))
    step()


SCENARIOS = {
    "handed_over": handed_over,
    "handed_on": handed_on,
    "client_exec": client_exec,
    "client_thread": client_thread,
    "client_gone": client_gone,
    "serve": serve,
    "deferred_connect": deferred_connect,
    "hold_many": hold_many,
    "held_by_many": held_by_many,
    "mptcp": mptcp,
    "sockmap": sockmap,
    "try_connect": try_connect,
    "ask_connect": ask_connect,
    "abandon_connect": abandon_connect,
    "listen_only": listen_only,
    "hold_connected": hold_connected,
    "no_port_left": no_port_left,
    "connect_from_taken_port": connect_from_taken_port,
}

if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    SCENARIOS[sys.argv[1]](*sys.argv[2:])
