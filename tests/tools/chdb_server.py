#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A current ClickHouse behind HTTP: the engine is chDB's library (npm's @chdb/lib-linux-x64-gnu), which has no
server of its own. What it does is ClickHouse's: parsing, types, inserts, parts on the disk, answers. What is
ours: requests, one at a time, as ClickHouse's own HTTP interface has them, without users.

    tests/tools/chdb_server.py LIBCHDB.SO FOLDER PORT
"""

import ctypes
import gzip
import http.server
import os
import sys
import threading
import urllib.parse


class Failed(Exception):
    pass


class Engine:
    def __init__(self, library, folder):
        self.lib, self.lock, self.folder = ctypes.CDLL(library), threading.Lock(), folder
        for name in "chdb_connect", "chdb_query_n", "chdb_result_buffer", "chdb_result_error":
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.lib.chdb_result_length.restype = ctypes.c_size_t
        for name in "chdb_result_buffer", "chdb_result_error", "chdb_result_length", "chdb_destroy_query_result":
            getattr(self.lib, name).argtypes = [ctypes.c_void_p]
        self.lib.chdb_query_n.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
        words = (ctypes.c_char_p * 2)(b"clickhouse", f"--path={folder}/data".encode())
        self.connection = ctypes.cast(self.lib.chdb_connect(2, words), ctypes.POINTER(ctypes.c_void_p))

    def ask(self, query, form=b"TabSeparated"):
        result = self.lib.chdb_query_n(self.connection[0], query, len(query), form, len(form))
        try:
            error = self.lib.chdb_result_error(result)
            if error:
                raise Failed(ctypes.string_at(error))
            length = self.lib.chdb_result_length(result)
            return ctypes.string_at(self.lib.chdb_result_buffer(result), length) if length else b""
        finally:
            self.lib.chdb_destroy_query_result(result)

    def answer(self, database, query, rows):
        """Rows are those of an INSERT ... FORMAT."""
        with self.lock:
            self.ask(b"USE " + database.encode())
            if not rows:
                return self.ask(query)
            path = os.path.join(self.folder, "rows")
            with open(path, "wb") as file:
                file.write(rows)
            head, form = query.rsplit(b" FORMAT ", 1)
            return self.ask(head + f" FROM INFILE '{path}' FORMAT ".encode() + form)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine = None

    def log_message(self, *_):
        pass

    def do_POST(self):
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        query, rows = (asked["query"].encode(), body) if "query" in asked else (body, b"")
        if not rows and query.startswith(b"INSERT"):
            query, _, rows = query.partition(b"\n")
        try:
            status, text = 200, self.engine.answer(asked.get("database", "default"), query, rows)
        except Failed as error:
            status, text = 500, error.args[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def main():
    library, folder, port = sys.argv[1:]
    Handler.engine = Engine(library, folder)
    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
