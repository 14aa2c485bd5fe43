// SPDX-License-Identifier: BSD-2-Clause
/* All rungs of the ladder, tried on this machine for this user. */
#pragma once
#include <stddef.h>

struct need;

enum rung_state {
	RUNG_TAKEN,   /* what a run uses, if it needs it */
	RUNG_SPARE,   /* holds, but a better one is taken */
	RUNG_FOREIGN, /* holds, but belongs to a source that is not used */
	RUNG_REFUSED,
	RUNG_STATES
};

struct survey;

/* Try them. Gives; free with survey_free(). */
struct survey *survey_make(void);
void survey_free(struct survey *s);

/* The source that is used if none is asked for: "bpf", "netlink" or "none". */
const char *survey_source(const struct survey *s);

enum rung_state survey_state(const struct survey *s, const struct need *need, size_t rung);

/* The errno and detail of a refused rung. */
const struct refusal *survey_refusal(const struct survey *s, const struct need *need, size_t rung);

/* "taken" and so on. */
const char *rung_state_name(enum rung_state state);
