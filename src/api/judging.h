// SPDX-License-Identifier: BSD-2-Clause
/*
 * Verdicts on all connections, all the time. Of each flow two windows are remembered, which begin in
 * turn: so whoever asks at any moment is told of 6 to 12 seconds. A pass over all flows collects what is
 * not fine; it is cut into pieces, one a second, so that the loop is never held.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "consumer/why_cases.h"
#include "verdict/history.h"
#include "verdict/peers.h"
#include "verdict/verdict.h"

struct consumer;
struct engine;
struct ev_extra;
struct flow;
struct live;
struct lately;
struct source;

#define JUDGING_READ_S 2   /* all flows are read so often */
#define JUDGING_READINGS 3 /* and after so many readings one of the windows begins anew */
#define JUDGING_PIECES 2   /* of a pass, one a second */
#define JUDGING_CASES 4096

struct judging {
	struct history *history[2]; /* by slot */
	unsigned older;		    /* which of them began before the other */
	unsigned readings;	    /* since one of them began anew */
	uint32_t limit;		    /* slots */
	struct peers peers[2];	    /* of the last pass, and of the one that goes on */
	struct why_cases cases[2];
	unsigned shown;		    /* the one of `cases` and `peers` that is whole */
	uint64_t by_severity[2][SEVERITY_COUNT];
	unsigned piece;
	uint32_t next_slot; /* the first that the next piece judges */
	uint64_t shown_ns; /* when the last pass ended; 0: none has */
	uint64_t passes;
	struct host_reading host, host_now;
	uint64_t host_ns; /* when `host` was read */
};

void judging_begin(struct judging *j, uint32_t max_flows);
/* Slots from `from` to before `to` have no flow. */
void judging_shrink(struct judging *j, uint32_t from, uint32_t to);
void judging_done(struct judging *j);

/* A reading of a flow. The same one may come twice. */
void judging_note(struct judging *j, uint32_t slot, const struct flow *f,
		  const struct ev_extra *extra, uint64_t time_ns);

/* All flows in `live` were read; now and then their older windows begin anew. */
void judging_read(struct judging *j, const struct engine *e, const struct live *live);

/* The verdict on a flow that lives; its rule is NULL if there is nothing to say. */
void judging_flow(const struct judging *j, const struct engine *e, uint32_t slot,
		  struct verdict *ret);

/*
 * The next piece of a pass, at `time_ns`; the last one adds what closed since `closed_since_ns`, and
 * the host, if `source` tells of it. True if the pass is whole.
 */
bool judging_pass(struct judging *j, const struct engine *e, const struct live *live,
		  const struct lately *closed, uint64_t closed_since_ns, struct source *source,
		  uint64_t time_ns);
