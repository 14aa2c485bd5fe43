// SPDX-License-Identifier: BSD-2-Clause
/* Words of ours stand wherever a primitive of tcpdump's language may. */
#include "screen/where.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "screen/track.h"

static struct track_hot hot;
static struct track_cold cold;

static int make_flow(void **state)
{
	struct ev_ident *id = &cold.flow.ident;
	struct in_addr v4;

	(void)state;
	inet_pton(AF_INET, "10.0.0.1", &v4);
	addr_set_v4(&id->laddr, v4.s_addr);
	inet_pton(AF_INET, "10.4.4.7", &v4);
	addr_set_v4(&id->raddr, v4.s_addr);
	id->lport = 40112;
	id->rport = 5432;
	id->pid = 2201;
	id->uid = 33;
	id->family = 4;
	id->owner_source = OWNER_CONNECT;
	snprintf(id->comm, sizeof(id->comm), "post gres");
	hot.state = ST_ESTABLISHED;
	hot.rule = &rule_live.rule[0];
	hot.severity = SEVERITY_STALLED;
	return 0;
}

static bool matches(const char *text)
{
	char why[256] = "";
	size_t at;
	struct where *w = where_new(text, false, why, sizeof(why), &at);
	bool result;

	if (!w)
		fail_msg("%s: %s", text, why);
	result = where_matches(w, &hot, &cold, NULL);
	where_free(w);
	return result;
}

static void words_and_primitives_are_joined_by_one_grammar(void **state)
{
	(void)state;
	assert_true(matches("pid 2201"));
	assert_false(matches("pid 2202"));
	assert_true(matches("not pid 2202"));
	assert_true(matches("dst port 5432 and pid 2201"));
	assert_false(matches("dst port 5433 and pid 2201"));
	assert_true(matches("(port 22 or pid 2201) and dst net 10.4.0.0/16"));
	assert_false(matches("!(port 22 or pid 2201)"));
	assert_true(matches("pid 1 || port 5432"));
	/* As tcpdump has it: the qualifier holds for both. */
	assert_true(matches("pid 2201 and port 22 or 5432"));
	assert_true(matches("uid 33 and state established and not state close-wait"));
	assert_true(matches("comm \"post gres\""));
	assert_true(matches("comm post*"));
	assert_false(matches("comm post"));
	assert_true(matches("verdict stalled and verdict any"));
	assert_true(matches("dst port 5432"));
}

static void other_addresses_match_as_well(void **state)
{
	(void)state;
	inet_pton(AF_INET6, "2001:db8::7", cold.flow.ident.raddr.byte);
	inet_pton(AF_INET6, "2001:db8::1", cold.flow.ident.laddr.byte);
	assert_true(matches("pid 2201 and dst host 2001:db8::7"));
	assert_false(matches("pid 2202 or dst net 2001:db9::/32"));
	assert_false(matches("not pid 2201"));
	make_flow(NULL);
}

static void assert_wrong(const char *text, size_t at_wanted, const char *why_wanted)
{
	char why[256] = "";
	size_t at = 0;
	struct where *w = where_new(text, false, why, sizeof(why), &at);

	assert_null(w);
	if (!strstr(why, why_wanted) || at != at_wanted)
		fail_msg("%s: at %zu: %s", text, at, why);
}

static void mistakes_are_told_at_their_place(void **state)
{
	(void)state;
	assert_wrong("pid x", 4, "expected a number");
	assert_wrong("pid", 3, "expected a value");
	assert_wrong("port 22 and pid 1 and host foo", 27, "'foo' is no word");
	assert_wrong("state half-open", 6, "no TCP state");
	assert_wrong("verdict nice", 8, "no verdict");
	assert_wrong("pid 1 and tcp[13] = 2", 10, "looks into packets");
	assert_wrong("ip[1] & 1 != 0", 0, "looks into packets");
	/* libpcap's own, led back over the words that were put in. */
	assert_wrong("pid 2201 and port 70000", 18, "port");
	assert_wrong("pid 1 and pid 2 and", 19, "");
}

static void steady_answers_are_those_of_the_ident(void **state)
{
	char why[256];
	size_t at;
	struct where *steady = where_new("port 1 and pid 2", false, why, sizeof(why), &at);
	struct where *other = where_new("port 1 and state established", false, why, sizeof(why), &at);

	(void)state;
	assert_true(where_is_steady(steady));
	assert_false(where_is_steady(other));
	where_free(steady);
	where_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_primitives_are_joined_by_one_grammar),
		cmocka_unit_test(other_addresses_match_as_well),
		cmocka_unit_test(mistakes_are_told_at_their_place),
		cmocka_unit_test(steady_answers_are_those_of_the_ident),
	};

	return cmocka_run_group_tests(tests, make_flow, NULL);
}
