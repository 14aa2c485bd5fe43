# SPDX-License-Identifier: BSD-2-Clause
"""A ClickHouse server (Debian's 18.16) on loopback, with its data in memory; and a proxy before it that
loses requests and replies, or answers itself. With TCPSIGHT_CHDB=LIBRARY it is a current one
(`./dev clickhouse`)."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from ports import free_ports
from sight import BUILD, PATIENCE_SEC, ROOT

SERVER = "/usr/sbin/clickhouse-server"
CHDB = os.environ.get("TCPSIGHT_CHDB")
ROOM_BYTES = 1 << 30
CONFIG = """<?xml version="1.0"?>
<yandex>
 <logger><level>warning</level><log>{folder}/log</log><errorlog>{folder}/errors</errorlog></logger>
 <http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><interserver_http_port>{inter}</interserver_http_port>
 <interserver_http_host>127.0.0.1</interserver_http_host>
 <listen_host>127.0.0.1</listen_host><max_concurrent_queries>100</max_concurrent_queries>
 <path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path><user_files_path>{folder}/files/</user_files_path>
 <format_schema_path>{folder}/schemas/</format_schema_path>
 <users_config>users.xml</users_config><default_profile>default</default_profile>
 <default_database>default</default_database><mark_cache_size>67108864</mark_cache_size>
 {more}
</yandex>
"""
USERS = """<?xml version="1.0"?>
<yandex>
 <profiles><default><max_memory_usage>2000000000</max_memory_usage>{profile}</default></profiles>
 <users>
  <default><password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default>
  <shipper><password>se'cret"</password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></shipper>
 </users>
 <quotas><default/></quotas>
</yandex>
"""


def memory():
    """A folder in memory, if there is one with room. The server makes and deletes a hundred files for a few rows, and
    ext4 searches long for an inode that was not deleted just now: half of the server's time went there."""
    place = pathlib.Path("/dev/shm")
    if os.access(place, os.W_OK) and shutil.disk_usage(place).free > ROOM_BYTES:
        return place
    return BUILD


class ClickHouse:
    """`with ClickHouse() as server:`; `server.url` is for --to. `place`: the folder that its own is made in."""

    def __init__(self, more="", profile="", ports=None, place=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clickhouse.", dir=place or memory()))
        self.http, self.tcp, self.inter = ports or free_ports(3)
        self.process = None
        for name in ("data", "tmp", "files", "schemas"):
            (self.folder / name).mkdir()
        (self.folder / "config.xml").write_text(CONFIG.format(
            folder=self.folder, http=self.http, tcp=self.tcp, inter=self.inter, more=more))
        (self.folder / "users.xml").write_text(USERS.format(profile=profile))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        ended = self.process and self.process.poll()
        said = "".join(path.read_text()[-3000:] for path in (self.folder / "out", self.folder / "errors") if path.exists())
        self.kill()
        shutil.rmtree(self.folder)
        assert ended is None, f"clickhouse-server ended by itself, with {ended}:\n{said}"

    def start(self):
        with open(self.folder / "out", "ab") as out:
            self.process = subprocess.Popen(
                ["/usr/bin/python3", ROOT / "tests/tools/chdb_server.py", CHDB, self.folder, str(self.http)] if CHDB else
                [SERVER, f"--config-file={self.folder}/config.xml"], stdout=out, stderr=out, cwd=self.folder)
        end = time.monotonic() + 4 * PATIENCE_SEC
        while True:
            try:
                return self.ask("SELECT 1")
            except (OSError, urllib.error.URLError):
                assert self.process.poll() is None, (self.folder / "out").read_text()
                assert time.monotonic() < end, "clickhouse-server does not answer"
                time.sleep(0.05)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        self.process = None

    def ask(self, query, database="default"):
        request = f"http://127.0.0.1:{self.http}/?" + urllib.parse.urlencode({
            "database": database, "output_format_json_quote_64bit_integers": 0})
        try:
            with urllib.request.urlopen(request, query.encode(), timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error

    def number(self, query):
        return int(self.ask(query))

    def rows(self, query):
        """Numbers of 64 bits too as numbers."""
        return [json.loads(line) for line in self.ask(f"{query} FORMAT JSONEachRow").splitlines()]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http}"


class Proxy:
    """Between ship and the server. `fault(number, request)` is asked for each INSERT, counted from 1, and
    returns None (pass it on), a function that is called with the proxy's half of the work, or one of:

        "lose"      the request never arrives
        "forget"    it arrives, its reply does not
        "cut"       half of it arrives
        (status, headers, body)     answer that
    """

    def __init__(self, port, fault=lambda number, request: None, context=None):
        self.port, self.fault, self.context = port, fault, context
        self.inserts, self.requests = 0, []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.own_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.client, args=(client,), daemon=True).start()

    @staticmethod
    def read_message(stream):
        """A request or a reply as it came, or None at the end."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return None
            head += line
        headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while True:
                size = stream.readline()
                length = int(size, 16)
                body += size + stream.read(length + 2)
                if not length:
                    return head, body
        return head, stream.read(int(headers.get("content-length", 0)))

    def client(self, client):
        try:
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            stream = client.makefile("rb")
            while (request := self.read_message(stream)) and self.handle(client, request):
                pass
        except OSError:
            pass
        finally:
            # Also what makefile() holds, so that the other side learns of it.
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            client.close()

    def handle(self, client, request):
        """False if the connection is to be closed."""
        head, body = request
        action = None
        with self.lock:
            line = head.split(b"\r\n")[0].decode()
            self.requests.append(urllib.parse.unquote(line))
            if "INSERT" in self.requests[-1]:
                self.inserts += 1
                action = self.fault(self.inserts, request)
        if isinstance(action, tuple):
            status, headers, text = action
            client.sendall(f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(text)}\r\n\r\n{text}".encode())
            return True
        if action == "lose":
            return False
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as server:
            if action == "cut":
                server.sendall(head + body[:len(body) // 2])
                server.shutdown(socket.SHUT_WR)
                # The server has seen the end of it.
                self.read_message(server.makefile("rb"))
                return False
            if callable(action):
                action("before", server, head, body)
            server.sendall(head + body)
            reply = self.read_message(server.makefile("rb"))
            if callable(action):
                action("after", server, head, body)
            if action == "forget" or reply is None:
                return False
            client.sendall(reply[0] + reply[1])
        return True
