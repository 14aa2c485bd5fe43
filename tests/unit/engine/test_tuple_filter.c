// SPDX-License-Identifier: BSD-2-Clause
#include "engine/tuple_filter.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct addr addr_of(const char *text)
{
	struct in_addr v4;
	struct addr a;

	if (inet_pton(AF_INET, text, &v4) == 1)
		addr_set_v4(&a, v4.s_addr);
	else
		assert_int_equal(inet_pton(AF_INET6, text, a.byte), 1);
	return a;
}

static bool add(struct tuple_filters *f, const char *word)
{
	char why[256];
	size_t at;

	return !tuple_filters_add(f, word, why, sizeof(why), &at);
}

static bool matches(const char *filter, const char *laddr, unsigned lport, const char *raddr,
		    unsigned rport)
{
	struct ev_ident id = {.laddr = addr_of(laddr), .raddr = addr_of(raddr)};
	struct tuple_filters *f = tuple_filters_new();
	bool found;

	id.lport = (__u16)lport;
	id.rport = (__u16)rport;
	assert_true(add(f, filter));
	found = tuple_filters_match(f, &id);
	tuple_filters_free(f);
	return found;
}

static void wildcards_stand_for_bytes_ports_and_addresses(void **state)
{
	(void)state;
	assert_true(matches("10.*.3.*:80-*.*.*.*:*", "10.9.3.4", 80, "1.2.3.4", 5));
	assert_false(matches("10.*.3.*:80-*.*.*.*:*", "10.9.4.4", 80, "1.2.3.4", 5));
	assert_false(matches("10.*.3.*:80-*.*.*.*:*", "10.9.3.4", 81, "1.2.3.4", 5));
	assert_true(matches("*:*-*:443", "::1", 1, "::1", 443));
	assert_true(matches("*.*.*.*:*-*.*.*.*:443", "::1", 1, "::1", 443));
	assert_false(matches("*:*-*:443", "::1", 443, "::1", 1));
}

static void port_65535_is_a_port(void **state)
{
	(void)state;
	assert_true(matches("*:65535-*:*", "1.1.1.1", 65535, "1.1.1.2", 9));
	assert_false(matches("*:65535-*:*", "1.1.1.1", 80, "1.1.1.2", 9));
}

static void ipv6_and_lengths(void **state)
{
	(void)state;
	assert_true(matches("*:*-[2001:db8::]/32:443", "::1", 1, "2001:db8:1::9", 443));
	assert_true(matches("*:*-[2001:db8::/32]:443", "::1", 1, "2001:db8:1::9", 443));
	assert_false(matches("*:*-[2001:db8::]/32:443", "::1", 1, "2001:db9::", 443));
	assert_true(matches("[::1]:*-*:*", "::1", 7, "::1", 8));
	assert_false(matches("[::1]:*-*:*", "::2", 7, "::1", 8));
	assert_true(matches("10.0.0.0/9:*-*:*", "10.127.0.1", 7, "1.1.1.1", 8));
	assert_false(matches("10.0.0.0/9:*-*:*", "10.128.0.1", 7, "1.1.1.1", 8));
	assert_false(matches("[::]/0:*-*:*", "1.2.3.4", 7, "1.1.1.1", 8));
}

static void several_are_ored_and_none_matches_all(void **state)
{
	struct tuple_filters *f = tuple_filters_new();
	struct ev_ident id = {.lport = 22};

	(void)state;
	id.laddr = id.raddr = addr_of("1.2.3.4");
	assert_true(tuple_filters_match(f, &id));
	assert_true(add(f, "*:80-*:*"));
	assert_false(tuple_filters_match(f, &id));
	assert_true(add(f, "*:22-*:*"));
	assert_true(tuple_filters_match(f, &id));
	tuple_filters_free(f);
}

static void nonsense_is_refused(void **state)
{
	static const char *const words[] = {
		"", "-", "*:*", "1.2.3.4:*", "1.2.3:*-*:*", "1.2.3.4.5:*-*:*", "1.2.3.4-*:*",
		"256.1.1.1:*-*:*", "1.2.3.4:65536-*:*", "1.2.3.4:x-*:*", "1.2.3.4:-*:*",
		"[::1:*-*:*", "[::g]:*-*:*", "[::1]/129:*-*:*", "1.2.3.4/33:*-*:*", "*:*-*:*:*:*",
	};
	struct tuple_filters *f = tuple_filters_new();

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (add(f, words[i]))
			fail_msg("'%s' was taken", words[i]);
	tuple_filters_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wildcards_stand_for_bytes_ports_and_addresses),
		cmocka_unit_test(port_65535_is_a_port),
		cmocka_unit_test(ipv6_and_lengths),
		cmocka_unit_test(several_are_ored_and_none_matches_all),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
