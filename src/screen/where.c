// SPDX-License-Identifier: BSD-2-Clause
/*
 * Own words become marks (engine/flow_filter.h), so that libpcap's grammar joins them with its own;
 * offsets in what libpcap is given are led back to the text as it was typed.
 */
#include "screen/where.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/column.h"
#include "engine/filter.h"
#include "engine/flow_filter.h"
#include "engine/state_list.h"
#include "engine/workload_of.h"
#include "screen/track.h"
#include "util/cgroup.h"
#include "util/parse.h"
#include "util/xalloc.h"

#define TERMS_MAX 8
#define VALUE_MAX 128
#define MARK_MAX 64
/* What libpcap is given: each term may grow. */
#define COMPILED_MAX (FILTER_TEXT_MAX + TERMS_MAX * MARK_MAX + 1)

enum word { WORD_PID, WORD_COMM, WORD_UNIT, WORD_CONTAINER, WORD_UID, WORD_STATE, WORD_VERDICT };

const char *const where_words[] = {"pid", "comm",  "unit",    "container",
				   "uid", "state", "verdict", NULL};

struct term {
	enum word word;
	char text[VALUE_MAX];
	uint64_t number;
	uint32_t states;
};

struct where {
	struct flow_filter *filter;
	struct term term[TERMS_MAX];
	unsigned terms;
};

struct reader {
	const char *text;
	size_t at;
	char *out;	  /* COMPILED_MAX */
	uint16_t *origin; /* of each byte of out */
	size_t used;
	char *why;
	size_t why_size;
	size_t *ret_at;
	bool looks_up;
};

__attribute__((format(printf, 3, 4))) static int fail(struct reader *r, size_t at,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, r->why_size, format, args);
	va_end(args);
	*r->ret_at = at;
	return -1;
}

static void put(struct reader *r, const char *text, size_t len, size_t origin, bool moves)
{
	for (size_t i = 0; i < len && r->used < COMPILED_MAX - 1; i++) {
		r->origin[r->used] = (uint16_t)(origin + (moves ? i : 0));
		r->out[r->used++] = text[i];
	}
	r->out[r->used] = '\0';
}

static bool is_break(char c)
{
	return !c || isspace((unsigned char)c) || strchr("()!&|=<>", c);
}

static size_t word_length(const char *text)
{
	size_t len = 0;

	while (!is_break(text[len]))
		len++;
	return len;
}

/* Words of libpcap's language that are no names of anything. */
static bool is_keyword(const char *word, size_t len)
{
	static const char *const words[] = {"and",  "or",	 "not", "host", "net",	"mask",
					    "port", "portrange", "src", "dst",	"tcp",	"ip",
					    "ip6",  "proto",	 "udp", "icmp", "icmp6"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && !memcmp(words[i], word, len))
			return true;
	return isdigit((unsigned char)word[0]) || memchr(word, ':', len);
}

static int find_word(const char *word, size_t len)
{
	for (int i = 0; where_words[i]; i++)
		if (strlen(where_words[i]) == len && !memcmp(where_words[i], word, len))
			return i;
	return -1;
}

static bool is_verdict(const char *text)
{
	static const struct rule_table *const tables[] = {&rule_live, &rule_closed, &rule_listener};

	for (unsigned i = 0; i < SEVERITY_COUNT; i++)
		if (!strcmp(severity_name(i), text))
			return true;
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < tables[i]->count; k++)
			if (!strcmp(tables[i]->rule[k].code, text))
				return true;
	return !strcmp(text, "any");
}

static int take_value(struct reader *r, struct term *t, size_t at, const char *value, int len)
{
	size_t wrong;

	switch (t->word) {
	case WORD_PID:
	case WORD_UID:
		if (parse_uint(t->text, 0, UINT32_MAX, &t->number, &wrong))
			return fail(r, at, "expected a number: '%.*s'", len, value);
		return 0;
	case WORD_STATE:
		if (state_list_parse(t->text, &t->states, &wrong))
			return fail(r, at, "no TCP state '%.*s' (such as established, close-wait)",
				    len, value);
		return 0;
	case WORD_VERDICT:
		if (!is_verdict(t->text))
			return fail(r, at, "no verdict '%.*s' (such as stalled, slow, any)", len,
				    value);
		return 0;
	default:
		return 0;
	}
}

/* The value of a word of ours: up to a break, or between quotes. */
static int take_term(struct reader *r, struct where *w, enum word word, size_t start)
{
	const char *value = r->text + r->at;
	size_t len = word_length(value), skip = 0;
	char mark[MARK_MAX];
	struct term *t = &w->term[w->terms];
	unsigned bit = 1u << w->terms;

	if (*value == '"' && strchr(value + 1, '"')) {
		len = strcspn(++value, "\"");
		skip = 2;
	}
	if (!len && !skip)
		return fail(r, r->at, "expected a value here");
	if (len >= VALUE_MAX)
		return fail(r, r->at, "this is too long");
	if (w->terms == TERMS_MAX)
		return fail(r, start, "too many words besides tcpdump's: at most 8");
	t->word = word;
	memcpy(t->text, value, len);
	if (take_value(r, t, (size_t)(value - r->text), value, (int)len))
		return -1;
	r->at += len + skip;
	w->terms++;
	snprintf(mark, sizeof(mark), FLOW_FILTER_MARK, bit, bit);
	put(r, mark, strlen(mark), start, false);
	return 0;
}

static void skip_space(struct reader *r)
{
	while (isspace((unsigned char)r->text[r->at]))
		r->at++;
}

static int take_word(struct reader *r, struct where *w)
{
	size_t start = r->at, len = word_length(r->text + start);
	int word = find_word(r->text + start, len);

	if (memchr(r->text + start, '[', len))
		return fail(r, start,
			    "it looks into packets, but a flow has only addresses and ports");
	r->at += len;
	if (word >= 0) {
		skip_space(r);
		return take_term(r, w, (enum word)word, start);
	}
	if (!r->looks_up && !is_keyword(r->text + start, len))
		return fail(r, start,
			    "'%.*s' is no word of the filter, and names are not looked up here",
			    len < 60 ? (int)len : 60, r->text + start);
	put(r, r->text + start, len, start, true);
	return 0;
}

static int translate(struct reader *r, struct where *w)
{
	while (r->text[r->at]) {
		if (is_break(r->text[r->at])) {
			put(r, r->text + r->at, 1, r->at, true);
			r->at++;
		} else if (take_word(r, w)) {
			return -1;
		}
	}
	return 0;
}

static int compile(struct reader *r, struct where *w)
{
	size_t at = 0;

	if (strlen(r->text) > FILTER_TEXT_MAX)
		return fail(r, 0, "the filter is too long: at most 4096 characters");
	if (translate(r, w))
		return -1;
	w->filter = flow_filter_new_marked(r->out, r->why, r->why_size, &at);
	if (w->filter)
		return 0;
	*r->ret_at = at < r->used ? r->origin[at] : strlen(r->text);
	return -1;
}

struct where *where_new(const char *text, bool looks_up, char *why, size_t size, size_t *ret_at)
{
	struct where *w = xcalloc(1, sizeof(*w));
	struct reader r = {.text = text,
			   .out = xcalloc(1, COMPILED_MAX),
			   .origin = xcalloc(COMPILED_MAX, sizeof(*r.origin)),
			   .why = why,
			   .why_size = size,
			   .ret_at = ret_at,
			   .looks_up = looks_up};
	int err = compile(&r, w);

	free(r.out);
	free(r.origin);
	if (!err)
		return w;
	free(w);
	return NULL;
}

void where_free(struct where *w)
{
	if (!w)
		return;
	flow_filter_free(w->filter);
	free(w);
}

static bool matches_comm(const struct term *t, const struct ev_ident *id)
{
	char comm[sizeof(id->comm) + 1] = "";

	memcpy(comm, id->comm, sizeof(id->comm));
	return id->owner_source && !fnmatch(t->text, comm, FNM_NOESCAPE);
}

static bool matches_verdict(const struct term *t, const struct track_hot *h)
{
	if (!h->rule)
		return false;
	return !strcmp(t->text, h->rule->code) || !strcmp(t->text, severity_name(h->severity)) ||
	       (!strcmp(t->text, "any") && h->severity > SEVERITY_FINE);
}

static bool matches_term(const struct term *t, const struct track_hot *hot,
			 const struct track_cold *cold, struct cgroup_names *names)
{
	const struct ev_ident *id = &cold->flow.ident;

	switch (t->word) {
	case WORD_PID:
		return id->owner_source && id->pid == t->number;
	case WORD_COMM:
		return matches_comm(t, id);
	case WORD_UNIT:
		return workload_matches_unit(&workload_of(names, id)->workload, t->text);
	case WORD_CONTAINER:
		return workload_matches_container(&workload_of(names, id)->workload, t->text);
	case WORD_UID:
		return id->family && id->uid == t->number && id->uid != UID_UNKNOWN;
	case WORD_STATE:
		return t->states >> hot->state & 1;
	case WORD_VERDICT:
		return matches_verdict(t, hot);
	}
	return false;
}

bool where_matches(const struct where *w, const struct track_hot *hot,
		   const struct track_cold *cold, struct cgroup_names *names)
{
	uint8_t marks = 0;

	for (unsigned i = 0; i < w->terms; i++)
		if (matches_term(&w->term[i], hot, cold, names))
			marks |= (uint8_t)(1u << i);
	return flow_filter_matches_marked(w->filter, &cold->flow.ident, marks);
}

bool where_is_steady(const struct where *w)
{
	for (unsigned i = 0; i < w->terms; i++)
		if (w->term[i].word >= WORD_STATE || w->term[i].word == WORD_UNIT ||
		    w->term[i].word == WORD_CONTAINER)
			return false;
	return true;
}

unsigned where_needs(const struct where *w)
{
	unsigned needs = 0;

	for (unsigned i = 0; i < w->terms; i++)
		needs |= w->term[i].word == WORD_UNIT || w->term[i].word == WORD_CONTAINER
				 ? NEED_CGROUPS | NEED_OWNER
				 : NEED_OWNER;
	return needs;
}

bool where_is_plain(const struct where *w)
{
	return !w->terms;
}
