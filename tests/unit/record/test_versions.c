// SPDX-License-Identifier: BSD-2-Clause
/* Recordings of other versions, made by hand: new things are passed over, and old files lack some. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "craft.h"
#include "files.h"

#define TIME 20
#define ID 21
#define END_REASON 24
#define TX 33
#define RX 34

/* Two closes with ids 5 and 7, at 1.5 s and 1.6 s, in a block whose columns may be added to. */
static void begin_closes(struct craft *c)
{
	const uint8_t id[] = {5, 7}, time[] = {0xe0, 0xc6, 0x5b, 0x80, 0xd4, 0x61};

	craft_block(c, RECORD_CLOSE, 2);
	craft_column(c, TIME, ENCODING_VARINT, time, sizeof(time));
	craft_small(c, ID, 2, id);
	craft_constant(c, 23, EV_HAS_IDENT);
}

static void end_closes(struct craft *c)
{
	craft_block_end(c);
	craft_rows(c, CHUNK_EDGES, 2);
}

static struct reading read_crafted(struct craft *c)
{
	struct reading r = read_all(c->file, c->len, &everything);

	craft_end(c);
	return r;
}

static void expect_closes(const struct reading *r)
{
	assert_int_equal(r->error, RECORDING_END);
	assert_int_equal(r->stats.damaged_bytes, 0);
	assert_int_equal(r->count, 2);
	assert_int_equal(r->event[0].head.kind, EV_CLOSE);
	assert_int_equal(r->event[0].head.id, 5);
	assert_int_equal(r->event[1].head.id, 7);
	assert_int_equal(r->event[0].time_ns, 1500000000);
	assert_int_equal(r->event[1].time_ns, 1600000000);
}

static void columns_that_are_missing_are_empty(void **state)
{
	struct craft c = craft_begin();
	struct reading r;

	(void)state;
	craft_meta(&c, META);
	begin_closes(&c);
	end_closes(&c);
	r = read_crafted(&c);
	expect_closes(&r);
	assert_int_equal(r.event[0].count.tx_bytes, 0);
	assert_int_equal(r.event[0].ident.comm[0], 0);
	assert_int_equal(r.event[0].ident.lport, 0);
	reading_done(&r);
}

static void tables_and_columns_that_are_new_are_passed_over(void **state)
{
	const char *const names[] = {"weather", "mood", NULL};
	const uint8_t two[] = {1, 2}, zero[] = {0}, one[] = {1};
	struct craft c = craft_begin();
	struct reading r;

	(void)state;
	craft_meta(&c, META);
	craft_texts(&c, names);
	craft_block(&c, RECORD_TABLES, 1);
	craft_constant(&c, 2, 77);
	craft_small(&c, 3, 1, zero);
	craft_block_end(&c);
	craft_block(&c, RECORD_COLUMNS, 1);
	craft_constant(&c, 2, 900);
	craft_small(&c, 3, 1, one);
	craft_small(&c, 4, 1, zero);
	craft_block_end(&c);
	/* A table that is new, then one that is known with a column and an encoding that are not. */
	craft_block(&c, 77, 3);
	craft_column(&c, 900, 13, "whatever", 8);
	craft_block_end(&c);
	begin_closes(&c);
	craft_column(&c, 900, ENCODING_VARINT, two, 2);
	craft_column(&c, TX, 14, "\x01\x02\x03", 3);
	craft_small(&c, RX, 2, two);
	craft_block_end(&c);
	craft_rows(&c, CHUNK_EDGES, 5);
	r = read_crafted(&c);
	expect_closes(&r);
	assert_int_equal(r.event[1].count.tx_bytes, 0);
	assert_int_equal(r.event[1].count.rx_bytes, 2);
	assert_int_equal(r.stats.unknown_tables, 1);
	assert_int_equal(r.stats.unknown_encodings, 1);
	assert_true(r.stats.unknown_columns >= 2);
	assert_string_equal(r.stats.unknown_example, "table weather");
	reading_done(&r);
}

static void what_differs_from_a_missing_column_is_missing(void **state)
{
	const uint8_t acked[] = {1, TX, 2, 2};
	struct craft c = craft_begin();
	struct reading r;

	(void)state;
	craft_meta(&c, META);
	begin_closes(&c);
	craft_column(&c, 35, ENCODING_DIFFERENCE, acked, sizeof(acked));
	end_closes(&c);
	r = read_crafted(&c);
	expect_closes(&r);
	assert_int_equal(r.event[0].count.acked_bytes, 0);
	reading_done(&r);
}

/* Column list of one entry; end_reason with other words, or of another type. */
static struct reading read_with_words(const char *words, unsigned type)
{
	const char *const texts[] = {"end_reason", words, NULL};
	const uint8_t zero[] = {0}, one[] = {1}, kind[] = {(uint8_t)type}, reasons[] = {1, 2};
	struct craft c = craft_begin();

	craft_meta(&c, META);
	craft_texts(&c, texts);
	craft_block(&c, RECORD_COLUMNS, 1);
	craft_constant(&c, 2, END_REASON);
	craft_small(&c, 3, 1, zero);
	craft_small(&c, 4, 1, kind);
	craft_small(&c, 6, 1, one);
	craft_block_end(&c);
	begin_closes(&c);
	craft_small(&c, END_REASON, 2, reasons);
	end_closes(&c);
	return read_crafted(&c);
}

static void words_go_by_their_names(void **state)
{
	struct reading r = read_with_words("none teapot fin", TYPE_ENUM);

	(void)state;
	expect_closes(&r);
	assert_int_equal(r.event[0].head.end_reason, END_NONE);
	assert_int_equal(r.event[1].head.end_reason, END_FIN);
	assert_int_equal(r.stats.unknown_words, 2);
	assert_string_equal(r.stats.unknown_example, "word end_reason=teapot");
	reading_done(&r);
}

static void a_column_of_another_type_is_missing(void **state)
{
	struct reading r = read_with_words("", TYPE_TEXT);

	(void)state;
	expect_closes(&r);
	assert_int_equal(r.event[1].head.end_reason, END_NONE);
	reading_done(&r);
}

static void headers_may_grow_and_kinds_be_new(void **state)
{
	struct craft c = craft_begin();
	struct reading r;

	(void)state;
	craft_meta(&c, META);
	craft_chunk(&c, 9, CHUNK_UNPACKED, "news", 4, 4, 0, CHUNK_HEADER_BYTES);
	begin_closes(&c);
	craft_block_end(&c);
	craft_chunk(&c, CHUNK_EDGES, CHUNK_UNPACKED, c.p, c.used, c.used, 2, 60);
	r = read_crafted(&c);
	expect_closes(&r);
	reading_done(&r);
}

static void expect_refusal(struct craft *c, const char *words)
{
	struct recording *r;
	struct event ev;
	int err = recording_open_memory(&r, c->file, c->len, &everything);

	if (!err)
		while ((err = recording_next(r, &ev)) > 0)
			;
	assert_int_equal(err, -EPROTONOSUPPORT);
	assert_string_equal(recording_why(r), words);
	recording_close(r);
	craft_end(c);
}

static void a_newer_format_is_refused_in_words(void **state)
{
	struct craft c = craft_begin();

	(void)state;
	craft_meta(&c, "format=2\nversion=3.1\nrun=00112233445566778899aabbccddeeff\n");
	expect_refusal(&c, "written by tcpsight 3.1 in format 2; this one reads 1");
	c = craft_begin();
	craft_meta(&c, META);
	craft_chunk(&c, 9, CHUNK_UNPACKED | CHUNK_MUST_KNOW, "news", 4, 4, 0, CHUNK_HEADER_BYTES);
	expect_refusal(&c, "written by tcpsight 9.9 in format 2; this one reads 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_that_are_missing_are_empty),
		cmocka_unit_test(tables_and_columns_that_are_new_are_passed_over),
		cmocka_unit_test(what_differs_from_a_missing_column_is_missing),
		cmocka_unit_test(words_go_by_their_names),
		cmocka_unit_test(a_column_of_another_type_is_missing),
		cmocka_unit_test(headers_may_grow_and_kinds_be_new),
		cmocka_unit_test(a_newer_format_is_refused_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
