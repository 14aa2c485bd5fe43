// SPDX-License-Identifier: BSD-2-Clause
/* The id of a host that others may know. */
#include "consumer/otlp_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Made with Python's hmac; the same formula gave what systemd-id128 of systemd 252 gave for a real
 * machine. */
static void test_the_host_id_is_the_one_of_machine_and_program(void **state)
{
	char id[OTLP_ID_SIZE];

	(void)state;
	otlp_host_id("0123456789abcdef0123456789abcdef", id);
	assert_string_equal(id, "ae2bb061c92a4dd98b78322c6d419d82");
}

static void test_what_is_no_machine_id_has_none(void **state)
{
	static const char *const wrong[] = {"", "uninitialized", "0123456789abcdef0123456789abcdeg",
					    "0123456789abcdef0123456789abcdef0"};
	char id[OTLP_ID_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		otlp_host_id(wrong[i], id);
		assert_string_equal(id, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_host_id_is_the_one_of_machine_and_program),
		cmocka_unit_test(test_what_is_no_machine_id_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
