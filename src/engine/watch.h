// SPDX-License-Identifier: BSD-2-Clause
/*
 * What is looked at: one for a run, whoever asks. Filled from the command line, read by the source
 * and by the wiring. Zero means "not given" unless a field says otherwise; texts are borrowed from
 * argv.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct agent;
struct config_file;

/* Of --checksum: how much is verified. */
extern const char *const watch_checksums[];

struct watch {
	/* where from */
	const char *source;	/* name, or NULL for the best that works */
	const char *rungs;	/* "NEED=RUNG,...": ways of the ladder that are forced, or NULL */
	const char *connect;	/* unix:PATH of a running agent to ask instead */
	const char *read_path;	/* a recording or capture to read instead of the machine */
	char **reads;		/* all of them, as typed, of which read_path is the first */
	uint64_t reads_count;
	const char *fleet; /* the store of a fleet to ask instead: its URL */
	const char *credentials, *cacert; /* files, for that */
	const char *at, *span, *since, *until; /* a part of a recording, as typed */
	int64_t from_us, to_us; /* the same in us since 1970; 0: no bound */
	bool at_is_begin;	/* --at says in which interval to begin, not which minute */
	bool follow;		/* of a recording: go on while it is written */
	const char *interface;	/* to capture on */
	const char *local;	/* networks whose ends of flows are local */

	/* limits */
	uint64_t ring_kib;
	uint64_t max_flows;
	uint64_t duration_s;	/* end after so long */
	const char *command;	/* run this, and end with it */

	/* packets */
	const char *checksum; /* one of watch_checksums, or NULL for none */
	uint64_t timeout_s, buffer_mib, max_pending;
	bool promiscuous, icmp;

	const char *user;	/* whom to become once everything is open */
	char **also;		/* questions besides the first, as typed */
	uint64_t also_count;
	bool strict;
	bool verbose;

	/* Instead of a run: look through the recordings of `reads`. */
	bool check, check_bytes, list;

	struct agent *agent;		  /* of a run that is one: consumer/agent.h */
	struct config_file *config; /* questions besides those of --also, or NULL */
};

/* Does it look at several hosts, so that rows have to say of which they are? */
static inline bool watch_has_hosts(const struct watch *w)
{
	return w->reads_count > 1 || w->fleet;
}
