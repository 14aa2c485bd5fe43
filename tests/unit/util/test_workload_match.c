// SPDX-License-Identifier: BSD-2-Clause
/* Which units and containers a pattern of --unit and --container takes. */
#include "util/workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* A whole id; a name has its first 12 digits. */
#define A64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void units_are_matched(void **state)
{
	static const struct {
		const char *unit, *pattern;
		bool matches;
	} table[] = {
		{"nginx.service", "nginx.service", true},
		{"nginx.service", "nginx", true},
		{"nginx.service", "ngin", false},
		{"nginx.service", "ngi*", true},
		{"nginx.service", "*.service", true},
		{"nginx.service", "*.scope", false},
		{"nginx.service", "[mn]ginx", true},
		{"nginx.service", "", false},
		{"nginx.socket", "nginx", false},
		{"nginx.socket", "nginx*", true},
		{"getty@tty1.service", "getty@*", true},
		{"app-print-applet@autostart.service", "app-print\\x2dapplet@autostart.service",
		 true},
		{"app-print-applet@autostart.service", "app-print\\x2d*", true},
		{"a\\x20b.service", "a\\x20b", true},
		{"a\\x20b.service", "a\\x20*", true},
		{"a[b].service", "a[b].service", true},
		{".service", "", false},
		{"", "", true},
		{"", "*", false},
	};
	struct workload w = {.unit = ""};
	char longest[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		strcpy(w.unit, table[i].unit);
		if (workload_matches_unit(&w, table[i].pattern) != table[i].matches)
			fail_msg("unit '%s' pattern '%s'", table[i].unit, table[i].pattern);
	}
	memset(longest, '?', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(workload_matches_unit(&w, longest));
}

static void containers_are_matched(void **state)
{
	static const struct {
		const char *container, *pattern;
		bool matches;
	} table[] = {
		{"docker:0123456789ab", "0123456789ab", true},
		{"docker:0123456789ab", "012345", true},
		{"docker:0123456789ab", "01234", false},
		{"docker:0123456789ab", "123456", false},
		{"docker:0123456789ab", A64, true},
		{"docker:0123456789ab", "0123456789abff", true},
		{"docker:0123456789ab", "0123456789acff", false},
		{"docker:0123456789ab", "0123456789abxx", false},
		{"docker:0123456789ab", A64 "0", false},
		{"docker:0123456789ab", "docker:0", true},
		{"docker:0123456789ab", "docker:" A64, true},
		{"docker:0123456789ab", "docker:", true},
		{"docker:0123456789ab", "docker", false},
		{"docker:0123456789ab", "podman:0123456789ab", false},
		{"docker:0123456789ab", "", false},
		{"lxc:web", "web", true},
		{"lxc:web", "we", false},
		{"lxc:web", "lxc:we", true},
		{"lxc:webserver", "webser", true},
		{"lxc:webserver", "webserver2", false},
		{"lxc:a:bcdefg", "a:bcde", true},
		{"", "", true},
		{"", "docker:", false},
	};
	struct workload w = {.unit = ""};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		strcpy(w.container, table[i].container);
		if (workload_matches_container(&w, table[i].pattern) != table[i].matches)
			fail_msg("container '%s' pattern '%s'", table[i].container,
				 table[i].pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_matched),
		cmocka_unit_test(containers_are_matched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
