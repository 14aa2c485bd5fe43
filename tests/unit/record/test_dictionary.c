// SPDX-License-Identifier: BSD-2-Clause
#include "record/dictionary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ENTRIES 50000u

/* What is entry `i`: of lengths that differ, some of them the beginning of others. */
static uint32_t make(uint32_t i, char *ret)
{
	memset(ret, 'x', 24);
	memcpy(ret, &i, sizeof(i));
	return (uint32_t)sizeof(i) + i % 20;
}

static void add_all(struct dictionary *d, uint32_t count)
{
	char bytes[24];

	for (uint32_t i = 0; i < count; i++) {
		uint32_t len = make(i, bytes);

		assert_true(dictionary_has_room(d, 1, len));
		assert_int_equal(dictionary_number(d, bytes, len), i);
	}
}

static void check_all(struct dictionary *d, uint32_t count)
{
	char bytes[24];

	assert_int_equal(d->count, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t len = make(i, bytes), own_len;
		const uint8_t *own = dictionary_entry(d, i, &own_len);

		assert_int_equal(own_len, len);
		assert_memory_equal(own, bytes, len);
		assert_int_equal(dictionary_number(d, bytes, len), i);
	}
	assert_int_equal(d->count, count);
}

static void numbers_count_first_uses_however_many_there_are(void **state)
{
	struct dictionary d;

	(void)state;
	dictionary_init(&d, ENTRIES, ENTRIES * 24);
	add_all(&d, ENTRIES);
	check_all(&d, ENTRIES);
	assert_false(dictionary_has_room(&d, 1, 1));
	dictionary_done(&d);
}

/* Its index grows, is given back, and grows again: nothing of before may be left in it. */
static void nothing_is_left_of_what_was_cleared(void **state)
{
	static const uint32_t counts[] = {ENTRIES, 3, ENTRIES / 2, 700, 0, 1500, ENTRIES, 1, 5000};
	struct dictionary d;

	(void)state;
	dictionary_init(&d, ENTRIES, ENTRIES * 24);
	for (size_t n = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
		add_all(&d, counts[n]);
		check_all(&d, counts[n]);
		dictionary_clear(&d);
		assert_int_equal(d.count, 0);
	}
	dictionary_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_count_first_uses_however_many_there_are),
		cmocka_unit_test(nothing_is_left_of_what_was_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
