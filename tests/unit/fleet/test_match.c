// SPDX-License-Identifier: BSD-2-Clause
/* What of a filter goes to the server: never less than it lets through, and no text of the user's. */
#include "fleet/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define V4(a, b, c, d) "toFixedString(unhex('00000000000000000000ffff" a b c d "'), 16)"

static void terms_between_ands_are_pushed_down(void **state)
{
	static const struct {
		const char *filter, *sql;
	} known[] = {
		{"port 80", " AND (lport = 80 OR rport = 80)"},
		{"dst port 5432", " AND (rport = 5432)"},
		{"tcp src port 1", " AND (lport = 1)"},
		{"src host 10.0.0.1 and dst port 80",
		 " AND (laddr = " V4("0a", "00", "00", "01") ") AND (rport = 80)"},
		{"host 255.0.0.2", " AND (laddr = " V4("ff", "00", "00", "02") " OR raddr = " V4("ff", "00", "00", "02") ")"},
		{"dst host ::1", " AND (raddr = toFixedString(unhex('00000000000000000000000000000001'), 16))"},
		/* What is not understood here is left to who asked. */
		{"net 10.0.0.0/8 and port 80", " AND (lport = 80 OR rport = 80)"},
		{"host db.example and port http", ""},
		{"port 80 or port 81", ""},
		{"not port 80", ""},
		{"port 80 and not (port 81)", ""},
		{"!port 80", ""},
		{"port 80 && port 81", ""},
		{"port 0", ""},
		{"port 80x", ""},
		{"portrange 1-9 and", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct fleet_match m = {0};
		struct sql q = {0};

		fleet_match_add(&m, known[i].filter);
		fleet_match_sql(&m, false, &q);
		assert_string_equal(q.text ? q.text : "", known[i].sql);
		sql_done(&q);
	}
}

static void current_releases_have_a_type_for_addresses(void **state)
{
	struct fleet_match m = {0};
	struct sql q = {0};

	(void)state;
	fleet_match_add(&m, "src host 10.0.0.1");
	fleet_match_sql(&m, true, &q);
	assert_string_equal(q.text, " AND (laddr = toIPv6('::ffff:10.0.0.1'))");
	sql_done(&q);
}

static void lists_of_ports_and_a_process_are_pushed_down(void **state)
{
	static uint8_t ports[8192], many[8192];
	struct fleet_match m = {.pid = 7, .lports = ports, .rports = many};
	struct sql q = {0};

	(void)state;
	ports[22 / 8] |= 1 << 22 % 8;
	ports[65535 / 8] |= 1 << 65535 % 8;
	memset(many, 0xff, sizeof(many));
	fleet_match_sql(&m, false, &q);
	assert_string_equal(q.text, " AND pid = 7 AND lport IN (22,65535)");
	sql_done(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terms_between_ands_are_pushed_down),
		cmocka_unit_test(current_releases_have_a_type_for_addresses),
		cmocka_unit_test(lists_of_ports_and_a_process_are_pushed_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
