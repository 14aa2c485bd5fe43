// SPDX-License-Identifier: BSD-2-Clause
/* The table of columns says the truth about the structs, and about words that others know too. */
#include "record/columns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "abi/event.h"
#include "engine/column.h"

static void numbers_are_unique_and_in_order(void **state)
{
	(void)state;
	for (unsigned i = 1; i < record_column_count; i++)
		assert_true(record_columns[i - 1].number < record_columns[i].number);
	assert_true(record_columns[record_column_count - 1].number < RECORD_NUMBER_END);
}

static void columns_come_after_those_that_they_differ_from(void **state)
{
	(void)state;
	for (unsigned i = 0; i < record_column_count; i++) {
		const struct record_column *c = &record_columns[i];

		for (unsigned b = 0; b < 2; b++)
			if (c->base[b])
				assert_true(c->encoding == ENCODING_DIFFERENCE &&
					    c->base[b] < c->number && record_column_find(c->base[b]));
	}
	for (unsigned t = 0; t < RECORD_TABLE_END; t++) {
		const struct record_column *column[RECORD_TABLE_COLUMNS_MAX];

		assert_true(record_table_columns(t, true, column) < RECORD_TABLE_COLUMNS_MAX);
	}
}

/* What a row of `table` brings back of a struct event: each byte that some column has. */
static void cover(enum record_table table, uint8_t covered[sizeof(struct event)])
{
	const struct record_column *column[RECORD_TABLE_COLUMNS_MAX];
	unsigned n = record_table_columns(table, true, column);

	memset(covered, 0, sizeof(struct event));
#define HAS(f) memset(covered + offsetof(struct event, f), 1, sizeof(((struct event *)0)->f))
	for (unsigned i = 0; i < n; i++) {
		const struct record_column *c = column[i];

		switch ((enum record_form)c->form) {
		case FORM_LOCAL:
			HAS(ident.cgroup_id);
			HAS(ident.pid);
			HAS(ident.uid);
			HAS(ident.netns);
			HAS(ident.mntns);
			HAS(ident.comm);
			HAS(ident.thread);
			HAS(ident.laddr);
			HAS(ident.owner_source);
			HAS(ident.role);
			break;
		case FORM_SERVICE:
		case FORM_OTHER:
			HAS(ident.lport);
			HAS(ident.rport);
			break;
		case FORM_CONNECT:
		case FORM_ACCEPT:
			HAS(ident.handshake_us);
			break;
		default:
			memset(covered + c->offset, 1, c->size);
			break;
		}
	}
	/* The kind is told by the table; there is nothing in what pads. */
	HAS(head.kind);
	HAS(count.pad);
	if (table != RECORD_HANDSHAKE)
		HAS(extra.pad);
	if (table == RECORD_HANDSHAKE)
		HAS(handshake.pad);
#undef HAS
}

/* A field that was added to struct event needs its line in columns.c. */
static void every_field_of_an_event_has_a_column(void **state)
{
	uint8_t covered[sizeof(struct event)];

	(void)state;
	cover(RECORD_CLOSE, covered);
	for (size_t i = 0; i < sizeof(struct event); i++)
		if (!covered[i])
			fail_msg("byte %zu of struct event is in no column of the table close", i);
	cover(RECORD_HANDSHAKE, covered);
	for (size_t i = 0; i < EV_SIZE_HANDSHAKE; i++)
		if (!covered[i])
			fail_msg("byte %zu of struct event is in no column of the table handshake", i);
}

static void expect_words(const char *name, unsigned count, const char *(*word)(unsigned), const char *zero)
{
	const struct record_column *c = NULL;
	unsigned len;

	for (unsigned i = 0; i < record_column_count && !c; i++)
		if (!strcmp(record_columns[i].name, name) && record_columns[i].words)
			c = &record_columns[i];
	assert_non_null(c);
	for (unsigned i = 0; i < count; i++) {
		const char *own = record_word(c->words, i, &len);
		const char *theirs = word(i) ? word(i) : zero;

		assert_non_null(own);
		assert_int_equal(len, strlen(theirs));
		assert_memory_equal(own, theirs, len);
	}
	assert_null(record_word(c->words, count, &len));
}

/* What `-o` prints is what a recording says. */
static void words_are_those_of_the_views(void **state)
{
	(void)state;
	expect_words("state", ST_COUNT, state_name, NULL);
	expect_words("end_reason", END_COUNT, end_reason_name, "none");
	expect_words("role", ROLE_COUNT, role_name, NULL);
	expect_words("owner_source", OWNER_COUNT, owner_source_name, NULL);
	expect_words("seen", SEEN_COUNT, seen_name, NULL);
	expect_words("outcome", OUTCOME_COUNT, outcome_name, NULL);
}

static void words_are_found(void **state)
{
	unsigned len;

	(void)state;
	assert_int_equal(record_word_find("a bc def", "bc", 2), 1);
	assert_int_equal(record_word_find("a bc def", "b", 1), -1);
	assert_int_equal(record_word_find("a bc def", "def", 3), 2);
	assert_null(record_word("", 0, &len));
	assert_null(record_word("a", 1, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_unique_and_in_order),
		cmocka_unit_test(columns_come_after_those_that_they_differ_from),
		cmocka_unit_test(every_field_of_an_event_has_a_column),
		cmocka_unit_test(words_are_those_of_the_views),
		cmocka_unit_test(words_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
