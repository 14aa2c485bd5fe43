// SPDX-License-Identifier: BSD-2-Clause
/*
 * The ladder: for each thing that is needed the ways to get it, best first. Which of them is taken
 * is found out by trying them on this kernel, for this user; never by the kernel's version.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "probe/rung.h"

#define RUNGS_MAX 5
struct need {
	const char *name;
	const char *what;
	const char *without;	     /* if no rung holds */
	unsigned asked;		     /* enum column_need: only if a column asks for it; 0: always */
	const char *columns;	     /* those columns */
	struct rung rung[RUNGS_MAX]; /* ends with the first that has no name */
};

extern const struct need ladder[];
extern const size_t ladder_count;

/* Is there a rung `r` of this need? */
static inline bool need_has(const struct need *need, size_t r)
{
	return r < RUNGS_MAX && need->rung[r].name;
}

/* The need called so, or NULL. The name need not end with NUL. */
const struct need *ladder_need(const char *name, size_t name_len);

/* Try one rung. */
void ladder_try(const struct rung *rung, struct refusal *ret);

/* Is it one of the ways to a need of which this source takes the first that holds, and cannot run without any? */
bool ladder_is_vital(const struct rung *rung, const char *source);

/* Of the first need of a source whose vital rungs are all refused, the first; NULL if the source can run. */
const struct rung *ladder_broken(const char *source, struct refusal *ret);
