// SPDX-License-Identifier: BSD-2-Clause
/*
 * Verdicts from text: lines as in a replay file, the last one of which is judged. What a line does
 * not give stays as the lines before it said.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/flow_table.h"
#include "source/replay_line.h"
#include "verdict/history.h"
#include "verdict/sentence.h"
#include "verdict/verdict.h"

#define LINES_MAX 8
#define BASE "local=10.0.0.1:1000 remote=10.0.0.2:80 "

struct judged {
	struct verdict verdict;
	char sentence[512], evidence[512], json[512], next[512];
};

static struct flow case_flow;
static struct ev_extra case_extra;
static struct ev_handshake case_handshake;
static struct history case_history;

static struct subject subject_of(const struct replay_line *line)
{
	struct subject s = {
		.kind = SUBJECT_LIVE,
		.state = case_flow.state,
		.end_reason = line->head.end_reason,
		.error = line->head.error,
		.time_ns = line->time_ns,
		.ident = &case_flow.ident,
		.count = &case_flow.count,
		.history = &case_history,
	};

	subject_set_extra(&s, case_extra.known ? &case_extra : NULL);
	if (case_flow.state == ST_LISTEN)
		s.kind = SUBJECT_LISTENER;
	if (line->head.kind == EV_CLOSE)
		s.kind = SUBJECT_CLOSED;
	if (line->head.kind == EV_HANDSHAKE) {
		case_handshake = line->handshake;
		s.kind = SUBJECT_HANDSHAKE;
		s.handshake = &case_handshake;
		s.history = NULL;
	}
	return s;
}

static struct judged judge_lines(const char *const *text)
{
	static struct judged ret;
	struct subject s;

	case_flow = (struct flow){.state = ST_ESTABLISHED};
	case_extra = (struct ev_extra){0};
	case_history = (struct history){0};
	for (; *text; text++) {
		struct replay_line line;
		const char *why;
		size_t at;

		if (replay_line_parse(*text, &line, &why, &at) != 1)
			fail_msg("%s: %s", *text, why);
		replay_line_apply(&line, &case_flow, &case_extra);
		s = subject_of(&line);
		if (line.head.kind != EV_HANDSHAKE)
			history_note(&case_history, line.head.id, &s);
	}
	memset(&ret, 0, sizeof(ret));
	verdict_judge(&s, &ret.verdict);
	if (!ret.verdict.rule)
		return ret;
	sentence_write(ret.verdict.rule->sentence, &s, &ret.verdict.facts, ret.sentence,
		       sizeof(ret.sentence));
	sentence_write(ret.verdict.rule->next, &s, &ret.verdict.facts, ret.next, sizeof(ret.next));
	sentence_evidence(ret.verdict.rule->keys, &ret.verdict.facts, ret.evidence,
			  sizeof(ret.evidence));
	sentence_json(ret.verdict.rule->keys, &ret.verdict.facts, ret.json, sizeof(ret.json));
	return ret;
}

/* The code and the severity that are expected; NULL: nothing is to be said. */
struct expected {
	const char *line[LINES_MAX];
	const char *code, *severity, *limit;
};

static inline void check_cases(const struct expected *e, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct judged j = judge_lines(e[i].line);
		const char *code = j.verdict.rule ? j.verdict.rule->code : NULL;
		const char *limit = limit_name(j.verdict.limit);

		if (!code != !e[i].code || (code && strcmp(code, e[i].code)))
			fail_msg("case %zu: %s, not %s: %s", i, code, e[i].code, j.sentence);
		if (code && strcmp(severity_name(j.verdict.severity), e[i].severity))
			fail_msg("case %zu: %s is %s, not %s", i, code,
				 severity_name(j.verdict.severity), e[i].severity);
		if (e[i].limit && (!limit || strcmp(limit, e[i].limit)))
			fail_msg("case %zu: limited by %s, not %s", i, limit, e[i].limit);
	}
}
