// SPDX-License-Identifier: BSD-2-Clause
#include "view/judge.h"

#include "engine/engine.h"
#include "util/xalloc.h"
#include "verdict/history.h"
#include "verdict/verdict.h"
#include "view/view.h"

static size_t history_bytes(const struct view *view)
{
	return (view->history_limit + 1) * sizeof(*view->history);
}

void judge_begin(struct view *view, size_t max_flows)
{
	view->history_limit = max_flows;
	view->history = reserve(history_bytes(view));
}

void judge_shrink(struct view *view, size_t from, size_t to)
{
	if (view->history)
		reserve_forget(view->history + from, (to - from) * sizeof(*view->history));
}

void judge_done(struct view *view)
{
	if (view->history)
		reserve_free(view->history, history_bytes(view));
	view->history = NULL;
}

static enum subject_kind kind_of(unsigned state, bool is_closed)
{
	if (state == ST_LISTEN)
		return SUBJECT_LISTENER;
	return is_closed ? SUBJECT_CLOSED : SUBJECT_LIVE;
}

static void set_end(struct subject *s, const struct event *ev)
{
	s->end_reason = ev->head.end_reason;
	s->flags = ev->head.flags;
	s->error = ev->head.error;
}

void judge_news(struct view *view, const struct news *news, struct verdict *ret)
{
	const struct flow *f = news->flow;
	const struct engine *e = view->consumer->engine;
	struct history *h = &view->history[flow_table_slot(&e->flows, f)];
	struct subject s = {
		.kind = kind_of(f->state, news->close),
		.state = f->state,
		.time_ns = news->close ? news->close->time_ns : e->now_ns,
		.ident = &f->ident,
		.count = &f->count,
		.history = h,
	};

	subject_set_extra(&s, news->extra);
	if (news->close)
		set_end(&s, news->close);
	history_note(h, f->id, &s);
	if (ret)
		verdict_judge(&s, ret);
	history_turn(h, &s);
}

void judge_event(const struct event *ev, struct verdict *ret)
{
	struct subject s = {
		.kind = kind_of(ev->head.state, true),
		.state = ev->head.state,
		.time_ns = ev->time_ns,
		.ident = &ev->ident,
		.count = &ev->count,
	};

	subject_set_extra(&s, ev->head.flags & EV_HAS_EXTRA ? &ev->extra : NULL);
	set_end(&s, ev);
	if (ev->head.kind == EV_HANDSHAKE) {
		s.kind = SUBJECT_HANDSHAKE;
		s.handshake = &ev->handshake;
	}
	verdict_judge(&s, ret);
}

void judge_present(struct view *view, const struct flow *flow, const struct ev_extra *extra,
		   struct verdict *ret)
{
	struct subject s = {
		.kind = kind_of(flow->state, false),
		.state = flow->state,
		.time_ns = view->tick_ns,
		.ident = &flow->ident,
		.count = &flow->count,
	};

	subject_set_extra(&s, extra);
	verdict_judge(&s, ret);
}
