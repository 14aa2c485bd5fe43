// SPDX-License-Identifier: BSD-2-Clause
/*
 * Flows whose end was shown to none of our programs, or found no room in the ring. Their number is
 * known from the account; which they are, from looking at all flows there are: whoever is not among
 * them any more has gone.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct bpf_reader;
struct bpf_ring;
struct source;

struct bpf_gone {
	struct source *source;
	struct bpf_reader *reader;
	struct bpf_ring *ring;
	uint64_t came, closed; /* before the present look: flows that a look could meet */
	uint64_t explained;    /* so many were missing when it was last found out which */
	uint64_t next_ns;      /* not before */
	bool was_short;	       /* some were missing in the last look, too */
};

/* Around each look that meets all flows. */
void bpf_gone_before(struct bpf_gone *g);

/* If more are missing than before, find them, and tell of their ends. `last`: at once. 0 or -errno.
 */
int bpf_gone_after(struct bpf_gone *g, bool last);
