// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/why_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/needs.h"
#include "engine/source.h"
#include "util/out.h"
#include "verdict/units.h"

static enum why_fine fine_of(const char *code)
{
	if (!strcmp(code, "application"))
		return FINE_APPLICATION;
	if (!strcmp(code, "path_full"))
		return FINE_PATH;
	return !strcmp(code, "receiving") ? FINE_PEER : FINE_UNCLEAR;
}

static bool moved(const struct facts *f)
{
	return fact_get(f, FACT_tx_bytes) || fact_get(f, FACT_rx_bytes) ||
	       fact_get(f, FACT_waiting_bytes);
}

void why_tally_host(struct why_tally *t, const struct host_reading *now)
{
	t->host_unread |= now->cookies < 0;
	t->levels_unread |= now->mem_pages < 0;
}

void why_tally_count(struct why_tally *t, const struct subject *s, const struct verdict *v)
{
	if (s->kind == SUBJECT_HOST) {
		t->host_is_wrong |= v->rule != NULL;
		return;
	}
	if (s->kind == SUBJECT_LISTENER) {
		t->listeners++;
		t->wrong += v->rule != NULL;
		return;
	}
	t->flows++;
	t->unread += s->kind == SUBJECT_LIVE && !s->extra;
	t->closed += s->kind == SUBJECT_CLOSED;
	if (v->rule && v->severity > SEVERITY_FINE)
		t->wrong++;
	else if (!s->extra && moved(&v->facts))
		t->blind++;
	else if (v->rule)
		t->fine[fine_of(v->rule->code)]++;
	else if (moved(&v->facts))
		t->brief++;
	else
		t->idle++;
}

static void put_number(struct out *out, uint64_t n)
{
	char text[UNIT_TEXT_MAX];

	out_mem(out, text, unit_format((int64_t)n, UNIT_COUNT, text));
}

/* "1 connection", "1,204 connections". */
static void put_count(struct out *out, uint64_t n, const char *noun)
{
	put_number(out, n);
	out_format(out, n == 1 ? " %s" : " %ss", noun);
}

static void put_window(const struct why_tally *t, struct out *out)
{
	char text[UNIT_TEXT_MAX];

	out_mem(out, text, unit_format((int64_t)t->window_us, UNIT_US, text));
}

/* Of several windows each says when it was, after a line that sets it apart. */
static void put_time(const struct why_tally *t, struct out *out)
{
	time_t seconds = (time_t)(t->time_ns / 1000000000);
	char text[16];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	if (!t->is_first)
		out_char(out, '\n');
	out_str(out, text);
	out_str(out, ", ");
}

void why_text_heading(const struct why_tally *t, const struct source *source, struct out *out)
{
	if (t->time_ns)
		put_time(t, out);
	out_str(out, "in ");
	put_window(t, out);
	out_str(out, ": ");
	put_count(out, t->flows, "connection");
	if (t->closed) {
		out_str(out, " (");
		put_number(out, t->closed);
		out_str(out, t->closed == 1 ? " has ended)" : " have ended)");
	}
	out_str(out, ", ");
	put_count(out, t->listeners, "listener");
	out_format(out, "   (source %s)\n\n", source->ops->name);
}

/* What limits those that move: "the application is the limit of 3, the path of 1". */
static void put_limits(const struct why_tally *t, struct out *out)
{
	static const char *const who[] = {
		[FINE_APPLICATION] = "the application is the limit of ",
		[FINE_PATH] = "the path is the limit of ",
		[FINE_PEER] = "the sender is the limit of ",
		[FINE_UNCLEAR] = "no single limit stands out for ",
	};
	const char *between = "";

	for (int i = 0; i < 4; i++)
		if (t->fine[i]) {
			out_str(out, between);
			out_str(out, who[i]);
			put_count(out, t->fine[i], "connection");
			between = ", ";
		}
}

static uint64_t all_fine(const struct why_tally *t)
{
	return t->fine[0] + t->fine[1] + t->fine[2] + t->fine[3];
}

/* Nothing is wrong: then what is the limit? */
static void put_all_clear(const struct why_tally *t, struct out *out)
{
	uint64_t fine = all_fine(t);

	out_str(out, "nothing is wrong with TCP here: ");
	if (fine && fine == t->fine[FINE_APPLICATION]) {
		out_str(out, "the application is the limit (of ");
		put_count(out, fine, "connection");
		out_str(out, ")");
	} else if (fine) {
		put_limits(t, out);
	} else if (t->brief) {
		put_count(out, t->brief, "connection");
		out_str(out, " moved something, and too little to be judged");
	} else {
		out_str(out, "nothing was moved, nothing waits");
	}
	if (fine && t->brief) {
		out_str(out, "; ");
		put_number(out, t->brief);
		out_str(out, " moved too little to be judged");
	}
	if (t->idle) {
		out_str(out, "; ");
		put_number(out, t->idle);
		out_str(out, t->idle == 1 ? " is idle" : " are idle");
	}
	out_char(out, '\n');
}

/* "3 are idle", after what stands between it and the part before; nothing if there are none. */
static void put_part(struct out *out, uint64_t n, const char *what, const char *between)
{
	if (!n)
		return;
	out_str(out, between);
	put_number(out, n);
	out_str(out, what);
}

static void put_rest(const struct why_tally *t, struct out *out)
{
	uint64_t fine = all_fine(t);

	if (t->hidden) {
		put_number(out, t->hidden);
		out_str(out, " more verdicts are not shown (--rows)\n");
	}
	if (!fine && !t->idle && !t->brief)
		return;
	out_str(out, "\nof the others ");
	put_part(out, fine, fine == 1 ? " is fine" : " are fine", "");
	if (fine && !t->shows_fine)
		out_str(out, " (--all)");
	put_part(out, t->idle, t->idle == 1 ? " is idle" : " are idle", fine ? ", " : "");
	put_part(out, t->brief, " moved too little to be judged", fine || t->idle ? ", " : "");
	out_char(out, '\n');
}

static void put_unrecorded(const struct why_tally *t, struct out *out)
{
	if (t->unread)
		out_str(out, "not visible in this recording: states and buffers of sockets, and so "
			     "who limits what moves: record --with extra keeps them\n");
	if (!t->listeners && !t->has_filter)
		out_str(out, "no listener is in this recording, so nothing is known of their queues: "
			     "record --with extra keeps them\n");
	if (t->host_unread)
		out_str(out, "not visible in this recording: memory and drops of the whole host; they "
			     "were left out (record --without host), or what was recorded did not tell\n");
	else if (t->levels_unread)
		out_str(out, "not visible in this recording: how much memory TCP had, and how many "
			     "connections were in TIME_WAIT or orphans; the recorder was of an older "
			     "release\n");
}

void why_json_unrecorded(const struct why_tally *t, const char *tag, struct out *out)
{
	const struct {
		const char *what;
		bool is_missing;
	} all[] = {
		{"sockets", t->unread},
		{"listeners", !t->listeners && !t->has_filter},
		{"host", t->host_unread},
		{"host_levels", t->levels_unread && !t->host_unread},
	};
	const char *between = "";

	out_str(out, "{\"type\":\"unrecorded\"");
	if (tag)
		out_format(out, ",\"report\":\"%s\"", tag);
	out_str(out, ",\"what\":[");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!all[i].is_missing)
			continue;
		out_format(out, "%s\"%s\"", between, all[i].what);
		between = ",";
	}
	out_str(out, "]}\n");
}

/* What a source cannot tell is not known, and not fine. */
static void put_unseen(const struct why_tally *t, const struct source *source, struct out *out)
{
	if (!source->ops->counters)
		out_str(out, "not visible from this source: what applications have read and "
			     "written, buffers, queues, owners, and whose limit it is; here only "
			     "how connections ended, and what was sent again (why is inferred): "
			     "--source bpf sees the rest\n");
	else if (source->ops->tells_ticks)
		put_unrecorded(t, out);
	else if (source->lacks & NEED_CAUSES)
		out_str(out, "not visible from this source: why segments were sent again, whether "
			     "Nagle's algorithm is on, errors of ended connections: needs BPF\n");
	if (t->refused) {
		put_number(out, t->refused);
		out_str(out, " verdicts found no place and are not shown\n");
	}
}

void why_text_footing(const struct why_tally *t, const struct source *source, struct out *out)
{
	if (t->wrong || t->host_is_wrong) {
		put_rest(t, out);
	} else if (!t->flows && !t->listeners) {
		out_str(out, t->has_filter ? "no connection matches the filter: nothing can be said\n"
					   : "there is no connection: nothing can be said\n");
	} else if (t->blind) {
		put_count(out, t->blind, "connection");
		out_str(out, " moved something; what limits them cannot be seen here\n");
	} else {
		put_all_clear(t, out);
	}
	put_unseen(t, source, out);
}
