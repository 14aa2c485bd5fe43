// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/history_sums.h"

#include <string.h>

#include "engine/engine.h"
#include "util/xalloc.h"
#include "verdict/history.h"
#include "view/sums.h"
#include "view/view.h"

#define NS_PER_S 1000000000ull

void history_sums_init(struct history_sums *s, const struct view *view, uint32_t max_flows)
{
	s->view = view;
	s->limit = (size_t)max_flows + 1;
	group_table_init(&s->groups, max_flows, sizeof(struct history_sum));
	s->flow = reserve(s->limit * sizeof(*s->flow));
	s->history = reserve(s->limit * sizeof(*s->history));
}

void history_sums_done(struct history_sums *s)
{
	group_table_done(&s->groups);
	if (s->flow)
		reserve_free(s->flow, s->limit * sizeof(*s->flow));
	if (s->history)
		reserve_free(s->history, s->limit * sizeof(*s->history));
	s->flow = NULL;
	s->history = NULL;
}

/* Whole seconds, since no interval is shorter. */
void history_sums_begin(struct history_sums *s, uint64_t begin_ns, uint64_t end_ns)
{
	uint64_t seconds = end_ns > begin_ns ? (end_ns - begin_ns + NS_PER_S - 1) / NS_PER_S : 1;

	s->span = (struct past_span){
		.begin_ns = begin_ns,
		.end_ns = end_ns,
		.bucket_ns = (seconds + PAST_BUCKETS - 1) / PAST_BUCKETS * NS_PER_S,
	};
	s->has_end = end_ns;
}

struct history_sum *history_sums_of(const struct history_sums *s, const struct group *g)
{
	return group_payload(&s->groups, g);
}

/* Twice as long each, so that as many hold twice the span. */
static void double_buckets(struct history_sums *s)
{
	for (uint32_t i = 0; i < s->groups.used; i++) {
		uint64_t *b = history_sums_of(s, &s->groups.group[i])->past.bucket;

		for (unsigned k = 0; k < PAST_BUCKETS; k++)
			b[k] = 2 * k + 1 < PAST_BUCKETS ? b[2 * k] + b[2 * k + 1] : 0;
	}
	s->span.bucket_ns *= 2;
}
_Static_assert(PAST_BUCKETS % 2 == 0, "buckets are joined in pairs");

static unsigned bucket_of(struct history_sums *s, uint64_t time_ns)
{
	uint64_t i;

	if (time_ns < s->span.begin_ns)
		return 0;
	while ((i = (time_ns - s->span.begin_ns) / s->span.bucket_ns) >= PAST_BUCKETS) {
		if (s->has_end)
			return PAST_BUCKETS - 1;
		double_buckets(s);
	}
	return (unsigned)i;
}

static struct history_flow *flow_at(struct history_sums *s, uint32_t slot, uint64_t id)
{
	struct history_flow *f = &s->flow[slot];

	if (f->id != id)
		*f = (struct history_flow){.id = id};
	return f;
}

static bool knows_causes(const struct ev_extra *extra)
{
	return extra && extra->known & KNOWN_CAUSES;
}

/* What an older flow sent again before belongs to no span. */
void history_sums_opened(struct history_sums *s, const struct consumer *c, const struct flow *f)
{
	uint32_t slot = flow_table_slot(&c->engine->flows, f);
	const struct ev_extra *extra = engine_extra(c->engine, slot);
	struct history_flow *h = &s->flow[slot];
	bool is_older = f->ident.seen == SEEN_ADOPTED || f->ident.open_ns < s->span.begin_ns;

	*h = (struct history_flow){.id = f->id};
	h->has_causes = knows_causes(extra);
	if (h->has_causes && is_older)
		memcpy(h->causes, extra->retrans, sizeof(h->causes));
	s->history[slot] = (struct history){0};
}

static void count_causes(struct past *past, struct history_flow *h, const struct ev_extra *extra)
{
	if (!knows_causes(extra))
		return;
	past->knows_causes = true;
	for (unsigned i = 0; i < CAUSE_COUNT; i++) {
		if (extra->retrans[i] > h->causes[i])
			past->causes[i] += extra->retrans[i] - h->causes[i];
		h->causes[i] = extra->retrans[i];
	}
	h->has_causes = true;
}

static void judge(struct history_sums *s, const struct consumer *c, const struct news *news,
		  struct verdict *ret)
{
	const struct flow *f = news->flow;
	struct history *h = &s->history[flow_table_slot(&c->engine->flows, f)];
	struct subject subject = {
		.kind = news->close ? SUBJECT_CLOSED : SUBJECT_LIVE,
		.state = f->state,
		.time_ns = news->close ? news->close->time_ns : c->engine->now_ns,
		.ident = &f->ident,
		.count = &f->count,
		.history = h,
	};

	subject_set_extra(&subject, news->extra);
	if (news->close) {
		subject.state = news->close->head.state;
		subject.end_reason = news->close->head.end_reason;
		subject.flags = news->close->head.flags;
		subject.error = news->close->head.error;
	}
	history_note(h, f->id, &subject);
	verdict_judge(&subject, ret);
	history_turn(h, &subject);
}

/* Keep the worst of the flow, which is what it counts as, and that of the group. */
static void take_verdict(struct history_sum *sum, struct history_flow *h, const struct news *news,
			 const struct verdict *v)
{
	double harm = verdict_harm(v);

	if (!v->rule || v->severity == SEVERITY_FINE)
		return;
	if (!h->worst || harm > h->harm) {
		h->worst = v->rule;
		h->harm = harm;
	}
	if (!sum->worst.rule || harm > sum->harm) {
		sum->worst = *v;
		sum->worst_ident = news->flow->ident;
		sum->harm = harm;
	}
}

static void count_rule(struct past *past, const struct rule *rule)
{
	for (unsigned i = 0; rule && i < PAST_RULES; i++) {
		struct past_rule *p = &past->rule[i];

		/* Several rules may have one code. */
		if (p->rule && strcmp(p->rule->code, rule->code))
			continue;
		p->rule = rule;
		p->flows++;
		return;
	}
	past->other_rules += rule != NULL;
}

static bool is_failure(const struct event *close)
{
	switch (close->head.end_reason) {
	case END_RESET_RECEIVED:
	case END_TIMEOUT:
	case END_REFUSED:
	case END_UNREACHABLE:
	case END_NO_PORT:
		return true;
	case END_ABORTED:
		return close->head.state == ST_SYN_SENT;
	}
	return false;
}

/* A flow is counted once, when it ends or the span does. */
static void count_flow(struct history_sums *s, struct group *g, const struct flow *f,
		       struct history_flow *h, const struct event *close)
{
	struct history_sum *sum = history_sums_of(s, g);
	struct past *past = &sum->past;

	g->flows++;
	s->flows++;
	past->opened += f->ident.seen != SEEN_ADOPTED && f->ident.open_ns >= s->span.begin_ns;
	count_rule(past, h->worst);
	if (!close)
		return;
	past->closed++;
	past->failures += is_failure(close);
	s->failures += is_failure(close);
	past->ends[close->head.end_reason < END_COUNT ? close->head.end_reason : END_UNKNOWN]++;
	sum->end_reason = close->head.end_reason;
	sum->error = close->head.error;
}

static void take_ident(struct history_sum *sum, const struct flow *f, uint64_t bytes)
{
	if (!sum->busiest_id || bytes > sum->busiest_bytes) {
		sum->busiest_bytes = bytes;
		sum->busiest_id = f->id;
		sum->busiest = f->ident;
	}
	sum->last = f->ident;
	sum->last_id = f->id;
	sum->state = f->state;
}

static void take_time(struct past *past, uint64_t time_ns)
{
	if (!past->first_ns || time_ns < past->first_ns)
		past->first_ns = time_ns;
	if (time_ns > past->last_ns)
		past->last_ns = time_ns;
}

static void enter(struct history_sums *s, const struct consumer *c, struct group *g,
		  const struct news *news, const struct verdict *v)
{
	uint64_t bytes = news->count.tx_bytes + news->count.rx_bytes;
	/* What an interval tells moved before its end. */
	uint64_t time_ns = news->close ? news->close->time_ns : c->engine->now_ns - 1;
	struct history_sum *sum = history_sums_of(s, g);
	uint32_t slot = flow_table_slot(&c->engine->flows, news->flow);
	struct history_flow *h = flow_at(s, slot, news->flow->id);

	ev_count_add(&g->count, &news->count);
	sum->past.bucket[bucket_of(s, time_ns)] += bytes;
	s->bytes += bytes;
	take_ident(sum, news->flow, bytes);
	take_time(&sum->past, time_ns);
	count_causes(&sum->past, h, news->extra);
	take_verdict(sum, h, news, v);
	if (news->close)
		count_flow(s, g, news->flow, h, news->close);
}

void history_sums_news(struct history_sums *s, const struct consumer *c, const struct news *news)
{
	struct group_key key[VIEW_KEYS_MAX];
	struct verdict v;
	unsigned count;

	s->met_any = true;
	if (news->flow->state == ST_LISTEN)
		return;
	judge(s, c, news, &v);
	count = sums_keys(s->view, news->flow, news->note, key);
	for (unsigned i = 0; i < count; i++) {
		struct group *g = group_table_add(&s->groups, &key[i]);

		if (g)
			enter(s, c, g, news, &v);
	}
}

static void count_living(struct history_sums *s, const struct consumer *c, const struct flow *f,
			 uint32_t slot)
{
	struct group_key key[VIEW_KEYS_MAX];
	uint32_t note = 0;
	unsigned count = sums_keys(s->view, f, &note, key);

	s->met_any = true;
	for (unsigned i = 0; i < count; i++) {
		struct group *g = group_table_add(&s->groups, &key[i]);

		if (!g)
			continue;
		take_ident(history_sums_of(s, g), f, 0);
		count_flow(s, g, f, flow_at(s, slot, f->id), NULL);
	}
	(void)c;
}

void history_sums_end(struct history_sums *s, const struct consumer *c, uint64_t end_ns)
{
	const struct flow_table *t = &c->engine->flows;

	for (uint32_t i = 0; i < t->used; i++) {
		const struct flow *f = &t->flow[i];

		if (f->has_ident && !f->closed && f->state != ST_LISTEN &&
		    f->wanted >> c->index & 1 && engine_takes_state(c, f->state) &&
		    flow_table_find(t, f->id) == f)
			count_living(s, c, f, i);
	}
	if (!s->has_end)
		s->span.end_ns = end_ns > s->span.begin_ns ? end_ns : s->span.begin_ns + NS_PER_S;
}
