// SPDX-License-Identifier: BSD-2-Clause
#include "engine/flow_filter.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct ev_ident flow(const char *local, unsigned lport, const char *remote, unsigned rport)
{
	struct ev_ident id = {.lport = (__u16)lport, .rport = (__u16)rport};
	struct in_addr v4;

	if (inet_pton(AF_INET, local, &v4) == 1) {
		addr_set_v4(&id.laddr, v4.s_addr);
		inet_pton(AF_INET, remote, &v4);
		addr_set_v4(&id.raddr, v4.s_addr);
	} else {
		inet_pton(AF_INET6, local, id.laddr.byte);
		inet_pton(AF_INET6, remote, id.raddr.byte);
	}
	return id;
}

static bool matches(const char *expression, const struct ev_ident *id)
{
	char text[256];
	size_t at;
	struct flow_filter *f = flow_filter_new(expression, text, sizeof(text), &at);
	bool result;

	assert_non_null(f);
	result = flow_filter_matches(f, id);
	flow_filter_free(f);
	return result;
}

static void local_is_src_and_remote_is_dst(void **state)
{
	struct ev_ident id = flow("10.0.0.1", 40000, "192.168.7.9", 443);

	(void)state;
	assert_true(matches("src host 10.0.0.1", &id));
	assert_false(matches("dst host 10.0.0.1", &id));
	assert_true(matches("dst net 192.168.0.0/16 and dst port 443", &id));
	assert_true(matches("tcp port 443", &id));
	assert_false(matches("src port 443", &id));
	assert_true(matches("portrange 400-500", &id));
	assert_true(matches("ip and not ip6", &id));
	assert_false(matches("udp", &id));
}

static void ipv6_has_its_own_header(void **state)
{
	struct ev_ident id = flow("fe80::1", 22, "2001:db8::5", 50000);

	(void)state;
	assert_true(matches("ip6", &id));
	assert_true(matches("src host fe80::1 and dst net 2001:db8::/32", &id));
	assert_true(matches("src port 22", &id));
	assert_false(matches("host 10.0.0.1", &id));
}

static void refused(const char *expression, size_t expected_at)
{
	char text[256] = "";
	size_t at = 999;

	assert_null(flow_filter_new(expression, text, sizeof(text), &at));
	assert_true(text[0]);
	assert_int_equal(at, expected_at);
}

static void mistakes_are_pointed_at(void **state)
{
	(void)state;
	refused("dst net 10.0.0.0/8 adn port 1", 19);
	refused("port", 4);
	refused("port 70000", 5);
	refused("host 1.2.3.4 )", 13);
}

static void what_only_packets_have_is_refused(void **state)
{
	(void)state;
	refused("tcp[tcpflags] & tcp-syn != 0", 0);
	refused("greater 100", 0);
	refused("ip[8] < 5", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(local_is_src_and_remote_is_dst),
		cmocka_unit_test(ipv6_has_its_own_header),
		cmocka_unit_test(mistakes_are_pointed_at),
		cmocka_unit_test(what_only_packets_have_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
