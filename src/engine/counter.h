// SPDX-License-Identifier: BSD-2-Clause
/*
 * The counters of counters.def as numbers. counter_read() gives the running totals of one socket
 * from what was read of it; what a report shows is the difference of two such readings.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"

enum counter_block { BLOCK_SOCKET, BLOCK_IP, BLOCK_TCP, BLOCK_TCPEXT, BLOCK_MORE, BLOCK_COUNT };
enum counter_kind { SUM, LEVEL, GAUGE, HOST };

enum counter_id {
#define COUNTER(name, ...) COUNTER_##name,
#include "engine/counters.def"
	COUNTER_COUNT
};

struct counter {
	const char *name, *title;
	enum counter_block block;
	enum counter_kind kind;
	bool seed; /* tcpipstat.stp has it */
	unsigned needs;
	const char *hook, *meaning, *limit;
};

/* What one row shows. A bit of `known` that is not set: not measured, which is not 0. */
struct counters {
	uint64_t known;
	int64_t value[COUNTER_COUNT];
	char congestion[16];
};

_Static_assert(COUNTER_COUNT <= 64, "a bit each in counters.known");

extern const struct counter counters[COUNTER_COUNT];
extern const char *const counter_block_names[BLOCK_COUNT];

/* NULL if there is none. */
const struct counter *counter_find(const char *name);

/* What a socket said of itself, for counter_read(). */
struct reading {
	uint8_t state, role;
	bool closed;	/* this was its last word */
	uint32_t error; /* that it ended with, if it is closed */
	const struct ev_count *count;
	const struct ev_extra *extra;
};

/* What the kernel counts as a failure: not the errno of a socket that its application closed. */
static inline uint32_t reading_error(const struct ev_head *head)
{
	return head->flags & EV_SOFT_ERROR ? 0 : head->error;
}

/* The totals of a socket. */
void counter_read(const struct reading *r, int64_t value[COUNTER_COUNT]);

/*
 * Did anything but a gauge change from `then` to `now`? Sums of `now` that went back, which is a
 * torn reading, are set to those of `then`.
 */
bool counter_grew(int64_t now[COUNTER_COUNT], const int64_t then[COUNTER_COUNT]);

/* Add what grew. Gauges: that of the same socket is replaced, of several the largest stays. */
void counter_add(struct counters *sum, const int64_t now[COUNTER_COUNT],
		 const int64_t then[COUNTER_COUNT], bool same_socket);
