// SPDX-License-Identifier: BSD-2-Clause
/* Files put together byte by byte, in both byte orders, given in pieces of every length. */
#pragma once
#include "packet/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct file {
	uint8_t bytes[8192];
	size_t len;
	bool is_big;
	size_t block_at;
};

static inline void put_bytes(struct file *f, const void *bytes, size_t len)
{
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static inline void put(struct file *f, uint64_t value, int size)
{
	for (int i = 0; i < size; i++)
		f->bytes[f->len++] = (uint8_t)(value >> 8 * (f->is_big ? size - 1 - i : i));
}

static inline void put16(struct file *f, uint32_t value)
{
	put(f, value, 2);
}

static inline void put32(struct file *f, uint64_t value)
{
	put(f, value, 4);
}

static inline void begin_block(struct file *f, uint32_t type)
{
	f->block_at = f->len;
	put32(f, type);
	put32(f, 0);
}

static inline void end_block(struct file *f)
{
	size_t end;

	while (f->len % 4)
		f->bytes[f->len++] = 0;
	end = f->len + 4;
	f->len = f->block_at + 4;
	put32(f, end - f->block_at);
	f->len = end - 4;
	put32(f, end - f->block_at);
}

static inline void put_section(struct file *f)
{
	begin_block(f, 0x0a0d0d0a);
	put32(f, 0x1a2b3c4d);
	put32(f, f->is_big ? 0x00010000 : 1);
	put32(f, 0xffffffff);
	put32(f, 0xffffffff);
	end_block(f);
}

/* `resolution` 0: none is given. */
static inline void put_interface(struct file *f, uint32_t link, uint32_t snaplen,
				 uint32_t resolution, int64_t offset_s)
{
	begin_block(f, 1);
	put16(f, link);
	put16(f, 0);
	put32(f, snaplen);
	put16(f, 2); /* a name */
	put16(f, 3);
	put_bytes(f, "lo0\0", 4);
	if (resolution) {
		put16(f, 9);
		put16(f, 1);
		put(f, resolution, 1);
		put(f, 0, 3);
	}
	if (offset_s) {
		put16(f, 14);
		put16(f, 8);
		put(f, (uint64_t)offset_s, 8);
	}
	put32(f, 0);
	end_block(f);
}

static inline void put_packet(struct file *f, uint32_t interface, uint64_t units, const char *data,
			      uint32_t wire_len)
{
	begin_block(f, 6);
	put32(f, interface);
	put32(f, units >> 32);
	put32(f, units & 0xffffffff);
	put32(f, strlen(data));
	put32(f, wire_len);
	put_bytes(f, data, strlen(data));
	end_block(f);
}

/* What a file gave, as text, "link view time captured/wire data" a line; a frame may be used only
 * until the next is asked for. */
struct result {
	char text[2048];
	enum capture_step end;
	const char *error;
	bool is_truncated;
	uint64_t refused[CAPTURE_REFUSAL_COUNT];
};

/* In pieces of `piece` bytes, each in a block of memory of its own. */
static inline void read_file(const struct file *f, size_t piece, struct result *ret)
{
	struct capture *c = capture_new();
	size_t from = 0, to = 0;

	memset(ret, 0, sizeof(*ret));
	ret->end = CAPTURE_HUNGRY;
	for (;;) {
		size_t len = to - from, used;
		uint8_t *bytes = malloc(len + !len);
		struct frame frame;

		memcpy(bytes, f->bytes + from, len);
		ret->end = capture_next(c, bytes, len, &used, &frame);
		assert_true(used <= len);
		from += used;
		if (ret->end == CAPTURE_FRAME) {
			size_t at = strlen(ret->text);

			snprintf(ret->text + at, sizeof(ret->text) - at, "%d %d %llu %u/%u %.*s\n",
				 frame.link, frame.view, (unsigned long long)frame.time_ns,
				 frame.captured_len, frame.wire_len, (int)frame.captured_len,
				 (const char *)frame.bytes);
		}
		free(bytes);
		if (ret->end == CAPTURE_BROKEN || (ret->end == CAPTURE_HUNGRY && to == f->len))
			break;
		if (ret->end == CAPTURE_HUNGRY)
			to = to + piece < f->len ? to + piece : f->len;
	}
	ret->error = c->error;
	ret->is_truncated = capture_is_truncated(c, f->len - from);
	memcpy(ret->refused, c->refused, sizeof(ret->refused));
	capture_free(c);
}

static inline struct result whole(const struct file *f)
{
	static const size_t piece[] = {sizeof(f->bytes), 1, 2, 3, 7, 13, 64};
	struct result first, next;

	read_file(f, piece[0], &first);
	for (size_t i = 1; i < sizeof(piece) / sizeof(piece[0]); i++) {
		read_file(f, piece[i], &next);
		assert_string_equal(next.text, first.text);
		assert_int_equal(next.end, first.end);
		assert_int_equal(next.is_truncated, first.is_truncated);
	}
	return first;
}

static inline void assert_gives(const struct file *f, const char *text)
{
	const struct result r = whole(f);

	assert_string_equal(r.text, text);
	assert_int_equal(r.end, CAPTURE_HUNGRY);
	assert_false(r.is_truncated);
}

static inline void put_pcap(struct file *f, uint32_t magic, uint32_t minor, uint32_t link)
{
	put32(f, magic);
	put16(f, 2);
	put16(f, minor);
	put32(f, 0);
	put32(f, 0);
	put32(f, 65535);
	put32(f, link);
}

static inline void put_record(struct file *f, uint32_t sec, uint32_t part, const char *data,
			      uint32_t wire)
{
	put32(f, sec);
	put32(f, part);
	put32(f, strlen(data));
	put32(f, wire);
	put_bytes(f, data, strlen(data));
}
