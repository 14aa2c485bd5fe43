// SPDX-License-Identifier: BSD-2-Clause
#include "api/lately.h"

#include <string.h>

#include "util/xalloc.h"

void lately_begin(struct lately *l, size_t size)
{
	*l = (struct lately){.size = size, .limit = size};
	l->entry = reserve(size * sizeof(*l->entry));
}

void lately_done(struct lately *l)
{
	if (l->entry)
		reserve_free(l->entry, l->size * sizeof(*l->entry));
	*l = (struct lately){0};
}

void lately_put(struct lately *l, uint64_t number, const struct event *ev,
		const struct live_left *left)
{
	struct lately_entry *e;

	if (!l->limit) {
		l->dropped = number;
		return;
	}
	e = &l->entry[l->put % l->limit];
	if (l->put++ >= l->limit)
		l->dropped = e->number;
	e->number = number;
	e->left = left ? *left : (struct live_left){0};
	memcpy(&e->ev, ev, ev_size(ev));
}

size_t lately_count(const struct lately *l)
{
	return l->put < l->limit ? (size_t)l->put : l->limit;
}

const struct lately_entry *lately_latest(const struct lately *l, size_t i)
{
	return &l->entry[(l->put - 1 - i) % l->limit];
}

void lately_limit(struct lately *l, size_t limit)
{
	if (lately_count(l))
		l->dropped = lately_latest(l, 0)->number;
	l->put = 0;
	l->limit = limit < l->size ? limit : l->size;
	reserve_forget(l->entry, l->size * sizeof(*l->entry));
}

size_t lately_after(const struct lately *l, uint64_t number)
{
	size_t low = 0, high = lately_count(l);

	/* The first `low` of the latest are later than `number`. */
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (lately_latest(l, middle)->number > number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
