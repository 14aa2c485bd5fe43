// SPDX-License-Identifier: BSD-2-Clause
#include "record/encoding.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "record/varint.h"

#define ROWS_MAX 2048

static uint64_t random_state = 88172645463325252ull;

static uint64_t any(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Numbers of all lengths, with the ends of the range among them. */
static uint64_t some_number(void)
{
	static const uint64_t ends[] = {0, 1, 127, 128, 255, 256, 0x7fffffffffffffffull,
					0x8000000000000000ull, 0x8000000000000001ull, UINT64_MAX};

	if (any() % 8 == 0)
		return ends[any() % (sizeof(ends) / sizeof(ends[0]))];
	return any() >> any() % 64;
}

static void expect_round_trip(enum record_encoding encoding, const uint64_t *value,
			      const uint64_t *base, unsigned width, unsigned rows)
{
	static uint8_t bytes[ENCODING_ROOM(ROWS_MAX)];
	static uint64_t back[ROWS_MAX];
	size_t len = encoding_put(bytes, encoding, value, base, width, rows);
	uint8_t *exact = malloc(len);

	assert_true(len && len <= ENCODING_ROOM(rows));
	memcpy(exact, bytes, len);
	memset(back, 0x5a, sizeof(back));
	assert_int_equal(encoding_get(exact, len, encoding, back, base, rows), 0);
	assert_memory_equal(back, value, rows * sizeof(*value));
	/* Cut at any place, or with more behind it, it is told from the whole. */
	for (size_t cut = 0; cut < len && len < 300; cut++)
		assert_int_equal(encoding_get(exact, cut, encoding, back, base, rows), -EBADMSG);
	assert_int_equal(encoding_get(bytes, len + 1, encoding, back, base, rows), -EBADMSG);
	free(exact);
}

static void all_numbers_survive_every_encoding(void **state)
{
	static uint64_t value[ROWS_MAX], base[ROWS_MAX], narrow[ROWS_MAX], few[ROWS_MAX];

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		unsigned rows = round < 40 ? round + 1 : 1 + (unsigned)(any() % ROWS_MAX);
		unsigned width = 1 + (unsigned)(any() % 8);

		for (unsigned i = 0; i < rows; i++) {
			value[i] = some_number();
			base[i] = any() % 3 ? value[i] + any() % 200 - 100 : some_number();
			narrow[i] = any() >> (64 - 8 * width);
			few[i] = any() % 128 * 517 % 65536;
		}
		expect_round_trip(ENCODING_VARINT, value, NULL, 0, rows);
		expect_round_trip(ENCODING_ZIGZAG, value, NULL, 0, rows);
		expect_round_trip(ENCODING_DELTA, value, NULL, 0, rows);
		expect_round_trip(ENCODING_DIFFERENCE, value, base, 0, rows);
		expect_round_trip(ENCODING_PLANES, narrow, NULL, width, rows);
		expect_round_trip(ENCODING_PALETTE, few, NULL, 0, rows);
		expect_round_trip(ENCODING_SPARSE, value, NULL, 0, rows);
		for (unsigned i = 0; i < rows; i++)
			value[i] = any() % 10 ? 0 : value[i];
		expect_round_trip(ENCODING_SPARSE, value, NULL, 0, rows);
		for (unsigned i = 0; i < rows; i++)
			value[i] = value[0];
		expect_round_trip(ENCODING_CONSTANT, value, NULL, 0, rows);
	}
}

/* What the difference is for: equal is short, and so is a 0 that means "not known". */
static void equal_and_zero_are_one_byte_of_a_difference(void **state)
{
	const uint64_t value[] = {1ull << 60, 0, 1ull << 60, 0}, base[] = {1ull << 60, 1ull << 60, 1ull << 60, 0};
	uint8_t bytes[ENCODING_ROOM(4)];

	(void)state;
	assert_int_equal(encoding_put(bytes, ENCODING_DIFFERENCE, value, base, 0, 4), 4);
}

static void a_palette_is_for_few_small_numbers(void **state)
{
	uint64_t value[200];
	uint8_t bytes[ENCODING_ROOM(200)];

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		value[i] = i;
	assert_int_equal(encoding_put(bytes, ENCODING_PALETTE, value, NULL, 0, 200), 0);
	for (unsigned i = 0; i < 200; i++)
		value[i] = 65536;
	assert_int_equal(encoding_put(bytes, ENCODING_PALETTE, value, NULL, 0, 200), 0);
}

static void an_unknown_encoding_is_not_a_damaged_one(void **state)
{
	uint64_t value[1];

	(void)state;
	for (unsigned e = ENCODING_COUNT; e < 16; e++)
		assert_int_equal(encoding_get((const uint8_t *)"x", 1, e, value, NULL, 1), -ENOTSUP);
	assert_int_equal(encoding_get((const uint8_t *)"x", 1, ENCODING_BYTES, value, NULL, 1), -ENOTSUP);
}

/* The examples of unsigned LEB128 in the DWARF standard, version 5, section 7.6. */
static void numbers_are_written_as_leb128_is(void **state)
{
	static const struct {
		uint64_t n;
		uint8_t len, bytes[2];
	} rows[] = {{2, 1, {2}}, {127, 1, {127}}, {128, 2, {0 + 0x80, 1}},
		    {129, 2, {1 + 0x80, 1}}, {12857, 2, {57 + 0x80, 100}}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t p[VARINT_BYTES_MAX];
		uint64_t n;

		assert_int_equal(varint_put(p, rows[i].n) - p, rows[i].len);
		assert_memory_equal(p, rows[i].bytes, rows[i].len);
		assert_ptr_equal(varint_get(p, p + rows[i].len, &n), p + rows[i].len);
		assert_int_equal(n, rows[i].n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_numbers_survive_every_encoding),
		cmocka_unit_test(equal_and_zero_are_one_byte_of_a_difference),
		cmocka_unit_test(a_palette_is_for_few_small_numbers),
		cmocka_unit_test(an_unknown_encoding_is_not_a_damaged_one),
		cmocka_unit_test(numbers_are_written_as_leb128_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
