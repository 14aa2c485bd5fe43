// SPDX-License-Identifier: BSD-2-Clause
/*
 * From a source's monotonic nanoseconds to the calendar. Live sources set the offset to that of
 * the machine's clocks; a recording brings its own.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock {
	int64_t realtime_offset_ns; /* add to a source's time to get nanoseconds since 1970 */
	bool follows_host;
	/* What clock_format_rfc3339() made last: all rows of an interval have one time. */
	int64_t rfc3339_ns, rfc3339_second;
	char rfc3339_text[28];
};

/*
 * Take the offset of this machine's CLOCK_REALTIME from its CLOCK_MONOTONIC. It changes only where
 * the clock is set, or the machine was suspended: slewing, as NTP does it, moves both alike.
 * Returns by how much it has changed since the last call, in nanoseconds; 0 the first time. A
 * change of less than a microsecond is none: two clocks cannot be read at one time.
 */
int64_t clock_follow_host(struct clock *c);

/* CLOCK_MONOTONIC now. */
uint64_t clock_now_ns(void);

/* "2026-11-21T09:04:06.123456Z" (RFC 3339, UTC) into `buf` of at least 28 bytes; length 27. */
size_t clock_format_rfc3339(struct clock *c, uint64_t time_ns, char *buf);

/* "MM/DD/YY", local time, into `buf` of at least 9 bytes; length 8. */
size_t clock_format_mdy(const struct clock *c, uint64_t time_ns, char *buf);

/* "HH:MM:SS", local time, into `buf` of at least 9 bytes; length 8. */
size_t clock_format_hms(const struct clock *c, uint64_t time_ns, char *buf);
