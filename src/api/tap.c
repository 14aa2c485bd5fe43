// SPDX-License-Identifier: BSD-2-Clause
#include "api/tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "abi/stream.h"
#include "api/state.h"
#include "consumer/agent.h"
#include "engine/account.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "engine/filter.h"
#include "engine/source.h"
#include "serve/http.h"
#include "util/out.h"
#include "util/parse.h"
#include "util/xalloc.h"
#include "view/view.h"

#define INTERVAL_MS_MIN 250
#define INTERVAL_MS_MAX 3600000
#define NS_PER_MS 1000000ull
/* Whoever is so far behind is let go: what he shows would be of another time. */
#define PENDING_MAX (64u << 20)

struct tap {
	LIST_ENTRY(tap) others;
	struct api *api;
	struct http_stream *stream;
	struct consumer consumer;
	struct question question;
	bool is_gone;  /* the client is; `stream` must not be used */
	bool is_added; /* to the engine */
	bool wants_extra, once;
	struct out pending; /* what the queue of the stream has no room for yet */
	size_t sent;	    /* of it */
};

static void free_tap(struct tap *t)
{
	size_t len;

	if (t->is_added)
		engine_remove(t->api->agent->engine, &t->consumer);
	filter_free(t->consumer.filter);
	free(out_take(&t->pending, &len));
	free(t);
}

/* As much as there is room for. */
static void flush(struct tap *t)
{
	size_t room = http_stream_room(t->stream), left = t->pending.used - t->sent;
	size_t n = left < room ? left : room;

	if (n && http_stream_write(t->stream, t->pending.buf + t->sent, n))
		t->sent += n;
	if (t->sent != t->pending.used)
		return;
	t->sent = t->pending.used = 0;
	if (t->consumer.done)
		http_stream_end(t->stream);
}

static void on_room(void *context)
{
	flush(context);
}

static void let_go(struct tap *t)
{
	LIST_REMOVE(t, others);
	free_tap(t);
}

static void on_gone(void *context)
{
	struct tap *t = context;

	t->is_gone = true;
	if (t->stream)
		let_go(t);
}

static void put(struct tap *t, const struct event *ev)
{
	/* Decided at the tick, which may free what the engine still looks at now. */
	if (t->pending.used - t->sent < PENDING_MAX)
		out_mem(&t->pending, (const char *)ev, ev_size(ev));
}

static unsigned flags_of(const struct tap *t, const struct ev_extra *extra, bool with_ident)
{
	if (t->wants_extra && extra)
		return EV_HAS_IDENT | EV_HAS_EXTRA;
	return with_ident ? EV_HAS_IDENT : 0;
}

static void put_flow(struct tap *t, const struct flow *f, const struct ev_extra *extra,
		     unsigned kind, unsigned flags)
{
	struct event ev = {.head = {.id = f->id,
				    .kind = (uint8_t)kind,
				    .state = f->state,
				    .flags = (uint8_t)flags},
			   .count = f->count,
			   .time_ns = t->consumer.engine->now_ns,
			   .ident = f->ident};

	if (flags & EV_HAS_EXTRA)
		ev.extra = *extra;
	put(t, &ev);
}

/* What moved before the client came belongs to none of its intervals. */
static void on_opened(struct consumer *c, const struct flow *f)
{
	struct tap *t = c->state;
	const struct ev_extra *extra =
		engine_extra(c->engine, flow_table_slot(&c->engine->flows, f));
	unsigned flags = flags_of(t, extra, true);

	put_flow(t, f, extra, EV_OPEN, t->is_added ? flags : flags | EV_BASELINE);
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct tap *t = c->state;
	bool with_ident = !*news->note;

	if (news->close)
		return;
	*news->note = 1;
	put_flow(t, news->flow, news->extra, EV_SAMPLE, flags_of(t, news->extra, with_ident));
}

static void on_closed(struct consumer *c, const struct event *ev)
{
	struct tap *t = c->state;
	struct event copy;

	memcpy(&copy, ev, ev_size(ev));
	if (!t->wants_extra)
		copy.head.flags &= (uint8_t)~EV_HAS_EXTRA;
	put(t, &copy);
}

static void put_time(struct tap *t, uint64_t time_ns)
{
	struct source *s = t->api->agent->source;
	struct account account = {0};
	struct event ev = {.head = {.kind = EV_TIME, .flags = EV_HAS_IDENT}, .time_ns = time_ns};

	source_losses(s, &account);
	ev.stream_missed = account.missed;
	ev.stream_table_full = account.table_full + t->api->agent->engine->flows.refused;
	put(t, &ev);
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct tap *t = c->state;

	put_time(t, time_ns);
	if (t->pending.used - t->sent >= PENDING_MAX) {
		c->done = true;
		t->pending.used = t->sent;
	}
	flush(t);
}

static const struct consumer_ops ops = {
	.name = "stream",
	.opened = on_opened,
	.interval = on_interval,
	.closed = on_closed,
	.tick = on_tick,
};

/* "1" or nothing. */
static bool is_set(struct http_request *q, const char *name)
{
	const char *value = http_query(q, name);

	return value && !strcmp(value, "1");
}

static bool read_interval(struct http_request *q, uint64_t *ret_ms)
{
	const char *text = http_query(q, "interval");
	size_t at;

	*ret_ms = 1000;
	if (!text || !*text || !parse_uint(text, INTERVAL_MS_MIN, INTERVAL_MS_MAX, ret_ms, &at))
		return true;
	http_problem(q, 400, "bad number", "expected milliseconds, from 250 to 3600000", "interval",
		     at);
	return false;
}

static int join(struct tap *t, struct http_request *q)
{
	struct engine *e = t->api->agent->engine;
	struct consumer *c = &t->consumer;
	struct filter_error error = {.at = 0};
	int err;

	*c = (struct consumer){
		.ops = &ops,
		.question = &t->question,
		.wants = WANT_OPENED | WANT_INTERVALS | WANT_CLOSED | WANT_NOTE,
		.lacks = t->api->consumer->lacks,
		.fd = -1,
		.state = t,
	};
	if (is_set(q, "listeners"))
		c->wants |= WANT_LISTENERS;
	if (is_set(q, "all"))
		c->wants |= WANT_ALL;
	c->filter = filter_new(&t->question, t->api->view->context.cgroups, &error);
	c->states = filter_states(c->filter);
	err = engine_add(e, c, clock_now_ns());
	t->is_added = !err;
	if (err)
		http_stream_end(t->stream);
	return err;
}

static void put_line(struct tap *t)
{
	const struct api *api = t->api;
	const struct engine *e = api->agent->engine;

	out_format(&t->pending, STREAM_WORD " %s %u %lld %llu %u\n", VERSION, STREAM_LAYOUT,
		   (long long)api->view->context.clock->realtime_offset_ns,
		   (unsigned long long)(t->question.tick_ms * NS_PER_MS),
		   e->needs & ~api->consumer->lacks);
}

static struct tap *new_tap(struct api *api, struct http_request *q)
{
	struct tap *t = xcalloc(1, sizeof(*t));

	t->api = api;
	t->question = (struct question){.watch = api->consumer->question->watch};
	t->wants_extra = is_set(q, "extra");
	t->once = is_set(q, "once");
	out_init_memory(&t->pending);
	return t;
}

void tap_answer(void *context, struct http_request *q)
{
	struct api *api = context;
	uint64_t interval_ms, now_ns = clock_now_ns();
	struct http_stream *stream;
	struct tap *t;

	if (!read_interval(q, &interval_ms))
		return;
	t = new_tap(api, q);
	t->question.tick_ms = interval_ms;
	stream = http_answer_stream(q, "application/vnd.tcpsight.stream", on_gone, t);
	if (!stream || t->is_gone) {
		free_tap(t);
		return;
	}
	t->stream = stream;
	LIST_INSERT_HEAD(&api->taps, t, others);
	put_line(t);
	put_time(t, now_ns);
	if (join(t, q)) {
		let_go(t);
		return;
	}
	if (t->once) {
		put_time(t, now_ns);
		t->consumer.done = true;
	}
	http_stream_on_room(stream, on_room);
	flush(t);
}

void tap_end(struct api *api)
{
	struct tap *t;

	while ((t = LIST_FIRST(&api->taps))) {
		http_stream_end(t->stream);
		let_go(t);
	}
}
