// SPDX-License-Identifier: BSD-2-Clause
#include "probe/survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/ladder.h"
#include "probe/programs.h"
#include "probe/try.h"
#include "probe/wish.h"
#include "util/heap.h"
#include "util/xalloc.h"

struct survey {
	const char *source;
	struct refusal (*refusal)[RUNGS_MAX]; /* by need and rung */
};

/* Sources of which one stands in for the other; packets are looked at if they are asked for. */
static const char *const rivals[] = {"bpf", "netlink"};

const struct refusal *survey_refusal(const struct survey *s, const struct need *need, size_t rung)
{
	return &s->refusal[need - ladder][rung];
}

static bool is_met(const struct survey *s, size_t need, const char *source)
{
	bool has_vital = false;

	for (size_t r = 0; need_has(&ladder[need], r); r++) {
		if (!ladder_is_vital(&ladder[need].rung[r], source))
			continue;
		if (!s->refusal[need][r].err)
			return true;
		has_vital = true;
	}
	return !has_vital;
}

static bool can_run(const struct survey *s, const char *source)
{
	for (size_t n = 0; n < ladder_count; n++)
		if (!is_met(s, n, source))
			return false;
	return true;
}

/* Is this program loaded when some rung is tried? Those of function exits are not. */
static bool is_tried(const void *context, const char *program)
{
	struct refusal refusal = {.err = 0};

	(void)context;
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++) {
			const struct rung *rung = &ladder[n].rung[r];

			for (size_t h = 0; rung->try != try_fexit && h < HOOKS_MAX; h++) {
				if (!rung->hook[h].program || strcmp(rung->hook[h].program, program))
					continue;
				try_before(rung, &refusal);
				return !refusal.err;
			}
		}
	return false;
}

/* Is that way, "NEED=RUNG", the one that is used? */
static bool is_used(const struct survey *s, const char *way)
{
	const struct need *need = ladder_need(way, strcspn(way, "="));

	return survey_state(s, need, (size_t)(wish_of(way, need) - need->rung)) == RUNG_USED;
}

/* What a run does without, since it uses something else that does not go with it. */
static void refuse_rivals(struct survey *s)
{
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++) {
			const struct rung *rung = &ladder[n].rung[r];

			if (rung->not_with && !s->refusal[n][r].err && is_used(s, rung->not_with))
				s->refusal[n][r].err = -EBUSY;
		}
}

struct survey *survey_make(void)
{
	struct survey *s = xcalloc(1, sizeof(*s));

	s->refusal = xcalloc(ladder_count, sizeof(*s->refusal));
	heap_expect(PROGRAMS_LOADING_BYTES);
	try_trust(try_together(is_tried));
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++)
			ladder_try(&ladder[n].rung[r], &s->refusal[n][r]);
	try_trust(false);
	heap_settle();
	s->source = "none";
	for (size_t i = sizeof(rivals) / sizeof(rivals[0]); i--;)
		if (can_run(s, rivals[i]))
			s->source = rivals[i];
	refuse_rivals(s);
	return s;
}

void survey_free(struct survey *s)
{
	free(s->refusal);
	free(s);
}

const char *survey_source(const struct survey *s)
{
	return s->source;
}

static bool is_of_other_source(const struct survey *s, const struct rung *rung)
{
	for (size_t i = 0; rung->source && i < sizeof(rivals) / sizeof(rivals[0]); i++)
		if (!strcmp(rung->source, rivals[i]))
			return strcmp(rung->source, s->source) != 0;
	return false;
}

enum rung_state survey_state(const struct survey *s, const struct need *need, size_t rung)
{
	if (survey_refusal(s, need, rung)->err)
		return RUNG_UNAVAILABLE;
	if (is_of_other_source(s, &need->rung[rung]))
		return RUNG_OTHER_SOURCE;
	for (size_t r = 0; r < rung; r++)
		if (!survey_refusal(s, need, r)->err && !is_of_other_source(s, &need->rung[r]))
			return RUNG_AVAILABLE;
	return RUNG_USED;
}

enum need_state survey_need(const struct survey *s, const struct need *need)
{
	for (size_t r = 0; need_has(need, r); r++)
		if (survey_state(s, need, r) == RUNG_USED)
			return !r			     ? NEED_FULL
			       : need->rung[r].hook[0].where ? NEED_PARTIAL
							     : NEED_MISSING;
	return NEED_MISSING;
}

const char *rung_state_name(enum rung_state state)
{
	static const char *const names[] = {"used", "available", "other_source", "unavailable"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == RUNG_STATES, "one name per state");
	return names[state];
}
