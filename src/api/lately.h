// SPDX-License-Identifier: BSD-2-Clause
/*
 * The latest flows that closed, or opened, as they were told: a ring. Each has a number; numbers of
 * several rings come from one counter, so that they can be told as one sequence.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"
#include "api/live.h"

struct lately_entry {
	uint64_t number; /* from 1 on */
	struct live_left left; /* of one that closed */
	struct event ev;
};

struct lately {
	struct lately_entry *entry;
	size_t size, limit; /* places that there are, and that are used */
	uint64_t put;	    /* entries that ever came; the last min(put, limit) are there */
	uint64_t dropped;   /* the largest number that is not there any more */
};

void lately_begin(struct lately *l, size_t size);
void lately_done(struct lately *l);

/*
 * Copies what the event has of its parts. With a limit of 0 nothing is kept. `left` is NULL for one
 * that lives.
 */
void lately_put(struct lately *l, uint64_t number, const struct event *ev,
		const struct live_left *left);

/* Forget all, and keep at most so many from now on. */
void lately_limit(struct lately *l, size_t limit);

size_t lately_count(const struct lately *l);
/* The i-th latest one, i < lately_count(). */
const struct lately_entry *lately_latest(const struct lately *l, size_t i);

/* The first entry after `number`, as an index for lately_latest(), plus 1; 0: there is none. */
size_t lately_after(const struct lately *l, uint64_t number);
