// SPDX-License-Identifier: BSD-2-Clause
/* What `why` says around its verdicts: how much it looked at, what is fine, what it cannot see. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "verdict/verdict.h"

struct out;
struct source;

/* Of one window. */
struct why_tally {
	uint64_t window_us;
	uint64_t flows, closed, listeners; /* that were judged */
	uint64_t wrong;			   /* of flows: watch and worse */
	uint64_t fine[4];		   /* by enum why_fine */
	uint64_t idle;			   /* of flows: nothing moved, nothing waits */
	uint64_t brief;			   /* they moved something, too little to be judged */
	uint64_t blind;	  /* they moved something, and the source does not see their sockets */
	uint64_t unread;  /* that live, and of whose sockets nothing was read */
	uint64_t hidden;  /* cases that --rows left out */
	uint64_t refused; /* cases that found no place */
	uint64_t time_ns; /* its end, on the wall's clock; 0: it is the only one */
	bool shows_fine, has_filter;
	bool is_first;
	bool host_is_wrong;
	bool host_unread, levels_unread; /* of a host: its counters; its memory, TIME_WAIT, orphans */
};

enum why_fine { FINE_APPLICATION, FINE_PATH, FINE_PEER, FINE_UNCLEAR };

/* What could be read of a host. */
void why_tally_host(struct why_tally *t, const struct host_reading *now);

void why_tally_count(struct why_tally *t, const struct subject *s, const struct verdict *v);

/* Before and after the verdicts of a window. */
void why_text_heading(const struct why_tally *t, const struct source *source, struct out *out);
void why_text_footing(const struct why_tally *t, const struct source *source, struct out *out);

/*
 * The same of a recording for programs, after the verdicts of a window: {"type":"unrecorded","what":[...]} with
 * "sockets" (states, buffers), "listeners", "host" (memory, drops), "host_levels" (memory of TCP, TIME_WAIT,
 * orphans). Nothing is missing if the list is empty. `tag`: of an output that is shared, or NULL.
 */
void why_json_unrecorded(const struct why_tally *t, const char *tag, struct out *out);
