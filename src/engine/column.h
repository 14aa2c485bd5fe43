// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every column once: name (also the JSON key), title, unit, width, help, what it needs, getter.
 * Tables, CSV, JSON, --sort, -o help and the manual all come from this table.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "engine/row.h"
#include "engine/value.h"

enum column_need {
	NEED_EXTRA = 1, /* struct ev_extra */
	NEED_OWNER = 2, /* scans for owners */
	/* Of counters.def: probes that nothing else needs. */
	NEED_CALLS = 4,	   /* each sending and receiving call */
	NEED_PACKETS = 8,  /* each packet */
	NEED_RESETS = 16,  /* each reset sent */
	NEED_DELACKS = 32, /* each kernel timer */
	NEED_HOST = 64,	   /* the host's own counters */
	NEED_CGROUPS = 128, /* looks into the cgroup tree when it is printed */
	/* Of `peek`. */
	NEED_HANDSHAKES = 256, /* connection requests, queues of listeners */
	/* What not every source or kernel tells. */
	NEED_ERROR = 512, /* the errno that a socket ended with */
	NEED_OOO = 1024,  /* tcp_sock.rcv_ooopack, Linux 5.4 */
	NEED_RTO = 2048,  /* tcp_sock.total_rto, Linux 6.7 */
	NEED_CAUSES = 4096, /* each segment that is sent again */
	NEED_UNDO = 8192,   /* each loss that is noticed or repaired; and with it NEED_CAUSES */
	NEED_ICMP = 16384,  /* ICMP errors that a connecting socket is told of */
	NEED_HOLDERS = 32768, /* scans of all open files, and with it NEED_OWNER */
};

struct column {
	const char *name;
	const char *title; /* of a table */
	const char *unit;  /* "" if it has none */
	const char *help;
	int width; /* of a table; negative: left-aligned */
	unsigned needs;
	struct value (*get)(const struct row *row);
};

extern const struct column columns[];
extern const size_t column_count;

/* NULL if there is no such column. */
const struct column *column_find(const char *name, size_t name_len);

/* The column whose name is nearest to a misspelt one, or NULL. */
const struct column *column_nearest(const char *name);

/* Words for the enums of abi/event.h, as printed. */
const char *state_name(unsigned state);
const char *end_reason_name(unsigned reason);
const char *outcome_name(unsigned outcome);
const char *direction_name(unsigned directions);
const char *role_name(unsigned role);
const char *owner_source_name(unsigned source);
const char *seen_name(unsigned seen);
