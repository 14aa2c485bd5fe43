// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "packet/capture_part.h"
#include "packet/timeline.h"

#define NS_PER_S 1000000000ull
#define SECONDS_MAX (TIMELINE_STAMP_MAX_NS / NS_PER_S - 1)

#define FILE_HEADER_LEN 24
/* The link type's upper bits tell of a checksum behind each frame, which no length counts. */
#define LINK_MASK 0x03ffffff

enum {
	MAGIC_MICRO = 0xa1b2c3d4u,
	MAGIC_NANO = 0xa1b23c4du,
	MAGIC_KUZNETZOV = 0xa1b2cd34u,
	MAGIC_NG = 0x0a0d0d0au, /* the same in either order */
};

struct capture *capture_new(void)
{
	return calloc(1, sizeof(struct capture));
}

void capture_free(struct capture *c)
{
	free(c);
}

enum capture_record capture_need(struct capture *c, size_t want)
{
	c->want = want;
	return RECORD_CUT;
}

enum capture_record capture_break(struct capture *c, const char *error)
{
	c->error = error;
	return RECORD_BROKEN;
}

/* Interfaces */

static uint16_t find_view(struct capture *c, int link, uint32_t snaplen)
{
	for (uint32_t i = 0; i < c->view_count; i++)
		if (c->view[i].link == link && c->view[i].snaplen == snaplen)
			return (uint16_t)(i + 1);
	if (c->view_count == CAPTURE_VIEWS_MAX)
		return CAPTURE_VIEWS_MAX;
	c->view[c->view_count] = (struct capture_view){.link = link, .snaplen = snaplen};
	return (uint16_t)++c->view_count;
}

struct capture_interface *capture_add_interface(struct capture *c, int link, uint32_t snaplen)
{
	struct capture_interface *i;

	if (c->interface_count == CAPTURE_INTERFACES_MAX)
		return NULL;
	i = &c->interface[c->interface_count++];
	*i = (struct capture_interface){
		.units_per_s = 1000000,
		.snaplen = snaplen,
		.link = link,
		.view = find_view(c, link, snaplen),
	};
	return i;
}

const struct capture_interface *capture_first_interface(const struct capture *c)
{
	return c->interface_count ? &c->interface[0] : NULL;
}

/* Frames */

/* Whole seconds and the rest apart, so that nothing overflows; false if it is not a time. */
static bool time_of(const struct capture_interface *i, uint64_t units, uint64_t *ret_ns)
{
	uint64_t seconds, rest;

	if (!i->units_per_s)
		return false;
	seconds = units / i->units_per_s;
	rest = units % i->units_per_s;
	if (seconds > UINT32_MAX)
		return false;
	seconds += (uint64_t)i->offset_s; /* a sum below 0 is too large as well */
	if (seconds > SECONDS_MAX)
		return false;
	*ret_ns = seconds * NS_PER_S +
		  (uint64_t)((unsigned __int128)rest * NS_PER_S / i->units_per_s);
	return true;
}

enum capture_record capture_make_frame(struct capture *c, uint32_t interface, uint64_t units,
				       struct frame *ret)
{
	const struct capture_interface *i = &c->interface[interface];

	if (interface >= c->interface_count) {
		c->refused[CAPTURE_NO_INTERFACE]++;
		return RECORD_NONE;
	}
	if (!time_of(i, units, &ret->time_ns)) {
		c->refused[CAPTURE_BAD_TIME]++;
		return RECORD_NONE;
	}
	c->last_time_ns = ret->time_ns;
	ret->link = i->link;
	ret->view = i->view;
	return RECORD_FRAME;
}

/* pcap */

static uint32_t magic_of(const uint8_t *bytes)
{
	uint32_t magic;

	memcpy(&magic, bytes, sizeof(magic));
	return magic;
}

static bool is_pcap(uint32_t magic)
{
	return magic == MAGIC_MICRO || magic == MAGIC_NANO || magic == MAGIC_KUZNETZOV;
}

bool capture_is_magic(const uint8_t *bytes)
{
	uint32_t magic = magic_of(bytes);

	return magic == MAGIC_NG || is_pcap(magic) || is_pcap(__builtin_bswap32(magic));
}

static enum capture_record begin_pcap(struct capture *c, const uint8_t *bytes, size_t len,
				      size_t *ret_used)
{
	struct capture_interface *i;
	uint32_t magic;

	if (len < FILE_HEADER_LEN)
		return capture_need(c, FILE_HEADER_LEN);
	c->is_swapped = !is_pcap(magic_of(bytes));
	magic = capture_load32(c, bytes);
	c->version_minor = capture_load16(c, bytes + 6);
	c->record_header_len = magic == MAGIC_KUZNETZOV ? 24 : 16;
	i = capture_add_interface(c, (int)(capture_load32(c, bytes + 20) & LINK_MASK),
				  capture_load32(c, bytes + 16));
	i->units_per_s = magic == MAGIC_NANO ? NS_PER_S : 1000000;
	i->view = 0;
	c->is_begun = true;
	*ret_used = FILE_HEADER_LEN;
	return RECORD_NONE;
}

/* Before 2.3 the two lengths stood the other way round, and some writers of 2.3 did not know. */
static bool has_lengths_swapped(const struct capture *c, uint32_t captured, uint32_t wire)
{
	return c->version_minor < 3 || (c->version_minor == 3 && captured > wire);
}

enum capture_record capture_take_pcap(struct capture *c, const uint8_t *bytes, size_t len,
				      size_t *ret_used, struct frame *ret)
{
	const uint64_t per_s = c->interface[0].units_per_s;
	uint32_t captured, wire;

	if (len < c->record_header_len)
		return capture_need(c, c->record_header_len);
	captured = capture_load32(c, bytes + 8);
	wire = capture_load32(c, bytes + 12);
	if (has_lengths_swapped(c, captured, wire)) {
		captured = wire;
		wire = capture_load32(c, bytes + 8);
	}
	if (captured > CAPTURE_RECORD_MAX)
		return capture_break(c, "a packet is said to be larger than 16 MiB");
	if (len < c->record_header_len + captured)
		return capture_need(c, c->record_header_len + captured);
	*ret_used = c->record_header_len + captured;
	ret->bytes = bytes + c->record_header_len;
	ret->captured_len = captured;
	ret->wire_len = wire;
	return capture_make_frame(
		c, 0, capture_load32(c, bytes) * per_s + capture_load32(c, bytes + 4), ret);
}

/* Both */

static enum capture_record take(struct capture *c, const uint8_t *bytes, size_t len,
				size_t *ret_used, struct frame *ret)
{
	if (len < CAPTURE_MAGIC_LEN)
		return capture_need(c, CAPTURE_MAGIC_LEN);
	if (!c->is_begun && !capture_is_magic(bytes))
		return capture_break(c, "this is no capture");
	if (!c->is_begun && magic_of(bytes) != MAGIC_NG)
		return begin_pcap(c, bytes, len, ret_used);
	c->is_ng |= !c->is_begun;
	c->is_begun = true;
	return c->is_ng ? capture_take_block(c, bytes, len, ret_used, ret)
			: capture_take_pcap(c, bytes, len, ret_used, ret);
}

static size_t skip(struct capture *c, size_t len)
{
	size_t n = c->skip_bytes < len ? (size_t)c->skip_bytes : len;

	c->skip_bytes -= n;
	return n;
}

enum capture_step capture_next(struct capture *c, const uint8_t *bytes, size_t len,
			       size_t *ret_used, struct frame *ret)
{
	enum capture_record record;
	size_t used;

	c->want = CAPTURE_MAGIC_LEN;
	*ret_used = skip(c, len);
	while (!c->skip_bytes) {
		used = 0;
		*ret = (struct frame){.bytes = NULL};
		record = take(c, bytes + *ret_used, len - *ret_used, &used, ret);
		*ret_used += used;
		if (record == RECORD_FRAME)
			return CAPTURE_FRAME;
		if (record == RECORD_BROKEN)
			return CAPTURE_BROKEN;
		if (record == RECORD_CUT)
			return CAPTURE_HUNGRY;
		*ret_used += skip(c, len - *ret_used);
	}
	return CAPTURE_HUNGRY;
}

bool capture_is_truncated(const struct capture *c, size_t left)
{
	return left || c->skip_bytes || !c->is_begun;
}
