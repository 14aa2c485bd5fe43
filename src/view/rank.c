// SPDX-License-Identifier: BSD-2-Clause
#include "view/rank.h"

#include <stdlib.h>
#include <string.h>

#include "util/radix.h"

/* The others come after all who have a number. */
static uint64_t id_of(const struct ranked *r)
{
	if (r->kind == RANKED_OTHERS)
		return UINT64_MAX;
	return r->kind == RANKED_FLOW ? r->flow->id : r->gone->flow.id;
}

static int by_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Of equal rank: flows by age, groups by their number in a list, then by their key. */
static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int n;

	if (x->rank != y->rank)
		return x->rank < y->rank ? 1 : -1;
	if (x->kind == RANKED_OTHERS || y->kind == RANKED_OTHERS)
		return (x->kind == RANKED_OTHERS) - (y->kind == RANKED_OTHERS);
	if (x->kind != RANKED_GROUP)
		return by_number(id_of(x), id_of(y));
	n = by_number(x->group->key.number, y->group->key.number);
	return n ? n : memcmp(&x->group->key, &y->group->key, sizeof(x->group->key));
}

/*
 * Bring the `want` best to the front, in any order: quickselect, so that a window of 20 rows does not
 * pay for ranking 70,000 flows.
 */
static void select_best(struct ranked *r, size_t count, size_t want)
{
	size_t low = 0, high = count;

	while (high - low > 1) {
		/* Not the last one, or a part could be the whole again. */
		struct ranked pivot = r[low + (high - low - 1) / 2];
		size_t i = low, j = high - 1;

		for (;; i++, j--) {
			while (by_rank(&r[i], &pivot) < 0)
				i++;
			while (by_rank(&r[j], &pivot) > 0)
				j--;
			if (i >= j)
				break;
			struct ranked swap = r[i];
			r[i] = r[j];
			r[j] = swap;
		}
		if (want <= j + 1)
			high = j + 1;
		else
			low = j + 1;
		if (want == high || want == low)
			return;
	}
}

/* Whoever gives way has been passed by `best` others, and can only fall behind further. */
static void keep_best(struct batch *b)
{
	const struct ranked *least = b->row;

	select_best(b->row, b->rows, b->best);
	b->rows = b->best;
	for (size_t i = 1; i < b->rows; i++)
		if (by_rank(&b->row[i], least) > 0)
			least = &b->row[i];
	b->is_full = true;
	b->least_rank = least->rank;
	b->least_id = id_of(least);
}

void rank_put(struct batch *b, const struct news *news, double rank)
{
	struct ranked *r;

	if (b->is_full && b->taken < b->limit &&
	    (rank < b->least_rank || (rank == b->least_rank && news->flow->id > b->least_id))) {
		b->taken++;
		return;
	}
	/* More, if fewer are wanted than were. */
	if (b->rows >= 2 * b->best)
		keep_best(b);
	r = batch_put(b, news);
	if (r)
		r->rank = rank;
}

/* Ascending where the rank descends; of a double the bits are in its order, but for the sign. */
static uint64_t key_of(double rank)
{
	/* There is only one zero. */
	double r = rank + 0.0;
	uint64_t bits;

	memcpy(&bits, &r, sizeof(bits));
	return bits >> 63 ? bits : ~bits & INT64_MAX;
}

/* Bring row `what` of the n-th entry to the n-th place, for each: along circles of rows that change places. */
static void move_rows(struct ranked *row, struct radix *order, size_t count)
{
	for (uint32_t first = 0; first < count; first++) {
		struct ranked kept = row[first];
		uint32_t at = first, from;

		while ((from = order[at].what) != first) {
			row[at] = row[from];
			order[at].what = at;
			at = from;
		}
		row[at] = kept;
		order[at].what = at;
	}
}

/* Of flows: by id first, so that those of equal rank have their order when they come to be ranked. */
static void sort_flows(struct batch *b, size_t count)
{
	struct radix *order = b->order, *spare = b->order + b->limit + 1;

	for (uint32_t i = 0; i < count; i++)
		order[i] = (struct radix){.key = id_of(&b->row[i]), .what = i};
	radix_sort(order, spare, count);
	for (size_t i = 0; i < count; i++)
		order[i].key = key_of(b->row[order[i].what].rank);
	radix_sort(order, spare, count);
	move_rows(b->row, order, count);
}

void rank_rows(struct batch *b, size_t want)
{
	if (want < b->rows)
		select_best(b->row, b->rows, want);
	else
		want = b->rows;
	if (b->groups.group)
		qsort(b->row, want, sizeof(*b->row), by_rank);
	else
		sort_flows(b, want);
}
