// SPDX-License-Identifier: BSD-2-Clause
#include "api/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "abi/event.h"
#include "engine/watch.h"

struct pair {
	const char *name, *value;
};

static const char *get(void *context, const char *name)
{
	for (const struct pair *p = context; p->name; p++)
		if (!strcmp(p->name, name))
			return p->value;
	return NULL;
}

static const struct ask_defaults defaults = {"comm,tx_rate", "-tx_rate", 100};
static struct ask_problem problem;
static struct watch watch;

static struct ask *ask(const char *name, const char *value)
{
	struct pair pairs[] = {{name, value}, {NULL, NULL}};
	const struct ask_from from = {get, pairs};

	problem = (struct ask_problem){.at = 0};
	return ask_read(&from, &defaults, &watch, NULL, &problem);
}

static void refused(const char *name, const char *value, size_t at, const char *says)
{
	assert_null(ask(name, value));
	assert_string_equal(problem.parameter, name);
	assert_int_equal(problem.at, at);
	if (!strstr(problem.text, says))
		fail_msg("'%s' does not say '%s'", problem.text, says);
}

static void what_is_not_asked_is_the_default(void **state)
{
	struct ask *a = ask("filter", "");

	(void)state;
	assert_non_null(a);
	assert_int_equal(a->section.count, 2);
	assert_true(a->adds_id && a->descending && !a->has_after && !a->has_filter);
	assert_string_equal(a->sort->name, "tx_rate");
	assert_int_equal(a->limit, 100);
	ask_free(a);
	a = ask("columns", "remote,id");
	assert_false(a->adds_id);
	ask_free(a);
}

static void mistakes_are_told_with_their_place(void **state)
{
	(void)state;
	refused("filter", "port 443 and", 12, "syntax error");
	refused("filter", "host example.org", 5, "names of hosts and services are not looked up");
	refused("filter", "port http", 5, "'http'");
	refused("filter", "tcp[13] = 2", 0, "looks into packets");
	refused("columns", "comm,tx_raet", 5, "did you mean tx_rate?");
	refused("sort", "-tx_raet", 1, "did you mean tx_rate?");
}

static void an_empty_order_is_the_default(void **state)
{
	struct ask *a = ask("sort", "");

	(void)state;
	assert_non_null(a);
	assert_string_equal(a->sort->name, "tx_rate");
	ask_free(a);
}

static void numbers_have_limits(void **state)
{
	(void)state;
	refused("limit", "0", 0, "from 1 to 10000");
	refused("limit", "10001", 0, "from 1 to 10000");
	refused("limit", "1x", 1, "whole number");
	refused("pid", "-1", 0, "whole number");
	refused("state", "establised", 0, "no TCP state");
	refused("after", "MTU1OTA2ODEuMA", 0, "next");
}

static void a_filter_is_not_too_long(void **state)
{
	char text[ASK_FILTER_MAX + 2];

	(void)state;
	memset(text, ' ', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	refused("filter", text, SIZE_MAX, "too long");
}

static void only_words_that_need_no_look_up_pass(void **state)
{
	static const char *const good[] = {
		"", "port 80", "dst net 10.0.0.0/8 and not port 22", "host ::1 or host fe80::1",
		"net 2001:db8::/32", "portrange 8000-8080", "(src host 10.0.0.1) && !(port 1||port 2)",
		"ip6 and tcp", "net 10.0.0.0 mask 255.0.0.0", "port 0x50",
	};
	static const char *const bad[] = {
		"host a", "port 80x", "1a", "foo", "host \\host", "gateway x", "host 10.0.0.1.example",
		"a:b:c:g", "src and dst_x", "port 80-", "net 10/", "host localhost", "0xg", "Port 80",
	};
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (ask_filter_check(good[i], &at))
			fail_msg("refused: %s at %zu", good[i], at);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!ask_filter_check(bad[i], &at))
			fail_msg("taken: %s", bad[i]);
}

static void a_cursor_comes_back_as_it_was(void **state)
{
	static const double ranks[] = {0, -1.5, 1e300, 5800000};
	char text[ASK_CURSOR_SIZE];
	uint64_t id;
	double rank;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		ask_cursor_write(ranks[i], UINT64_MAX - i, text);
		assert_int_equal(ask_cursor_read(text, &rank, &id), 0);
		assert_true(rank == ranks[i] && id == UINT64_MAX - i);
	}
	assert_int_not_equal(ask_cursor_read("7ff8000000000000" "0000000000000001", &rank, &id), 0);
	assert_int_not_equal(ask_cursor_read("00000000000000000000000000000G01", &rank, &id), 0);
	assert_int_not_equal(ask_cursor_read("", &rank, &id), 0);
}

static void an_id_is_a_cookie_and_its_reuse(void **state)
{
	static const char *const bad[] = {"", ".", "1", "1.", ".0", "1.0.0", "1.256", "-1.0", "0.0",
					  "72057594037927936.0", "99999999999999999999999999.0", "1.0x"};
	uint64_t id;

	(void)state;
	assert_int_equal(ask_id_read("15590681.0", &id), 0);
	assert_int_equal(id, 15590681);
	assert_int_equal(ask_id_read("7.255", &id), 0);
	assert_true(id == (255ull << EV_ID_COOKIE_BITS | 7));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!ask_id_read(bad[i], &id))
			fail_msg("taken: '%s'", bad[i]);
}

static void a_filter_takes_by_namespace_and_state(void **state)
{
	struct ev_ident ident = {.netns = 7};
	struct ask *a = ask("netns", "7");

	(void)state;
	assert_true(ask_takes(a, &ident, ST_ESTABLISHED) && a->has_filter);
	ident.netns = 8;
	assert_false(ask_takes(a, &ident, ST_ESTABLISHED));
	ask_free(a);
	a = ask("state", "close-wait");
	assert_true(ask_takes(a, &ident, ST_CLOSE_WAIT));
	assert_false(ask_takes(a, &ident, ST_ESTABLISHED));
	ask_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_asked_is_the_default),
		cmocka_unit_test(mistakes_are_told_with_their_place),
		cmocka_unit_test(an_empty_order_is_the_default),
		cmocka_unit_test(numbers_have_limits),
		cmocka_unit_test(a_filter_is_not_too_long),
		cmocka_unit_test(only_words_that_need_no_look_up_pass),
		cmocka_unit_test(a_cursor_comes_back_as_it_was),
		cmocka_unit_test(an_id_is_a_cookie_and_its_reuse),
		cmocka_unit_test(a_filter_takes_by_namespace_and_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
