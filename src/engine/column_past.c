// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column_past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/clock.h"
#include "engine/names.h"
#include "engine/past.h"
#include "verdict/verdict.h"

#define COLUMN(name) struct value column_##name(const struct row *r)
/* An object with all words and the largest numbers. */
#define OBJECT_MAX 1024

#define OF_PAST(name, field)                                                                       \
	COLUMN(name)                                                                               \
	{                                                                                          \
		return r->past ? value_uint(r->past->field) : value_none();                        \
	}

OF_PAST(opened, opened)
OF_PAST(closed, closed)
OF_PAST(failures, failures)

#define OF_THEN(name, field)                                                                       \
	COLUMN(name)                                                                               \
	{                                                                                          \
		return r->then ? value_uint(r->then->field) : value_none();                        \
	}

OF_THEN(flows_then, flows)
OF_THEN(bytes_then, bytes)
OF_THEN(failures_then, failures)
OF_THEN(retrans_then, retrans)

COLUMN(change)
{
	static const char *const words[] = {
		[PAST_SAME] = "same", [PAST_NEW] = "new",   [PAST_GONE] = "gone",
		[PAST_MORE] = "more", [PAST_LESS] = "less",
	};

	return r->then ? value_text(words[r->then->change]) : value_none();
}

COLUMN(change_in)
{
	static const char *const words[PAST_MEASURES] = {
		[PAST_FLOWS] = "flows",
		[PAST_BYTES] = "bytes",
		[PAST_FAILURES] = "failures",
		[PAST_RETRANS] = "retrans",
	};
	static _Thread_local char text[48];
	size_t used = 0;

	if (!r->then || !r->then->in)
		return value_none();
	for (unsigned i = 0; i < PAST_MEASURES; i++)
		if (r->then->in >> i & 1)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? " " : "", words[i]);
	return value_chars(text, used);
}

COLUMN(worst_rtt_us)
{
	return r->past && r->count.srtt_us ? value_uint(r->count.srtt_us) : value_none();
}

/* An object of JSON that is written member by member. */
struct object {
	char text[OBJECT_MAX];
	size_t used;
};

static void put_member(struct object *o, const char *name, uint64_t n)
{
	if (n)
		o->used += (size_t)snprintf(o->text + o->used, sizeof(o->text) - o->used,
					    "%s\"%s\":%llu", o->used ? "," : "{", name,
					    (unsigned long long)n);
}

static struct value close_object(struct object *o)
{
	snprintf(o->text + o->used, sizeof(o->text) - o->used, "%s}", o->used ? "" : "{");
	return value_json(o->text);
}

COLUMN(ends)
{
	static _Thread_local struct object o;

	if (!r->past)
		return value_none();
	o.used = 0;
	for (unsigned i = 0; i < END_COUNT; i++)
		put_member(&o, end_reason_name(i) ? end_reason_name(i) : "none", r->past->ends[i]);
	return close_object(&o);
}

static const char *const causes[CAUSE_COUNT] = {
	[CAUSE_RTO] = "rto",	     [CAUSE_SLOW_START] = "slow_start", [CAUSE_FAST] = "fast",
	[CAUSE_TLP] = "tlp",	     [CAUSE_SYN] = "syn",	        [CAUSE_ZERO_WINDOW] = "zwp",
	[CAUSE_PMTU] = "pmtu",	     [CAUSE_OTHER] = "other",
};

COLUMN(retrans_causes)
{
	static _Thread_local struct object o;

	if (!r->past || !r->past->knows_causes)
		return value_none();
	o.used = 0;
	for (unsigned i = 0; i < CAUSE_COUNT; i++)
		put_member(&o, causes[i], r->past->causes[i]);
	return close_object(&o);
}

COLUMN(retrans_why)
{
	static _Thread_local char text[32];
	unsigned most = 0;

	if (!r->past || !r->past->knows_causes)
		return value_none();
	for (unsigned i = 1; i < CAUSE_COUNT; i++)
		if (r->past->causes[i] > r->past->causes[most])
			most = i;
	if (!r->past->causes[most])
		return value_none();
	snprintf(text, sizeof(text), "%s %llu", causes[most],
		 (unsigned long long)r->past->causes[most]);
	return value_text(text);
}

COLUMN(verdicts)
{
	static _Thread_local struct object o;

	if (!r->past)
		return value_none();
	o.used = 0;
	for (unsigned i = 0; i < PAST_RULES && r->past->rule[i].rule; i++)
		put_member(&o, r->past->rule[i].rule->code, r->past->rule[i].flows);
	put_member(&o, "other", r->past->other_rules);
	return close_object(&o);
}

COLUMN(first)
{
	static _Thread_local char text[16];

	if (!r->past || !r->past->first_ns)
		return value_none();
	return value_chars(text, clock_format_hms(r->context->clock, r->past->first_ns, text));
}

COLUMN(last)
{
	static _Thread_local char text[16];

	if (!r->past || !r->past->last_ns)
		return value_none();
	return value_chars(text, clock_format_hms(r->context->clock, r->past->last_ns, text));
}

/* Buckets that begin before the span's end. */
static unsigned bucket_count(const struct past_span *s)
{
	uint64_t n = (s->end_ns - s->begin_ns + s->bucket_ns - 1) / s->bucket_ns;

	return n < PAST_BUCKETS ? (unsigned)n : PAST_BUCKETS;
}

/* Whether the locale says that the terminal takes UTF-8; variables in the order of setlocale(3). */
static bool takes_utf8(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i]);
		const char *set = value && *value ? strchr(value, '.') : NULL;

		if (value && *value)
			return set && (!strncasecmp(set, ".UTF-8", 6) || !strncasecmp(set, ".utf8", 5));
	}
	return false;
}

/* Nothing is blank, and anything at least the lowest bar. */
COLUMN(spark)
{
	static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
	static _Thread_local char text[PAST_BUCKETS * 3 + 1];
	const char *const *bar = takes_utf8() ? bars : ascii;
	uint64_t most = 1;
	unsigned count;

	if (!r->past || !r->span)
		return value_none();
	count = bucket_count(r->span);
	for (unsigned i = 0; i < count; i++)
		if (r->past->bucket[i] > most)
			most = r->past->bucket[i];
	text[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		double part = (double)r->past->bucket[i] / (double)most;

		strcat(text, bar[r->past->bucket[i] ? 1 + (unsigned)(part * 7) : 0]);
	}
	return value_text(text);
}

COLUMN(series)
{
	static _Thread_local char text[PAST_BUCKETS * 21 + 3];
	size_t used = 1;

	if (!r->past || !r->span)
		return value_none();
	text[0] = '[';
	for (unsigned i = 0; i < bucket_count(r->span); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%llu", i ? "," : "",
					 (unsigned long long)r->past->bucket[i]);
	text[used] = ']';
	text[used + 1] = '\0';
	return value_json(text);
}

COLUMN(series_from)
{
	static _Thread_local char text[32];

	if (!r->span)
		return value_none();
	return value_chars(text,
			   clock_format_rfc3339(r->context->clock, r->span->begin_ns, text));
}

COLUMN(series_us)
{
	return r->span ? value_uint(r->span->bucket_ns / 1000) : value_none();
}
