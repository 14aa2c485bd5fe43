// SPDX-License-Identifier: BSD-2-Clause
/* Rows as a server gets them, and the tables that it is told to make for them. */
#include "fleet/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "fleet/schema.h"
#include "record/columns.h"
#include "verdict/verdict.h"

static void numbers_and_texts_have_the_bytes_of_rowbinary(void **state)
{
	static const uint8_t wanted[] = {0xfe, 0xca, 2, 'a', 'b', 0x80, 1};
	struct rowbinary b = {0};
	char text[128];

	(void)state;
	memset(text, 'x', sizeof(text));
	rowbinary_put_uint(&b, 0xcafe, 2);
	rowbinary_put_text(&b, "ab", 2);
	rowbinary_put_text(&b, text, sizeof(text));
	assert_int_equal(b.len, sizeof(wanted) + sizeof(text));
	assert_memory_equal(b.byte, wanted, sizeof(wanted));
	rowbinary_done(&b);
}

static void a_text_that_is_cut_short_is_noticed(void **state)
{
	static const uint8_t cut[] = {5, 'a', 'b'},
			     endless[] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
	struct rowbinary_reader r = {cut, cut + sizeof(cut), false};
	char text[16];

	(void)state;
	rowbinary_get_text(&r, text, sizeof(text));
	assert_true(r.failed);
	assert_string_equal(text, "");
	r = (struct rowbinary_reader){endless, endless + sizeof(endless), false};
	rowbinary_get_text(&r, text, sizeof(text));
	assert_true(r.failed);
}

/* Whatever is in a row, comes back. */
static void a_row_comes_back_as_it_was(void **state)
{
	(void)state;
	for (unsigned t = 0; t < FLEET_TABLE_COUNT; t++) {
		const struct fleet_column *column[FLEET_COLUMNS_MAX];
		unsigned count = fleet_columns((enum fleet_table)t, true, column);
		static struct fleet_row in, out;
		struct rowbinary b = {0};
		struct rowbinary_reader r;

		memset(&in, 0, sizeof(in));
		memset(&out, 0, sizeof(out));
		for (unsigned i = 0; i < count; i++) {
			char *p = (char *)&in + column[i]->offset;

			if (column[i]->type == FLEET_TEXT)
				memset(p, 'a' + (int)i % 26, column[i]->size - 1);
			else if (column[i]->type == FLEET_WORD)
				*p = 1;
			else
				memset(p, (int)i + 1, column[i]->size);
		}
		fleet_row_put(&b, &in, column, count);
		r = (struct rowbinary_reader){b.byte, b.byte + b.len, false};
		fleet_row_get(&r, &out, column, count);
		assert_false(r.failed);
		assert_ptr_equal(r.at, r.end);
		for (unsigned i = 0; i < count; i++)
			assert_memory_equal((char *)&in + column[i]->offset,
					    (char *)&out + column[i]->offset, column[i]->size);
		rowbinary_done(&b);
	}
}

static const struct fleet_column *find(enum fleet_table table, const char *name)
{
	const struct fleet_column *column[FLEET_COLUMNS_MAX];
	unsigned count = fleet_columns(table, true, column);

	for (unsigned i = 0; i < count; i++)
		if (!strcmp(column[i]->name, name))
			return column[i];
	return NULL;
}

/* A field that recordings get later must come here too. */
static void all_that_is_recorded_of_a_closed_flow_is_sent(void **state)
{
	static const char *const otherwise[] = {"time",		"opened",      "connect_us",
						"accept_us",	"established", "local",
						"service_port", "other_port",  NULL};

	(void)state;
	for (unsigned i = 0; i < record_column_count; i++) {
		const struct record_column *c = &record_columns[i];
		const char *const *o = otherwise;

		while (*o && strcmp(*o, c->name))
			o++;
		if (!(c->tables & (1u << RECORD_CLOSE | 1u << RECORD_LOCAL)) || *o)
			continue;
		if (!find(FLEET_CLOSED, c->name))
			fail_msg("the column %s of recordings is none of flow_closed", c->name);
		if (c->words && c->type == TYPE_ENUM && !c->extra)
			assert_string_equal(c->words, find(FLEET_CLOSED, c->name)->words);
	}
}

static void severities_are_those_of_verdicts(void **state)
{
	const char *words = find(FLEET_CLOSED, "severity")->words;

	(void)state;
	for (int i = 0; i < SEVERITY_COUNT; i++)
		assert_int_equal(record_word_find(words, severity_name(i),
						  (unsigned)strlen(severity_name(i))),
				 i);
}

static void the_version_tells_the_form_of_the_tables(void **state)
{
	(void)state;
	assert_false(fleet_is_modern("18.16.1"));
	assert_false(fleet_is_modern("20.2.9"));
	assert_true(fleet_is_modern("20.3.1.1"));
	assert_true(fleet_is_modern("25.8.2.29"));
	assert_false(fleet_is_modern(""));
}

static void a_column_is_mended_if_it_lacks_a_word(void **state)
{
	const struct fleet_schema s = {.database = "d"};
	const struct fleet_column *role = find(FLEET_CLOSED, "role");
	struct sql q[FLEET_CREATE_MAX];

	(void)state;
	assert_int_equal(
		fleet_mend_column(FLEET_CLOSED, role,
				  "Enum8('unknown' = 0, 'connect' = 1, 'accept' = 2, 'listen' = 3)",
				  &s, q),
		0);
	assert_int_equal(
		fleet_mend_column(FLEET_CLOSED, role, "Enum8('unknown' = 0, 'connect' = 1)", &s, q),
		1);
	assert_string_equal(q[0].text, "ALTER TABLE d.flow_closed MODIFY COLUMN `role` "
				       "Enum8('unknown'=0,'connect'=1,'accept'=2,'listen'=3)");
	sql_done(&q[0]);
	assert_int_equal(fleet_mend_column(FLEET_CLOSED, find(FLEET_CLOSED, "pid"), "", &s, q), 1);
	assert_string_equal(q[0].text, "ALTER TABLE d.flow_closed ADD COLUMN `pid` UInt32");
	sql_done(&q[0]);
}

/* Tables that have other columns before those of the socket do not disturb each other's. */
static void a_table_keeps_its_columns(void **state)
{
	const struct fleet_column *column[FLEET_TABLE_COUNT][FLEET_COLUMNS_MAX];
	unsigned count[FLEET_TABLE_COUNT];

	(void)state;
	for (unsigned t = 0; t < FLEET_TABLE_COUNT; t++)
		count[t] = fleet_columns((enum fleet_table)t, true, column[t]);
	for (unsigned t = 0; t < FLEET_TABLE_COUNT; t++)
		for (unsigned i = 0; i < count[t]; i++)
			for (unsigned j = 0; j < i; j++)
				assert_string_not_equal(column[t][i]->name, column[t][j]->name);
}

static void no_text_can_end_a_literal(void **state)
{
	struct sql q = {0};

	(void)state;
	sql_add_text(&q, "a' OR 1=1 --\\");
	assert_string_equal(q.text, "unhex('6127204f5220313d31202d2d5c')");
	sql_done(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_texts_have_the_bytes_of_rowbinary),
		cmocka_unit_test(a_text_that_is_cut_short_is_noticed),
		cmocka_unit_test(a_row_comes_back_as_it_was),
		cmocka_unit_test(all_that_is_recorded_of_a_closed_flow_is_sent),
		cmocka_unit_test(severities_are_those_of_verdicts),
		cmocka_unit_test(the_version_tells_the_form_of_the_tables),
		cmocka_unit_test(a_column_is_mended_if_it_lacks_a_word),
		cmocka_unit_test(a_table_keeps_its_columns),
		cmocka_unit_test(no_text_can_end_a_literal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
