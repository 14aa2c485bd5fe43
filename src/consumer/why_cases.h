// SPDX-License-Identifier: BSD-2-Clause
/*
 * Verdicts, collected: those on connections that have code, host, name of the process and service in common are one
 * case, of which the worst is kept. All memory is reserved once; what finds no place is counted.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/group.h"
#include "engine/row.h"
#include "verdict/verdict.h"

struct why_case {
	double harm; /* of the worst */
	uint64_t id;
	uint64_t time_ns;
	struct ev_ident ident;
	struct ev_count count;
	struct ev_extra extra;
	struct verdict verdict;
	uint32_t error;
	uint8_t state, end_reason;
	bool has_ident, has_extra;
	struct row_owners owners; /* of all of the case */
};

struct why_cases {
	struct group_table table; /* payload: struct why_case */
	uint32_t *order;	  /* places in the table, the worst first, after why_cases_sort() */
	bool each;		  /* every connection is a case of its own */
	const struct row_context *context; /* knows of which host a flow is; NULL: all are of one */
};

void why_cases_init(struct why_cases *c, uint32_t limit, bool each);
void why_cases_done(struct why_cases *c);
void why_cases_clear(struct why_cases *c);

/* Enter the verdict on a subject. `id` is that of the flow, 0 for the host. */
void why_cases_put(struct why_cases *c, uint64_t id, const struct subject *s,
		   const struct verdict *v);

/* The worst first; of equals the one with the smallest id. */
void why_cases_sort(struct why_cases *c);

/* The case in place `i`, and how many connections it holds. */
const struct why_case *why_cases_at(const struct why_cases *c, size_t i, uint64_t *ret_flows);
