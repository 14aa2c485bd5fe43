// SPDX-License-Identifier: BSD-2-Clause
#include "source/connect_read.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define HEAD_MAX 16384

char *connect_read_room(struct connect_read *c, size_t *ret_room)
{
	if (c->at) {
		memmove(c->buf, c->buf + c->at, c->used - c->at);
		c->used -= c->at;
		c->at = 0;
	}
	*ret_room = sizeof(c->buf) - c->used;
	return c->buf + c->used;
}

void connect_read_put(struct connect_read *c, size_t n)
{
	c->used += n;
}

static int fail(struct connect_read *c, const char *why)
{
	snprintf(c->why, sizeof(c->why), "%s", why);
	return -EPROTO;
}

/* A problem (RFC 9457), in the words of the agent. */
static int take_problem(struct connect_read *c, const char *body, size_t len, int status)
{
	json_t *root = json_loadb(body, len, 0, NULL);
	const char *detail = root ? json_string_value(json_object_get(root, "detail")) : NULL;

	snprintf(c->why, sizeof(c->why), "it answers %d: %.400s", status,
		 detail ? detail : "no reason is given");
	json_decref(root);
	return -EPROTO;
}

static const char *end_of_head(const struct connect_read *c)
{
	return memmem(c->buf + c->at, c->used - c->at, "\r\n\r\n", 4);
}

static int take_head(struct connect_read *c, const char **ret_body)
{
	const char *end = end_of_head(c);
	int status = 0;

	if (!end)
		return c->used - c->at > HEAD_MAX ? fail(c, "it is no agent: its answer is no HTTP") : 0;
	/* What is not terminated is not searched. */
	if (c->used - c->at < 12 || memcmp(c->buf + c->at, "HTTP/1.", 7))
		return fail(c, "it is no agent: its answer is no HTTP");
	for (int i = 9; i < 12; i++)
		status = status * 10 + (c->buf[c->at + (size_t)i] - '0');
	*ret_body = end + 4;
	return status == 200 ? 1 : take_problem(c, end + 4, (size_t)(c->buf + c->used - end - 4), status);
}

static int take_line(struct connect_read *c, const char *line, const char *version)
{
	char theirs[64] = "";
	unsigned layout = 0;
	long long offset = 0;
	unsigned long long interval = 0;

	if (sscanf(line, STREAM_WORD " %63s %u %lld %llu %u", theirs, &layout, &offset, &interval,
		   &c->has) != 5)
		return fail(c, "what it sends is no stream of events");
	if (strcmp(theirs, version)) {
		snprintf(c->why, sizeof(c->why),
			 "it is of version %s, and this program of %s: use the same for both", theirs,
			 version);
		return -EPROTO;
	}
	if (layout != STREAM_LAYOUT)
		return fail(c, "it was built for another kind of machine");
	if (!interval || interval > 3600000000000ull)
		return fail(c, "what it sends is no stream of events");
	c->offset_ns = offset;
	c->interval_ns = interval;
	return 1;
}

int connect_read_line(struct connect_read *c, const char *version)
{
	char line[STREAM_LINE_MAX];
	const char *body, *end;
	int n = take_head(c, &body);
	size_t left;

	if (n <= 0)
		return n;
	left = (size_t)(c->buf + c->used - body);
	end = memchr(body, '\n', left);
	if (!end)
		return left >= sizeof(line) ? fail(c, "what it sends is no stream of events") : 0;
	if ((size_t)(end - body) >= sizeof(line))
		return fail(c, "what it sends is no stream of events");
	memcpy(line, body, (size_t)(end - body));
	line[end - body] = '\0';
	c->at = (size_t)(end + 1 - c->buf);
	c->has_line = true;
	return take_line(c, line, version);
}

/* Nothing that is used as an index or a text may be out of its range. */
static bool makes_sense(const struct event *ev)
{
	const struct ev_ident *id = &ev->ident;

	if (ev->head.kind != EV_OPEN && ev->head.kind != EV_SAMPLE && ev->head.kind != EV_CLOSE &&
	    ev->head.kind != EV_TIME)
		return false;
	if (ev->head.flags & EV_HAS_HANDSHAKE || ev->head.end_reason >= END_COUNT ||
	    ev->head.state >= ST_COUNT)
		return false;
	if (ev->head.kind != EV_SAMPLE && !(ev->head.flags & EV_HAS_IDENT))
		return false;
	if (ev->head.kind != EV_TIME && !ev->head.id)
		return false;
	if (!(ev->head.flags & EV_HAS_IDENT))
		return true;
	return id->role < ROLE_COUNT && id->owner_source < OWNER_COUNT && id->seen < SEEN_COUNT &&
	       (id->family == 0 || id->family == 4 || id->family == 6);
}

/* Whoever wrote them may have left out their ends. */
static void end_texts(struct event *ev)
{
	if (ev->head.flags & EV_HAS_IDENT) {
		ev->ident.comm[sizeof(ev->ident.comm) - 1] = '\0';
		ev->ident.thread[sizeof(ev->ident.thread) - 1] = '\0';
	}
	if (ev->head.flags & EV_HAS_EXTRA)
		ev->extra.congestion[sizeof(ev->extra.congestion) - 1] = '\0';
}

int connect_read_event(struct connect_read *c, struct event *ev)
{
	size_t left = c->used - c->at, size;

	if (left < EV_SIZE_COUNT)
		return 0;
	memcpy(ev, c->buf + c->at, EV_SIZE_COUNT);
	size = ev_size(ev);
	if (left < size)
		return 0;
	memcpy(ev, c->buf + c->at, size);
	c->at += size;
	end_texts(ev);
	return makes_sense(ev) ? 1 : fail(c, "an event makes no sense");
}
