// SPDX-License-Identifier: BSD-2-Clause
/* What capture.c and capture_ng.c share, private to them. */
#pragma once
#include "packet/capture.h"

/* What one record gave. */
enum capture_record {
	RECORD_FRAME,
	RECORD_NONE, /* nothing to see; go on behind it */
	RECORD_CUT,  /* not all of it is there: `want` */
	RECORD_BROKEN,
};

/* Read a record, or block, at the beginning of `bytes`; `*ret_used` is set unless it is cut. */
enum capture_record capture_take_pcap(struct capture *c, const uint8_t *bytes, size_t len,
				      size_t *ret_used, struct frame *ret);
enum capture_record capture_take_block(struct capture *c, const uint8_t *bytes, size_t len,
				       size_t *ret_used, struct frame *ret);

/* Enter an interface and find its view; NULL if there is no room. */
struct capture_interface *capture_add_interface(struct capture *c, int link, uint32_t snaplen);

enum capture_record capture_need(struct capture *c, size_t want);
enum capture_record capture_break(struct capture *c, const char *error);

/*
 * Fill in a frame of an interface; RECORD_NONE, and counted, if there is no such interface or its
 * time makes no sense.
 */
enum capture_record capture_make_frame(struct capture *c, uint32_t interface, uint64_t units,
				       struct frame *ret);

/* Integers of the file's byte order; not aligned. */
static inline uint16_t capture_load16(const struct capture *c, const uint8_t *at)
{
	uint16_t n;

	__builtin_memcpy(&n, at, sizeof(n));
	return c->is_swapped ? __builtin_bswap16(n) : n;
}

static inline uint32_t capture_load32(const struct capture *c, const uint8_t *at)
{
	uint32_t n;

	__builtin_memcpy(&n, at, sizeof(n));
	return c->is_swapped ? __builtin_bswap32(n) : n;
}
