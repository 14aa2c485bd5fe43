// SPDX-License-Identifier: BSD-2-Clause
/* What frames a file gives, whatever wrote it. */
#include "packet/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "capture_file.h"
#include "packet/timeline.h"

#define SECOND 1000000000ull

static void every_pcap_is_read(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct file f = {.is_big = big};

		put_pcap(&f, 0xa1b2c3d4, 4, 1);
		put_record(&f, 1700000000, 5, "one", 60);
		put_record(&f, 0, 0, "", 0);
		put_record(&f, 0x80000001, 999999, "after 2038", 10);
		assert_gives(&f, "1 0 1700000000000005000 3/60 one\n1 0 0 0/0 \n"
				 "1 0 2147483649999999000 10/10 after 2038\n");
		f = (struct file){.is_big = big};
		put_pcap(&f, 0xa1b23c4d, 4, 0xf0000000 | 101); /* nanoseconds, and a checksum */
		put_record(&f, 1, 5, "two", 3);
		assert_gives(&f, "101 0 1000000005 3/3 two\n");
		f = (struct file){.is_big = big};
		put_pcap(&f, 0xa1b2cd34, 4, 113); /* Kuznetzov's */
		put_record(&f, 1, 5, "", 9);
		f.len -= 8;
		put32(&f, 5);
		put32(&f, 9);
		put_bytes(&f, "\1\0\0\0\2\0\3\0three", 13);
		assert_gives(&f, "113 0 1000005000 5/9 three\n");
		f = (struct file){.is_big = big};
		put_pcap(&f, 0xa1b2c3d4, 2, 1); /* the lengths the other way round */
		put_record(&f, 1, 0, "four", 0);
		f.len -= 12;
		put32(&f, 60);
		put32(&f, 4);
		put_bytes(&f, "four", 4);
		assert_gives(&f, "1 0 1000000000 4/60 four\n");
	}
}

static void every_block_with_packets_is_read(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct file f = {.is_big = big};

		put_section(&f);
		put_interface(&f, 1, 100, 0, 0);
		put_packet(&f, 0, 1700000000000001ull, "enhanced", 60);
		begin_block(&f, 5); /* statistics */
		put_bytes(&f, "abcdefgh", 8);
		end_block(&f);
		begin_block(&f, 2); /* the obsolete one */
		put16(&f, 0);
		put16(&f, 0);
		put32(&f, 1700000000000002ull >> 32);
		put32(&f, 1700000000000002ull & 0xffffffff);
		put32(&f, 3);
		put32(&f, 3);
		put_bytes(&f, "old", 3);
		end_block(&f);
		begin_block(&f, 3); /* the simple one has no time */
		put32(&f, 6);
		put_bytes(&f, "simple", 6);
		end_block(&f);
		assert_gives(&f, "1 1 1700000000000001000 8/60 enhanced\n"
				 "1 1 1700000000000002000 3/3 old\n"
				 "1 1 1700000000000002000 6/6 simple\n");
	}
}

static void every_resolution_of_time_is_understood(void **state)
{
	static const struct {
		uint32_t resolution;
		int64_t offset_s;
		uint64_t units;
		const char *time;
	} row[] = {
		{9, 0, 1700000000123456789ull, "1700000000123456789"},
		{3, 0, 1700000000123ull, "1700000000123000000"},
		{0x80, 0, 1700000000, "1700000000000000000"},
		{0x8a, 0, 1700000000ull * 1024 + 512, "1700000000500000000"},
		{6, 1600000000, 100000005, "1600000100000005000"},
		{6, -100, 1700000000000000ull, "1699999900000000000"},
		{12, 0, 1000000000001500ull, "1000000000001"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (int big = 0; big < 2; big++) {
			struct file f = {.is_big = big};
			char text[100];

			put_section(&f);
			put_interface(&f, 1, 0, row[i].resolution, row[i].offset_s);
			put_packet(&f, 0, row[i].units, "x", 1);
			snprintf(text, sizeof(text), "1 1 %s 1/1 x\n", row[i].time);
			assert_gives(&f, text);
		}
}

static void interfaces_of_other_kinds_are_other_views(void **state)
{
	struct file f = {.is_big = false};

	(void)state;
	put_section(&f);
	put_interface(&f, 1, 262144, 0, 0);
	put_interface(&f, 276, 262144, 0, 0);
	put_interface(&f, 1, 262144, 9, 0); /* the other port of a tap */
	put_interface(&f, 1, 96, 0, 0);
	for (uint32_t i = 0; i < 4; i++)
		put_packet(&f, i, i == 2 ? 2000 : 2, "x", 1);
	assert_gives(&f, "1 1 2000 1/1 x\n276 2 2000 1/1 x\n1 1 2000 1/1 x\n1 3 2000 1/1 x\n");
}

/* Two files behind one another. */
static void a_section_has_a_byte_order_and_interfaces_of_its_own(void **state)
{
	struct file f = {.is_big = false};

	(void)state;
	put_section(&f);
	put_interface(&f, 276, 0, 0, 0);
	put_packet(&f, 0, 1, "one", 3);
	f.is_big = true;
	put_section(&f);
	put_interface(&f, 1, 0, 9, 0);
	put_packet(&f, 0, 2000, "two", 3);
	assert_gives(&f, "276 1 1000 3/3 one\n1 2 2000 3/3 two\n");
}

static void what_makes_no_sense_is_left_out_and_counted(void **state)
{
	struct file f = {.is_big = false};
	struct result r;

	(void)state;
	put_section(&f);
	put_packet(&f, 0, 1, "nobody's", 8);
	put_interface(&f, 1, 0, 0, 0);
	put_packet(&f, 7, 1, "nobody's", 8);
	put_packet(&f, 0, (TIMELINE_STAMP_MAX_NS / 1000) + 1, "late", 4);
	put_packet(&f, 0, UINT64_MAX, "later", 5);
	put_interface(&f, 1, 0, 0, -1000);
	put_packet(&f, 1, 5, "before 1970", 11);
	put_interface(&f, 1, 0, 0x7f, 0);
	put_packet(&f, 2, 5, "what unit?", 10);
	put_packet(&f, 0, 1, "good", 4);
	r = whole(&f);
	assert_string_equal(r.text, "1 1 1000 4/4 good\n");
	assert_int_equal(r.refused[CAPTURE_NO_INTERFACE], 2);
	assert_int_equal(r.refused[CAPTURE_BAD_TIME], 4);
	f = (struct file){.is_big = true};
	put_pcap(&f, 0xa1b2c3d4, 4, 1);
	put_record(&f, 0xfffffff3, 0, "x", 1);
	r = whole(&f);
	assert_int_equal(r.refused[CAPTURE_BAD_TIME], 1);
}

static void a_block_may_say_that_it_holds_more_than_it_does(void **state)
{
	struct file f = {.is_big = false};

	(void)state;
	put_section(&f);
	put_interface(&f, 1, 0, 0, 0);
	put_packet(&f, 0, 1, "four", 4);
	f.bytes[f.len - 12] = 0xff; /* captured length: behind time */
	assert_int_equal(f.bytes[f.len - 8], 'f');
	f.bytes[f.len - 12] = 4;
	f.bytes[f.len - 16] = 0xff;
	assert_gives(&f, "1 1 1000 4/4 four\n");
}

static void a_file_that_breaks_off_is_known_as_such(void **state)
{
	struct file f = {.is_big = false}, g = {.is_big = true};
	struct result r;

	(void)state;
	put_section(&f);
	put_interface(&f, 1, 0, 0, 0);
	put_packet(&f, 0, 1, "x", 1);
	put_pcap(&g, 0xa1b2c3d4, 4, 1);
	put_record(&g, 1, 0, "xyz", 3);
	for (struct file *one = &f; one; one = one == &f ? &g : NULL) {
		size_t len = one->len;

		for (one->len = 0; one->len < len; one->len++) {
			bool ends_well = (one == &f && (one->len == 28 || one->len == 28 + 32)) ||
					 (one == &g && one->len == 24);

			r = whole(one);
			assert_int_equal(r.end, CAPTURE_HUNGRY);
			assert_int_equal(r.is_truncated, !ends_well);
		}
	}
}

static void impossible_lengths_end_it(void **state)
{
	struct file f = {.is_big = false};
	struct result r;

	(void)state;
	put_pcap(&f, 0xa1b2c3d4, 4, 1);
	put_record(&f, 1, 0, "x", 1);
	put_record(&f, 1, 0, "y", 1);
	f.bytes[f.len - 6] = 0x7f; /* the captured length */
	r = whole(&f);
	assert_int_equal(r.end, CAPTURE_BROKEN);
	assert_non_null(r.error);
	assert_string_equal(r.text, "1 0 1000000000 1/1 x\n");
	for (uint32_t size = 0; size < 12; size++) {
		f = (struct file){.is_big = false};
		put_section(&f);
		put32(&f, 6);
		put32(&f, size);
		put32(&f, 0);
		r = whole(&f);
		/* a length is taken for one that leaves out the padding */
		assert_int_equal(r.end, size < 9 ? CAPTURE_BROKEN : CAPTURE_HUNGRY);
	}
	f = (struct file){.is_big = false};
	put_section(&f);
	f.bytes[8] = 0;
	r = whole(&f);
	assert_int_equal(r.end, CAPTURE_BROKEN);
}

static void magic_numbers_are_known(void **state)
{
	(void)state;
	assert_true(capture_is_magic((const uint8_t *)"\xa1\xb2\xc3\xd4"));
	assert_true(capture_is_magic((const uint8_t *)"\xd4\xc3\xb2\xa1"));
	assert_true(capture_is_magic((const uint8_t *)"\x4d\x3c\xb2\xa1"));
	assert_true(capture_is_magic((const uint8_t *)"\xa1\xb2\xcd\x34"));
	assert_true(capture_is_magic((const uint8_t *)"\x0a\x0d\x0d\x0a"));
	assert_false(capture_is_magic((const uint8_t *)"0 op"));
	assert_false(capture_is_magic((const uint8_t *)"\x1f\x8b\x08\x00"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pcap_is_read),
		cmocka_unit_test(every_block_with_packets_is_read),
		cmocka_unit_test(every_resolution_of_time_is_understood),
		cmocka_unit_test(interfaces_of_other_kinds_are_other_views),
		cmocka_unit_test(a_section_has_a_byte_order_and_interfaces_of_its_own),
		cmocka_unit_test(what_makes_no_sense_is_left_out_and_counted),
		cmocka_unit_test(a_block_may_say_that_it_holds_more_than_it_does),
		cmocka_unit_test(a_file_that_breaks_off_is_known_as_such),
		cmocka_unit_test(impossible_lengths_end_it),
		cmocka_unit_test(magic_numbers_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
