// SPDX-License-Identifier: BSD-2-Clause
/*
 * Recordings: whatever a file holds, it is read to its end with bounded memory. The sums and the
 * places that headers tell are put right first, so that what lies behind them is reached; what is
 * given out must be such that the program's tables can be indexed by it.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/chunk.h"
#include "record/recording.h"
#include "record/varint.h"

#define WALL_US 1795662720000000ll

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the header at `p` says that the next one is; 0: it is none. */
static size_t mend_chunk(uint8_t *file, size_t at, size_t size, size_t *segment_at, uint32_t number[2])
{
	uint8_t *p = file + at;
	size_t header = get_le16(p + 4), left = size - at, stored;
	unsigned kind = p[6];
	uint32_t crc;

	if (header < CHUNK_HEADER_BYTES || header > left)
		return 0;
	stored = get_le32(p + 8);
	if (stored > left - header)
		stored = left - header;
	put_le32(p + 8, (uint32_t)stored);
	if (p[7] & CHUNK_UNPACKED)
		put_le32(p + 12, (uint32_t)stored);
	crc = chunk_crc(p + header, stored);
	put_le32(p + 40, crc);
	if (kind == CHUNK_META) {
		*segment_at = at;
		number[0] = number[1] = 0;
	}
	put_le32(p + 24, (uint32_t)(at - *segment_at));
	put_le32(p + 32, get_le32(file + *segment_at + 40));
	if (kind == CHUNK_EDGES || kind == CHUNK_VOLUME)
		put_le32(p + 36, number[kind - CHUNK_EDGES]++);
	put_le32(p + header - 4, chunk_crc(p, header - 4));
	return at + header + stored;
}

static void mend(uint8_t *file, size_t size)
{
	size_t at = 0, segment_at = 0;
	uint32_t number[2] = {0};

	while (at + CHUNK_HEADER_BYTES <= size) {
		size_t next = memcmp(file + at, "TSR1", 4)
				      ? 0
				      : mend_chunk(file, at, size, &segment_at, number);

		at = next ? next : at + 1;
	}
}

static void expect_sane(const struct event *ev)
{
	assert(ev->head.kind && ev->head.kind < EV_KIND_COUNT);
	assert(ev->head.state < ST_COUNT && ev->head.end_reason < END_COUNT);
	if (ev->head.flags & EV_HAS_IDENT)
		assert(ev->ident.role < ROLE_COUNT && ev->ident.seen < SEEN_COUNT &&
		       ev->ident.owner_source < OWNER_COUNT);
	if (ev->head.kind == EV_HANDSHAKE)
		assert(ev->handshake.outcome < OUTCOME_COUNT && ev->handshake.directions < 4);
}

static void read_all(const uint8_t *file, size_t size, const struct recording_config *config)
{
	struct recording_stats stats;
	struct recording *r;
	struct event ev;
	size_t items = 0, texts = 0;
	int item = recording_open_memory(&r, file, size, config);

	if (!item)
		while ((item = recording_next(r, &ev)) > 0) {
			items++;
			if (item == RECORDING_EVENT)
				expect_sane(&ev);
			if (item == RECORDING_NAME)
				texts += strlen(recording_name(r)->text);
			if (item == RECORDING_NOTE)
				texts += strlen(recording_note(r)->text);
			if (item == RECORDING_HOST)
				texts += strlen(recording_host(r)->counter);
			if (item == RECORDING_LOSS)
				texts += strlen(recording_loss(r)->undecoded_why);
		}
	recording_get_stats(r, &stats);
	/* Rows are bounded by bytes; besides them, flows and gaps are told. */
	assert(items <= (size + 1) * (CHUNK_ROWS_PER_BYTE * 3 + 4));
	assert(texts != SIZE_MAX);
	recording_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording_config config = {.from_wall_us = RECORDING_NO_FROM,
					  .to_wall_us = RECORDING_NO_TO,
					  .flows_max = 4096};
	uint8_t *file = malloc(size + !size);

	if (!file)
		return 0;
	memcpy(file, data, size);
	/* Some as they are; nearly all with sums that are right, and some of these by a window. */
	if (size % 8)
		mend(file, size);
	if (size % 4 == 1) {
		config.from_wall_us = WALL_US + 2500000;
		config.to_wall_us = WALL_US + 4000000;
	}
	config.edges_only = size % 8 == 3;
	read_all(file, size, &config);
	free(file);
	return 0;
}
