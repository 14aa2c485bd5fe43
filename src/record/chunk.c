// SPDX-License-Identifier: BSD-2-Clause
#include "record/chunk.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "record/varint.h"

static const uint8_t magic[4] = {'T', 'S', 'R', '1'};

uint32_t chunk_crc(const uint8_t *p, size_t len)
{
	return (uint32_t)crc32(0, p, (uInt)len);
}

uint16_t chunk_header_length(uint32_t stored_bytes, uint32_t raw_bytes, uint32_t rows)
{
	uint32_t for_rows = (rows + CHUNK_ROWS_PER_BYTE - 1) / CHUNK_ROWS_PER_BYTE;
	uint32_t for_raw = (raw_bytes + CHUNK_RAW_PER_BYTE - 1) / CHUNK_RAW_PER_BYTE;
	uint32_t whole = for_rows > for_raw ? for_rows : for_raw;

	if (whole <= CHUNK_HEADER_BYTES + stored_bytes)
		return CHUNK_HEADER_BYTES;
	return (uint16_t)(whole - stored_bytes);
}

void chunk_header_put(uint8_t *p, const struct chunk_header *h)
{
	memset(p, 0, h->header_bytes);
	memcpy(p, magic, sizeof(magic));
	put_le16(p + 4, h->header_bytes);
	p[6] = h->kind;
	p[7] = h->flags;
	put_le32(p + 8, h->stored_bytes);
	put_le32(p + 12, h->raw_bytes);
	put_le64(p + 16, h->time_us);
	put_le32(p + 24, h->back_bytes);
	put_le32(p + 28, h->rows);
	put_le32(p + 32, h->mark);
	put_le32(p + 36, h->number);
	put_le32(p + 40, h->payload_crc);
	put_le32(p + h->header_bytes - 4, chunk_crc(p, h->header_bytes - 4u));
}

static bool is_in_bounds(const struct chunk_header *h)
{
	uint64_t whole = chunk_bytes(h);

	return h->stored_bytes <= CHUNK_STORED_MAX && h->raw_bytes <= CHUNK_RAW_MAX &&
	       h->raw_bytes <= whole * CHUNK_RAW_PER_BYTE &&
	       h->rows <= whole * CHUNK_ROWS_PER_BYTE &&
	       (!(h->flags & CHUNK_UNPACKED) || h->raw_bytes == h->stored_bytes);
}

int chunk_header_get(const uint8_t *p, size_t len, struct chunk_header *ret)
{
	if (!len)
		return -EAGAIN;
	if (memcmp(p, magic, len < sizeof(magic) ? len : sizeof(magic)))
		return -EBADMSG;
	if (len < CHUNK_HEADER_BYTES)
		return -EAGAIN;
	*ret = (struct chunk_header){
		.header_bytes = get_le16(p + 4),
		.kind = p[6],
		.flags = p[7],
		.stored_bytes = get_le32(p + 8),
		.raw_bytes = get_le32(p + 12),
		.time_us = get_le64(p + 16),
		.back_bytes = get_le32(p + 24),
		.rows = get_le32(p + 28),
		.mark = get_le32(p + 32),
		.number = get_le32(p + 36),
		.payload_crc = get_le32(p + 40),
	};
	if (ret->header_bytes < CHUNK_HEADER_BYTES || ret->header_bytes > CHUNK_HEADER_MAX)
		return -EBADMSG;
	if (len < ret->header_bytes)
		return -EAGAIN;
	if (get_le32(p + ret->header_bytes - 4) != chunk_crc(p, ret->header_bytes - 4u))
		return -EBADMSG;
	return is_in_bounds(ret) ? 0 : -EBADMSG;
}

size_t chunk_find(const uint8_t *p, size_t len)
{
	const uint8_t *at = p, *end = p + len;

	while (at < end && (at = memchr(at, magic[0], (size_t)(end - at)))) {
		size_t left = (size_t)(end - at);

		if (!memcmp(at, magic, left < sizeof(magic) ? left : sizeof(magic)))
			return (size_t)(at - p);
		at++;
	}
	return len;
}
