// SPDX-License-Identifier: BSD-2-Clause
#include "api/pick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ROWS 200

static uint32_t seed = 1;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static bool descending;

static int compare(const void *a, const void *b)
{
	const struct pick *x = a, *y = b;

	if (x->rank != y->rank)
		return (x->rank < y->rank) != descending ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Page after page, each row once, in the order that qsort() gives. */
static void read_all(bool is_descending, size_t limit)
{
	struct pick row[ROWS];
	struct picks p;
	size_t read = 0;
	bool more = true;

	descending = is_descending;
	for (size_t i = 0; i < ROWS; i++)
		row[i] = (struct pick){.rank = any(20), .id = i + 1, .slot = any(1000)};
	p = (struct picks){.limit = limit, .descending = descending};
	while (more) {
		struct picks next = {.limit = limit, .descending = descending, .has_after = true};

		for (size_t i = 0; i < ROWS; i++)
			picks_offer(&p, &row[(i * 77) % ROWS]);
		picks_sort(&p);
		more = p.has_more;
		assert_true(p.count <= limit && (!more || p.count == limit));
		if (!read)
			qsort(row, ROWS, sizeof(row[0]), compare);
		for (size_t i = 0; i < p.count; i++, read++) {
			assert_int_equal(p.pick[i].id, row[read].id);
			assert_int_equal(p.pick[i].slot, row[read].slot);
		}
		next.after_rank = p.pick[p.count - 1].rank;
		next.after_id = p.pick[p.count - 1].id;
		picks_done(&p);
		p = next;
	}
	assert_int_equal(read, ROWS);
}

static void pages_hold_each_row_once_in_order(void **state)
{
	static const size_t limits[] = {1, 2, 7, 64, 65, 199, 200, 201};

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		read_all(false, limits[i]);
		read_all(true, limits[i]);
	}
}

static void of_nothing_there_is_nothing(void **state)
{
	struct picks p = {.limit = 3};

	(void)state;
	picks_sort(&p);
	assert_int_equal(p.count, 0);
	assert_false(p.has_more);
	picks_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_hold_each_row_once_in_order),
		cmocka_unit_test(of_nothing_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
