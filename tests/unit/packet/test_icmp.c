// SPDX-License-Identifier: BSD-2-Clause
#include "packet/icmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The codes assigned by IANA, of errors that can end a handshake. */
static const struct {
	uint8_t family, type, codes;
} assigned[] = {
	{4, 3, 16}, {4, 11, 2}, {4, 12, 3}, {6, 1, 9}, {6, 2, 1}, {6, 3, 2}, {6, 4, 11},
};

static void every_assigned_code_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(assigned) / sizeof(assigned[0]); i++) {
		for (uint8_t code = 0; code < assigned[i].codes; code++) {
			const char *name = icmp_name(assigned[i].family, assigned[i].type, code);

			assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
			for (uint8_t other = 0; other < code; other++)
				assert_string_not_equal(name, icmp_name(assigned[i].family,
									assigned[i].type, other));
		}
	}
}

static void codes_not_assigned_have_the_name_of_their_type(void **state)
{
	(void)state;
	assert_string_equal(icmp_name(4, 3, 16), "unreachable");
	assert_string_equal(icmp_name(6, 1, 255), "unreachable");
	assert_string_equal(icmp_name(4, 11, 9), "time-exceeded");
	assert_string_equal(icmp_name(4, 8, 0), "other");
	assert_string_equal(icmp_name(6, 128, 0), "other");
}

static void hard_and_soft_are_as_rfc_1122_says(void **state)
{
	(void)state;
	for (uint8_t code = 0; code < 16; code++) {
		enum icmp_meaning meaning = icmp_meaning(4, 3, code);

		if (code == 0 || code == 1 || code == 5)
			assert_int_equal(meaning, ICMP_SOFT);
		if (code == 2 || code == 3)
			assert_int_equal(meaning, ICMP_HARD);
		assert_int_equal(meaning == ICMP_NOTHING, code == 4); /* path MTU discovery */
	}
	assert_int_equal(icmp_meaning(4, 11, 0), ICMP_SOFT);
	assert_int_equal(icmp_meaning(4, 12, 0), ICMP_SOFT);
	assert_int_equal(icmp_meaning(6, 1, 0), ICMP_SOFT);
	assert_int_equal(icmp_meaning(6, 1, 3), ICMP_SOFT);
	assert_int_equal(icmp_meaning(6, 1, 4), ICMP_HARD);
	assert_int_equal(icmp_meaning(6, 1, 1), ICMP_HARD);
	assert_int_equal(icmp_meaning(6, 2, 0), ICMP_NOTHING);
	assert_int_equal(icmp_meaning(6, 2, 7), ICMP_NOTHING); /* the code is to be ignored */
}

static void other_types_mean_nothing(void **state)
{
	(void)state;
	assert_int_equal(icmp_meaning(4, 0, 0), ICMP_NOTHING);
	assert_int_equal(icmp_meaning(4, 4, 0), ICMP_NOTHING); /* source quench */
	assert_int_equal(icmp_meaning(4, 5, 0), ICMP_NOTHING);
	assert_int_equal(icmp_meaning(6, 129, 0), ICMP_NOTHING);
	assert_int_equal(icmp_meaning(4, 3, 200), ICMP_SOFT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_assigned_code_has_a_name_of_its_own),
		cmocka_unit_test(codes_not_assigned_have_the_name_of_their_type),
		cmocka_unit_test(hard_and_soft_are_as_rfc_1122_says),
		cmocka_unit_test(other_types_mean_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
