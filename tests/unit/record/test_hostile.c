// SPDX-License-Identifier: BSD-2-Clause
/* Recordings made to harm: sums are right, everything else lies. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <zstd.h>
#include <cmocka.h>

#include "record/table_writer.h"
#include "craft.h"
#include "files.h"

#define MIB (1u << 20)

static uint64_t resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	assert_non_null(f);
	if (fscanf(f, "%*u %lu", &pages) != 1)
		fail();
	fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Read with a limit on memory, watched after each item. Nothing comes out but what is told. */
static struct reading read_hostile(struct craft *c)
{
	uint64_t before = resident_bytes(), most = 0;
	struct reading ret = {0};
	struct recording *r;
	struct event ev;
	int item = recording_open_memory(&r, c->file, c->len, &everything);

	if (!item)
		while ((item = recording_next(r, &ev)) > 0) {
			read_item(r, item, &ev, &ret);
			assert_true(ret.count < 100000);
			if (ret.count % 100 == 0 && resident_bytes() > most)
				most = resident_bytes();
		}
	ret.error = item;
	if (resident_bytes() > most)
		most = resident_bytes();
	recording_get_stats(r, &ret.stats);
	recording_close(r);
	craft_end(c);
	assert_true(most < before + 64 * MIB);
	return ret;
}

static void expect_nothing(struct craft *c)
{
	struct reading r = read_hostile(c);

	assert_int_equal(r.error, RECORDING_END);
	assert_int_equal(r.count, 0);
	assert_true(r.stats.damaged_bytes || r.stats.bad_rows);
	reading_done(&r);
}

/* A payload in one chunk of edges that says to have so many rows. */
static void expect_bad_payload(const void *payload, size_t len, unsigned rows)
{
	struct craft c = craft_begin();

	craft_meta(&c, META);
	craft_bytes(&c, payload, len);
	craft_rows(&c, CHUNK_EDGES, rows);
	expect_nothing(&c);
}

static void blocks_that_lie_about_their_size_are_left_out(void **state)
{
	(void)state;
	/* Table 8, 1 row, more bytes than there are; fewer; a number that never ends. */
	expect_bad_payload("\x08\x01\x7f\x00", 4, 1);
	expect_bad_payload("\x08\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 12, 1);
	expect_bad_payload("\x08\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 14, 1);
	expect_bad_payload("\x08", 1, 1);
	/* More rows than a block may have. */
	expect_bad_payload("\x08\xff\xff\xff\x7f\x00", 6, 1);
	/* Other numbers of rows than the header says. */
	expect_bad_payload("\x08\x01\x00", 3, 2);
	expect_bad_payload("\x08\x02\x00", 3, 1);
	/* A column that is longer than its block. */
	expect_bad_payload("\x08\x01\x04\xd0\x02\x7f\x01", 7, 1);
}

static void expect_bad_column(unsigned number, unsigned encoding, const void *p, size_t len)
{
	struct craft c = craft_begin();

	craft_meta(&c, META);
	craft_block(&c, RECORD_CLOSE, 3);
	craft_column(&c, number, encoding, p, len);
	craft_block_end(&c);
	craft_rows(&c, CHUNK_EDGES, 3);
	expect_nothing(&c);
}

static void columns_that_lie_are_left_out(void **state)
{
	(void)state;
	/* Too few numbers, too many, one that has no end, one of more than 64 bits. */
	expect_bad_column(33, ENCODING_VARINT, "\x01\x02", 2);
	expect_bad_column(33, ENCODING_VARINT, "\x01\x02\x03\x04", 4);
	expect_bad_column(33, ENCODING_VARINT, "\x01\x02\x80", 3);
	expect_bad_column(33, ENCODING_VARINT, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01\x01", 12);
	expect_bad_column(33, ENCODING_CONSTANT, "", 0);
	expect_bad_column(33, ENCODING_CONSTANT, "\x01\x01", 2);
	/* Planes of no byte, of nine, too short. */
	expect_bad_column(33, ENCODING_PLANES, "\x00", 1);
	expect_bad_column(33, ENCODING_PLANES, "\x09" "123456789123456789123456789", 28);
	expect_bad_column(33, ENCODING_PLANES, "\x02" "12345", 6);
	/* Sparse: more rows than there are, a row behind the last, a count without rows. */
	expect_bad_column(33, ENCODING_SPARSE, "\x04\x00\x01\x00\x01\x00\x01\x00\x01", 9);
	expect_bad_column(33, ENCODING_SPARSE, "\x01\x03\x01", 3);
	expect_bad_column(33, ENCODING_SPARSE, "\x02\x00\x01", 3);
	expect_bad_column(33, ENCODING_SPARSE, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
	/* A palette without colours, with too many, a row that has none of them. */
	expect_bad_column(33, ENCODING_PALETTE, "\x00\x00\x00\x00", 4);
	expect_bad_column(33, ENCODING_PALETTE, "\xff\x7f\x01\x01\x01", 5);
	expect_bad_column(33, ENCODING_PALETTE, "\x01\x05\x00\x01\x00", 5);
	/* Differences to more columns than can be, or to a number that has no end. */
	expect_bad_column(35, ENCODING_DIFFERENCE, "\x05\x21\x21\x21\x21\x21\x01\x01\x01", 9);
	expect_bad_column(35, ENCODING_DIFFERENCE, "\x01\x80", 2);
	/* Rows of dictionaries that are empty; numbers that their fields cannot have. */
	expect_bad_column(136, ENCODING_VARINT, "\x00\x00\x00", 3);
	expect_bad_column(41, ENCODING_CONSTANT, "\x00", 1);
	expect_bad_column(40, ENCODING_CONSTANT, "\xff\xff\xff\xff\x0f", 5);
	expect_bad_column(42, ENCODING_CONSTANT, "\x80\x80\x04", 3);
	expect_bad_column(28, ENCODING_CONSTANT, "\xff\xff\xff\xff\xff\xff\x0f", 7);
	expect_bad_column(20, ENCODING_CONSTANT, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
}

static void expect_bad_dictionary(unsigned table, const void *p, size_t len)
{
	struct craft c = craft_begin();

	craft_meta(&c, META);
	craft_block(&c, table, 2);
	craft_column(&c, 1, ENCODING_BYTES, p, len);
	craft_block_end(&c);
	craft_rows(&c, CHUNK_EDGES, 0);
	expect_nothing(&c);
}

static void dictionaries_that_lie_are_left_out(void **state)
{
	(void)state;
	expect_bad_dictionary(RECORD_TEXT, "\x05\x05" "abc", 5);
	expect_bad_dictionary(RECORD_TEXT, "\x01\x01" "abc", 5);
	expect_bad_dictionary(RECORD_TEXT, "\x01", 1);
	expect_bad_dictionary(RECORD_TEXT, "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" "a", 12);
	expect_bad_dictionary(RECORD_ADDR, "\x05\x04" "123456789", 11);
	expect_bad_dictionary(RECORD_ADDR, "\x00\x04" "1234", 6);
}

static void headers_that_lie_are_no_headers(void **state)
{
	struct {
		size_t stored, raw;
		unsigned rows;
	} lies[] = {{4, CHUNK_RAW_MAX + 1, 0}, {4, 200000, 0}, {4, 4, 10000}, {4, 5, 0}};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct craft c = craft_begin();

		craft_meta(&c, META);
		craft_chunk(&c, CHUNK_EDGES, i == 3 ? CHUNK_UNPACKED : 0, "abcd", lies[i].stored,
			    lies[i].raw, lies[i].rows, CHUNK_HEADER_BYTES);
		expect_nothing(&c);
	}
}

/* A packed payload of `bytes` zeros, with a window of 2^log. */
static size_t pack_zeros(uint8_t *to, size_t room, size_t bytes, int log)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	uint8_t *zeros = calloc(1, bytes);
	ZSTD_inBuffer in = {.src = zeros, .size = bytes};
	ZSTD_outBuffer out = {.dst = to, .size = room};

	assert_non_null(zeros);
	ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, log);
	assert_int_equal(ZSTD_compressStream2(z, &out, &in, ZSTD_e_flush), 0);
	ZSTD_freeCCtx(z);
	free(zeros);
	return out.pos;
}

static void bombs_do_not_go_off(void **state)
{
	static uint8_t packed[MIB];
	const struct {
		size_t bytes, raw;
		int log;
	} bombs[] = {
		/* 256 MiB behind a header that says 4 MiB; a window of 128 MiB; as much as allowed. */
		{256u << 20, 4u << 20, 18},
		{256u << 20, 64u << 10, 27},
		{4u << 20, 4u << 20, 18},
		{40000, 40000, 18},
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct craft c = craft_begin();
		size_t len = pack_zeros(packed, sizeof(packed), bombs[i].bytes, bombs[i].log);

		for (unsigned n = 0; n < 50 && c.len + len < CRAFT_BYTES - 1000; n++) {
			craft_meta(&c, META);
			craft_chunk(&c, CHUNK_EDGES, 0, packed, len, bombs[i].raw, 0,
				    CHUNK_HEADER_BYTES);
		}
		expect_nothing(&c);
	}
}

/* As many rows as the bounds allow, of as many tables, each with all of its columns. */
static void rows_cost_no_more_memory_than_allowed(void **state)
{
	static const uint8_t tables[] = {RECORD_OPEN, RECORD_IDENT, RECORD_HANDSHAKE, RECORD_RESET};
	struct craft c = craft_begin();
	struct reading r;

	(void)state;
	for (unsigned n = 0; n < 40; n++) {
		craft_meta(&c, META);
		for (unsigned t = 0; t < sizeof(tables); t++) {
			const struct record_column *column[RECORD_TABLE_COLUMNS_MAX];
			unsigned columns = record_table_columns(tables[t], true, column);

			craft_block(&c, tables[t], BLOCK_ROWS);
			for (unsigned i = 0; i < columns; i++)
				if (column[i]->type != TYPE_TEXT && column[i]->type != TYPE_ADDR &&
				    column[i]->type != TYPE_LOCAL)
					craft_constant(&c, column[i]->number, 3);
			craft_block_end(&c);
		}
		/* Enough bytes for so many rows. */
		craft_block(&c, 99, 0);
		c.used += 4 * BLOCK_ROWS / 64;
		craft_block_end(&c);
		craft_rows(&c, CHUNK_EDGES, 4 * BLOCK_ROWS);
	}
	r = read_hostile(&c);
	assert_int_equal(r.error, RECORDING_END);
	reading_done(&r);
}

/* Cyclic, far, and pointing nowhere: nothing is sought where a header does not belong. */
static void pointers_back_lead_nowhere(void **state)
{
	struct recording_config window = everything;
	struct craft c = craft_begin();

	(void)state;
	window.from_wall_us = 1795662720000000ll + 30000000;
	for (unsigned i = 0; i < 60; i++) {
		char meta[300];
		struct reading r;

		snprintf(meta, sizeof(meta), META "key_offset=%u\n", i * 12345678u);
		c.time_us = i * 1000000;
		craft_meta(&c, meta);
		c.segment_at += i * 7;
		craft_rows(&c, CHUNK_EDGES, 0);
		r = read_all(c.file, c.len, &window);
		assert_int_equal(r.error, RECORDING_END);
		reading_done(&r);
	}
	craft_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_that_lie_about_their_size_are_left_out),
		cmocka_unit_test(columns_that_lie_are_left_out),
		cmocka_unit_test(dictionaries_that_lie_are_left_out),
		cmocka_unit_test(headers_that_lie_are_no_headers),
		cmocka_unit_test(bombs_do_not_go_off),
		cmocka_unit_test(rows_cost_no_more_memory_than_allowed),
		cmocka_unit_test(pointers_back_lead_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
