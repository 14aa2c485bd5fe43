// SPDX-License-Identifier: BSD-2-Clause
/*
 * Answers without an end. What is written waits in a ring; while it is empty the connection is
 * suspended, and costs nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/http_state.h"
#include "util/xalloc.h"

#define BLOCK 16384

/* The loop comes round once more for it. */
void http_wake(struct http *h)
{
	const uint64_t one = 1;

	if (h->is_awake)
		return;
	h->is_awake = write(h->wake, &one, sizeof(one)) == sizeof(one);
}

static void resume(struct http_stream *s)
{
	if (!s->is_waiting)
		return;
	s->is_waiting = false;
	mhd.resume_connection(s->peer->mhd);
	http_wake(s->peer->daemon->http);
}

static ssize_t read_stream(void *context, uint64_t at, char *buf, size_t max)
{
	struct http_stream *s = context;
	size_t n;

	(void)at;
	if (s->room && !s->is_ended && s->used < HTTP_STREAM_QUEUE_MAX / 2)
		s->room(s->context);
	if (!s->used && s->is_ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!s->used) {
		s->is_waiting = true;
		mhd.suspend_connection(s->peer->mhd);
		return 0;
	}
	n = HTTP_STREAM_QUEUE_MAX - s->from;
	n = n < s->used ? n : s->used;
	n = n < max ? n : max;
	memcpy(buf, s->queue + s->from, n);
	s->from = (s->from + n) % HTTP_STREAM_QUEUE_MAX;
	s->used -= n;
	return (ssize_t)n;
}

static void free_stream(void *context)
{
	struct http_stream *s = context;

	s->peer->daemon->http->stream_count--;
	LIST_REMOVE(s, others);
	if (!s->is_ended && s->closed)
		s->closed(s->context);
	reserve_free(s->queue, HTTP_STREAM_QUEUE_MAX);
	free(s);
}

struct http_stream *http_answer_stream(struct http_request *q, const char *type,
				       void (*closed)(void *context), void *context)
{
	struct http *h = q->peer->daemon->http;
	struct http_stream *s;

	if (h->stream_count == HTTP_STREAMS_MAX) {
		http_add_header(q, "Retry-After", "10");
		http_problem(q, 503, "too many streams", "16 clients listen already", NULL,
			     SIZE_MAX);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->peer = q->peer;
	s->closed = closed;
	s->context = context;
	s->queue = reserve(HTTP_STREAM_QUEUE_MAX);
	LIST_INSERT_HEAD(&h->streams, s, others);
	h->stream_count++;
	h->counts.streams++;
	q->peer->is_stream = true;
	http_add_header(q, "Content-Type", type);
	http_send(q, 200,
		  mhd.create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, s,
						    free_stream));
	/* If it could not be given, it is gone already. */
	return q->result == MHD_YES ? s : NULL;
}

size_t http_stream_room(const struct http_stream *s)
{
	return HTTP_STREAM_QUEUE_MAX - s->used;
}

bool http_stream_write(struct http_stream *s, const char *data, size_t size)
{
	size_t to = (s->from + s->used) % HTTP_STREAM_QUEUE_MAX, first = HTTP_STREAM_QUEUE_MAX - to;

	if (size > http_stream_room(s)) {
		s->peer->daemon->http->counts.stream_dropped++;
		return false;
	}
	first = first < size ? first : size;
	memcpy(s->queue + to, data, first);
	memcpy(s->queue, data + first, size - first);
	s->used += size;
	resume(s);
	return true;
}

void http_stream_on_room(struct http_stream *s, void (*room)(void *context))
{
	s->room = room;
	if (room)
		resume(s);
}

void http_stream_end(struct http_stream *s)
{
	s->is_ended = true;
	resume(s);
}

void http_streams_end(struct http *h)
{
	struct http_stream *s;

	LIST_FOREACH(s, &h->streams, others)
	{
		if (!s->is_ended && s->closed)
			s->closed(s->context);
		s->is_ended = true;
		if (s->is_waiting) {
			s->is_waiting = false;
			mhd.resume_connection(s->peer->mhd);
		}
	}
}
