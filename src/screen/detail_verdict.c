// SPDX-License-Identifier: BSD-2-Clause
/*
 * The figures of a verdict are not kept: they are made again from the readings on both sides of the
 * interval, which the journal leads to.
 */
#include "screen/detail.h"

#include <stdio.h>
#include <string.h>

#include "screen/journal.h"
#include "screen/trail.h"
#include "verdict/sentence.h"

#define TEXT_MAX 512

/* A source that sees nothing of sockets leaves it empty. */
static const struct ev_extra *seen(const struct track_hot *h, const struct track_cold *c)
{
	const struct ev_extra *e = &c->extra;

	return h->has_extra && (e->known || e->mss || e->backlog_max) ? e : NULL;
}

static uint64_t time_of(const struct scene *s, uint32_t tick)
{
	uint64_t time_ns = journal_time(s->journal, tick);

	return time_ns ? time_ns : s->moment->time_ns;
}

/* What was remembered when the verdict was made. */
static void set_history(struct scene *s, const struct trail_track *now, const struct trail_track *before,
			struct history *ret)
{
	bool was_there = before->hot.id == now->hot.id;
	const struct ev_ident *id = &now->cold.flow.ident;
	const struct track_cold *begin = was_there ? &before->cold : &now->cold;

	*ret = (struct history){.id = now->hot.id, .readings = now->hot.readings};
	memcpy(ret->level, now->hot.level, sizeof(ret->level));
	ret->last_ns = time_of(s, now->hot.judged_tick);
	ret->has_begin = was_there || id->seen == SEEN_ADOPTED;
	ret->begin_ns = was_there     ? time_of(s, before->hot.judged_tick)
			: id->open_ns ? id->open_ns
				      : ret->last_ns;
	if (!ret->has_begin)
		return;
	ret->count = begin->flow.count;
	ret->extra = grown_extra(&begin->extra);
}

static struct subject subject_of(struct scene *s, const struct trail_track *t,
				 const struct history *history)
{
	const struct track_hot *h = &t->hot;
	const struct track_cold *c = &t->cold;

	return (struct subject){
		.kind = h->state == ST_LISTEN ? SUBJECT_LISTENER
			: h->close_ns	      ? SUBJECT_CLOSED
					      : SUBJECT_LIVE,
		.state = h->state,
		.end_reason = h->end_reason,
		.flags = (uint8_t)c->flags,
		.error = c->error,
		.time_ns = h->close_ns ? h->close_ns : time_of(s, h->judged_tick),
		.ident = &c->flow.ident,
		.count = &c->flow.count,
		.extra = seen(h, c),
		.history = history,
	};
}

static void say_figures(struct detail *d, const struct subject *subject, const struct verdict *v)
{
	char text[TEXT_MAX];

	sentence_write(v->rule->sentence, subject, &v->facts, text, sizeof(text));
	detail_say(d, 0, "  %s", text);
	sentence_evidence(v->rule->keys, &v->facts, text, sizeof(text));
	detail_say(d, 0, "  figures    %s", text);
	sentence_write(v->rule->next, subject, &v->facts, text, sizeof(text));
	detail_say(d, 0, "  look at    %s", text);
	for (unsigned i = 0; i < v->also_count; i++)
		detail_say(d, 0, "  also       %s", v->also[i]->code);
}

static unsigned ink_of(unsigned severity)
{
	return severity >= SEVERITY_FAILED  ? INK_RED | INK_BOLD
	       : severity >= SEVERITY_WATCH ? INK_YELLOW | INK_BOLD
					    : INK_BOLD;
}

void detail_verdict(struct detail *d, struct scene *s, uint32_t track)
{
	const struct track_hot *h = &s->moment->hot[track];
	static struct trail_track judged, before;
	struct history history;
	struct subject subject;
	struct verdict v;
	const char *limit = limit_name(h->limit);

	if (!h->rule) {
		detail_say(d, INK_BOLD, "Verdict: none%s%s", limit ? "; limited by " : "",
			   limit ? limit : "");
		return;
	}
	detail_say(d, ink_of(h->severity), "Verdict: %s, %s (%s)%s%s", severity_name(h->severity),
		   h->rule->code, certainty_name(h->rule->certainty), limit ? "; limited by " : "",
		   limit ? limit : "");
	if (!trail_judged(s->journal, s->moment, track, &judged, &before)) {
		detail_say(d, 0, "  %s. Its figures have left the memory.", h->rule->rule);
		return;
	}
	set_history(s, &judged, &before, &history);
	subject = subject_of(s, &judged, &history);
	verdict_judge(&subject, &v);
	/* Only of the same verdict are these the figures. */
	if (v.rule == h->rule)
		say_figures(d, &subject, &v);
	else
		detail_say(d, 0, "  %s", h->rule->rule);
}
