// SPDX-License-Identifier: BSD-2-Clause
/* Every combination of what two ends can do, against Zeek's definition written down as a table. */
#include "packet/conn_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* Rows: originator; columns: responder inactive, partial, SYN sent, established, closed, reset. */
static const char *const expected[6][6] = {
	[CONN_INACTIVE] = {"OTH", "OTH", "OTH", "OTH", "SHR", "RSTRH"},
	[CONN_PARTIAL] = {"OTH", "OTH", "OTH", "OTH", "SHR", "RSTRH"},
	[CONN_SYN_SENT] = {"S0", "OTH", "OTH", "OTH", "S3", "REJ"},
	[CONN_ESTABLISHED] = {"OTH", "OTH", "OTH", "S1", "S3", "RSTR"},
	[CONN_CLOSED] = {"SH", "SH", "S2", "S2", "SF", "RSTR"},
	[CONN_RESET] = {"RSTOS0", "OTH", "RSTO", "RSTO", "RSTO", "RSTR"},
};

static void every_combination_has_the_name_that_zeek_gives_it(void **state)
{
	(void)state;
	for (int o = 0; o < 6; o++)
		for (int r = 0; r < 6; r++)
			assert_string_equal(
				conn_state_name((enum conn_end)o, (enum conn_end)r, true),
				expected[o][r]);
}

static void two_resets_without_data_are_a_reject(void **state)
{
	(void)state;
	assert_string_equal(conn_state_name(CONN_RESET, CONN_RESET, false), "REJ");
	assert_string_equal(conn_state_name(CONN_RESET, CONN_RESET, true), "RSTR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_has_the_name_that_zeek_gives_it),
		cmocka_unit_test(two_resets_without_data_are_a_reject),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
