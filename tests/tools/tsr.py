#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A second reader of recordings, written from doc/recording.md alone.

    tsr.py FILE...          every row as a line of JSON, as the files have them
    tsr.py --chunks FILE    one line for each chunk

Names, types and words are those that the file itself tells. What is damaged ends the reading of its file.
"""

import ipaddress
import json
import struct
import sys
import zlib

import zstandard

HEADER = struct.Struct("<4sHBBIIQIIIII")
META, EDGES, VOLUME, END = 1, 2, 3, 4
UNPACKED = 8
TEXT, ADDR, LOCAL, TABLES, COLUMNS = 1, 2, 3, 4, 5
FIRST_DATA_TABLE = 8
SIXTY_FOUR = (1 << 64) - 1
TYPES = "number signed time enum flags text addr local bytes".split()
# What the page says of the tables that explain the others.
FIXED = {1: ("bytes", "bytes", ""), 2: ("number", "number", ""), 3: ("name", "text", ""),
         4: ("type", "enum", " ".join(TYPES)), 5: ("unit", "text", ""), 6: ("words", "text", "")}


class Damage(Exception):
    """The file is not what the page says."""


def varint(data, at):
    """A number and the offset behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def varints(data, at, count):
    """@count numbers, and the offset behind them."""
    values = []
    for _ in range(count):
        value, at = varint(data, at)
        values.append(value)
    return values, at


def folded(value):
    value &= SIXTY_FOUR
    return ((value << 1) ^ (SIXTY_FOUR if value >> 63 else 0)) & SIXTY_FOUR


def unfolded(code):
    return ((code >> 1) ^ (SIXTY_FOUR if code & 1 else 0)) & SIXTY_FOUR


def difference(code, base):
    zero = folded(base)
    if not code:
        return 0
    return (base - unfolded(code - 1 if code <= zero else code)) & SIXTY_FOUR


def decode(encoding, data, rows, columns):
    """The numbers (or byte strings) of one column; @columns has those before it."""
    at = 0
    if encoding == 0:
        value, at = varint(data, at)
        values = [value] * rows
    elif encoding == 1:
        values, at = varints(data, at, rows)
    elif encoding == 2:
        values, at = varints(data, at, rows)
        values = [unfolded(value) for value in values]
    elif encoding == 3:
        codes, at = varints(data, at, rows)
        values, before = [], 0
        for code in codes:
            before = (before + unfolded(code)) & SIXTY_FOUR
            values.append(before)
    elif encoding == 4:
        count, at = varint(data, at)
        numbers, at = varints(data, at, count)
        codes, at = varints(data, at, rows)
        values = [difference(code, sum(columns[number][row] for number in numbers) & SIXTY_FOUR)
                  for row, code in enumerate(codes)]
    elif encoding == 5:
        width, at = data[0], 1 + data[0] * rows
        planes = [data[1 + rows * i:1 + rows * (i + 1)] for i in range(width)]
        values = [int.from_bytes(bytes(plane[row] for plane in planes), "big") for row in range(rows)]
    elif encoding == 6:
        count, at = varint(data, at)
        values, row = [0] * rows, 0
        for _ in range(count):
            skip, at = varint(data, at)
            value, at = varint(data, at)
            values[row + skip] = value
            row += skip + 1
    elif encoding == 7:
        lengths, at = varints(data, at, rows)
        values = []
        for length in lengths:
            values.append(data[at:at + length])
            at += length
    elif encoding == 8:
        count, at = varint(data, at)
        palette, at = varints(data, at, count)
        values = [palette[i] for i in data[at:at + rows]]
        at += rows
    else:
        return None
    if at != len(data) or len(values) != rows:
        raise Damage(f"encoding {encoding}: {at} of {len(data)} bytes")
    return values


class Stream:
    """One stream of one segment."""

    def __init__(self):
        self.number = 0
        self.unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 20).decompressobj()
        self.texts, self.addrs, self.locals = [], [], []
        self.tables, self.columns = {}, dict(FIXED)

    def show(self, number, value):
        """A value as JSON has it; of a local side a dict."""
        _, kind, words = self.columns[number]
        if kind == "signed":
            return value - (1 << 64) if value >> 63 else value
        if kind == "enum":
            return words.split()[value]
        if kind == "flags":
            return [word for bit, word in enumerate(words.split()) if value >> bit & 1]
        if kind == "text":
            return self.texts[value]
        if kind == "addr":
            return self.addrs[value]
        if kind == "local":
            return self.locals[value]
        return value

    def row(self, columns, index):
        """One row as a dict, in the order of the columns' numbers."""
        row = {}
        for number in sorted(columns):
            if number not in self.columns:
                continue
            value = self.show(number, columns[number][index])
            if isinstance(value, dict):
                row.update(value)
            else:
                row[self.columns[number][0]] = value
        return row

    def learn(self, table, rows, columns):
        """Dictionaries and column lists."""
        if table == TEXT:
            self.texts = self.texts + [text.decode(errors="replace") for text in columns[1]] if rows else []
        elif table == ADDR:
            self.addrs = self.addrs + [str(ipaddress.ip_address(bytes(a))) for a in columns[1]] if rows else []
        elif table == LOCAL:
            self.locals = self.locals + [self.row(columns, i) for i in range(rows)] if rows else []
        elif table == TABLES:
            for i in range(rows):
                entry = self.row(columns, i)
                self.tables[entry["number"]] = entry["name"]
        elif table == COLUMNS:
            for i in range(rows):
                entry = self.row(columns, i)
                self.columns[entry["number"]] = (entry["name"], entry["type"], entry["words"])

    def blocks(self, payload):
        """(table, rows, columns by number) of each block."""
        at = 0
        while at < len(payload):
            (table, rows, size), at = varints(payload, at, 3)
            end, columns = at + size, {}
            while at < end:
                (key, length), at = varints(payload, at, 2)
                values = decode(key & 15, payload[at:at + length], rows, columns)
                if values is not None:
                    columns[key >> 4] = values
                at += length
            if at != end:
                raise Damage("a column is longer than its block")
            yield table, rows, columns

    def rows(self, payload):
        """All rows of the tables that hold data, in the order of the file."""
        blocks = list(self.blocks(payload))
        # What a chunk brings serves all of its rows.
        for table, rows, columns in blocks:
            if table < FIRST_DATA_TABLE:
                self.learn(table, rows, columns)
        for table, rows, columns in blocks:
            if table >= FIRST_DATA_TABLE and table in self.tables:
                for i in range(rows):
                    yield {"table": self.tables[table], **self.row(columns, i)}


def chunks(data):
    """(offset, header as a dict, payload) of each chunk."""
    at = 0
    while at < len(data):
        if len(data) - at < 48:
            return
        (magic, length, kind, flags, stored, raw, time, back, rows, mark, number, crc) = HEADER.unpack_from(data, at)
        if magic != b"TSR1":
            raise Damage(f"no chunk at {at}")
        header, payload = data[at:at + length], data[at + length:at + length + stored]
        if len(payload) < stored:
            return
        if zlib.crc32(header[:-4]) != int.from_bytes(header[-4:], "little") or zlib.crc32(payload) != crc:
            raise Damage(f"a wrong sum at {at}")
        yield at, {"kind": kind, "flags": flags, "stored": stored, "raw": raw, "time": time, "back": back,
                   "rows": rows, "mark": mark, "number": number, "crc": crc, "length": length}, payload
        at += length + stored


def read(data):
    """All rows of a file."""
    start = mark = None
    streams = {}
    for at, header, payload in chunks(data):
        if header["kind"] == META:
            meta = dict(line.split("=", 1) for line in payload.decode().splitlines())
            if int(meta["format"]) > 1:
                raise Damage(f"format {meta['format']}")
            start, mark = at, header["crc"]
            streams = {EDGES: Stream(), VOLUME: Stream()}
            continue
        if header["mark"] != mark or header["back"] != at - start:
            raise Damage(f"the chunk at {at} does not belong there")
        if header["kind"] not in streams:
            continue
        stream = streams[header["kind"]]
        if header["number"] != stream.number:
            raise Damage(f"a chunk is missing before {at}")
        stream.number += 1
        if not header["flags"] & UNPACKED:
            payload = stream.unpacker.decompress(payload)
        if len(payload) != header["raw"]:
            raise Damage(f"{len(payload)} bytes instead of {header['raw']} at {at}")
        rows = list(stream.rows(payload))
        if len(rows) != header["rows"]:
            raise Damage(f"{len(rows)} rows instead of {header['rows']} at {at}")
        yield from rows


def main():
    words = sys.argv[1:]
    only_chunks = "--chunks" in words
    for name in [word for word in words if word != "--chunks"]:
        with open(name, "rb") as file:
            data = file.read()
        if only_chunks:
            for at, header, _ in chunks(data):
                print(at, header)
            continue
        for row in read(data):
            print(json.dumps(row, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    try:
        main()
    except (Damage, IndexError, KeyError) as error:
        sys.exit(f"tsr.py: {error!r}")
