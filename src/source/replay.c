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
#include "engine/settings.h"
#include "engine/source.h"
#include "source/read_file.h"
#include "source/replay_line.h"
#include "util/log.h"
#include "util/xalloc.h"

#define FLOWS_MAX 65536

struct replay {
	struct read_file *read;
	FILE *file; /* the same */
	const char *path;
	unsigned line;
	struct flow_table flows; /* what earlier lines said of each flow */
	struct ev_extra *extra;	 /* and of its slot */
	struct account account;
};

static bool replay_suits(const struct settings *settings)
{
	return settings->read_path != NULL;
}

static int replay_open(struct source *s)
{
	struct replay *r = xcalloc(1, sizeof(*r));
	int err;

	s->state = r;
	r->path = s->settings->read_path;
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
	r->file = read_file_stream(r->read);
	return r->file ? 0 : log_errno(errno, "cannot read %s", r->path);
}

static int replay_nothing(struct source *s)
{
	(void)s;
	return 0;
}

static int replay_fd(const struct source *s)
{
	(void)s;
	return -1;
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

	if (line->head.kind == EV_TIME) {
		s->emit(s->emit_context, &ev);
		return;
	}
	if (line->head.kind == EV_HANDSHAKE) {
		emit_handshake(s, line, &ev);
		return;
	}
	f = flow_table_add(&r->flows, line->head.id);
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
	if (line->head.kind == EV_CLOSE) {
		r->account.closed++;
		flow_table_remove(&r->flows, f);
	}
	s->emit(s->emit_context, &ev);
}

/*
 * The file may be somebody else's, and the message is for a terminal: no byte of it may do more there
 * than take up one place.
 */
static void make_visible(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	for (; *text; text++)
		if (*text == '\t')
			*text = ' ';
		else if (*text < ' ' || *text > '~')
			*text = '?';
}

static int replay_drain(struct source *s)
{
	struct replay *r = s->state;
	struct replay_line line;
	char text[1024];

	while (fgets(text, sizeof(text), r->file)) {
		const char *why;
		size_t at;
		int n;

		r->line++;
		n = replay_line_parse(text, &line, &why, &at);
		if (n < 0) {
			make_visible(text);
			log_error("%s:%u: %s\n  %s\n  %*s^", r->path, r->line, why, text, (int)at, "");
			return n;
		}
		if (!n)
			continue;
		if (line.clock_s)
			s->clock->realtime_offset_ns = line.clock_s * 1000000000LL;
		else
			emit(s, &line);
		return 1;
	}
	return ferror(r->file) ? log_errno(errno, "cannot read %s", r->path) : 0;
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
