// SPDX-License-Identifier: BSD-2-Clause
#include "engine/prefix.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/prefix_text.h"

static struct prefix_set *set_of(const char *list)
{
	struct prefix_set *set = prefix_set_new();
	struct prefix_error error;

	assert_int_equal(prefix_text_list(set, list, &error), 0);
	return set;
}

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

static uint32_t first(const struct prefix_set *set, const char *text)
{
	struct addr a = addr_of(text);

	return prefix_set_first(set, &a);
}

static uint32_t longest(const struct prefix_set *set, const char *text)
{
	struct addr a = addr_of(text);

	return prefix_set_longest(set, &a);
}

static void first_and_longest_differ_where_prefixes_overlap(void **state)
{
	struct prefix_set *set = set_of("10.0.0.0/8,10.1.0.0/16,0.0.0.0/0,10.1.2.3/32");

	(void)state;
	assert_int_equal(first(set, "10.1.2.3"), 0);
	assert_int_equal(longest(set, "10.1.2.3"), 3);
	assert_int_equal(first(set, "10.1.2.4"), 0);
	assert_int_equal(longest(set, "10.1.2.4"), 1);
	assert_int_equal(first(set, "11.0.0.0"), 2);
	assert_int_equal(longest(set, "11.0.0.0"), 2);
	prefix_set_free(set);
}

static void ipv6_prefixes_hold_no_ipv4(void **state)
{
	struct prefix_set *set = set_of("::/0,::ffff:0:0/96,0.0.0.0/0");

	(void)state;
	assert_int_equal(first(set, "1.2.3.4"), 1);
	assert_int_equal(first(set, "2001:db8::1"), 0);
	prefix_set_free(set);
	set = set_of("::/0");
	assert_int_equal(first(set, "1.2.3.4"), PREFIX_NONE);
	prefix_set_free(set);
}

static void one_name_is_one_group(void **state)
{
	struct prefix_set *set = set_of("1.0.0.0/8,a=2.0.0.0/8,b=3.0.0.0/8,a=4.0.0.0/8,1.0.0.0/8");

	(void)state;
	assert_int_equal(prefix_set_get(set, first(set, "4.4.4.4"))->group, 1);
	assert_int_equal(prefix_set_get(set, first(set, "3.4.4.4"))->group, 2);
	assert_int_equal(prefix_set_get(set, 4)->group, 0);
	assert_string_equal(prefix_set_get(set, 3)->text, "4.0.0.0/8");
	prefix_set_free(set);
}

static bool holds(const struct prefix *p, const struct addr *a)
{
	for (unsigned i = 0; i < p->bits; i++)
		if ((p->addr.byte[i / 8] ^ a->byte[i / 8]) & (0x80 >> i % 8))
			return false;
	return p->v4 == addr_is_v4(a);
}

static struct addr random_addr(bool v4)
{
	struct addr a = {.word_be = {0}};

	/* Few values per byte, so that prefixes overlap and are hit. */
	for (int i = 0; i < 16; i++)
		a.byte[i] = (unsigned char)(random() % 3 * 0x55);
	if (v4)
		addr_set_v4(&a, a.word_be[0]);
	return a;
}

/* Against going through the list. */
static void random_sets_agree_with_a_plain_search(void **state)
{
	enum { PREFIXES = 700, ASKED = 20000 };
	struct prefix_set *set = prefix_set_new();

	(void)state;
	srandom(1);
	for (int i = 0; i < PREFIXES; i++) {
		bool v4 = random() % 2;
		struct addr a = random_addr(v4);
		unsigned bits = v4 ? 96 + (unsigned)random() % 33 : (unsigned)random() % 129;

		prefix_set_add(set, &a, bits, strdup("x"), strdup("y"));
	}
	for (int i = 0; i < ASKED; i++) {
		struct addr a = random_addr(random() % 2);
		uint32_t want_first = PREFIX_NONE, want_longest = PREFIX_NONE;

		for (uint32_t n = 0; n < PREFIXES; n++) {
			const struct prefix *p = prefix_set_get(set, n);

			if (!holds(p, &a))
				continue;
			if (want_first == PREFIX_NONE)
				want_first = n;
			if (want_longest == PREFIX_NONE ||
			    p->bits > prefix_set_get(set, want_longest)->bits)
				want_longest = n;
		}
		assert_int_equal(prefix_set_first(set, &a), want_first);
		assert_int_equal(prefix_set_longest(set, &a), want_longest);
	}
	prefix_set_free(set);
}

static void a_file_has_prefixes_names_and_remarks(void **state)
{
	char path[] = "/tmp/tcpsight-prefixes-XXXXXX";
	struct prefix_set *set = prefix_set_new();
	struct prefix_error error = {.at = 0};
	FILE *f = fdopen(mkstemp(path), "w");

	(void)state;
	fputs("# nets\n10.0.0.0/8\n\n 2001:db8::/32\tthe lab \n1.0.0.0/8 # dns", f);
	fclose(f);
	assert_int_equal(prefix_text_file(set, path, &error), 0);
	assert_int_equal(prefix_set_count(set), 3);
	assert_string_equal(prefix_set_get(set, 0)->name, "10.0.0.0/8");
	assert_string_equal(prefix_set_get(set, 1)->name, "the lab");
	assert_string_equal(prefix_set_get(set, 2)->name, "1.0.0.0/8");
	f = fopen(path, "w");
	fputs("10.0.0.0/8\n\n10.0.0.0\n", f);
	fclose(f);
	assert_true(prefix_text_file(set, path, &error) < 0);
	assert_int_equal(error.line, 3);
	unlink(path);
	assert_true(prefix_text_file(set, path, &error) < 0);
	prefix_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_and_longest_differ_where_prefixes_overlap),
		cmocka_unit_test(ipv6_prefixes_hold_no_ipv4),
		cmocka_unit_test(one_name_is_one_group),
		cmocka_unit_test(random_sets_agree_with_a_plain_search),
		cmocka_unit_test(a_file_has_prefixes_names_and_remarks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
