// SPDX-License-Identifier: BSD-2-Clause
/*
 * A text file of events, one a line: what the golden tests and bug reports are made of. It needs
 * no privilege and gives the same rows on every machine. doc/replay.md describes the lines; the
 * words are parsed in replay_line.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/clock.h"
#include "engine/flow_table.h"
#include "engine/watch.h"
#include "engine/source.h"
#include "source/read_file.h"
#include "source/replay_line.h"
#include "util/lines.h"
#include "util/log.h"
#include "util/xalloc.h"

#define FLOWS_MAX 65536
/* What is shown of a line that is too long. */
#define ECHO_MAX 76

struct replay {
	struct read_file *read;
	const char *path;
	struct lines lines;
	unsigned line;
	struct flow_table flows; /* what earlier lines said of each flow */
	struct ev_extra *extra;	 /* and of its slot */
	struct account account;
};

static bool replay_suits(const struct watch *watch)
{
	return watch->read_path != NULL;
}

static ssize_t read_some(void *read, void *bytes, size_t len)
{
	return read_file_read(read, bytes, len);
}

static int waits_on(void *read)
{
	return read_file_waits_on(read);
}

static int replay_open(struct source *s)
{
	struct replay *r = xcalloc(1, sizeof(*r));
	int err;

	s->state = r;
	r->path = s->watch->read_path;
	if (!r->path) {
		log_error("--source replay needs --read FILE");
		return -EINVAL;
	}
	flow_table_init(&r->flows, FLOWS_MAX);
	r->extra = reserve(FLOWS_MAX * sizeof(*r->extra));
	r->read = read_file_get(r->path);
	err = read_file_error(r->read);
	if (err)
		return err;
	lines_init(&r->lines, read_some, waits_on, r->read);
	return 0;
}

static int replay_nothing(struct source *s)
{
	(void)s;
	return 0;
}

static int replay_fd(const struct source *s)
{
	const struct replay *r = s->state;

	return lines_fd(&r->lines);
}

static void emit_handshake(struct source *s, const struct replay_line *line, struct event *ev)
{
	struct replay *r = s->state;

	r->account.opened++;
	r->account.closed++;
	ev->head.flags = EV_HAS_IDENT | EV_HAS_HANDSHAKE;
	ev->ident = line->ident;
	ev->ident.open_ns = line->handshake.first_ns;
	ev->handshake = line->handshake;
	s->emit(s->emit_context, ev);
}

static void emit(struct source *s, const struct replay_line *line)
{
	struct replay *r = s->state;
	struct event ev = {.time_ns = line->time_ns, .head = line->head};
	struct ev_extra *extra;
	struct flow *f;
	bool is_new;

	if (line->head.kind == EV_TIME || line->head.kind == EV_LOOK || line->head.kind == EV_ALL) {
		s->emit(s->emit_context, &ev);
		return;
	}
	if (line->head.kind == EV_HANDSHAKE) {
		emit_handshake(s, line, &ev);
		return;
	}
	f = flow_table_add(&r->flows, line->head.id, &is_new);
	if (!f) {
		r->account.table_full++;
		return;
	}
	extra = &r->extra[f - r->flows.flow];
	if (!f->has_ident) {
		f->has_ident = true;
		*extra = (struct ev_extra){0};
		if (line->ident.seen == SEEN_ADOPTED) {
			ev.head.flags |= EV_BASELINE;
			r->account.adopted++;
		} else {
			r->account.opened++;
		}
	}
	replay_line_apply(line, f, extra);
	ev.head.state = f->state;
	ev.head.flags |= EV_HAS_IDENT | EV_HAS_EXTRA;
	ev.count = f->count;
	ev.ident = f->ident;
	ev.extra = *extra;
	ev.ident.family = addr_is_v4(&f->ident.laddr) ? 4 : 6;
	if (line->head.kind == EV_CLOSE || line->head.kind == EV_LOST) {
		r->account.closed += line->head.kind == EV_CLOSE;
		r->account.lost += line->head.kind == EV_LOST;
		flow_table_remove(&r->flows, f);
	}
	s->emit(s->emit_context, &ev);
}

static int complain(const struct replay *r, const char *text, size_t at, const char *why)
{
	log_error("%s:%u: %s\n  %s\n  %*s^", r->path, r->line, why, text, (int)at, "");
	return -EINVAL;
}

/* The next line that says something. Returns 1, 0 at the end, or -errno. */
static int next_line(struct replay *r, struct replay_line *line)
{
	char text[LINES_LENGTH_MAX + 1];
	const char *why;
	size_t at;
	int n;

	while ((n = lines_next(&r->lines, text)) == 1) {
		r->line++;
		n = replay_line_parse(text, line, &why, &at);
		if (n < 0)
			return complain(r, text, at, why);
		if (n)
			return n;
	}
	if (n == -E2BIG) {
		r->line++;
		text[ECHO_MAX] = '\0';
		return complain(r, text, 0, "the line is too long");
	}
	return n < 0 && n != -EAGAIN ? log_errno(n, "cannot read %s", r->path) : n;
}

static int replay_drain(struct source *s)
{
	struct replay *r = s->state;
	struct replay_line line;
	int n = next_line(r, &line);

	if (n <= 0)
		return n;
	if (line.clock_s)
		s->clock->realtime_offset_ns = line.clock_s * 1000000000LL;
	else
		emit(s, &line);
	return 1;
}

static void replay_freeze(struct source *s)
{
	(void)s;
}

static void replay_account(struct source *s, struct account *ret)
{
	struct replay *r = s->state;

	*ret = r->account;
	ret->live = r->flows.count;
}

static void replay_close(struct source *s)
{
	struct replay *r = s->state;

	if (!r)
		return;
	read_file_close(r->read);
	flow_table_done(&r->flows);
	reserve_free(r->extra, FLOWS_MAX * sizeof(*r->extra));
	free(r);
	s->state = NULL;
}

const struct source_ops source_replay = {
	.name = "replay",
	.summary = "a text file of events (--read FILE)",
	.counters = true,
	.handshakes = true,
	.finds_gone = true,
	.reads_files = true,
	.suits = replay_suits,
	.open = replay_open,
	.start = replay_nothing,
	.fd = replay_fd,
	.drain = replay_drain,
	.sample = replay_nothing,
	.freeze = replay_freeze,
	.account = replay_account,
	.close = replay_close,
};
