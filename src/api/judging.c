// SPDX-License-Identifier: BSD-2-Clause
#include "api/judging.h"

#include <string.h>

#include "api/live.h"
#include "api/lately.h"
#include "engine/engine.h"
#include "engine/source.h"
#include "util/xalloc.h"

#define NS_PER_US 1000
/* So many of what closed are judged in a pass: the latest. */
#define CLOSED_MAX 2000

void judging_begin(struct judging *j, uint32_t max_flows)
{
	*j = (struct judging){.limit = max_flows + 1};
	for (int i = 0; i < 2; i++) {
		j->history[i] = reserve(j->limit * sizeof(*j->history[i]));
		why_cases_init(&j->cases[i], JUDGING_CASES, true);
	}
}

void judging_done(struct judging *j)
{
	for (int i = 0; i < 2; i++) {
		if (j->history[i])
			reserve_free(j->history[i], j->limit * sizeof(*j->history[i]));
		why_cases_done(&j->cases[i]);
		j->history[i] = NULL;
	}
}

void judging_shrink(struct judging *j, uint32_t from, uint32_t to)
{
	for (int i = 0; i < 2; i++)
		reserve_forget(j->history[i] + from, (to - from) * sizeof(*j->history[i]));
}

static struct subject subject_of(const struct flow *f, const struct ev_extra *extra,
				 uint64_t time_ns)
{
	return subject_of_flow(f->state, &f->ident, &f->count, extra, time_ns);
}

void judging_note(struct judging *j, uint32_t slot, const struct flow *f,
		  const struct ev_extra *extra, uint64_t time_ns)
{
	struct subject s = subject_of(f, extra, time_ns);

	for (int i = 0; i < 2 && slot < j->limit - 1; i++) {
		struct history *h = &j->history[i][slot];

		/* Of one reading levels are noted once: they must be met again to count. */
		if (h->id != f->id || h->last_ns != time_ns)
			history_note(h, f->id, &s);
	}
}

void judging_read(struct judging *j, const struct engine *e, const struct live *live)
{
	if (++j->readings < JUDGING_READINGS)
		return;
	j->readings = 0;
	for (uint32_t slot = 0; slot < live->used; slot++) {
		const struct flow *f = &e->flows.flow[slot];
		struct history *h = &j->history[j->older][slot];
		struct subject s = subject_of(f, engine_extra(e, slot), h->last_ns);

		if (live->flow[slot].id && h->id == f->id)
			history_turn(h, &s);
	}
	j->older ^= 1;
}

static bool judge(const struct judging *j, const struct engine *e, const struct peers *peers,
		  uint32_t slot, struct subject *s, struct verdict *ret)
{
	const struct flow *f = &e->flows.flow[slot];
	const struct history *h = &j->history[j->older][slot];
	bool is_known = slot < j->limit - 1 && h->id == f->id;

	*s = subject_of(f, engine_extra(e, slot), is_known ? h->last_ns : e->now_ns);
	s->history = is_known ? h : NULL;
	s->peer_lives = peers_lives(peers, &f->ident);
	verdict_judge(s, ret);
	return ret->rule;
}

void judging_flow(const struct judging *j, const struct engine *e, uint32_t slot,
		  struct verdict *ret)
{
	struct subject s;

	judge(j, e, &j->peers[j->shown], slot, &s, ret);
}

static void enter(struct judging *j, uint64_t id, const struct subject *s, const struct verdict *v)
{
	unsigned next = !j->shown;

	j->by_severity[next][v->severity]++;
	if (v->severity > SEVERITY_FINE)
		why_cases_put(&j->cases[next], id, s, v);
}

static void judge_slots(struct judging *j, const struct engine *e, const struct live *live,
			uint32_t from, uint32_t to)
{
	unsigned next = !j->shown;

	for (uint32_t slot = from; slot < to; slot++) {
		const struct flow *f = &e->flows.flow[slot];
		struct verdict v;
		struct subject s;

		if (live->flow[slot].id != f->id || !f->id)
			continue;
		peers_note(&j->peers[next], &f->ident, engine_extra(e, slot));
		/* The peers of the last pass are all known. */
		if (judge(j, e, &j->peers[j->shown], slot, &s, &v))
			enter(j, f->id, &s, &v);
	}
}

static void judge_closed(struct judging *j, const struct lately *closed, uint64_t since_ns)
{
	size_t count = lately_count(closed) < CLOSED_MAX ? lately_count(closed) : CLOSED_MAX;

	for (size_t i = 0; i < count; i++) {
		const struct event *ev = &lately_latest(closed, i)->ev;
		struct subject s = {
			.kind = SUBJECT_CLOSED,
			.state = ev->head.state,
			.time_ns = ev->time_ns,
			.ident = &ev->ident,
			.count = &ev->count,
			.end_reason = ev->head.end_reason,
			.flags = ev->head.flags,
			.error = ev->head.error,
		};
		struct verdict v;

		if (ev->time_ns < since_ns)
			break;
		subject_set_extra(&s, ev->head.flags & EV_HAS_EXTRA ? &ev->extra : NULL);
		verdict_judge(&s, &v);
		if (v.rule)
			enter(j, ev->head.id, &s, &v);
	}
}

static void judge_host(struct judging *j, struct source *source, uint64_t time_ns)
{
	struct subject s = {
		.kind = SUBJECT_HOST,
		.time_ns = time_ns,
		.host = &j->host_now,
		.host_then = &j->host,
		.window_us = (time_ns - j->host_ns) / NS_PER_US,
	};
	struct verdict v;

	if (!source || !source->ops->host_reading || source->offline)
		return;
	source->ops->host_reading(source, 0, &j->host_now);
	if (j->host_ns) {
		verdict_judge(&s, &v);
		if (v.rule)
			enter(j, 0, &s, &v);
	}
	j->host = j->host_now;
	j->host_ns = time_ns;
}

bool judging_pass(struct judging *j, const struct engine *e, const struct live *live,
		  const struct lately *closed, uint64_t closed_since_ns, struct source *source,
		  uint64_t time_ns)
{
	unsigned next = !j->shown;
	uint64_t used = live->used;
	uint32_t to;

	if (!j->piece) {
		j->next_slot = 0;
		why_cases_clear(&j->cases[next]);
		memset(j->by_severity[next], 0, sizeof(j->by_severity[next]));
		j->peers[next] = (struct peers){0};
	}
	to = (uint32_t)(used * (j->piece + 1) / JUDGING_PIECES);
	/* There may be fewer slots than at the last piece. */
	if (to < j->next_slot)
		to = j->next_slot;
	judge_slots(j, e, live, j->next_slot, to);
	j->next_slot = to;
	if (++j->piece < JUDGING_PIECES)
		return false;
	judge_closed(j, closed, closed_since_ns);
	judge_host(j, source, time_ns);
	why_cases_sort(&j->cases[next]);
	j->shown = next;
	j->piece = 0;
	j->shown_ns = time_ns;
	j->passes++;
	return true;
}
