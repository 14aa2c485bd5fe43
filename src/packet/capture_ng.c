// SPDX-License-Identifier: BSD-2-Clause
/* Blocks of pcapng: draft-ietf-opsawg-pcapng, whose section is given with each. */
#include <string.h>

#include "packet/capture_part.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0au, /* 4.1 */
	BLOCK_INTERFACE = 1,	     /* 4.2 */
	BLOCK_PACKET = 2,	     /* appendix A, obsolete */
	BLOCK_SIMPLE = 3,	     /* 4.4 */
	BLOCK_ENHANCED = 6,	     /* 4.3 */
};

enum {
	OPTION_END = 0,
	OPTION_TIME_RESOLUTION = 9,
	OPTION_TIME_OFFSET = 14,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
/* Type and length in front, the length again behind. */
#define FRAME_LEN 12
#define HEAD_LEN 8

/* Its byte order is that of what follows, up to the next one. Interfaces are numbered anew. */
static enum capture_record take_section(struct capture *c, const uint8_t *body)
{
	c->is_swapped = false;
	if (capture_load32(c, body) != BYTE_ORDER_MAGIC)
		c->is_swapped = true;
	if (capture_load32(c, body) != BYTE_ORDER_MAGIC)
		return capture_break(c, "a section has no byte order");
	c->interface_count = 0;
	return RECORD_NONE;
}

/* A power of ten, or, with the highest bit, of two; 0 if the number would be too large. */
static uint64_t units_of(uint8_t resolution)
{
	unsigned int exponent = resolution & 0x7f;
	uint64_t units = 1;

	if (resolution & 0x80)
		return exponent < 64 ? 1ull << exponent : 0;
	if (exponent > 19)
		return 0;
	while (exponent--)
		units *= 10;
	return units;
}

static uint64_t load64(const struct capture *c, const uint8_t *at)
{
	uint32_t first = capture_load32(c, at), second = capture_load32(c, at + 4);
	bool is_big = (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) != c->is_swapped;

	return is_big ? (uint64_t)first << 32 | second : (uint64_t)second << 32 | first;
}

static void read_options(const struct capture *c, const uint8_t *at, uint32_t len,
			 struct capture_interface *i)
{
	while (len >= 4) {
		uint16_t code = capture_load16(c, at), size = capture_load16(c, at + 2);
		uint32_t padded = (size + 3u) & ~3u;

		if (code == OPTION_END || padded > len - 4)
			return;
		if (code == OPTION_TIME_RESOLUTION && size == 1)
			i->units_per_s = units_of(at[4]);
		if (code == OPTION_TIME_OFFSET && size == 8)
			i->offset_s = (int64_t)load64(c, at + 4);
		at += 4 + padded;
		len -= 4 + padded;
	}
}

static enum capture_record take_interface(struct capture *c, const uint8_t *body, uint32_t len)
{
	struct capture_interface *i;

	if (len < 8)
		return RECORD_NONE;
	i = capture_add_interface(c, capture_load16(c, body), capture_load32(c, body + 4));
	if (i)
		read_options(c, body + 8, len - 8, i);
	return RECORD_NONE;
}

/* `header_len` bytes, then as many as were captured, but no more than the block has. */
static enum capture_record take_packet(struct capture *c, const uint8_t *body, uint32_t len,
				       uint32_t header_len, uint32_t interface, struct frame *ret)
{
	const uint8_t *at = body + header_len - 16; /* time, captured and original length */
	uint64_t units;

	if (len < header_len)
		return RECORD_NONE;
	units = (uint64_t)capture_load32(c, at) << 32 | capture_load32(c, at + 4);
	ret->bytes = body + header_len;
	ret->captured_len = capture_load32(c, at + 8);
	ret->wire_len = capture_load32(c, at + 12);
	if (ret->captured_len > len - header_len)
		ret->captured_len = len - header_len;
	return capture_make_frame(c, interface, units, ret);
}

/* Of the first interface, and without a time: that of the packet before it has to do. */
static enum capture_record take_simple(struct capture *c, const uint8_t *body, uint32_t len,
				       struct frame *ret)
{
	uint64_t time_ns = c->last_time_ns;
	enum capture_record record;

	if (len < 4)
		return RECORD_NONE;
	ret->bytes = body + 4;
	ret->wire_len = capture_load32(c, body);
	ret->captured_len = ret->wire_len < len - 4 ? ret->wire_len : len - 4;
	if (c->interface[0].snaplen && ret->captured_len > c->interface[0].snaplen)
		ret->captured_len = c->interface[0].snaplen;
	record = capture_make_frame(c, 0, 0, ret);
	ret->time_ns = c->last_time_ns = time_ns;
	return record;
}

static bool is_wanted(uint32_t type)
{
	return type == BLOCK_INTERFACE || type == BLOCK_PACKET || type == BLOCK_SIMPLE ||
	       type == BLOCK_ENHANCED;
}

/* The byte order of a section stands in its body, and its length in that order. */
static enum capture_record begin_section(struct capture *c, const uint8_t *bytes, size_t len,
					 size_t *ret_used)
{
	uint32_t size;

	if (len < FRAME_LEN)
		return capture_need(c, FRAME_LEN);
	if (take_section(c, bytes + HEAD_LEN) == RECORD_BROKEN)
		return RECORD_BROKEN;
	size = capture_load32(c, bytes + 4);
	if (size < 28 || size % 4)
		return capture_break(c, "a section has an impossible length");
	c->skip_bytes = size;
	*ret_used = 0;
	return RECORD_NONE;
}

enum capture_record capture_take_block(struct capture *c, const uint8_t *bytes, size_t len,
				       size_t *ret_used, struct frame *ret)
{
	const uint8_t *body = bytes + HEAD_LEN;
	uint32_t type, size;

	if (len < HEAD_LEN)
		return capture_need(c, HEAD_LEN);
	type = capture_load32(c, bytes);
	if (type == BLOCK_SECTION)
		return begin_section(c, bytes, len, ret_used);
	/* Some writers leave the padding out of the length. */
	size = (capture_load32(c, bytes + 4) + 3u) & ~3u;
	if (size < FRAME_LEN)
		return capture_break(c, "a block has an impossible length");
	if (!is_wanted(type)) {
		c->skip_bytes = size;
		return RECORD_NONE;
	}
	if (size > CAPTURE_RECORD_MAX)
		return capture_break(c, "a block is said to be larger than 16 MiB");
	if (len < size)
		return capture_need(c, size);
	*ret_used = size;
	size -= FRAME_LEN;
	switch (type) {
	case BLOCK_INTERFACE:
		return take_interface(c, body, size);
	case BLOCK_ENHANCED:
		return take_packet(c, body, size, 20, size < 4 ? 0 : capture_load32(c, body), ret);
	case BLOCK_PACKET:
		return take_packet(c, body, size, 20, size < 2 ? 0 : capture_load16(c, body), ret);
	default:
		return take_simple(c, body, size, ret);
	}
}
