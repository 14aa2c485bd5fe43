// SPDX-License-Identifier: BSD-2-Clause
/*
 * The contract of src/source/: watch TCP somewhere and emit events. A source knows nothing of
 * flows' history, consumers or formats. After its EV_CLOSE a flow's id names another flow.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"
#include "engine/account.h"

struct cgroup_names;
struct clock;
struct event;
struct host_reading;
struct question;
struct watch;

/* States of sockets that may have no counters. */
#define SOURCE_BARE_STATES (1u << ST_TIME_WAIT | 1u << ST_NEW_SYN_RECV | 1u << ST_FIN_WAIT2)

/* A time of which a file holds nothing, or not all. */
struct source_gap {
	int64_t from_wall_us, to_wall_us; /* since 1970 */
	const char *why;		  /* "the recorder did not run"; borrowed */
	uint64_t rows;			  /* that are known to be missing */
	unsigned host;
};

struct source {
	const struct source_ops *ops;
	const struct watch *watch;
	/*
	 * The only question of the run, whose filter may be applied before events are made; NULL if
	 * there are several.
	 */
	const struct question *only;
	bool live_table; /* flows must be sampled; else only their closes are wanted */
	bool once;	 /* what is there now, one sample; nothing that happens after it */
	/*
	 * With `once`: the states that are wanted, a bit per enum tcp_state_number; others may be told.
	 * Those of which the kernel keeps no counters (KNOWN_NO_COUNTERS) are told last, as EV_SAMPLE,
	 * and are no part of the account. What is left of a connection has the id that the connection
	 * had (inet_twsk_alloc() takes the cookie along).
	 */
	uint32_t states;
	/* Of the next sample: */
	bool everything; /* all flows, changed or not, and the listeners */
	bool each;	 /* all flows, but of those that stand still EV_SAME will do */
	bool plain;	 /* nobody who is told now needs struct ev_extra; it may be left out */
	bool takes_turns; /* where many flows move, it may be left out of most of them, by turns; */
	uint64_t watched; /* but not of this one */
	bool stalls;	 /* also flows that moved nothing while data is under way, or is not read */
	/* Set by drain(): more waits than it took. */
	bool is_behind;
	bool names_owners; /* somebody needs owners as they are now; else a later sample will do */
	unsigned needs;	 /* enum column_need, of all that will be shown */
	/* Set by open(): of those, what cannot be had here; NEED_EXTRA: but for causes. */
	unsigned lacks;
	uint64_t wanted_ns; /* the shortest interval that anybody asked for; 0: none */
	uint32_t netns;	 /* inode of the only network namespace that is wanted, or 0 */
	bool offline;	 /* reads a file: brings its own time and ends by itself */
	bool is_live;	 /* and yet what it tells happens now, and does not end */
	bool listeners;	 /* they count as flows for somebody */
	bool handshakes; /* EV_HANDSHAKE is wanted */
	bool flows;	 /* what flows do is wanted */
	bool owners;	 /* a column shows owners: look for those that are not known */
	/* Set by open() of one that tells ticks: the time between two, and whether it was a file's. */
	uint64_t interval_ns;
	bool ends_on_grid;
	/* Set by open(): what all that is called after start() needs. */
	uint64_t keep_capabilities; /* 1 << CAP_* */
	unsigned keep_syscalls;	    /* enum syscalls */
	bool keep_user; /* files are opened later, which may be readable by this user alone */
	struct clock *clock; /* a source with own time sets the offset before its first event */
	struct cgroup_names *cgroups; /* whom to teach the names that a file holds; may be NULL */
	void (*emit)(void *context, const struct event *ev);
	void *emit_context;
	/* Tell consumers of a gap; may be NULL. */
	void (*tell_gap)(void *context, const struct source_gap *gap);
	void *gap_context;
	void *state; /* of the implementation */
};

/* As the kernel and systemd name them, borrowed. */
struct source_machine {
	const char *machine_id, *boot_id;
};

struct source_ops {
	const char *name; /* of --source */
	const char *summary;
	const char *loss_advice; /* why flows can be lost, and what helps */
	/* What account.missed counts, which figures suffer, and what helps; NULL: state changes. */
	const char *missed_advice;
	bool counters; /* gives struct ev_extra, which `stat` needs */
	bool causes; /* without counters: of struct ev_extra what KNOWN_PACKETS names */
	bool handshakes; /* gives EV_HANDSHAKE, which `peek` needs, also beside flows */
	bool finds_gone; /* tells of all live flows now and then (EV_LOOK): who is missing has gone */
	bool packets; /* counts the packets that it is given */
	bool tells_ticks; /* its EV_TIMEs are the ends of intervals, as they were */
	bool reads_files; /* with watch->read_path it is offline */
	/*
	 * Of a source that tells of several hosts: which one a flow or handshake is of, by its id, and
	 * what that host is called, borrowed. NULL: there is one host, this machine or that of a file.
	 */
	unsigned (*host_of)(const struct source *s, uint64_t id);
	const char *(*host_name)(const struct source *s, unsigned host);
	/* Of what a file remembers: the machine and boot of such a host. NULL: neither is known. */
	void (*machine_of)(const struct source *s, unsigned host, struct source_machine *ret);
	/* Could this source be used without a --source of its name? */
	bool (*suits)(const struct watch *watch);
	/* Load and attach; needs the privileges. 0 or -errno, logged. */
	int (*open)(struct source *s);
	/* Emit what is there already; still privileged. 0 or -errno, logged. */
	int (*start)(struct source *s);
	/*
	 * A descriptor that polls readable when drain() has work, -1 if there is none. Offline it
	 * is asked before each drain(): -1 also while that need not wait, because it reads a file,
	 * or has input at hand.
	 */
	int (*fd)(const struct source *s);
	/*
	 * Emit what waits. Live: returns the number of events. Offline: emits the next event, or a
	 * few, and returns their number, 0 at the end, or -EAGAIN if fd() must be waited for before
	 * there is one. Or -errno, logged.
	 */
	int (*drain)(struct source *s);
	/*
	 * Emit a sample of every live flow that changed. 0 or -errno. A source that reads a file is
	 * asked when it has emitted an EV_TIME with which an interval ends.
	 */
	int (*sample)(struct source *s);
	/*
	 * The run is over: what happens from now on belongs to no report. What happened before can
	 * still be drained and sampled, once; account() then adds up.
	 */
	void (*freeze)(struct source *s);
	/* "eth0, link-type EN10MB (Ethernet), ...", borrowed; NULL if there is nothing to say. */
	const char *(*describe)(struct source *s);
	void (*account)(struct source *s, struct account *ret);
	/*
	 * Where flows are wanted and handshakes too: account() is of the flows, this one of the
	 * handshakes. NULL: there is one account of all.
	 */
	void (*account_handshakes)(struct source *s, struct account *ret);
	/*
	 * What is known by now to be lost, of the run so far; the rest of the account may be empty. Can
	 * be asked at any time, where account() would take a flow that came since the last sample for
	 * lost. NULL: only the end tells.
	 */
	void (*losses)(struct source *s, struct account *ret);
	/* Load averages of the last 1, 5 and 15 minutes, in hundredths; false if they are not known. */
	bool (*load)(const struct source *s, uint32_t ret[3]);
	/*
	 * The host's own counters (by enum counter_id), summed over the network namespaces that are
	 * watched. NULL if there are none.
	 */
	void (*host)(struct source *s, int64_t *value);
	/*
	 * What verdicts on a host (as of host_of(); else 0) are made of, if NEED_LEVELS is asked for. NULL if
	 * there is nothing.
	 */
	void (*host_reading)(struct source *s, unsigned host, struct host_reading *ret);
	/*
	 * For each of its needs that has several ways, which it took, in the words of --rung, borrowed.
	 * False: there are no more. NULL: none has.
	 */
	bool (*way)(size_t i, const char **ret_need, const char **ret_way);
	/*
	 * The programs that run in the kernel for it; how often and long they ran is 0 unless the
	 * kernel counts that. False: there are no more. NULL: there are none.
	 */
	bool (*program)(const struct source *s, size_t i, const char **ret_name, uint64_t *ret_runs,
			uint64_t *ret_ns);
	void (*close)(struct source *s);
};

/* How many hosts it tells of. */
static inline unsigned source_hosts(const struct source *s)
{
	unsigned n = 1;

	while (s->ops->host_name && s->ops->host_name(s, n))
		n++;
	return n;
}

/* The account for whoever wants handshakes alone, or for anybody else. */
static inline void source_account(struct source *s, bool of_handshakes, struct account *ret)
{
	if (of_handshakes && s->handshakes && s->flows && s->ops->account_handshakes)
		s->ops->account_handshakes(s, ret);
	else
		s->ops->account(s, ret);
}

/* Of a run that goes on. */
static inline void source_losses(struct source *s, struct account *ret)
{
	if (s->ops->losses)
		s->ops->losses(s, ret);
	else if (s->offline)
		s->ops->account(s, ret);
}
