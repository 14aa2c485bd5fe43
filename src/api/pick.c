// SPDX-License-Identifier: BSD-2-Clause
#include "api/pick.h"

#include <stdlib.h>

#include "util/xalloc.h"

/* Does `a` come before `b`? */
static bool is_before(const struct picks *p, double a_rank, uint64_t a_id, double b_rank,
		      uint64_t b_id)
{
	if (a_rank != b_rank)
		return p->descending ? a_rank > b_rank : a_rank < b_rank;
	return a_id < b_id;
}

static bool before(const struct picks *p, const struct pick *a, const struct pick *b)
{
	return is_before(p, a->rank, a->id, b->rank, b->id);
}

static void swap(struct pick *a, struct pick *b)
{
	struct pick keep = *a;

	*a = *b;
	*b = keep;
}

static void sift_up(struct picks *p, size_t i)
{
	for (; i && before(p, &p->pick[(i - 1) / 2], &p->pick[i]); i = (i - 1) / 2)
		swap(&p->pick[i], &p->pick[(i - 1) / 2]);
}

static void sift_down(struct picks *p, size_t count)
{
	for (size_t i = 0;;) {
		size_t last = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < count; child++)
			if (before(p, &p->pick[last], &p->pick[child]))
				last = child;
		if (last == i)
			return;
		swap(&p->pick[i], &p->pick[last]);
		i = last;
	}
}

bool picks_offer(struct picks *p, const struct pick *pick)
{
	if (p->has_after &&
	    !is_before(p, p->after_rank, p->after_id, pick->rank, pick->id))
		return false;
	if (p->count < p->limit) {
		if (p->count == p->room) {
			p->room = p->room ? 2 * p->room : 64;
			p->pick = xrealloc(p->pick, p->room * sizeof(*p->pick));
		}
		p->pick[p->count] = *pick;
		sift_up(p, p->count++);
		return true;
	}
	p->has_more = true;
	if (!p->limit || !before(p, pick, &p->pick[0]))
		return false;
	p->pick[0] = *pick;
	sift_down(p, p->count);
	return true;
}

void picks_sort(struct picks *p)
{
	for (size_t count = p->count; count > 1; count--) {
		swap(&p->pick[0], &p->pick[count - 1]);
		sift_down(p, count - 1);
	}
}

void picks_done(struct picks *p)
{
	free(p->pick);
	*p = (struct picks){0};
}
