// SPDX-License-Identifier: BSD-2-Clause
#include "engine/remote_class.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char *class_of(const char *text)
{
	struct addr a;
	struct in_addr v4;
	const char *name;

	if (inet_pton(AF_INET, text, &v4) == 1)
		addr_set_v4(&a, v4.s_addr);
	else
		assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	name = remote_class_name(remote_class_of(&a));
	return name ? name : "none";
}

static void each_range_ends_where_its_document_says(void **state)
{
	static const char *const cases[][2] = {
		{"127.0.0.1", "loopback"},	{"127.255.255.255", "loopback"},
		{"128.0.0.0", "public"},	{"::1", "loopback"},
		{"::2", "public"},		{"::ffff:127.0.0.1", "loopback"},
		{"169.254.0.1", "link_local"},	{"169.253.255.255", "public"},
		{"fe80::1", "link_local"},	{"febf::1", "link_local"},
		{"fec0::1", "public"},		{"10.0.0.0", "private"},
		{"11.0.0.0", "public"},		{"172.16.0.0", "private"},
		{"172.31.255.255", "private"},	{"172.32.0.0", "public"},
		{"172.15.255.255", "public"},	{"192.168.1.1", "private"},
		{"192.169.0.0", "public"},	{"100.64.0.0", "private"},
		{"100.127.255.255", "private"}, {"100.128.0.0", "public"},
		{"100.63.255.255", "public"},	{"fc00::1", "private"},
		{"fdff::1", "private"},		{"fe00::1", "public"},
		{"224.0.0.1", "multicast"},	{"239.255.255.255", "multicast"},
		{"240.0.0.1", "public"},	{"ff02::1", "multicast"},
		{"8.8.8.8", "public"},		{"2001:db8::1", "public"},
		{"0.0.0.0", "none"},		{"::", "none"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(class_of(cases[i][0]), cases[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_range_ends_where_its_document_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
