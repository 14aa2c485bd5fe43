// SPDX-License-Identifier: BSD-2-Clause
#include "view/sums.h"

#include <string.h>

#include "engine/column.h"
#include "engine/column_host.h"
#include "engine/group.h"
#include "view/view.h"

size_t sums_size(const struct view *view)
{
	return view->sums || view->needs & NEED_EXTRA ? sizeof(struct sums)
						      : offsetof(struct sums, counters);
}

/* What close() adds once the socket has told its last word: the reset that it sends. */
static void add_reset_of_close(const struct news *news, struct counters *sum)
{
	if (!news->close || news->close->head.end_reason != END_RESET_SENT)
		return;
	sum->value[COUNTER_out_rsts]++;
	sum->value[COUNTER_out_segs]++;
}

static void enter_counters(struct view *view, struct sums *s, const struct news *news)
{
	bool same = s->last_id == news->flow->id || !s->last_id;

	counter_add(&s->counters, news->now, news->then, same);
	if (view->per_close)
		add_reset_of_close(news, &s->counters);
	memcpy(s->counters.congestion, news->extra->congestion, sizeof(s->counters.congestion));
}

static void enter(struct view *view, struct group *g, const struct news *news)
{
	struct sums *s = group_payload(&view->filling->groups, g);
	uint64_t bytes = news->count.tx_bytes + news->count.rx_bytes;

	group_count(g, &news->count);
	if (news->now && sums_size(view) == sizeof(*s))
		enter_counters(view, s, news);
	/* Of equals the older one, in whatever order they come. */
	if (!s->busiest_id || bytes > s->busiest_bytes ||
	    (bytes == s->busiest_bytes && news->flow->id < s->busiest_id)) {
		s->busiest_bytes = bytes;
		s->busiest_id = news->flow->id;
		s->busiest = news->flow->ident;
	}
	s->last = news->flow->ident;
	s->last_id = news->flow->id;
	s->state = news->flow->state;
	s->adopted |= news->flow->ident.seen == SEEN_ADOPTED;
}

unsigned sums_keys(const struct view *view, const struct flow *flow, uint32_t *note,
		   struct group_key *ret)
{
	unsigned count = view->grouping.keys(view, flow, note, ret);
	uint32_t host = column_host_of(&view->context, flow->id);

	for (unsigned i = 0; i < count; i++)
		ret[i].host = host;
	return count;
}

void sums_enter(struct view *view, const struct news *news)
{
	struct group_key key[VIEW_KEYS_MAX];
	unsigned count = sums_keys(view, news->flow, news->note, key);

	for (unsigned i = 0; i < count; i++) {
		struct group *g = group_table_add(&view->filling->groups, &key[i]);

		if (g)
			enter(view, g, news);
		else
			batch_put_other(view->filling, news);
	}
}

static struct group *group_of(struct view *view, const struct event *ev)
{
	struct flow flow = {.id = ev->head.id, .state = ev->head.state, .ident = ev->ident};
	struct group_key key[VIEW_KEYS_MAX];
	uint32_t note = 0;

	if (!sums_keys(view, &flow, &note, key))
		return NULL;
	return group_table_add(&view->filling->groups, key);
}

static void add_reset(const struct event *ev, struct counters *sum)
{
	sum->value[COUNTER_out_rsts]++;
	/* No socket counted it, or the socket had told its last word already. */
	if (!ev->head.id || ev->head.state == ST_CLOSE) {
		sum->value[COUNTER_out_segs]++;
		sum->value[COUNTER_out_requests]++;
	}
	/* Neither was the packet counted that it answers. */
	if (!ev->head.id) {
		sum->value[COUNTER_in_segs]++;
		sum->value[COUNTER_in_receives]++;
	}
}

void sums_reset(struct view *view, const struct event *ev)
{
	struct group *g;
	struct sums *s;

	/* Its row was printed already, with this reset, or none will come. */
	if (view->per_close && (!ev->head.id || ev->head.state == ST_CLOSE))
		return;
	g = group_of(view, ev);
	if (!g) {
		view->filling->others++;
		view->filling->overflow++;
		add_reset(ev, &view->filling->others_counters);
		return;
	}
	s = group_payload(&view->filling->groups, g);
	add_reset(ev, &s->counters);
	if (!s->last_id)
		s->last = ev->ident;
}

struct group *sums_of_close(struct view *view, const struct event *ev)
{
	struct group *g = group_of(view, ev);
	struct sums *s = g ? group_payload(&view->filling->groups, g) : NULL;

	if (!g) {
		view->filling->overflow++;
		return NULL;
	}
	/* It moved nothing since we know it. */
	if (!s->last_id) {
		g->flows = 1;
		s->last = ev->ident;
		s->adopted = ev->ident.seen == SEEN_ADOPTED;
	}
	return g;
}

/* Of struct ev_extra a source may know causes alone. */
static bool is_known(const struct counter *c, unsigned lacks)
{
	return !(c->needs & lacks & (c->needs & NEEDS_OF_CAUSES ? ~(unsigned)NEED_EXTRA : ~0u));
}

/* What the source lacks is known before the first row, and stays: each row asks for this. */
uint64_t sums_known(struct view *view, bool host)
{
	for (int i = 0; i < COUNTER_COUNT && !view->has_known; i++)
		if (is_known(&counters[i], view->consumer->lacks))
			view->known[counters[i].kind == HOST] |= 1ull << i;
	view->has_known = true;
	return view->known[host];
}

/* A group of the interval that is shown, or, at a close, of the one that is filled. */
static struct sums *sums_of(const struct view *view, const struct group *g)
{
	const struct group_table *shown = &view->shown->groups;
	bool is_shown = g >= shown->group && g < shown->group + shown->limit;

	return group_payload(is_shown ? shown : &view->filling->groups, g);
}

void sums_row(struct view *view, const struct group *g, struct row *row)
{
	struct sums *s = sums_of(view, g);

	row->key = &g->key;
	row->common = s->busiest_id ? &s->busiest : &s->last;
	row->shares = view->grouping.shares;
	row->busiest = s->busiest_bytes ? &s->busiest : NULL;
	if (row->shares & SHARE_ALL)
		row->ident = &s->last;
	if (row->shares & SHARE_STATE)
		row->state = s->state;
	row->adopted = s->adopted;
	if (sums_size(view) < sizeof(*s))
		return;
	s->counters.known = sums_known(view, false);
	row->counters = &s->counters;
}
