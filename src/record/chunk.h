// SPDX-License-Identifier: BSD-2-Clause
/*
 * A recording is a sequence of chunks and nothing else. Each has a header that can be found and
 * proved anywhere in a file, so that damage ends where the next header begins.
 *
 *	 0  "TSR1"
 *	 4  u16  length of this header, 48 to 4096
 *	 6  u8   kind
 *	 7  u8   flags
 *	 8  u32  bytes of the payload, which follows the header
 *	12  u32  bytes of the payload once unpacked
 *	16  u64  time: microseconds of the recording's clock, of the last tick before or in it
 *	24  u32  bytes from the header of its segment's first chunk to this header
 *	28  u32  rows
 *	32  u32  mark of its segment: CRC of the payload of that first chunk
 *	36  u32  how many chunks of its stream and segment were before it
 *	40  u32  CRC of the payload
 *	     ... bytes of later versions, to be passed over
 *	-4  u32  CRC of the header before it
 *
 * All little-endian. The CRC is that of zlib's crc32() (IEEE 802.3). Position, mark and number tell
 * a chunk that was moved, doubled, or taken from another recording from one that belongs here.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_HEADER_BYTES 48u
#define CHUNK_HEADER_MAX 4096u
#define CHUNK_RAW_MAX (4u << 20)
#define CHUNK_STORED_MAX (CHUNK_RAW_MAX + (64u << 10))
/*
 * A chunk has at most so many rows, and unpacked bytes, for each of its bytes: what a reader does
 * is bounded by what it was given. A writer that would break this makes its header longer.
 */
#define CHUNK_ROWS_PER_BYTE 64u
#define CHUNK_RAW_PER_BYTE 1024u

enum chunk_kind { CHUNK_META = 1, CHUNK_EDGES, CHUNK_VOLUME, CHUNK_END };

enum chunk_flag {
	CHUNK_KEY = 1,	      /* part of a key frame */
	CHUNK_KEY_END = 2,    /* the key frame is complete */
	CHUNK_UNPACKED = 8,   /* the payload is not compressed */
	CHUNK_MUST_KNOW = 16, /* a reader that does not know the kind must stop here */
};

struct chunk_header {
	uint16_t header_bytes;
	uint8_t kind, flags;
	uint32_t stored_bytes, raw_bytes;
	uint64_t time_us;
	uint32_t back_bytes, rows, mark, number, payload_crc;
};

/* CRC of `len` bytes. */
uint32_t chunk_crc(const uint8_t *p, size_t len);

/* The length of the header that keeps a chunk within the bounds above. */
uint16_t chunk_header_length(uint32_t stored_bytes, uint32_t raw_bytes, uint32_t rows);

/* Write h->header_bytes bytes, with the header's own CRC, at `p`. */
void chunk_header_put(uint8_t *p, const struct chunk_header *h);

/*
 * Read a header from the `len` bytes at `p`. Returns 0; -EAGAIN if it may be one but is cut;
 * -EBADMSG if it is none: no magic, a wrong CRC, or a size out of bounds.
 */
int chunk_header_get(const uint8_t *p, size_t len, struct chunk_header *ret);

/* Where in `p` the next header may begin: the offset of "TSR1" or of its beginning, else `len`. */
size_t chunk_find(const uint8_t *p, size_t len);

static inline size_t chunk_bytes(const struct chunk_header *h)
{
	return (size_t)h->header_bytes + h->stored_bytes;
}

/* The stream that it belongs to, -1 if to none. */
static inline int chunk_stream(const struct chunk_header *h)
{
	return h->kind == CHUNK_EDGES ? 0 : h->kind == CHUNK_VOLUME ? 1 : -1;
}
