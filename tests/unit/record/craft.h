// SPDX-License-Identifier: BSD-2-Clause
/* Recordings made by hand, of things that this version does not write. Nothing is compressed. */
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/chunk.h"
#include "record/columns.h"
#include "record/varint.h"

struct craft {
	uint8_t *file;
	size_t len, segment_at;
	uint32_t mark, number[STREAM_COUNT];
	uint64_t time_us;
	/* The payload that is being made. */
	uint8_t *p;
	size_t used;
	/* Where the length of the block that is being made stands: two bytes. */
	size_t block_at;
};

#define CRAFT_BYTES (8u << 20)
#define META \
	"format=1\nversion=9.9\nrun=00112233445566778899aabbccddeeff\nboot=b\nrow=0\n" \
	"interval_us=1000000\nwall_offset_us=1795662720000000\nsomething=new\n"

static inline struct craft craft_begin(void)
{
	struct craft c = {.file = calloc(1, CRAFT_BYTES), .p = calloc(1, CRAFT_BYTES), .time_us = 1000000};

	if (!c.file || !c.p)
		abort();
	return c;
}

static inline void craft_end(struct craft *c)
{
	free(c->file);
	free(c->p);
}

static inline void craft_chunk(struct craft *c, unsigned kind, unsigned flags, const void *payload,
			size_t stored, size_t raw, unsigned rows, unsigned header_bytes)
{
	struct chunk_header h = {
		.header_bytes = (uint16_t)header_bytes,
		.kind = (uint8_t)kind,
		.flags = (uint8_t)flags,
		.stored_bytes = (uint32_t)stored,
		.raw_bytes = (uint32_t)raw,
		.time_us = c->time_us,
		.rows = rows,
		.payload_crc = chunk_crc(payload, stored),
	};

	if (kind == CHUNK_META) {
		c->segment_at = c->len;
		c->mark = h.payload_crc;
		c->number[0] = c->number[1] = 0;
	}
	h.back_bytes = (uint32_t)(c->len - c->segment_at);
	h.mark = c->mark;
	if (kind == CHUNK_EDGES || kind == CHUNK_VOLUME)
		h.number = c->number[kind - CHUNK_EDGES]++;
	chunk_header_put(c->file + c->len, &h);
	memcpy(c->file + c->len + header_bytes, payload, stored);
	c->len += header_bytes + stored;
}

static inline void craft_meta(struct craft *c, const char *text)
{
	craft_chunk(c, CHUNK_META, CHUNK_UNPACKED, text, strlen(text), strlen(text), 0,
		    CHUNK_HEADER_BYTES);
}

/* The payload that was made becomes a chunk. */
static inline void craft_rows(struct craft *c, unsigned kind, unsigned rows)
{
	craft_chunk(c, kind, CHUNK_UNPACKED, c->p, c->used, c->used, rows, CHUNK_HEADER_BYTES);
	c->used = 0;
}

static inline void craft_number(struct craft *c, uint64_t n)
{
	c->used = (size_t)(varint_put(c->p + c->used, n) - c->p);
}

static inline void craft_bytes(struct craft *c, const void *p, size_t len)
{
	memcpy(c->p + c->used, p, len);
	c->used += len;
}

static inline void craft_block(struct craft *c, unsigned table, unsigned rows)
{
	craft_number(c, table);
	craft_number(c, rows);
	c->block_at = c->used;
	c->used += 2;
}

/* The length, as a varint of two bytes whatever it is. */
static inline void craft_block_end(struct craft *c)
{
	size_t len = c->used - c->block_at - 2;

	c->p[c->block_at] = (uint8_t)(len | 0x80);
	c->p[c->block_at + 1] = (uint8_t)(len >> 7);
}

static inline void craft_column(struct craft *c, unsigned number, unsigned encoding, const void *p, size_t len)
{
	craft_number(c, number << 4 | encoding);
	craft_number(c, len);
	craft_bytes(c, p, len);
}

/* A column of up to 8 rows of small numbers, a byte each. */
static inline void craft_small(struct craft *c, unsigned number, unsigned rows, const uint8_t *value)
{
	craft_column(c, number, ENCODING_VARINT, value, rows);
}

static inline void craft_constant(struct craft *c, unsigned number, uint64_t value)
{
	uint8_t bytes[VARINT_BYTES_MAX];

	craft_column(c, number, ENCODING_CONSTANT, bytes, (size_t)(varint_put(bytes, value) - bytes));
}

/* Texts for the dictionary, ended by NULL. */
static inline void craft_texts(struct craft *c, const char *const *text)
{
	uint8_t bytes[4096];
	size_t used = 0;
	unsigned n = 0;

	while (text[n]) {
		bytes[used++] = (uint8_t)strlen(text[n]);
		n++;
	}
	for (unsigned i = 0; i < n; i++) {
		memcpy(bytes + used, text[i], strlen(text[i]));
		used += strlen(text[i]);
	}
	craft_block(c, RECORD_TEXT, n);
	craft_column(c, 1, ENCODING_BYTES, bytes, used);
	craft_block_end(c);
}
