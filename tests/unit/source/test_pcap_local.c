// SPDX-License-Identifier: BSD-2-Clause
#include "source/pcap_local.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static bool has(const char *list, const char *address)
{
	struct pcap_local local = {0};
	struct in_addr v4;
	struct addr a;
	size_t at;
	bool result;

	if (inet_pton(AF_INET, address, &v4) == 1)
		addr_set_v4(&a, v4.s_addr);
	else
		assert_int_equal(inet_pton(AF_INET6, address, a.byte), 1);
	assert_int_equal(pcap_local_parse(&local, list, &at), 0);
	result = pcap_local_has(&local, &a);
	pcap_local_done(&local);
	return result;
}

static size_t wrong_at(const char *list)
{
	struct pcap_local local = {0};
	size_t at = 9999;

	assert_int_equal(pcap_local_parse(&local, list, &at), -EINVAL);
	pcap_local_done(&local);
	return at;
}

static void a_network_holds_its_addresses_and_no_others(void **state)
{
	(void)state;
	assert_true(has("10.1.2.3", "10.1.2.3"));
	assert_false(has("10.1.2.3", "10.1.2.2"));
	assert_true(has("10.0.0.0/8", "10.255.0.1"));
	assert_false(has("10.0.0.0/8", "11.0.0.1"));
	assert_true(has("192.168.4.0/22", "192.168.7.255"));
	assert_false(has("192.168.4.0/22", "192.168.8.0"));
	assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(has("::1,10.0.0.1", "10.0.0.1"));
}

static void host_bits_do_not_matter(void **state)
{
	(void)state;
	assert_true(has("192.168.0.77/24", "192.168.0.1"));
}

static void every_ipv4_address_is_not_every_address(void **state)
{
	(void)state;
	assert_true(has("0.0.0.0/0", "203.0.113.9"));
	assert_false(has("0.0.0.0/0", "2001:db8::1"));
	assert_true(has("::/0", "203.0.113.9"));
}

static void a_wrong_part_is_pointed_at(void **state)
{
	(void)state;
	assert_int_equal(wrong_at(""), 0);
	assert_int_equal(wrong_at("10.0.0.0/33"), 0);
	assert_int_equal(wrong_at("10.0.0.1,"), 9);
	assert_int_equal(wrong_at("10.0.0.1,host"), 9);
	assert_int_equal(wrong_at("::1,::/129"), 4);
	assert_int_equal(wrong_at("::1,10.0.0.1/,"), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_holds_its_addresses_and_no_others),
		cmocka_unit_test(host_bits_do_not_matter),
		cmocka_unit_test(every_ipv4_address_is_not_every_address),
		cmocka_unit_test(a_wrong_part_is_pointed_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
