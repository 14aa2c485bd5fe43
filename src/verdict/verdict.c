// SPDX-License-Identifier: BSD-2-Clause
#include "verdict/verdict.h"

#include <string.h>

#include "verdict/read.h"

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {"fine", "watch", "slow", "stalled", "failed"};

	return names[severity];
}

const char *certainty_name(enum certainty certainty)
{
	return certainty == CERTAINTY_MEASURED ? "measured" : "inferred";
}

static enum severity weigh(const struct rule *r, const struct subject *s, const struct facts *f)
{
	return r->weigh ? r->weigh(s, f) : r->severity;
}

/*
 * The first rule that holds is the verdict; one that holds too and is worse takes its place, the
 * others are listed.
 */
static void try_table(const struct rule_table *t, const struct subject *s, struct verdict *v)
{
	/* An end has one reason. */
	bool has_also = t != &rule_closed;

	for (size_t i = 0; i < t->count; i++) {
		const struct rule *r = &t->rule[i], *other = r;
		enum severity severity;

		if (!r->holds(s, &v->facts))
			continue;
		severity = weigh(r, s, &v->facts);
		if (!v->rule || severity > v->severity) {
			other = v->rule;
			v->rule = r;
			v->severity = severity;
		}
		/* What limits it is of interest only if nothing else is. */
		if (has_also && other && other->severity > SEVERITY_FINE &&
		    strcmp(other->code, v->rule->code) && v->also_count < VERDICT_ALSO_MAX)
			v->also[v->also_count++] = other;
	}
}

/* Is the number of segments by cause among its evidence? Of packets that is inferred. */
static enum certainty how_sure(const struct subject *s, const struct rule *r)
{
	return s->packets && strstr(r->keys, "by_fast") ? CERTAINTY_INFERRED : r->certainty;
}

static void try_tables(const struct subject *s, struct verdict *ret)
{
	switch (s->kind) {
	case SUBJECT_CLOSED:
		try_table(&rule_closed, s, ret);
		if (!ret->rule)
			try_table(&rule_live, s, ret);
		return;
	case SUBJECT_LIVE:
		try_table(&rule_live, s, ret);
		return;
	case SUBJECT_LISTENER:
		try_table(&rule_listener, s, ret);
		return;
	case SUBJECT_HANDSHAKE:
		try_table(&rule_handshake, s, ret);
		return;
	case SUBJECT_HOST:
		try_table(&rule_host, s, ret);
		return;
	}
}

void verdict_judge(const struct subject *s, struct verdict *ret)
{
	*ret = (struct verdict){.severity = SEVERITY_FINE};
	facts_read(s, &ret->facts);
	ret->limit = limit_of(s, &ret->facts);
	try_tables(s, ret);
	if (ret->rule)
		ret->certainty = how_sure(s, ret->rule);
}

#define HARM_OF_SEVERITY 1e18
#define HARM_OF_DROP 1e6

double verdict_harm(const struct verdict *v)
{
	const struct facts *f = &v->facts;
	int64_t unread = fact_get(f, FACT_unread_bytes), waiting = fact_get(f, FACT_waiting_bytes);
	double harm = (double)v->severity * HARM_OF_SEVERITY;

	harm += (double)(unread > waiting ? unread : waiting) * HARM_OF_DROP;
	harm += (double)fact_get(f, FACT_drops) * HARM_OF_DROP * 1000;
	return harm + (double)fact_get(f, FACT_age_us) / (double)1000000;
}
