// SPDX-License-Identifier: BSD-2-Clause
#include "view/batch.h"

#include <string.h>

#include "util/radix.h"
#include "util/xalloc.h"

void batch_init(struct batch *b, size_t limit, const struct batch_parts *parts)
{
	/* One row more, for the others. */
	*b = (struct batch){.limit = limit, .row = reserve((limit + 1) * sizeof(*b->row))};
	b->order = reserve(2 * (limit + 1) * sizeof(*b->order));
	b->gone = reserve(limit * sizeof(*b->gone));
	if (parts->extra)
		b->extra = reserve(limit * sizeof(*b->extra));
	if (parts->counters)
		b->counters = reserve(limit * sizeof(*b->counters));
	if (parts->verdict)
		b->verdict = reserve(limit * sizeof(*b->verdict));
}

void batch_done(struct batch *b)
{
	if (!b->row)
		return;
	reserve_free(b->row, (b->limit + 1) * sizeof(*b->row));
	reserve_free(b->order, 2 * (b->limit + 1) * sizeof(*b->order));
	reserve_free(b->gone, b->limit * sizeof(*b->gone));
	if (b->extra)
		reserve_free(b->extra, b->limit * sizeof(*b->extra));
	if (b->counters)
		reserve_free(b->counters, b->limit * sizeof(*b->counters));
	if (b->verdict)
		reserve_free(b->verdict, b->limit * sizeof(*b->verdict));
	group_table_done(&b->groups);
	*b = (struct batch){0};
}

void batch_clear(struct batch *b)
{
	b->rows = b->gones = b->taken = 0;
	b->is_full = false;
	b->others = 0;
	b->others_count = (struct ev_count){0};
	b->others_counters = (struct counters){0};
	if (b->groups.group)
		group_table_clear(&b->groups);
}

static void put_counters(struct counters *c, const struct news *news)
{
	*c = (struct counters){0};
	counter_add(c, news->now, news->then, true);
	memcpy(c->congestion, news->extra->congestion, sizeof(c->congestion));
}

static const struct gone *copy_gone(struct batch *b, const struct flow *flow,
				    const struct ev_extra *extra)
{
	struct gone *g = &b->gone[b->gones];

	*g = (struct gone){.flow = *flow};
	if (b->extra && extra) {
		b->extra[b->gones] = *extra;
		g->extra = (uint32_t)b->gones + 1;
	}
	b->gones++;
	return g;
}

void batch_put_other(struct batch *b, const struct news *news)
{
	b->others++;
	b->overflow++;
	ev_count_add(&b->others_count, &news->count);
	if (news->now)
		counter_add(&b->others_counters, news->now, news->then, false);
}

struct verdict *batch_verdict(struct batch *b, struct ranked *r)
{
	r->verdict = (uint32_t)(r - b->row) + 1;
	return &b->verdict[r - b->row];
}

struct ranked *batch_put(struct batch *b, const struct news *news)
{
	struct ranked *r = &b->row[b->rows];

	if (b->taken == b->limit) {
		batch_put_other(b, news);
		return NULL;
	}
	b->taken++;
	*r = (struct ranked){.kind = RANKED_FLOW, .flow = news->flow, .delta = news->count};
	if (news->close) {
		struct gone *g = (struct gone *)copy_gone(b, news->flow, news->extra);

		g->error = news->close->head.error;
		g->end_reason = news->close->head.end_reason;
		r->kind = RANKED_GONE;
		r->gone = g;
	}
	if (b->counters && news->now) {
		put_counters(&b->counters[b->rows], news);
		r->counters = (uint32_t)b->rows + 1;
	}
	b->rows++;
	return r;
}

void batch_put_present(struct batch *b, const struct flow *flow)
{
	if (b->rows < b->limit)
		b->row[b->rows++] = (struct ranked){
			.kind = RANKED_FLOW, .flow = flow, .delta = flow->count};
}

void batch_put_groups(struct batch *b)
{
	for (uint32_t i = 0; i < b->groups.used && b->rows < b->limit; i++) {
		const struct group *g = &b->groups.group[i];

		b->row[b->rows++] =
			(struct ranked){.kind = RANKED_GROUP, .group = g, .delta = g->count};
	}
}

void batch_move_groups(struct batch *b, struct batch *from)
{
	for (uint32_t i = 0; i < from->groups.used; i++) {
		const struct group *g = &from->groups.group[i];
		struct group *to = group_table_add(&b->groups, &g->key);

		*to = *g;
		memcpy(group_payload(&b->groups, to), group_payload(&from->groups, g),
		       b->groups.payload_size);
	}
	group_table_clear(&from->groups);
}

void batch_put_others(struct batch *b)
{
	if (b->others)
		b->row[b->rows++] =
			(struct ranked){.kind = RANKED_OTHERS, .delta = b->others_count};
}

void batch_freeze(struct batch *b, size_t count, const struct flow_table *flows,
		  const struct ev_extra *extra)
{
	size_t kept = 0;

	for (size_t i = 0; i < count && i < b->rows; i++) {
		struct ranked r = b->row[i];

		if (r.kind == RANKED_FLOW && b->gones == b->limit)
			continue;
		if (r.kind == RANKED_FLOW) {
			const struct ev_extra *e =
				extra ? &extra[flow_table_slot(flows, r.flow)] : NULL;

			r.gone = copy_gone(b, r.flow, e);
			r.kind = RANKED_GONE;
		}
		b->row[kept++] = r;
	}
	b->rows = kept;
}
