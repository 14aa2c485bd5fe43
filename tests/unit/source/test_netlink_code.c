// SPDX-License-Identifier: BSD-2-Clause
/*
 * Programs for the kernel's inet_diag filter, run by a small machine that knows what
 * linux/inet_diag.h says of the instructions, and checked for what the kernel demands: every target
 * lies on the path of `yes`, or at the end, or four bytes beyond it. (The kernel itself is asked in
 * tests/e2e/test_netlink.py.)
 */
#include "source/netlink_code.h"

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

#include "engine/settings.h"

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

static bool accepts(const struct program *p, int lport, int rport, bool v4)
{
	struct inet_diag_hostcond condition;
	struct inet_diag_bc_op op;
	size_t at = 0;

	while (at < p->len) {
		bool yes = false;

		op_at(p, at, &op, &condition);
		assert_true(on_path(p, at + op.yes) && on_path(p, at + op.no));
		if (op.code != INET_DIAG_BC_JMP) {
			int port = op.code == INET_DIAG_BC_S_COND ? lport : rport;

			/* A family comes with an address of it. */
			assert_int_equal(op.yes, condition.family == AF_INET ? 16 : 12);

			yes = (condition.port == -1 || condition.port == port) &&
			      (condition.family == AF_UNSPEC ||
			       (condition.family == AF_INET && v4));
		}
		at += yes ? op.yes : op.no;
	}
	return at == p->len;
}

static struct program compile(bool with_lports, bool with_rports, bool only_v4)
{
	struct settings settings = {.lports = with_lports ? lports : NULL,
				    .rports = with_rports ? rports : NULL,
				    .only_v4 = only_v4};
	struct program p;

	p.len = code_compile(&settings, p.code);
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
	assert_true(p.len <= CODE_BYTES_MAX);
	for (unsigned i = 0; i < CODE_PORTS_MAX; i++) {
		assert_true(accepts(&p, (int)(1000 + 3 * i), 9000, true));
		assert_false(accepts(&p, (int)(1001 + 3 * i), 9000, true));
		assert_true(accepts(&p, 1000, (int)(9000 + 5 * i), true));
		assert_false(accepts(&p, 1000, (int)(9000 + 5 * i), false));
	}
	add_port(lports, 2);
	assert_true(compile(true, false, false).len == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_filter_is_no_program),
		cmocka_unit_test(every_combination_accepts_what_the_options_say),
		cmocka_unit_test(the_longest_program_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
