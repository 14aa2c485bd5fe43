// SPDX-License-Identifier: BSD-2-Clause
#include "packet/expression.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct addr addr_of(const char *text)
{
	struct addr a;
	uint32_t v4_be;

	if (inet_pton(AF_INET, text, &v4_be) == 1)
		addr_set_v4(&a, v4_be);
	else
		assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

static struct expression parsed(const char *text)
{
	struct expression_error error = {.text = "none"};
	struct expression e;

	if (expression_parse(text, &e, &error))
		fail_msg("%s: at %zu: %s", text, error.at, error.text);
	return e;
}

static bool rx_matches(const char *text, const char *remote, uint16_t port)
{
	struct expression e = parsed(text);
	struct addr a = addr_of(remote);

	return expression_matches(&e, EXPRESSION_RX, &a, port);
}

static void a_filter_has_a_name_a_direction_and_rules(void **state)
{
	struct expression e = parsed("http-rx:RX@192.168.0.2:80:443");
	struct addr a = addr_of("192.168.0.2"), b = addr_of("192.168.0.3");

	(void)state;
	assert_string_equal(e.name, "http-rx");
	assert_int_equal(e.direction, EXPRESSION_RX);
	assert_int_equal(e.term_count, 2);
	assert_true(expression_matches(&e, EXPRESSION_RX, &a, 80));
	assert_true(expression_matches(&e, EXPRESSION_RX, &a, 443));
	assert_false(expression_matches(&e, EXPRESSION_RX, &a, 8080));
	assert_false(expression_matches(&e, EXPRESSION_TX, &a, 80));
	assert_false(expression_matches(&e, EXPRESSION_RX, &b, 80));
	assert_int_equal(parsed("x:TX@%:%").direction, EXPRESSION_TX);
}

static void both_wildcards_are_the_same(void **state)
{
	static const char *const text[] = {"a:RX@%:%", "a:RX@*:*", "a:RX@%:*", "a:RX@*:%",
					   "a:RX@*:0"};

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_true(rx_matches(text[i], "10.1.2.3", 1));
		assert_true(rx_matches(text[i], "2001:db8::1", 65535));
	}
}

static void the_expressions_of_the_manual_are_understood(void **state)
{
	(void)state;
	assert_true(rx_matches("filter:RX@%:80:443", "10.0.0.1", 443));
	assert_true(rx_matches("filter:RX@192.168.0.0/24:%", "192.168.0.77", 1));
	assert_false(rx_matches("filter:RX@192.168.0.0/24:%", "192.168.1.77", 1));
	assert_true(rx_matches("f:RX@192.168.0.1:80:443:8080,192.168.0.2:80,192.168.0.3:80:8080",
			       "192.168.0.3", 8080));
	assert_false(rx_matches("f:RX@192.168.0.1:80:443:8080,192.168.0.2:80,192.168.0.3:80:8080",
				"192.168.0.2", 8080));
	assert_true(expression_is_exclusion(&(struct expression){.name = ""}));
	assert_string_equal(parsed(":RX@*:22").name, "");
}

static void host_bits_of_a_network_are_ignored(void **state)
{
	(void)state;
	assert_true(rx_matches("a:RX@192.168.0.1/24:%", "192.168.0.77", 5));
	assert_true(rx_matches("a:RX@10.255.255.255/8:%", "10.0.0.1", 5));
	assert_true(rx_matches("a:RX@10.0.0.129/25:%", "10.0.0.200", 5));
	assert_false(rx_matches("a:RX@10.0.0.129/25:%", "10.0.0.127", 5));
	assert_true(rx_matches("a:RX@[2001:db8::ffff]/32:%", "2001:db8:1::1", 5));
	assert_false(rx_matches("a:RX@[2001:db8::ffff]/32:%", "2001:db9::1", 5));
}

static void the_zero_address_is_any_of_its_family(void **state)
{
	(void)state;
	assert_true(rx_matches("a:RX@0.0.0.0:%", "10.1.1.1", 5));
	assert_true(rx_matches("a:RX@0.0.0.0/24:%", "10.1.1.1", 5));
	assert_true(rx_matches("a:RX@1.2.3.4/0:%", "10.1.1.1", 5));
	assert_false(rx_matches("a:RX@0.0.0.0/0:%", "2001:db8::1", 5));
	assert_true(rx_matches("a:RX@[::]:%", "2001:db8::1", 5));
	assert_true(rx_matches("a:RX@::/0:%", "2001:db8::1", 5));
	assert_false(rx_matches("a:RX@::/10:%", "2001:db8::1", 5));
	assert_true(rx_matches("a:RX@::/10:%", "::1", 5));
	assert_false(rx_matches("a:RX@::/0:%", "10.1.1.1", 5));
}

static void ipv6_is_written_in_brackets(void **state)
{
	(void)state;
	assert_true(rx_matches("a:RX@[::1]:80", "::1", 80));
	assert_true(rx_matches("a:RX@[fe80::]/10:22:23", "fe80::1234", 23));
	assert_true(rx_matches("a:RX@[fe80::/10]:22", "febf::1", 22));
	assert_false(rx_matches("a:RX@[fe80::/10]:22", "fec0::1", 22));
	assert_true(rx_matches("a:RX@10.0.0.1:80,[::1]:80,10.0.0.2:80", "::1", 80));
	assert_true(rx_matches("a:RX@[::ffff:10.0.0.1]:80", "10.0.0.1", 80));
}

static void ipv6_without_brackets_is_understood_where_one_reading_makes_sense(void **state)
{
	(void)state;
	assert_true(rx_matches("a:RX@fe80::/10:22", "fe80::1", 22));
	assert_true(rx_matches("a:RX@2001:db8::1:%", "2001:db8::1", 22));
	assert_true(rx_matches("a:RX@2001:db8::1:%:22", "2001:db8::1", 7));
	assert_true(rx_matches("a:RX@::1:10000", "::1", 10000));
	assert_true(rx_matches("a:RX@2001:db8:0:0:0:0:0:1:80", "2001:db8::1", 80));
	assert_true(rx_matches("a:RX@::ffff:10.0.0.1:80", "10.0.0.1", 80));
}

struct refusal {
	const char *text;
	size_t at;
	const char *says; /* a part of the message */
};

static const struct refusal refusals[] = {
	{"", 0, "must follow the name"},
	{"foo", 3, "must follow the name"},
	{"foo:", 4, "RX@ or TX@"},
	{"foo:rx@%:%", 4, "RX@ or TX@"},
	{"foo:IN@%:%", 4, "RX@ or TX@"},
	{"foo:RX %:%", 4, "RX@ or TX@"},
	{"foo:RX@", 7, "address is missing"},
	{"foo:RX@%", 8, "port must follow"},
	{"foo:RX@%:", 9, "not a port"},
	{"foo:RX@%:80:", 12, "not a port"},
	{"foo:RX@%:80x", 9, "not a port"},
	{"foo:RX@%:80:http", 12, "not a port"},
	{"foo:RX@%:65536", 9, "not a port"},
	{"foo:RX@%:99999999999999999999", 9, "not a port"},
	{"foo:RX@%:-1", 9, "not a port"},
	{"foo:RX@%: 80", 9, "not a port"},
	{"foo:RX@%:80,", 12, "address is missing"},
	{"foo:RX@%:80,,%:1", 12, "address is missing"},
	{"foo:RX@%:80,bad:1", 12, "not an address"},
	{"foo:RX@10.0.0:80", 7, "not an address"},
	{"foo:RX@10.0.0.256:80", 7, "not an address"},
	{"foo:RX@10.0.0.1/33:80", 7, "not an address"},
	{"foo:RX@10.0.0.1/:80", 7, "not an address"},
	{"foo:RX@10.0.0.1/x:80", 7, "not an address"},
	{"foo:RX@10.0.0.1", 15, "port must follow"},
	{"foo:RX@%%:80", 7, "not an address"},
	{"foo:RX@::1:80", 7, "brackets"},
	{"foo:RX@2001:db8::1:8080:443", 7, "brackets"},
	{"foo:RX@::1", 10, "port must follow"},
	{"foo:RX@2001:db8:0:0:0:0:0:1", 27, "port must follow"},
	{"foo:RX@[::1:80", 7, "not closed"},
	{"foo:RX@[::1]", 12, "port must follow"},
	{"foo:RX@[::1]80", 12, "must follow the address"},
	{"foo:RX@[::1]/129:80", 8, "prefix"},
	{"foo:RX@[::1/64]/64:80", 8, "prefix"},
	{"foo:RX@[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80", 8, "not an address"},
	{"foo:RX@[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0]/128:80", 8,
	 "not an address"},
	{"foo:RX@[]:80", 8, "not an address"},
	{"foo:RX@[g::]:80", 8, "not an address"},
};

static void what_is_wrong_is_refused_where_it_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct expression_error error = {.at = 999, .text = ""};
		struct expression e;

		if (expression_parse(r->text, &e, &error) != -EINVAL)
			fail_msg("%s was not refused", r->text);
		if (error.at != r->at || !strstr(error.text, r->says))
			fail_msg("%s: at %zu: %s", r->text, error.at, error.text);
	}
}

static void a_name_has_a_limit_and_may_hold_anything(void **state)
{
	struct expression_error error;
	struct expression e;
	char text[300];

	(void)state;
	memset(text, 'n', sizeof(text));
	strcpy(text + 127, ":RX@%:%");
	assert_int_equal(expression_parse(text, &e, &error), 0);
	assert_int_equal(strlen(e.name), 127);
	memset(text, 'n', sizeof(text));
	strcpy(text + 128, ":RX@%:%");
	assert_int_equal(expression_parse(text, &e, &error), -E2BIG);
	assert_int_equal(error.at, 127);
	assert_string_equal(parsed("a \"b\"\\\n,@%:RX@%:%").name, "a \"b\"\\\n,@%");
}

static void ports_and_rules_have_a_limit_together(void **state)
{
	static char text[EXPRESSION_TERMS_MAX * 4 + 20];
	struct expression_error error;
	struct expression e;

	(void)state;
	strcpy(text, "a:RX@%");
	for (int i = 0; i < EXPRESSION_TERMS_MAX; i++)
		strcat(text, ":7");
	assert_int_equal(expression_parse(text, &e, &error), 0);
	assert_int_equal(e.term_count, EXPRESSION_TERMS_MAX);
	strcat(text, ":9");
	assert_int_equal(expression_parse(text, &e, &error), -E2BIG);
	assert_int_equal(error.at, strlen(text) - 1);
}

static void an_exclusion_counts_wherever_it_stands(void **state)
{
	struct expression list[3] = {parsed("all:RX@%:%"), parsed(":RX@10.0.0.0/8:22"),
				     parsed(":TX@%:25")};
	struct addr in = addr_of("10.1.1.1"), out = addr_of("11.1.1.1");

	(void)state;
	assert_true(expression_excludes(list, 3, EXPRESSION_RX, &in, 22));
	assert_false(expression_excludes(list, 3, EXPRESSION_RX, &in, 23));
	assert_false(expression_excludes(list, 3, EXPRESSION_RX, &out, 22));
	assert_true(expression_excludes(list, 3, EXPRESSION_TX, &out, 25));
	assert_false(expression_excludes(list, 1, EXPRESSION_RX, &in, 22));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_has_a_name_a_direction_and_rules),
		cmocka_unit_test(both_wildcards_are_the_same),
		cmocka_unit_test(the_expressions_of_the_manual_are_understood),
		cmocka_unit_test(host_bits_of_a_network_are_ignored),
		cmocka_unit_test(the_zero_address_is_any_of_its_family),
		cmocka_unit_test(ipv6_is_written_in_brackets),
		cmocka_unit_test(ipv6_without_brackets_is_understood_where_one_reading_makes_sense),
		cmocka_unit_test(what_is_wrong_is_refused_where_it_is_wrong),
		cmocka_unit_test(a_name_has_a_limit_and_may_hold_anything),
		cmocka_unit_test(ports_and_rules_have_a_limit_together),
		cmocka_unit_test(an_exclusion_counts_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
