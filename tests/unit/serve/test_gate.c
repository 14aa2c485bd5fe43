// SPDX-License-Identifier: BSD-2-Clause
#include "serve/gate.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct sockaddr_in v4(const char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET};

	inet_pton(AF_INET, text, &a.sin_addr);
	return a;
}

static bool knows(const char *host, const char *local)
{
	static const char *const own[] = {"web-3.example", NULL};
	struct sockaddr_in a = v4(local);

	return gate_knows_host(host, &(struct gate_names){(const void *)&a, own});
}

static void our_own_names_are_known(void **state)
{
	(void)state;
	assert_true(knows("127.0.0.1", "127.0.0.1"));
	assert_true(knows("127.0.0.1:9900", "127.0.0.1"));
	assert_true(knows("localhost", "127.0.0.1"));
	assert_true(knows("LOCALHOST:1", "127.0.0.1"));
	assert_true(knows("web-3.example:9900", "10.0.0.7"));
}

static void names_of_others_are_not(void **state)
{
	static const char *const others[] = {
		"evil.example",	       "127.0.0.1.evil.example", "127.0.0.2",	   "localhost.evil.example",
		"127.0.0.1:9900:9900", "127.0.0.1:",		 "127.0.0.1:x",	   "127.0.0.1:123456",
		"",		       ":80",			 "[::1]",	   "[::ffff:127.0.0.1]",
		"evil@127.0.0.1",      "127.0.0.1 ",		 "2130706433",	   "0x7f.0.0.1",
		"127.1",	       "[127.0.0.1]",		 "xweb-3.example", "[::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (knows(others[i], "127.0.0.1"))
			fail_msg("%s is known", others[i]);
}

static void an_address_of_version_6_is_known_in_brackets(void **state)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct gate_names names = {.local = (const void *)&a};

	(void)state;
	assert_true(gate_knows_host("[::1]", &names));
	assert_true(gate_knows_host("[0:0:0:0:0:0:0:1]:80", &names));
	assert_false(gate_knows_host("::1", &names));
	assert_false(gate_knows_host("[::2]", &names));
	assert_false(gate_knows_host("[::1]x", &names));
}

static void a_page_is_ours_only_with_the_same_host(void **state)
{
	(void)state;
	assert_true(gate_is_own_origin("http://127.0.0.1:9900", "127.0.0.1:9900"));
	assert_true(gate_is_own_origin("https://web-3.example", "web-3.example"));
	assert_false(gate_is_own_origin("http://127.0.0.1:9901", "127.0.0.1:9900"));
	assert_false(gate_is_own_origin("null", "127.0.0.1:9900"));
	assert_false(gate_is_own_origin("http://evil.example", "127.0.0.1:9900"));
	assert_false(gate_is_own_origin("127.0.0.1:9900", "127.0.0.1:9900"));
}

#define TOKEN "0123456789abcdef0123456789abcdef"

static void only_the_whole_token_is_right(void **state)
{
	(void)state;
	assert_true(gate_knows_token("Bearer " TOKEN, TOKEN));
	assert_true(gate_knows_token("bearer " TOKEN, TOKEN));
	assert_false(gate_knows_token("Bearer " TOKEN "0", TOKEN));
	assert_false(gate_knows_token("Bearer " TOKEN TOKEN, TOKEN));
	assert_false(gate_knows_token("Bearer 0", TOKEN));
	assert_false(gate_knows_token("Bearer ", TOKEN));
	assert_false(gate_knows_token("Basic " TOKEN, TOKEN));
	assert_false(gate_knows_token("", TOKEN));
}

static void a_token_that_can_be_guessed_is_refused(void **state)
{
	(void)state;
	assert_null(gate_check_token(TOKEN));
	assert_non_null(gate_check_token("hunter2"));
	assert_non_null(gate_check_token("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	assert_non_null(gate_check_token("0123456789abcdef 0123456789abcdef"));
	assert_non_null(gate_check_token(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_names_are_known),
		cmocka_unit_test(names_of_others_are_not),
		cmocka_unit_test(an_address_of_version_6_is_known_in_brackets),
		cmocka_unit_test(a_page_is_ours_only_with_the_same_host),
		cmocka_unit_test(only_the_whole_token_is_right),
		cmocka_unit_test(a_token_that_can_be_guessed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
