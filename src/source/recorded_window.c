// SPDX-License-Identifier: BSD-2-Clause
#include "source/recorded_window.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>

#include "engine/source.h"
#include "engine/watch.h"
#include "record/recordings.h"
#include "util/log.h"

#define NS_PER_US 1000

static void put_time(int64_t wall_us, char *buf, size_t size)
{
	time_t second = (time_t)(wall_us / 1000000);
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(buf, size, "%Y-%m-%d %H:%M:%S %Z", &tm);
}

int recorded_window_check(const struct source *s, const struct recordings *all)
{
	int64_t from = INT64_MAX, to = INT64_MIN, wanted = s->watch->from_us;
	char first[48], last[48];

	for (unsigned i = 0; i < recordings_count(all); i++) {
		int64_t one_from, one_to;

		if (recording_span(recordings_get(all, i), &one_from, &one_to))
			return 0;
		from = one_from < from ? one_from : from;
		to = one_to > to ? one_to : to;
	}
	/* `to` is the end of the last interval; something may have ended since. */
	if ((!wanted || wanted < to + (int64_t)(s->interval_ns / NS_PER_US) || s->watch->follow) &&
	    (!s->watch->to_us || s->watch->to_us > from))
		return 0;
	put_time(from, first, sizeof(first));
	put_time(to, last, sizeof(last));
	log_error("%s holds %s to %s; what was asked for lies %s it", s->watch->read_path, first, last,
		  wanted > to ? "after" : "before");
	return -ENODATA;
}
