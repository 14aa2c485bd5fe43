// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the user asked for, as data: filled from the command line, read by everybody else. Zero
 * means "not given" unless a field says otherwise. Texts are borrowed from argv.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct prefix_set;
struct tuple_filters;

struct settings {
	/* where from */
	const char *source; /* name, or NULL for the best that works */
	const char *rungs;  /* "NEED=RUNG,...": ways of the ladder that are forced, or NULL */
	const char *read_path; /* a recording or capture to read instead of the machine */
	const char *interface; /* to capture on */
	const char *local;     /* networks whose ends of flows are local */
	uint64_t ring_kib;
	uint64_t max_flows;

	/* which flows */
	bool only_v4, only_v6;
	bool by_pid;
	uint64_t pid;
	uint8_t *lports, *rports; /* 65536 bits each, or NULL for all */
	const char *cgroup;	  /* path */
	const char *netns;	  /* name or inode number */
	const char *where;	  /* tcpdump's language */
	const char *cgroup_map, *mntns_map; /* pinned BPF maps whose keys are admitted */

	/* how shown */
	bool json, csv;
	const char *columns;
	const char *sort;
	uint64_t rows;

	/* how long */
	uint64_t interval_s, count, duration_s;

	/* top */
	bool no_clear, no_summary;

	/* life */
	bool with_time, with_timestamp, wide, seed_csv;

	/* subnet */
	struct prefix_set *subnets;
	const char *interval; /* as typed */
	const char *subnets_path, *unit, *direction, *by;
	bool longest, seed_json;

	/* stat */
	const char *index, *command;
	bool on_close, zeros, all_counters, live;
	struct tuple_filters *tuples;

	/* peek; words are borrowed from argv */
	char **words;
	uint64_t word_count;
	const char *user;
	const char *socket_path;
	const char *checksum; /* "0", "1", "2" */
	uint64_t timeout_s, buffer_mib, max_pending;
	const char *log_level;
	bool quiet, promiscuous, icmp;

	bool strict;
	bool verbose;
};
