// SPDX-License-Identifier: BSD-2-Clause
#include "screen/detail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/workload_of.h"
#include "screen/human.h"
#include "screen/journal.h"
#include "util/cgroup.h"
#include "util/utf8.h"
#include "view/view.h"


void detail_line(struct detail *d, unsigned ink, const char *text, size_t len, int indent)
{
	struct detail_line *line = &d->line[d->count];

	if (d->count == DETAIL_LINES_MAX)
		return;
	d->count++;
	line->ink = ink;
	snprintf(line->text, sizeof(line->text), "%*s%.*s", indent, "", (int)len, text);
}

void detail_say(struct detail *d, unsigned ink, const char *format, ...)
{
	char text[2048];
	const char *rest = text;
	int indent = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	do {
		int room = d->width - indent > 8 ? d->width - indent : 8;
		size_t len = human_fit(rest, room);

		detail_line(d, ink, rest, len, indent);
		rest += len + (rest[len] == ' ');
		indent = d->width > 3 * DETAIL_INDENT ? DETAIL_INDENT : 2;
	} while (*rest);
}

static const char *owner_words(unsigned source)
{
	static const char *const words[OWNER_COUNT] = {
		[OWNER_NONE] = "not known",
		[OWNER_LISTEN] = "it called listen(); who accepted is not known",
		[OWNER_CONNECT] = "it called connect()",
		[OWNER_ACCEPT] = "accept() gave it the socket",
		[OWNER_FILES] = "it holds a file of the socket",
		[OWNER_CLOSE] = "it closed the socket",
	};

	return words[source < OWNER_COUNT ? source : OWNER_NONE];
}

/* Names may hold anything; what stands in a line of text must not. */
static const char *clean(const char *text, size_t len, char *buf, size_t size)
{
	buf[utf8_clean(buf, size - 1, text, len, SIZE_MAX)] = '\0';
	return buf;
}

static void say_owner(struct detail *d, struct scene *s, const struct ev_ident *id)
{
	const struct cgroup_info *info = workload_of(s->view->context.cgroups, id);
	char comm[64], thread[64], text[512];

	clean(id->thread, strnlen(id->thread, 16), thread, sizeof(thread));
	if (id->owner_source)
		detail_say(d, 0, "  owner      %s, pid %u%s%s: %s",
			   clean(id->comm, strnlen(id->comm, 16), comm, sizeof(comm)), id->pid,
			   thread[0] ? ", thread " : "", thread, owner_words(id->owner_source));
	else
		detail_say(d, 0, "  owner      %s", owner_words(OWNER_NONE));
	if (id->family && id->uid != UID_UNKNOWN)
		detail_say(d, 0, "  user       uid %u; network namespace %u", id->uid, id->netns);
	if (info->workload.unit[0])
		detail_say(d, 0, "  unit       %s",
			   clean(info->workload.unit, strlen(info->workload.unit), text,
				 sizeof(text)));
	if (info->workload.container[0])
		detail_say(d, 0, "  container  %s",
			   clean(info->workload.container, strlen(info->workload.container), text,
				 sizeof(text)));
	if (info->path)
		detail_say(d, 0, "  cgroup     %s",
			   clean(info->path, strlen(info->path), text, sizeof(text)));
}

static void say_time(struct detail *d, struct scene *s, uint32_t track)
{
	const struct track_hot *h = &s->moment->hot[track];
	const struct track_cold *c = &s->moment->cold[track];
	const struct ev_ident *id = &c->flow.ident;
	uint64_t now = h->close_ns ? h->close_ns : s->moment->time_ns;
	uint64_t from = id->established_ns ? id->established_ns : id->open_ns;
	const struct clock *clock = s->view->context.clock;
	char at[16], age[HUMAN_MAX], ms[HUMAN_MAX];

	if (id->seen == SEEN_OPEN && from && from <= now) {
		clock_format_hms(clock, from, at);
		human_age((now - from) / 1000, age);
		human_ms(id->handshake_us, ms);
		detail_say(d, 0, "  since      %s, %s long%s%s%s", at, age,
			   id->handshake_us ? "; handshake " : "", id->handshake_us ? ms : "",
			   id->handshake_us ? " ms" : "");
	} else {
		detail_say(d, 0, "  since      it was there before this run");
	}
	if (!h->close_ns)
		return;
	clock_format_hms(clock, h->close_ns, at);
	detail_say(d, 0, "  closed     %s, by %s%s%s", at, end_reason_name(h->end_reason),
		   c->error ? ", error " : "", c->error ? strerrorname_np((int)c->error) : "");
}

/* Since when a flow is in a state: the interval in which that was seen, unless it had been there before. */
static void put_since(struct scene *s, const struct track_hot *h, const struct track_cold *c, int i, char at[32])
{
	const struct ev_ident *id = &c->flow.ident;
	const struct clock *clock = s->view->context.clock;
	uint32_t tick = c->state_tick[i];
	uint64_t time_ns = journal_time(s->journal, tick), interval_ns = journal_interval(s->journal, tick);
	bool was_there = id->seen == SEEN_ADOPTED || (id->open_ns && id->open_ns + interval_ns < time_ns);

	if (tick > s->journal->last)
		snprintf(at, 32, "just now");
	else if (!time_ns)
		snprintf(at, 32, "before");
	else if (tick == h->first_tick && was_there && c->state_was[i] == ST_ESTABLISHED && id->established_ns)
		clock_format_hms(clock, id->established_ns, at);
	else if (tick == h->first_tick && was_there)
		clock_format_hms(clock, time_ns, stpcpy(at, "before "));
	else
		clock_format_hms(clock, time_ns, at);
}

static void say_states(struct detail *d, struct scene *s, const struct track_hot *h, const struct track_cold *c)
{
	char text[256], at[32];
	size_t used = 0;

	for (int i = 0; i < TRACK_STATES - 1 && c->state_tick[i]; i++) {
		put_since(s, h, c, i, at);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s (%s)",
					 i ? ", " : "", state_name(c->state_was[i]), at);
	}
	detail_say(d, 0, "  states     %s", text);
}

static void say_bytes(struct detail *d, struct scene *s, uint32_t track)
{
	const struct ev_count *c = &s->moment->cold[track].flow.count;
	char rx[HUMAN_MAX + 8], tx[HUMAN_MAX + 8], acked[HUMAN_MAX + 8], srtt[HUMAN_MAX],
		least[HUMAN_MAX];

	human_count(c->rx_bytes, rx);
	human_count(c->tx_bytes, tx);
	human_count(c->acked_bytes, acked);
	detail_say(d, 0, "  moved      received %s bytes; sent %s, of them acknowledged %s", rx, tx,
		   acked);
	if (!c->srtt_us)
		return;
	human_ms(c->srtt_us, srtt);
	human_ms(c->min_rtt_us, least);
	if (c->min_rtt_us)
		detail_say(d, 0, "  rtt        %s ms, %.1f times the least (%s ms)", srtt,
			   (double)c->srtt_us / c->min_rtt_us, least);
	else
		detail_say(d, 0, "  rtt        %s ms", srtt);
}

static void say_causes(struct detail *d, const struct track_hot *h, const struct track_cold *c)
{
	static const char *const names[CAUSE_COUNT] = {
		"timeout", "after a timeout", "fast retransmit", "tail loss probe",
		"SYN",	   "zero window",     "path MTU",	 "other"};
	char text[256] = "";
	size_t used = 0;

	if (!c->flow.count.retrans_segs)
		return;
	for (int i = 0; h->has_extra && c->extra.known & KNOWN_CAUSES && i < CAUSE_COUNT; i++)
		if (c->extra.retrans[i])
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %u",
						 used ? ", " : ": ", names[i], c->extra.retrans[i]);
	detail_say(d, 0, "  sent again %u segments%s", c->flow.count.retrans_segs, text);
}

/* How much more may be under way, in words. */
static void say_window(struct detail *d, const struct track_hot *h, const struct ev_extra *e)
{
	char wnd[HUMAN_MAX], ours[HUMAN_MAX];

	if (!h->has_extra || !e->cwnd || !e->mss)
		return;
	human_number(e->snd_wnd, false, wnd);
	human_number(e->rcv_wnd, false, ours);
	detail_say(
		d, 0, "  window     congestion window %u segments of %u bytes%s%s%s%s%s; %s",
		e->cwnd, e->mss, e->known & KNOWN_SND_WND ? "; the peer takes " : "",
		e->known & KNOWN_SND_WND ? wnd : "", e->known & KNOWN_SND_WND ? " bytes" : "",
		e->known & KNOWN_RCV_WND ? "; we take " : "", e->known & KNOWN_RCV_WND ? ours : "",
		!(e->known & KNOWN_SND_WND)		   ? "the peer's window is not known"
		: (uint64_t)e->cwnd * e->mss <= e->snd_wnd ? "the congestion window is the lesser"
							   : "the peer's window is the lesser");
}

/* Every other figure that was read, with what it means. */
static void say_fields(struct detail *d, struct scene *s, uint32_t track)
{
	const struct line line = {.index = track, .kind = LINE_FLOW};
	char buf[VALUE_TEXT_MAX];
	struct row row;

	s->maker.view = s->view;
	s->maker.moment = s->moment;
	s->maker.totals = true;
	row_of_track(&s->maker, line.index, &row);
	if (!row.extra) {
		detail_say(d, 0, "  the source of this run reads nothing more of a socket");
		return;
	}
	for (size_t i = 0; i < column_count; i++) {
		const struct column *c = &columns[i];
		const char *text = "-";
		struct value v;
		size_t len = 1;

		if (!(c->needs & NEED_EXTRA))
			continue;
		v = c->get(&row);
		if (v.type != VALUE_NONE)
			len = value_format(&v, buf, &text);
		if (!len) {
			text = "-";
			len = 1;
		}
		detail_say(d, v.type == VALUE_NONE ? INK_DIM : 0, "  %-18s %10.*s  %s%s%s%s",
			   c->name, (int)len, text, c->help, c->unit[0] ? " (" : "", c->unit,
			   c->unit[0] ? ")" : "");
	}
}

static void say_title(struct detail *d, const struct track_hot *h, const struct ev_ident *id)
{
	const struct value local = {.type = VALUE_ENDPOINT, .addr = &id->laddr, .port = id->lport};
	const struct value remote = {.type = VALUE_ENDPOINT, .addr = &id->raddr, .port = id->rport};
	char left[VALUE_TEXT_MAX + 4], right[VALUE_TEXT_MAX + 4];
	const char *role = id->role == ROLE_CONNECT  ? "connected to"
			   : id->role == ROLE_ACCEPT ? "accepted from"
						     : "with";

	human_address(&local, VALUE_TEXT_MAX, true, left);
	human_address(&remote, VALUE_TEXT_MAX, true, right);
	if (h->state == ST_LISTEN)
		detail_say(d, INK_BOLD | INK_REVERSE, "%s listens", left);
	else
		detail_say(d, INK_BOLD | INK_REVERSE, "%s %s %s, %s%s", left, role, right,
			   h->close_ns ? "closed in " : "", state_name(h->state));
}

void detail_make(struct detail *d, struct scene *s, uint32_t track, int width)
{
	const struct track_hot *h = &s->moment->hot[track];
	const struct track_cold *c = &s->moment->cold[track];

	d->count = 0;
	d->width = width > 8 ? width : 8;
	say_title(d, h, &c->flow.ident);
	detail_verdict(d, s, track);
	say_owner(d, s, &c->flow.ident);
	say_time(d, s, track);
	say_bytes(d, s, track);
	detail_trails(d, s, track);
	say_causes(d, h, c);
	say_window(d, h, &c->extra);
	say_states(d, s, h, c);
	detail_say(d, INK_BOLD, "All that was read of the socket");
	say_fields(d, s, track);
	detail_say(d, INK_BOLD, "The same as JSON, which s saves");
	detail_json(d, s, track);
}
