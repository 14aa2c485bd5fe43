// SPDX-License-Identifier: BSD-2-Clause
#include "source/bpf_look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS 1000000ull
#define S (1000 * MS)

static void test_looks_take_a_ten_thousandth_of_the_time(void **state)
{
	struct bpf_look l = BPF_LOOK_NONE;

	(void)state;
	bpf_look_made(&l, 100 * S, 100 * S + 16 * MS, 0);
	assert_false(bpf_look_is_due(&l, 110 * S, 0, false));
	assert_false(bpf_look_is_due(&l, 260 * S, 0, false));
	assert_true(bpf_look_is_due(&l, 261 * S, 0, false));
	/* Of few sockets it is due whenever it is asked. */
	bpf_look_made(&l, 100 * S, 100 * S + MS / 10, 0);
	assert_true(bpf_look_is_due(&l, 110 * S, 0, false));
}

static void test_with_a_reason_it_is_due_soon(void **state)
{
	struct bpf_look l = BPF_LOOK_NONE;

	(void)state;
	bpf_look_made(&l, 100 * S, 100 * S + 16 * MS, 3);
	assert_false(bpf_look_is_due(&l, 110 * S, 3, false));
	assert_true(bpf_look_is_due(&l, 110 * S, 4, false));
	assert_true(bpf_look_is_due(&l, 110 * S, 3, true));
	/* What was lost up to a look is no reason for the next. */
	bpf_look_made(&l, 110 * S, 110 * S + 16 * MS, 4);
	assert_false(bpf_look_is_due(&l, 120 * S, 4, false));
}

static void test_even_then_not_all_the_time(void **state)
{
	struct bpf_look l = BPF_LOOK_NONE;

	(void)state;
	bpf_look_made(&l, 100 * S, 101 * S, 0);
	assert_false(bpf_look_is_due(&l, 300 * S, 1, true));
	assert_true(bpf_look_is_due(&l, 301 * S, 1, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks_take_a_ten_thousandth_of_the_time),
		cmocka_unit_test(test_with_a_reason_it_is_due_soon),
		cmocka_unit_test(test_even_then_not_all_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
