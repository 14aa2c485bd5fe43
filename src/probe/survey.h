// SPDX-License-Identifier: BSD-2-Clause
/* All rungs of the ladder, tried on this machine for this user. */
#pragma once
#include <stddef.h>

struct need;

enum rung_state {
	RUNG_USED,	   /* what a run uses, if it needs it */
	RUNG_AVAILABLE,	   /* holds, but a better one is used */
	RUNG_OTHER_SOURCE, /* holds, but belongs to a source that is not used */
	RUNG_UNAVAILABLE,
	RUNG_STATES
};

/* How well a need is met. */
enum need_state {
	NEED_FULL,    /* by the best way there is */
	NEED_PARTIAL, /* by another one */
	NEED_MISSING
};

struct survey;

/* Try them. Gives; free with survey_free(). */
struct survey *survey_make(void);
void survey_free(struct survey *s);

/* The source that is used if none is asked for: "bpf", "netlink" or "none". */
const char *survey_source(const struct survey *s);

enum rung_state survey_state(const struct survey *s, const struct need *need, size_t rung);

enum need_state survey_need(const struct survey *s, const struct need *need);

/* The errno and detail of a rung that is not available. */
const struct refusal *survey_refusal(const struct survey *s, const struct need *need, size_t rung);

/* "used", "available", "other_source", "unavailable". */
const char *rung_state_name(enum rung_state state);
