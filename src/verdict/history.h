// SPDX-License-Identifier: BSD-2-Clause
/*
 * What is remembered of a connection between two readings: the reading with which the window
 * begins, and what was seen of levels since. A level (a queue, a window) of one moment says
 * nothing: it has to be met again. So each has a register that is shifted by each reading, the
 * latest in bit 0.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"

struct subject;

enum level {
	LEVEL_UNREAD,	     /* more than half of what fits waits to be read */
	LEVEL_SNDBUF,	     /* the send buffer is full, and the windows are not */
	LEVEL_QUEUED,	     /* round trips take twice the least one, and 20 ms more */
	LEVEL_NAGLE,	     /* a small write waits although the windows have room */
	LEVEL_CLOSED_WINDOW, /* the peer's window is closed over data that waits */
	LEVEL_CWND,	     /* the congestion window is full */
	LEVEL_COUNT
};

#define HISTORY_READINGS_MAX 16

/* Of struct ev_extra what grows, as far as facts compare it: a quarter of it, and there is one a flow. */
struct grown_extra {
	uint64_t busy_us, rwnd_limited_us, sndbuf_limited_us;
	uint32_t data_segs_out, dsack_dups, undone, rto_total, rto_time_ms, drops;
	uint32_t retrans[CAUSE_COUNT];
};

struct history {
	uint64_t id;	   /* of the flow; 0: nothing was read yet */
	uint64_t begin_ns; /* when `count` and `extra` were read */
	struct ev_count count;
	struct grown_extra extra;
	uint64_t last_ns; /* the latest reading */
	uint16_t level[LEVEL_COUNT];
	uint8_t readings; /* that `level` holds, at most HISTORY_READINGS_MAX */
	bool has_begin;	  /* `count` and `extra` are set */
};

/*
 * A reading has come. The first of a flow that was there before us begins its window; that of one
 * which opened since then does not: all that it moved is of the window.
 */
void history_note(struct history *h, uint64_t id, const struct subject *s);

struct grown_extra grown_extra(const struct ev_extra *e);

/* The next window begins with this reading, which was noted. */
void history_turn(struct history *h, const struct subject *s);

/* The level was met by the latest two readings. */
static inline bool history_twice(const struct history *h, enum level level)
{
	return h && h->readings >= 2 && (h->level[level] & 3) == 3;
}

/* Of the readings that are held, thousandths that met the level. */
unsigned history_share(const struct history *h, enum level level);
