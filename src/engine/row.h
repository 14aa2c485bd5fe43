// SPDX-License-Identifier: BSD-2-Clause
/*
 * A row: what a view hands to a sink. It borrows from a flow or a group, for the call only.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct clock;
struct counters;
struct group_key;
struct cgroup_names;
struct past;
struct past_span;
struct past_then;
struct source;
struct verdict;

/* What all rows of a run share. */
struct row_context {
	struct clock *clock;
	struct cgroup_names *cgroups;
	const struct source *source; /* NULL before the run begins */
	uint64_t first_ns; /* time of the first row printed, 0 before it */
	bool interval;	   /* counters are those of one interval, not of the flow's life */
	uint64_t interval_us; /* how long the interval was; 0: not known, or there is none */
	/* The column `amount`: which directions, and in what unit. */
	bool skip_tx, skip_rx;
	uint32_t amount_times, amount_per; /* 0 stands for 1 */
};

/* What the flows of a group have in common, so that columns can show it. */
enum row_share {
	SHARE_ALL = 1, /* it is one flow's */
	SHARE_PROCESS = 2,
	SHARE_COMM = 4,
	SHARE_UNIT = 8,
	SHARE_CONTAINER = 16,
	SHARE_LADDR = 32,
	SHARE_LPORT = 64,
	SHARE_RADDR = 128,
	SHARE_RPORT = 256,
	SHARE_STATE = 512,
};

/* Whose several flows are: some of the processes, all of one name. */
#define ROW_OWNERS_MAX 4
struct row_owners {
	uint32_t pid[ROW_OWNERS_MAX];
	unsigned count;
	bool has_more;
};

struct row {
	struct row_context *context;
	uint64_t time_ns; /* of the tick, or of the close */
	uint64_t id;	  /* 0 for a group */
	uint8_t state, end_reason;
	uint32_t error;
	uint64_t flows;			/* how many flows are summed up here */
	struct ev_count count;		/* of the interval or of the flow's life, see context */
	const struct ev_count *moved;	/* of the interval, if `count` is of its life; or NULL */
	const struct ev_ident *ident;	/* NULL for a group of several flows */
	const struct ev_ident *common;	/* of a group: what `shares` names is that of all its flows */
	unsigned shares;		/* enum row_share */
	const struct row_owners *owners; /* of several flows; or NULL */
	const struct ev_ident *busiest; /* of a group: the flow that moved most, or NULL */
	bool adopted;			/* of a group: a flow of it is older than we are */
	bool is_host;			/* what the host counts for no socket */
	bool is_others;			/* flows that found no place of their own */
	const struct ev_extra *extra;	/* NULL if no column asked for it */
	const struct counters *counters; /* NULL unless the view has counters */
	const struct group_key *key;	/* of a group: the parts that its flows have in common */
	const struct ev_handshake *handshake; /* NULL unless the row is one */
	const struct ev_ident *judged; /* of a group: whom its verdict is on; or NULL */
	const struct past *past;	      /* NULL unless the row sums up a span of time */
	const struct past_span *span;	      /* likewise */
	const struct past_then *then;	      /* of one that is compared with another span */
	const struct verdict *verdict;	      /* NULL unless a column needs it, and of several flows */
	const char *group, *prefix;	/* NULL unless the view groups */
	uint16_t service_port;		/* of a group by port, else 0 */
};

/*
 * A row of an event that is one, which it borrows: totals, without `extra` and what is made of it. What
 * the event's flags do not announce stays out.
 */
struct row row_of_event(struct row_context *context, const struct event *ev);

/* The ident to take a part of, which must be the same of all flows of a group; NULL: it is not. */
static inline const struct ev_ident *row_part(const struct row *r, enum row_share share)
{
	return r->ident ? r->ident : r->shares & share ? r->common : NULL;
}
