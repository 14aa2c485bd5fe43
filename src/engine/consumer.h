// SPDX-License-Identifier: BSD-2-Clause
/*
 * The contract of those who are told what TCP does: a view on a terminal, a recorder, metrics, an
 * API. One engine feeds any number of them, and each sees what it would see alone.
 *
 * What a consumer can rely on, for each flow that its question wants: `opened` comes first; then
 * `interval`, once per interval of its pace in which the flow had news, with what moved; `closed`
 * last and once, right after the `interval` with the rest. So the deltas of a flow add up to its
 * last reading. A flow's interval and end are told as soon as it closes, whatever the pace: nothing
 * waits in the flow table for a slow consumer.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/event.h"
#include "engine/usage.h"

struct account;
struct consumer;
struct engine;
struct filter;
struct flow;
struct pace;
struct question;
struct row_context;
struct source;
struct source_gap;

enum consumer_want {
	WANT_OPENED = 1,
	WANT_CLOSED = 2,
	WANT_INTERVALS = 4,
	WANT_HANDSHAKES = 8,
	WANT_RESETS = 16,
	WANT_COUNTERS = 32,  /* with intervals: also what the counters of counters.def did */
	WANT_LISTENERS = 64, /* listening sockets count as flows */
	WANT_ALL = 128,	     /* every reading, also of flows that moved nothing */
	/*
	 * As WANT_ALL, but what stands still need not be read each time, where intervals are short: `extra`
	 * may be two seconds old then. What is under way, or not read by its application, does not stand still.
	 */
	WANT_EACH = 2048,
	WANT_PRESENT = 256,  /* what is there now, once; the run ends with it */
	WANT_NOTE = 512,     /* news.note */
	WANT_STALLS = 1024,  /* also readings of flows that moved nothing while data waits */
};

/* What only handshakes are told of, wants none of these. */
#define WANT_FLOWS (WANT_OPENED | WANT_CLOSED | WANT_INTERVALS | WANT_PRESENT)

static inline bool wants_handshakes_alone(unsigned wants)
{
	return wants & WANT_HANDSHAKES && !(wants & WANT_FLOWS);
}

/* What a flow did in an interval. All is borrowed for the call. */
struct news {
	const struct flow *flow;      /* count: its totals, as read last */
	const struct ev_extra *extra; /* the last reading; NULL if nobody asked for it */
	const struct event *close;    /* its end, if this is the last there is; else NULL */
	struct ev_count count;	      /* what moved; of gauges the present value */
	/* By enum counter_id, with WANT_COUNTERS: now, and when the last interval was told. */
	const int64_t *now, *then;
	bool grew; /* any of them but a gauge changed */
	uint32_t *note; /* the consumer's own, 0 when the ident is new or has changed */
};

/* Of a consumer that sends what it is told to a server: in records. All but the first three only grow. */
struct export_account {
	bool is_up;	   /* whoever sends for it lives */
	bool is_connected; /* the server answered what was sent last */
	uint32_t waiting;
	uint64_t sent;
	uint64_t dropped, given_up, refused; /* that is: not sent */
	uint64_t retries;
};

struct consumer_ops {
	const char *name;
	/* What need not be there may be NULL. */
	void (*opened)(struct consumer *c, const struct flow *flow);
	void (*interval)(struct consumer *c, const struct news *news);
	void (*closed)(struct consumer *c, const struct event *ev);
	void (*handshake)(struct consumer *c, const struct event *ev);
	void (*reset)(struct consumer *c, const struct event *ev);
	/* What is read has nothing of a time, or not all. */
	void (*gap)(struct consumer *c, const struct source_gap *gap);
	/* The end of an interval: all its news were told. Times are the source's nanoseconds. */
	void (*tick)(struct consumer *c, uint64_t time_ns);

	/*
	 * Probes are attached, privileges are there for the last time: open what is needed, for the
	 * user that we become. 0 or -errno, logged.
	 */
	int (*start)(struct consumer *c, struct source *source, uid_t uid, gid_t gid);
	/*
	 * An agent's --check, in place of start(): open what the settings name, and leave nothing behind. 0
	 * or -errno, logged. NULL: there is nothing that was not looked at before.
	 */
	int (*check)(struct consumer *c);
	/* consumer.fd is readable. */
	void (*run)(struct consumer *c);
	/*
	 * Of a file: may it not be read on now? Then run() is waited for, and asked again. What it
	 * holds at the end of the file, it holds up the end of the run.
	 */
	bool (*holds)(const struct consumer *c);
	/* The file has no more, and all of it was told. */
	void (*source_ended)(struct consumer *c);
	/*
	 * The question has changed while it runs: `question` is what it is now. With `is_trial` only look
	 * whether it can be taken; else c->question is replaced by it after this call, c->filter was before.
	 * 0, or -EINVAL and `error`. NULL: it cannot change.
	 */
	int (*reload)(struct consumer *c, const struct question *question, bool is_trial,
		      struct usage_error *error);
	/* The window's size changed. */
	void (*resized)(struct consumer *c);
	/* Slots of the flow table from `from` to before `to` have no flow: what is kept for them may go. */
	void (*shrunk)(struct consumer *c, uint32_t from, uint32_t to);
	/* The run is over: write what is owed. `account` holds the loss of this consumer too. */
	void (*end)(struct consumer *c, const struct account *account);
	/* What found no place within the consumer's own limits. */
	uint64_t (*overflow)(const struct consumer *c);
	/* NULL: it sends nothing. */
	void (*exports)(const struct consumer *c, struct export_account *ret);
	void (*free)(struct consumer *c);
};

struct consumer {
	const struct consumer_ops *ops;
	struct question *question;
	struct filter *filter;
	struct out *out;	/* where it writes; NULL if it writes nothing */
	unsigned wants;		/* enum consumer_want */
	unsigned needs;		/* enum column_need, of all that it shows; without NEED_OWNER: not yet */
	unsigned lacks;		/* of those, what the source cannot give */
	unsigned keep_syscalls; /* enum syscalls */
	const char *reads_below;  /* a folder that it reads once it runs, of an agent; or NULL */
	const char *writes_below; /* one in which it makes and removes files */
	bool wants_recording;	  /* the run must write one */
	const char *recording;	  /* then: its folder */
	bool has_process;	  /* that the kernel ends by a signal when we end */
	uint32_t states;	/* bit per enum tcp_state_number that it wants */
	uint32_t counts;	/* likewise: not wanted, but counted in `counted` */
	/*
	 * Where many flows move, struct ev_extra of each now and then will do (flow.is_whole), but of this
	 * one always; may change while it runs.
	 */
	bool takes_turns;
	uint64_t watched;
	unsigned end_s;		/* its end may wait so long for who takes what it sends */
	int fd;			/* -1, or one that the loop watches for run() */
	bool done;		/* it wants nothing more */
	/* With holds(): read the file again, from this time (us since 1970) on; 0: no. */
	int64_t read_from_us;
	int status;		/* of the program, if nothing else is wrong; that of the first counts */
	bool is_gone;		/* nobody reads what it writes */
	bool has_failed;	/* it cannot go on; with --strict the run ends, with status 1 */

	/* Set by the engine. */
	const struct engine *engine;
	struct pace *pace; /* with WANT_INTERVALS */
	unsigned index;	   /* its bit of flow.wanted */
	uint64_t ticks;	   /* that it was told */
	uint32_t *note;	   /* by slot, with WANT_NOTE */
	uint64_t counted[ST_COUNT]; /* sockets of `counts` that its filter takes, by state */

	void *state; /* of the implementation */
};
