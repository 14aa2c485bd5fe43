// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a segment says of itself and of its run, in its first chunk: lines "key=value" of UTF-8
 * text, so that `strings` shows them. In values the bytes below 0x20, 0x7f and "%" are written as
 * %XX. Keys that are not known are passed over.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The format that this code writes, and the newest that it reads. */
#define META_FORMAT 1u
/* Room that meta_put() needs. */
#define META_BYTES_MAX 16384u
#define META_NO_KEY UINT64_MAX
/* Offsets and intervals are less than this, a thousand years, either way: sums of them are exact. */
#define META_US_END (1ll << 55)

struct record_meta {
	uint64_t format;
	char version[32]; /* of the program that wrote it */
	char run[33];	  /* 16 random bytes in hexadecimal */
	char host[65], machine[65], boot[37];
	char kernel[65], arch[17], zone[65];
	char rungs[256], watch[256], filter[1024]; /* how it was watched, and what */
	uint64_t interval_us;			   /* between two ticks */
	int64_t wall_offset_us; /* add to a time to get microseconds since 1970 */
	uint64_t row;		/* number in the run of this segment's first row */
	uint64_t key_offset; /* in the file, of the segment with the last key frame; META_NO_KEY */
	uint64_t thinned;    /* 1: samples are sums over `interval`, which was shorter once */
	uint64_t extra;	     /* 1: with the columns of struct ev_extra */
	uint64_t counters;   /* 1: with the host's own counters */
	uint64_t source;     /* 1: times are those of a file that was read, not of this machine */
};

/* Write the lines to `p`, META_BYTES_MAX bytes. Returns their length. */
size_t meta_put(char *p, const struct record_meta *m);

/*
 * Read lines. Returns 0; -EBADMSG if they are no meta; -EPROTONOSUPPORT if their format is newer
 * than ours: then `format` and `version` are set.
 */
int meta_get(const uint8_t *p, size_t len, struct record_meta *ret);
