// SPDX-License-Identifier: BSD-2-Clause
/* Logs of refused programs as kernels wrote them: 6.18 on this machine, 7.3.4 of Debian under qemu. */
#include "probe/verifier_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define DONE "processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
#define EXPLAINED                                                                                      \
	"\nVerification failed: Policy: Operation is not allowed\n"                                    \
	"\nReason:\n"                                                                                  \
	"  The helper bpf_sk_storage_get#107 is not allowed: this program type does not allow the "    \
	"helper.\n"                                                                                    \
	"\nAt:\n"                                                                                      \
	"  insn 0\n"                                                                                   \
	"       | ^-- error: policy check failed for helper bpf_sk_storage_get#107\n"                  \
	"  Instruction context:\n"                                                                     \
	"  >>> 0 | (85) call bpf_sk_storage_get#107\n"                                                 \
	"      1 | (95) exit\n"                                                                        \
	"\nSuggestion:\n"                                                                              \
	"  Use a helper allowed for this program type, or move the logic to a compatible program "     \
	"type.\n\n"

static const struct {
	const char *log, *reason;
} cases[] = {
	/* 6.18 */
	{"0: R1=ctx() R10=fp0\n0: (85) call bpf_sk_storage_get#107\n"
	 "program of this type cannot use helper bpf_sk_storage_get#107\n" DONE,
	 "program of this type cannot use helper bpf_sk_storage_get#107"},
	{"0: R1=ctx() R10=fp0\n0: (b7) r1 = 0                        ; R1=0\n"
	 "1: (85) call unknown#9999\ninvalid func unknown#9999\n"
	 "verification time 31 usec\nstack depth 0\n" DONE,
	 "invalid func unknown#9999"},
	/* 7.3: some refusals are explained, others are not */
	{"0: R1=ctx() R10=fp0\n0: (85) call bpf_sk_storage_get#107\n"
	 "program of this type cannot use helper bpf_sk_storage_get#107\n" EXPLAINED DONE,
	 "program of this type cannot use helper bpf_sk_storage_get#107"},
	{"0: R1=ctx() R10=fp0\n0: (b7) r1 = 0                        ; R1=0\n"
	 "1: (85) call unknown#9999\ninvalid func unknown#9999\n" DONE,
	 "invalid func unknown#9999"},
	/* Of a log that does not begin at its beginning, or is none. */
	{EXPLAINED DONE, "Policy: Operation is not allowed"},
	{"unreachable insn 2", "unreachable insn 2"},
	{DONE, ""},
	{"", ""},
};

static void the_reason_and_no_advice(void **state)
{
	char reason[240];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		verifier_log_reason(cases[i].log, reason, sizeof(reason));
		assert_string_equal(reason, cases[i].reason);
	}
}

static void a_long_reason_is_cut(void **state)
{
	char reason[8];

	(void)state;
	verifier_log_reason("unreachable insn 2\n" DONE, reason, sizeof(reason));
	assert_string_equal(reason, "unreach");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reason_and_no_advice),
		cmocka_unit_test(a_long_reason_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
