// SPDX-License-Identifier: BSD-2-Clause
/*
 * What one consumer is asked: which flows, how they are shown, how often, where to. What only one
 * report knows stands behind `own`, a struct that its own file defines.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct tuple_filters;
struct watch;

struct question {
	struct watch *watch; /* of the run; a question of --also cannot change it: `is_also` */
	bool is_also;
	bool is_seed; /* asked under the name of the tool that the report replaces */

	/* which flows */
	bool only_v4, only_v6;
	bool by_pid;
	uint64_t pid;
	uint8_t *lports, *rports; /* 65536 bits each, allocated, or NULL for all */
	const char *cgroup;	  /* path */
	const char *netns;	  /* name or inode number */
	const char *where;	  /* tcpdump's language */
	char *joined;		  /* the same, allocated, if it was given as several words */
	const char *unit, *container; /* patterns of names */
	const char *states;	      /* list of ss's words */
	const char *cgroup_map, *mntns_map; /* pinned BPF maps whose keys are admitted */
	struct tuple_filters *tuples;	    /* in tcpipstat's language, or NULL */

	/* how shown */
	bool json, csv;
	const char *columns;
	const char *sort;
	uint64_t rows; /* 0: all */

	/* how often: 0 is once, at the end */
	uint64_t interval_s, count;
	uint64_t tick_ms; /* instead of interval_s, if not 0: how often it is told */

	/* where to; NULL or "-" is stdout */
	const char *output;
	bool append;

	void *own; /* struct report.own_size bytes, zeroed before the report's defaults */
};
