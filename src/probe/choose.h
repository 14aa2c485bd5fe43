// SPDX-License-Identifier: BSD-2-Clause
/* Which of the programs that are off by default are loaded: the price follows the question. */
#pragma once

struct tcp;

/*
 * Set up an opened skeleton for `needs` (enum column_need). Returns what of it this kernel cannot
 * give, after a warning for each.
 */
unsigned probe_choose(struct tcp *skeleton, unsigned needs);

/* Attach what counts packets to the root cgroup, if `needs` has it. 0 or -errno. */
int probe_attach_packets(struct tcp *skeleton, unsigned needs);
