# SPDX-License-Identifier: BSD-2-Clause
"""A pair of ClickHouse servers with replicated tables, and the ZooKeeper that they need: what one of them was
sent, both have, each row once, although one was away in the middle."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import fleetdata
import pytest
from clickhouse import ClickHouse, Proxy
from fleetdata import record, ship
from flows import wait_until
from ports import free_ports
from sight import BUILD, PATIENCE_SEC
from test_ship import TABLES, Store, assert_exact

JAVA = "/usr/bin/java"
# A server that was killed is taken back once its session has ended: after 30 s if nothing is said. If it was killed between
# a part and its entry in ZooKeeper, the part is put aside; of a table this small that is most of it, which it would refuse.
PAIR = """<zookeeper><node><host>127.0.0.1</host><port>{keeper}</port></node>
  <session_timeout_ms>2000</session_timeout_ms></zookeeper>
 <remote_servers><pair><shard><internal_replication>true</internal_replication>
  <replica><host>127.0.0.1</host><port>{first}</port></replica><replica><host>127.0.0.1</host><port>{second}</port></replica>
 </shard></pair></remote_servers>
 <merge_tree><replicated_max_ratio_of_wrong_parts>1</replicated_max_ratio_of_wrong_parts></merge_tree>
 <macros><shard>1</shard><replica>{name}</replica></macros>
 <distributed_ddl><path>/clickhouse/ddl</path></distributed_ddl>"""


class Keeper:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="zookeeper.", dir=BUILD))
        self.port, = free_ports(1)
        (self.folder / "zoo.cfg").write_text(
            f"tickTime=500\ndataDir={self.folder}/data\nclientPort={self.port}\nclientPortAddress=127.0.0.1\n"
            "admin.enableServer=false\n4lw.commands.whitelist=ruok\n")

    def __enter__(self):
        with open(self.folder / "out", "wb") as out:
            self.process = subprocess.Popen(
                [JAVA, "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", "/usr/share/java/*",
                 "org.apache.zookeeper.server.quorum.QuorumPeerMain", str(self.folder / "zoo.cfg")], stdout=out, stderr=out)
        wait_until(self.is_ready, "ZooKeeper")
        return self

    def is_ready(self):
        assert self.process.poll() is None, (self.folder / "out").read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"ruok")
                return connection.recv(4) == b"imok"
        except OSError:
            return False

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="module")
def pair(built):
    with Keeper() as keeper:
        first, second = (free_ports(3) for _ in range(2))
        more = [PAIR.format(keeper=keeper.port, first=first[1], second=second[1], name=name) for name in ("a", "b")]
        with ClickHouse(more[0], ports=first) as one, ClickHouse(more[1], ports=second) as other:
            yield one, other


def catch_up(server, table, rows):
    """One that was away fetches what it missed, as its own pace allows."""
    end = time.monotonic() + 6 * PATIENCE_SEC
    while server.number(f"SELECT count() FROM flows.{table}_local") != rows:
        assert time.monotonic() < end, f"{table} is not at the second server"
        time.sleep(0.05)


def test_both_have_each_row_once(pair, tmp_path):
    one, other = pair
    path = record(tmp_path, "web1", fleetdata.events("pair"), "--rotate", "12K,1h")
    assert "the tables are made" in ship(f"{one.url}/flows", "--create", "--cluster", "pair")
    assert "were there already" in ship(f"{other.url}/flows", "--create", "--cluster", "pair")

    def away(when, *_):
        if when == "before":
            other.kill()

    # Every third reply is lost besides.
    with Proxy(one.http, lambda number, request: away if number == 3 else "forget" if number % 3 == 1 else None) as proxy:
        ship(f"{proxy.url}/flows", "--read", path, "--state", tmp_path / "state", "--batch", "100,0", "--once")
    assert_exact(Store(one, "flows"), path)
    other.start()
    for table in TABLES:
        rows = one.number(f"SELECT count() FROM flows.{table}_local")
        catch_up(other, table, rows)
    one.kill()
    assert_exact(Store(other, "flows"), path)
    one.start()
    said = fleetdata.ship(f"{other.url}/flows", "--read", path, "--state", tmp_path / "again", "--once")
    assert said == ""
    assert_exact(Store(other, "flows"), path)
