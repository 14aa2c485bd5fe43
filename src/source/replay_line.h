// SPDX-License-Identifier: BSD-2-Clause
/* One line of a replay file: "1.5 close 7 tx=10 rx=20 end=fin". */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

#define REPLAY_WORDS_MAX 96

struct flow;

struct replay_line {
	uint64_t time_ns;
	int64_t clock_s; /* of a "clock" line: seconds since 1970, else 0 */
	struct ev_head head;
	struct ev_count count;
	struct ev_ident ident;
	struct ev_extra extra;
	struct ev_handshake handshake;
	bool given[REPLAY_WORDS_MAX]; /* which fields the line gave, by index of the word table */
};

/*
 * Parse a line. Returns 1, 0 for an empty line or a comment, or -EINVAL with the reason and the
 * offset of the wrong word.
 */
int replay_line_parse(const char *text, struct replay_line *ret, const char **ret_why,
		      size_t *ret_at);

/* Put what the line gave into the flow; the rest stays as earlier lines said. */
void replay_line_apply(const struct replay_line *line, struct flow *flow, struct ev_extra *extra);
