// SPDX-License-Identifier: BSD-2-Clause
#include "engine/held.h"

#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

void held_init(struct held *h, size_t limit)
{
	*h = (struct held){.limit = limit, .row = reserve(limit * sizeof(struct held_row))};
}

void held_done(struct held *h)
{
	reserve_free(h->row, h->limit * sizeof(*h->row));
	*h = (struct held){0};
}

static void swap(struct held *h, size_t a, size_t b)
{
	struct held_row row = h->row[a];

	h->row[a] = h->row[b];
	h->row[b] = row;
}

static void sift_up(struct held *h, size_t i)
{
	for (; i && h->row[i].rank < h->row[(i - 1) / 2].rank; i = (i - 1) / 2)
		swap(h, i, (i - 1) / 2);
}

static void sift_down(struct held *h)
{
	for (size_t i = 0;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < h->count; child++)
			if (h->row[child].rank < h->row[least].rank)
				least = child;
		if (least == i)
			return;
		swap(h, i, least);
		i = least;
	}
}

void held_put(struct held *h, const struct event *ev, double rank)
{
	struct held_row *row;

	if (h->count == h->limit) {
		h->passed_over++;
		if (rank <= h->row[0].rank)
			return;
		row = &h->row[0];
	} else {
		row = &h->row[h->count];
	}
	row->rank = rank;
	memcpy(row->event, ev, EV_SIZE_IDENT);
	if (row == &h->row[0] && h->count == h->limit)
		sift_down(h);
	else
		sift_up(h, h->count++);
}

static int best_first(const void *a, const void *b)
{
	const struct held_row *x = a, *y = b;

	return x->rank < y->rank ? 1 : x->rank > y->rank ? -1 : 0;
}

void held_sort(struct held *h)
{
	qsort(h->row, h->count, sizeof(*h->row), best_first);
}
