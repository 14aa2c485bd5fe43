// SPDX-License-Identifier: BSD-2-Clause
#include "api/streams.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api/answer.h"
#include "api/state.h"
#include "api/ask.h"
#include "api/changes.h"
#include "api/rows.h"
#include "consumer/agent.h"
#include "serve/http.h"
#include "util/out.h"
#include "util/parse.h"
#include "util/xalloc.h"

#define ROWS_MAX 500
/* An interval must fit in the queue of a client, with what may wait there. */
#define INTERVAL_BYTES_MAX (HTTP_STREAM_QUEUE_MAX / 4 * 3)
#define KEEP_ALIVE_TICKS 15

enum kind { KIND_OPEN = 1, KIND_CLOSE = 2, KIND_VERDICT = 4, KIND_INTERVAL = 8, KIND_ALL = 15 };

struct client {
	LIST_ENTRY(client) others;
	struct api *api;
	struct http_stream *stream; /* NULL until it is there */
	bool is_gone, quotes_big;
	unsigned kinds;
	struct ask *live, *closed; /* the columns of the two differ */
	uint64_t lost, skipped;	   /* events and intervals that found no room */
	unsigned quiet;		   /* ticks since something was written */
};

struct api_streams {
	LIST_HEAD(, client) clients;
	unsigned count;
	uint64_t events, lost, skipped;
};

struct api_streams *streams_new(struct api *api)
{
	struct api_streams *s = xcalloc(1, sizeof(*s));

	(void)api;
	LIST_INIT(&s->clients);
	return s;
}

static void free_client(struct client *c)
{
	ask_free(c->live);
	ask_free(c->closed);
	free(c);
}

void streams_free(struct api *api)
{
	free(api->streams);
	api->streams = NULL;
}

static void on_closed(void *context)
{
	struct client *c = context;

	c->is_gone = true;
	/* While it is made, whoever makes it still looks at it. */
	if (!c->stream)
		return;
	LIST_REMOVE(c, others);
	c->api->streams->count--;
	free_client(c);
}

static bool write_text(struct client *c, const char *text, size_t len)
{
	if (!http_stream_write(c->stream, text, len))
		return false;
	c->quiet = 0;
	return true;
}

static bool write_gap(struct client *c)
{
	char text[160];
	int len;

	len = snprintf(text, sizeof(text),
		       "id: %llu\nevent: gap\ndata: {\"lost\":%llu,\"intervals\":%llu}\n\n",
		       (unsigned long long)c->api->number, (unsigned long long)c->lost,
		       (unsigned long long)c->skipped);
	if (!write_text(c, text, (size_t)len))
		return false;
	c->lost = c->skipped = 0;
	return true;
}

/* What it missed, before anything else. False: there is no room even for that. */
static bool tell_gap(struct client *c)
{
	return (!c->lost && !c->skipped) || write_gap(c);
}

/* One event: `body` holds its data, in one line. It is freed. */
static void send_event(struct client *c, const char *name, uint64_t number, struct out *body)
{
	struct out out;
	size_t size, body_size;
	char *text, *data = out_take(body, &body_size);
	bool is_interval = !strcmp(name, "interval");

	out_init_memory(&out);
	out_format(&out, "id: %llu\nevent: %s\ndata: ", (unsigned long long)number, name);
	out_mem(&out, data, body_size);
	out_str(&out, "\n\n");
	free(data);
	text = out_take(&out, &size);
	if (tell_gap(c) && write_text(c, text, size)) {
		c->api->streams->events++;
	} else {
		c->lost += !is_interval;
		c->skipped += is_interval;
		c->api->streams->lost += !is_interval;
		c->api->streams->skipped += is_interval;
	}
	free(text);
}

static void send_entry(struct client *c, const struct lately_entry *e)
{
	bool is_close = e->ev.head.kind == EV_CLOSE;
	struct ask *ask = is_close ? c->closed : c->live;
	struct rows *rows;
	struct out body;

	if (!(c->kinds & (is_close ? KIND_CLOSE : KIND_OPEN)) ||
	    !ask_takes(ask, &e->ev.ident, e->ev.head.state))
		return;
	rows = rows_new(c->api, ask);
	rows->keeps_ask = true;
	rows_keep_closed(rows, &e->ev);
	answer_begin(&body);
	body.quotes_big = c->quotes_big;
	rows_put(rows, &rows->kept[0], &body);
	rows_free(rows);
	send_event(c, is_close ? "close" : "open", e->number, &body);
}

void streams_event(struct api *api, const struct lately_entry *e)
{
	struct client *c;

	LIST_FOREACH(c, &api->streams->clients, others)
		send_entry(c, e);
}

void streams_verdicts(struct api *api)
{
	struct changes changes;
	struct client *c;

	if (LIST_EMPTY(&api->streams->clients))
		return;
	changes_find(&changes, &api->judging);
	LIST_FOREACH(c, &api->streams->clients, others)
		for (size_t i = 0; i < changes.count && c->kinds & KIND_VERDICT; i++) {
			const struct why_case *one = changes.change[i].one;
			struct out body;

			if (one->has_ident ? !ask_takes(c->live, &one->ident, one->state)
					   : c->live->has_filter)
				continue;
			answer_begin(&body);
			body.quotes_big = c->quotes_big;
			changes_put(api, &changes.change[i], &body);
			send_event(c, "verdict", api->number, &body);
		}
	changes_done(&changes);
}

/* The summary of the host, as the page shows it, and the first rows. */
static void send_interval(struct client *c)
{
	struct api *api = c->api;
	struct rows *rows = answer_pick_live(api, c->live, false);
	struct out body;

	rows->keeps_ask = true;
	rows->bytes_max = INTERVAL_BYTES_MAX;
	rows->quotes_big = c->quotes_big;
	answer_begin(&body);
	rows_put_all(rows, &body);
	/* In one line, and with the host in front of what closes the object. */
	while (body.used && (body.buf[body.used - 1] == '\n' || body.buf[body.used - 1] == '}'))
		body.used--;
	out_str(&body, ",\"host\":");
	changes_put_host(api, &body);
	out_char(&body, '}');
	rows_free(rows);
	send_event(c, "interval", api->number, &body);
}

void streams_tick(struct api *api)
{
	static const char keep_alive[] = ": keep-alive\n\n";
	struct client *c;

	LIST_FOREACH(c, &api->streams->clients, others)
	{
		if (c->kinds & KIND_INTERVAL)
			send_interval(c);
		else
			tell_gap(c);
		if (++c->quiet > KEEP_ALIVE_TICKS)
			write_text(c, keep_alive, sizeof(keep_alive) - 1);
	}
}

void streams_end(struct api *api)
{
	struct client *c, *next;

	for (c = LIST_FIRST(&api->streams->clients); c; c = next) {
		next = LIST_NEXT(c, others);
		http_stream_end(c->stream);
		LIST_REMOVE(c, others);
		free_client(c);
	}
	api->streams->count = 0;
}

void streams_status(const struct api *api, struct out *out)
{
	const struct api_streams *s = api->streams;

	out_format(out,
		   "\"clients\":%u,\"events_sent\":%llu,\"events_lost\":%llu,"
		   "\"intervals_skipped\":%llu",
		   s->count, (unsigned long long)s->events, (unsigned long long)s->lost,
		   (unsigned long long)s->skipped);
}

static bool read_kinds(struct http_request *q, unsigned *ret)
{
	static const char *const names[] = {"open", "close", "verdict", "interval"};
	const char *list = http_query(q, "kinds");

	*ret = list && *list ? 0 : KIND_ALL;
	for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',') {
		size_t len = strcspn(p, ","), i = 0;

		while (i < 4 && (strlen(names[i]) != len || memcmp(names[i], p, len)))
			i++;
		if (i == 4) {
			http_problem(q, 400, "bad kind",
				     "the kinds of events are open, close, verdict and interval", "kinds",
				     (size_t)(p - list));
			return false;
		}
		*ret |= 1u << i;
	}
	return true;
}

/* Of both logs the entry with the smallest number after `number`; NULL: there is none. */
static const struct lately_entry *next_entry(const struct api *api, uint64_t number)
{
	size_t open = lately_after(&api->opened, number), close = lately_after(&api->closed, number);
	const struct lately_entry *a = open ? lately_latest(&api->opened, open - 1) : NULL;
	const struct lately_entry *b = close ? lately_latest(&api->closed, close - 1) : NULL;

	return !a || (b && b->number < a->number) ? b : a;
}

/* What it missed since it was here last; what is not there any more is a gap. */
static void resume(struct client *c, const char *last)
{
	const struct api *api = c->api;
	const struct lately_entry *e;
	uint64_t number;
	size_t at, held;

	if (!last)
		return;
	if (parse_uint(last, 0, UINT64_MAX, &number, &at) || number > api->number) {
		/* Not ours, or of a run before this one: nothing is known of what it missed there, even
		 * if nothing has happened since. */
		c->lost = api->number;
		write_gap(c);
		return;
	}
	held = lately_after(&api->opened, number) + lately_after(&api->closed, number);
	if (api->number - number > held) {
		c->lost = api->number - number - held;
		tell_gap(c);
	}
	while ((e = next_entry(api, number))) {
		send_entry(c, e);
		number = e->number;
	}
}

/* Parameters that both answers are made of; what is wrong with them was answered: NULL. */
static struct client *new_client(struct api *api, struct http_request *q)
{
	static const struct ask_defaults live = {FLOW_COLUMNS, "-tx_rate", 100};
	static const struct ask_defaults closed = {CLOSED_COLUMNS, "-tx_rate", 100};
	struct client *c = xcalloc(1, sizeof(*c));

	c->api = api;
	if (!read_kinds(q, &c->kinds) || !answer_read_int64(q, &c->quotes_big)) {
		free(c);
		return NULL;
	}
	c->live = answer_ask(api, q, &live);
	c->closed = c->live ? answer_ask(api, q, &closed) : NULL;
	if (c->closed && c->live->limit <= ROWS_MAX)
		return c;
	if (c->closed)
		http_problem_format(q, 400, "bad number",
				    "an event holds at most %d rows: argument limit", ROWS_MAX);
	free_client(c);
	return NULL;
}

void answer_events(void *context, struct http_request *q)
{
	static const char hello[] = "retry: 2000\n\n";
	struct api *api = context;
	struct client *c = new_client(api, q);
	struct http_stream *stream;

	if (!c)
		return;
	stream = http_answer_stream(q, "text/event-stream", on_closed, c);
	if (!stream || c->is_gone) {
		free_client(c);
		return;
	}
	c->stream = stream;
	LIST_INSERT_HEAD(&api->streams->clients, c, others);
	api->streams->count++;
	write_text(c, hello, sizeof(hello) - 1);
	resume(c, http_header(q, "Last-Event-ID"));
}
