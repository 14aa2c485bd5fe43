// SPDX-License-Identifier: BSD-2-Clause
#include "source/bare.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define NETNS 77

static struct event last;
static unsigned told;

static void take(void *context, const struct event *ev)
{
	(void)context;
	last = *ev;
	told++;
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

static void listens(struct bare *b, const char *addr, uint16_t port, uint32_t pid)
{
	struct event ev = {.head = {.state = ST_LISTEN, .flags = EV_HAS_IDENT},
			   .ident = {.laddr = addr_of(addr),
				     .lport = port,
				     .netns = NETNS,
				     .pid = pid,
				     .comm = "server",
				     .cgroup_id = pid + 1000,
				     .owner_source = pid ? OWNER_FILES : OWNER_NONE}};

	bare_event(b, &ev);
}

/* The process that a socket in TIME_WAIT is given; 0: none. */
static uint32_t owner_of(struct bare *b, const char *addr, uint16_t port, uint32_t netns)
{
	struct event ev = {.head = {.state = ST_TIME_WAIT, .flags = EV_HAS_IDENT | EV_HAS_EXTRA},
			   .ident = {.laddr = addr_of(addr), .lport = port, .netns = netns},
			   .extra = {.known = KNOWN_NO_COUNTERS}};

	last = (struct event){0};
	bare_event(b, &ev);
	assert_int_equal(last.head.state, ST_TIME_WAIT);
	if (!last.ident.owner_source)
		return 0;
	assert_int_equal(last.ident.owner_source, OWNER_LISTEN);
	assert_string_equal(last.ident.comm, "server");
	assert_int_equal(last.ident.cgroup_id, last.ident.pid + 1000);
	return last.ident.pid;
}

static void test_the_owner_is_that_of_the_listener(void **state)
{
	struct bare b = {.states = 1u << ST_TIME_WAIT, .emit = take};

	(void)state;
	listens(&b, "0.0.0.0", 80, 1);
	listens(&b, "10.0.0.1", 80, 2);
	listens(&b, "::", 443, 3);
	listens(&b, "::1", 22, 4);
	/* Whose owner is not known tells nothing. */
	listens(&b, "10.0.0.1", 25, 0);
	assert_int_equal(owner_of(&b, "10.0.0.2", 80, NETNS), 1);
	assert_int_equal(owner_of(&b, "10.0.0.1", 80, NETNS), 2);
	assert_int_equal(owner_of(&b, "10.0.0.1", 443, NETNS), 3);
	assert_int_equal(owner_of(&b, "2001:db8::1", 443, NETNS), 3);
	assert_int_equal(owner_of(&b, "::1", 22, NETNS), 4);
	assert_int_equal(owner_of(&b, "2001:db8::1", 22, NETNS), 0);
	assert_int_equal(owner_of(&b, "2001:db8::1", 80, NETNS), 0);
	assert_int_equal(owner_of(&b, "10.0.0.1", 25, NETNS), 0);
	assert_int_equal(owner_of(&b, "10.0.0.1", 80, NETNS + 1), 0);
	assert_int_equal(owner_of(&b, "10.0.0.1", 81, NETNS), 0);
	bare_done(&b);
}

static void test_of_several_processes_it_is_not_known(void **state)
{
	struct bare b = {.states = 1u << ST_TIME_WAIT, .emit = take};

	(void)state;
	listens(&b, "0.0.0.0", 80, 1);
	listens(&b, "0.0.0.0", 80, 1);
	assert_int_equal(owner_of(&b, "10.0.0.1", 80, NETNS), 1);
	listens(&b, "0.0.0.0", 80, 2);
	assert_int_equal(owner_of(&b, "10.0.0.1", 80, NETNS), 0);
	listens(&b, "10.0.0.1", 80, 3);
	assert_int_equal(owner_of(&b, "10.0.0.1", 80, NETNS), 3);
	/* One more of the first does not make it sure again. */
	listens(&b, "0.0.0.0", 80, 1);
	assert_int_equal(owner_of(&b, "10.0.0.2", 80, NETNS), 0);
	bare_done(&b);
}

static void test_states_that_nobody_wants_are_not_passed_on(void **state)
{
	struct bare b = {.states = 1u << ST_FIN_WAIT2, .emit = take};
	struct event ev = {.head = {.state = ST_TIME_WAIT, .flags = EV_HAS_IDENT | EV_HAS_EXTRA},
			   .extra = {.known = KNOWN_NO_COUNTERS}};

	(void)state;
	told = 0;
	bare_event(&b, &ev);
	assert_int_equal(told, 0);
	ev.head.state = ST_FIN_WAIT2;
	bare_event(&b, &ev);
	assert_int_equal(told, 1);
	/* A socket with counters is always passed on. */
	ev.head.state = ST_ESTABLISHED;
	ev.extra.known = 0;
	bare_event(&b, &ev);
	assert_int_equal(told, 2);
	bare_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_owner_is_that_of_the_listener),
		cmocka_unit_test(test_of_several_processes_it_is_not_known),
		cmocka_unit_test(test_states_that_nobody_wants_are_not_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
