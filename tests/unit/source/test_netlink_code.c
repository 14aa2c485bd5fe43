// SPDX-License-Identifier: BSD-2-Clause
/*
 * Programs for the kernel's inet_diag filter, run by a small machine that knows what
 * linux/inet_diag.h says of the instructions, and checked for what the kernel demands: every target
 * lies on the path of `yes`, or at the end, or four bytes beyond it. (The kernel itself is asked in
 * tests/e2e/test_netlink.py.)
 */
#include "source/netlink_code.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "engine/question.h"
#include "engine/tuple_filter.h"

struct program {
	char code[CODE_BYTES_MAX];
	size_t len;
};

static uint8_t lports[8192], rports[8192];

static void add_port(uint8_t *set, unsigned port)
{
	set[port / 8] |= (uint8_t)(1u << (port % 8));
}

static void op_at(const struct program *p, size_t at, struct inet_diag_bc_op *op,
		  struct inet_diag_hostcond *condition)
{
	memcpy(op, p->code + at, sizeof(*op));
	memset(condition, 0, sizeof(*condition));
	if (op->code != INET_DIAG_BC_JMP)
		memcpy(condition, p->code + at + sizeof(*op), sizeof(*condition));
}

static bool on_path(const struct program *p, size_t target)
{
	struct inet_diag_hostcond condition;
	struct inet_diag_bc_op op;

	for (size_t at = 0; at <= p->len; at += op.yes) {
		if (at == target)
			return true;
		if (at == p->len)
			break;
		op_at(p, at, &op, &condition);
		assert_true(op.yes >= sizeof(op) && op.yes % 4 == 0);
	}
	return target == p->len + 4;
}

/* A socket as the machine sees it. */
struct entry {
	int family; /* AF_INET or AF_INET6 */
	struct addr laddr, raddr;
	unsigned lport, rport;
};

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

/* As inet_diag_bc_run() does it. */
static bool holds(const struct program *p, size_t at, const struct entry *e)
{
	struct inet_diag_hostcond condition;
	struct inet_diag_bc_op op;
	const struct addr *addr;
	bool local;
	const uint8_t *wanted = (const uint8_t *)p->code + at + sizeof(op) + sizeof(condition);

	op_at(p, at, &op, &condition);
	local = op.code == INET_DIAG_BC_S_COND;
	addr = local ? &e->laddr : &e->raddr;
	if (condition.port != -1 && (unsigned)condition.port != (local ? e->lport : e->rport))
		return false;
	/* A family comes with an address of it. */
	assert_int_equal(op.yes, condition.family == AF_INET ? 16 : condition.family ? 28 : 12);
	if (condition.family == AF_UNSPEC)
		return true;
	if (condition.family == AF_INET)
		return addr_is_v4(addr) && same_bits(addr->byte + 12, wanted, condition.prefix_len);
	return e->family == AF_INET6 && same_bits(addr->byte, wanted, condition.prefix_len);
}

static bool lets_through(const struct program *p, const struct entry *e)
{
	struct inet_diag_hostcond condition;
	struct inet_diag_bc_op op;
	size_t at = 0;

	while (at < p->len) {
		op_at(p, at, &op, &condition);
		assert_true(on_path(p, at + op.yes) && on_path(p, at + op.no));
		at += op.code != INET_DIAG_BC_JMP && holds(p, at, e) ? op.yes : op.no;
	}
	return at == p->len;
}

static bool accepts(const struct program *p, int lport, int rport, bool v4)
{
	struct entry e = {.family = v4 ? AF_INET : AF_INET6,
			  .lport = (unsigned)lport,
			  .rport = (unsigned)rport};

	if (v4)
		addr_set_v4(&e.raddr, 0x0100007f);
	return lets_through(p, &e);
}

static struct program compile(bool with_lports, bool with_rports, bool only_v4)
{
	struct question question = {.lports = with_lports ? lports : NULL,
				    .rports = with_rports ? rports : NULL,
				    .only_v4 = only_v4};
	struct program p;

	p.len = code_compile(&question, p.code);
	return p;
}

static void no_filter_is_no_program(void **state)
{
	(void)state;
	assert_int_equal(compile(false, false, false).len, 0);
}

static void every_combination_accepts_what_the_options_say(void **state)
{
	const int ports[] = {22, 80, 443, 65535, 1, 81};

	(void)state;
	memset(lports, 0, sizeof(lports));
	memset(rports, 0, sizeof(rports));
	add_port(lports, 22);
	add_port(lports, 443);
	add_port(lports, 65535);
	add_port(rports, 80);
	for (unsigned mask = 1; mask < 8; mask++) {
		struct program p = compile(mask & 1, mask & 2, mask & 4);

		assert_true(p.len > 0);
		for (size_t l = 0; l < 6; l++)
			for (size_t r = 0; r < 6; r++)
				for (unsigned v4 = 0; v4 < 2; v4++) {
					bool want = (!(mask & 1) || l == 0 || l == 2 || l == 3) &&
						    (!(mask & 2) || r == 1) && (!(mask & 4) || v4);

					assert_int_equal(accepts(&p, ports[l], ports[r], v4), want);
				}
	}
}

static void the_longest_program_fits(void **state)
{
	struct program p;

	(void)state;
	memset(lports, 0, sizeof(lports));
	memset(rports, 0, sizeof(rports));
	for (unsigned i = 0; i < CODE_PORTS_MAX; i++) {
		add_port(lports, 1000 + 3 * i);
		add_port(rports, 9000 + 5 * i);
	}
	p = compile(true, true, true);
	assert_true(p.len <= CODE_BYTES_MAX - 60 * CODE_TUPLES_MAX);
	for (unsigned i = 0; i < CODE_PORTS_MAX; i++) {
		assert_true(accepts(&p, (int)(1000 + 3 * i), 9000, true));
		assert_false(accepts(&p, (int)(1001 + 3 * i), 9000, true));
		assert_true(accepts(&p, 1000, (int)(9000 + 5 * i), true));
		assert_false(accepts(&p, 1000, (int)(9000 + 5 * i), false));
	}
	add_port(lports, 2);
	assert_true(compile(true, false, false).len == 0);
}

/* Few values, so that they meet; of each kind of address. */
static const char *const words[] = {
	"*:*-*:*", "*:80-*:*", "*:*-*:443", "10.1.2.3:*-*:*", "10.1.*.*:80-*:*", "10.*.2.*:*-*:443",
	"*.*.2.3:*-*.*.*.*:*", "10.0.0.0/8:*-10.1.0.0/16:80", "*:*-10.1.2.0/25:*",
	"[2001:db8::]/32:*-*:*", "[::]/0:*-[2001:db8::1]:443", "*:*-[::ffff:10.1.2.3]:*",
	"[::ffff:10.0.0.0]/104:80-*:*", "[::ffff:10.0.0.0]/90:*-*:*", "[::1]:80-[::1]:*",
};
static const char *const addresses[] = {
	"::ffff:10.1.2.3", "::ffff:10.1.2.200", "::ffff:10.9.2.3", "::ffff:11.1.2.3", "2001:db8::1",
	"2001:db9::1", "::1", "::",
};
static const unsigned some_ports[] = {80, 443, 0, 65535};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool wanted_by(const struct question *s, const struct entry *e)
{
	struct ev_ident id = {.laddr = e->laddr, .raddr = e->raddr};

	id.lport = (uint16_t)e->lport;
	id.rport = (uint16_t)e->rport;
	return (!s->only_v4 || addr_is_v4(&id.raddr)) &&
	       (!s->lports || s->lports[e->lport / 8] >> (e->lport % 8) & 1) &&
	       tuple_filters_match(s->tuples, &id);
}

/* Counts what the program stops; fails if the user's filter would have shown it. */
static size_t try_entries(const struct question *s, const struct program *p)
{
	size_t stopped = 0;

	for (size_t i = 0; i < COUNT(addresses) * COUNT(addresses) * 32; i++) {
		struct entry e = {.lport = some_ports[i % 4], .rport = some_ports[i / 4 % 4]};
		size_t j = i / 32;
		bool through;

		inet_pton(AF_INET6, addresses[j % COUNT(addresses)], e.laddr.byte);
		inet_pton(AF_INET6, addresses[j / COUNT(addresses)], e.raddr.byte);
		/* An IPv4 address may sit on a socket of either family. */
		e.family = i / 16 % 2 && addr_is_v4(&e.laddr) && addr_is_v4(&e.raddr) ? AF_INET
										       : AF_INET6;
		through = lets_through(p, &e);
		if (!through && wanted_by(s, &e))
			fail_msg("%s:%u %s:%u is stopped", addresses[j % COUNT(addresses)], e.lport,
				 addresses[j / COUNT(addresses)], e.rport);
		stopped += !through;
	}
	return stopped;
}

static void nothing_is_stopped_that_the_filter_would_show(void **state)
{
	size_t stopped = 0;

	(void)state;
	srand(1);
	memset(lports, 0, sizeof(lports));
	add_port(lports, 80);
	add_port(lports, 0);
	for (int round = 0; round < 500; round++) {
		struct question s = {.tuples = tuple_filters_new(),
				     .only_v4 = rand() % 4 == 0,
				     .lports = rand() % 4 ? NULL : lports};
		struct program p;
		char why[100];
		size_t at;

		for (int n = rand() % 4; n >= 0; n--)
			assert_false(tuple_filters_add(s.tuples, words[(size_t)rand() % COUNT(words)], why,
						       sizeof(why), &at));
		p.len = code_compile(&s, p.code);
		stopped += p.len ? try_entries(&s, &p) : 0;
		tuple_filters_free(s.tuples);
	}
	/* And the kernel is spared something. */
	assert_true(stopped > 100000);
}

static void prefixes_are_told_exactly(void **state)
{
	struct question s = {.tuples = tuple_filters_new()};
	struct program p;
	char why[100];
	size_t at;

	(void)state;
	assert_false(tuple_filters_add(s.tuples, "10.0.0.0/8:80-*:*", why, sizeof(why), &at));
	assert_false(tuple_filters_add(s.tuples, "*:*-[2001:db8::]/32:443", why, sizeof(why), &at));
	p.len = code_compile(&s, p.code);
	for (size_t i = 0; i < COUNT(addresses) * 16; i++) {
		struct entry e = {.family = AF_INET6, .lport = some_ports[i % 4],
				  .rport = some_ports[i / 4 % 4]};

		inet_pton(AF_INET6, addresses[i / 16], e.laddr.byte);
		e.raddr = e.laddr;
		assert_int_equal(lets_through(&p, &e), wanted_by(&s, &e));
	}
	tuple_filters_free(s.tuples);
}

static void a_filter_that_matches_everything_is_not_told(void **state)
{
	struct question s = {.tuples = tuple_filters_new()};
	struct program p;
	char why[100];
	size_t at;

	(void)state;
	assert_false(tuple_filters_add(s.tuples, "10.0.0.0/8:80-*:*", why, sizeof(why), &at));
	assert_false(tuple_filters_add(s.tuples, "*.*.*.*:*-*:*", why, sizeof(why), &at));
	assert_int_equal(code_compile(&s, p.code), 0);
	tuple_filters_free(s.tuples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_filter_is_no_program),
		cmocka_unit_test(every_combination_accepts_what_the_options_say),
		cmocka_unit_test(the_longest_program_fits),
		cmocka_unit_test(nothing_is_stopped_that_the_filter_would_show),
		cmocka_unit_test(prefixes_are_told_exactly),
		cmocka_unit_test(a_filter_that_matches_everything_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
