// SPDX-License-Identifier: BSD-2-Clause
/*
 * One line of time through the stamps of a capture file, for all that waits: a clock may be set
 * back in it, files may be put behind one another that were captured the other way round, and a
 * stamp may be damaged. What belongs together, sequence numbers tell better.
 *
 * The line goes on from there when a stamp is older than the latest one by more than the packets of
 * one capture are out of order; and a leap ahead undoes that. It does not begin at 0, which means
 * "not known" elsewhere, but so late that times before a leap fit in front of it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Whole seconds, and the shift is whole microseconds, so that a stamp and its place are rounded alike. */
#define TIMELINE_ORIGIN_NS 1152000000000000000ull

/* The last stamp with which all sums fit in 63 bits: in the year 2093. */
#define TIMELINE_STAMP_MAX_NS 3900000000000000000ull

/* Packets of one capture are not so far out of order. */
#define TIMELINE_DISORDER_NS 60000000000ull

struct timeline {
	uint64_t latest_ns; /* stamp */
	uint64_t shift_ns;  /* how far it was set back */
	bool is_begun;
};

/* From a stamp, in nanoseconds since 1970, up to TIMELINE_STAMP_MAX_NS, to the line. */
uint64_t timeline_place(struct timeline *t, uint64_t stamp_ns);

/* Add it to a time on the line, of now, to get its stamp. */
int64_t timeline_offset_ns(const struct timeline *t);
