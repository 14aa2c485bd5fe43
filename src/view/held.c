// SPDX-License-Identifier: BSD-2-Clause
#include "view/held.h"

#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

struct held_row {
	double rank;
	uint64_t number; /* in the order in which they came: decides between equals */
	int64_t offset_ns;
	_Alignas(8) char event[];
};

#define SWAP_MAX (sizeof(struct held_row) + sizeof(struct event))

void held_init(struct held *h, size_t limit, size_t event_size)
{
	size_t row_size = sizeof(struct held_row) + event_size;

	*h = (struct held){.limit = limit,
			   .row_size = row_size,
			   .event_size = event_size,
			   .row = reserve(limit * row_size)};
}

void held_done(struct held *h)
{
	if (h->row)
		reserve_free(h->row, h->limit * h->row_size);
	*h = (struct held){0};
}

static struct held_row *row(const struct held *h, size_t i)
{
	return (struct held_row *)(h->row + i * h->row_size);
}

static void swap(struct held *h, size_t a, size_t b)
{
	char keep[SWAP_MAX];

	memcpy(keep, row(h, a), h->row_size);
	memcpy(row(h, a), row(h, b), h->row_size);
	memcpy(row(h, b), keep, h->row_size);
}

/* Is `a` the first to give way to a better one? Of equals the later one. */
static bool is_less(const struct held_row *a, const struct held_row *b)
{
	return a->rank != b->rank ? a->rank < b->rank : a->number > b->number;
}

static void sift_up(struct held *h, size_t i)
{
	for (; i && is_less(row(h, i), row(h, (i - 1) / 2)); i = (i - 1) / 2)
		swap(h, i, (i - 1) / 2);
}

static void sift_down(struct held *h)
{
	for (size_t i = 0;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < h->count; child++)
			if (is_less(row(h, child), row(h, least)))
				least = child;
		if (least == i)
			return;
		swap(h, i, least);
		i = least;
	}
}

void held_put(struct held *h, const struct event *ev, double rank, int64_t offset_ns)
{
	bool is_full = h->count == h->limit;
	struct held_row *r;

	if (is_full) {
		h->passed_over++;
		if (rank <= row(h, 0)->rank)
			return;
	}
	r = row(h, is_full ? 0 : h->count);
	r->rank = rank;
	r->number = h->count + h->passed_over;
	r->offset_ns = offset_ns;
	memcpy(r->event, ev, ev_size(ev) < h->event_size ? ev_size(ev) : h->event_size);
	if (is_full)
		sift_down(h);
	else
		sift_up(h, h->count++);
}

static int best_first(const void *a, const void *b)
{
	const struct held_row *x = a, *y = b;

	return is_less(x, y) ? 1 : is_less(y, x) ? -1 : 0;
}

void held_sort(struct held *h)
{
	if (h->count)
		qsort(h->row, h->count, h->row_size, best_first);
}

const struct event *held_event(const struct held *h, size_t i, int64_t *ret_offset_ns)
{
	*ret_offset_ns = row(h, i)->offset_ns;
	return (const struct event *)row(h, i)->event;
}
