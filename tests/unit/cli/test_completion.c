// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/command.h"
#include "cli/completion.h"
#include "cli/option_list.h"
#include "view/report.h"

static void check(const char *command, const struct option_def *o)
{
	if (o->argument && completion_kind(o) == COMPLETES_UNSAID)
		fail_msg("%s --%s %s: what can be proposed for it? say it in cli/completion_kind.c",
			 command, o->name, o->argument);
	if (!o->argument && o->choices)
		fail_msg("%s --%s: choices of nothing", command, o->name);
}

static void every_value_says_what_completes_it(void **state)
{
	size_t seen = 0;

	(void)state;
	for (size_t r = 0; r < report_count; r++) {
		struct option_list list = {.count = 0};

		option_list_of(reports[r], &list);
		for (size_t i = 0; i < list.count; i++, seen++)
			check(reports[r]->name, list.def[i]);
	}
	for (size_t c = 0; c < other_command_count; c++)
		for (size_t i = 0; i < other_commands[c].option_count; i++, seen++)
			check(other_commands[c].name, &other_commands[c].options[i]);
	assert_true(seen > report_count);
}

static void an_unknown_value_is_unsaid(void **state)
{
	static const struct option_def unknown = {0, "colour", OPTION_TEXT, OPTION_OF_WATCH,
						  0, "COLOUR"};

	(void)state;
	assert_int_equal(completion_kind(&unknown), COMPLETES_UNSAID);
}

static void the_name_of_an_option_goes_before_that_of_its_value(void **state)
{
	static const struct option_def state_list = {0, "state", OPTION_TEXT, OPTION_OF_WATCH,
						     0, "LIST"};
	static const struct option_def column_list = {'o', "columns", OPTION_TEXT, OPTION_OF_WATCH,
						      0,   "LIST"};

	(void)state;
	assert_int_equal(completion_kind(&state_list), COMPLETES_STATES);
	assert_int_equal(completion_kind(&column_list), COMPLETES_COLUMNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_says_what_completes_it),
		cmocka_unit_test(an_unknown_value_is_unsaid),
		cmocka_unit_test(the_name_of_an_option_goes_before_that_of_its_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
