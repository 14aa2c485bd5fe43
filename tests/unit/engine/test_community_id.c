// SPDX-License-Identifier: BSD-2-Clause
/*
 * The TCP vectors that are published: baseline_deflt.json of community-id-spec, and those of the
 * tests of the reference implementation pycommunityid.
 */
#include "engine/community_id.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *a;
	uint16_t a_port;
	const char *b;
	uint16_t b_port;
	const char *id;
} published[] = {
	{"128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
	{"2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25,
	 "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
	{"1.2.3.4", 1122, "5.6.7.8", 3344, "1:wCb3OG7yAFWelaUydu0D+125CLM="},
};

static struct addr addr_of(const char *text)
{
	struct addr a = {.word_be = {0}};
	uint32_t v4_be;

	if (inet_pton(AF_INET, text, &v4_be) == 1)
		addr_set_v4(&a, v4_be);
	else
		assert_int_equal(inet_pton(AF_INET6, text, a.byte), 1);
	return a;
}

static const char *id_of(const char *a, uint16_t a_port, const char *b, uint16_t b_port)
{
	struct addr one = addr_of(a), other = addr_of(b);
	static char out[COMMUNITY_ID_SIZE];

	memset(out, 'x', sizeof(out));
	community_id(&one, a_port, &other, b_port, out);
	return out;
}

static void the_published_vectors_come_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
		assert_string_equal(id_of(published[i].a, published[i].a_port, published[i].b,
					  published[i].b_port),
				    published[i].id);
}

static void either_side_gives_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
		assert_string_equal(id_of(published[i].b, published[i].b_port, published[i].a,
					  published[i].a_port),
				    published[i].id);
}

static void v4_mapped_is_ipv4(void **state)
{
	(void)state;
	assert_string_equal(id_of("::ffff:1.2.3.4", 1122, "::ffff:5.6.7.8", 3344),
			    "1:wCb3OG7yAFWelaUydu0D+125CLM=");
}

/* Of two sockets of one host that talk to each other; each differs from the next in one thing. */
static void ports_decide_between_equal_addresses(void **state)
{
	char first[COMMUNITY_ID_SIZE];

	(void)state;
	strcpy(first, id_of("127.0.0.1", 255, "127.0.0.1", 256));
	assert_string_equal(first, id_of("127.0.0.1", 256, "127.0.0.1", 255));
	assert_string_not_equal(first, id_of("127.0.0.1", 255, "127.0.0.1", 257));
	assert_string_not_equal(first, id_of("::1", 255, "::1", 256));
	assert_string_equal(id_of("127.0.0.1", 7, "127.0.0.1", 7),
			    id_of("127.0.0.1", 7, "127.0.0.1", 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_come_out),
		cmocka_unit_test(either_side_gives_the_same),
		cmocka_unit_test(v4_mapped_is_ipv4),
		cmocka_unit_test(ports_decide_between_equal_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
