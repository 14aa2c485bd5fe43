// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/recorder_status.h"

#include <stdio.h>

#include "consumer/recorder_options.h"
#include "engine/clock.h"
#include "record/record.h"
#include "verdict/units.h"

#define NS_PER_S 1000000000.0
#define S_PER_DAY 86400.0

static const char *size_of(double bytes, char buf[UNIT_TEXT_MAX])
{
	unit_format((int64_t)bytes, UNIT_BYTES, buf);
	return buf;
}

/* Until the oldest file goes: at this rate, what is left of the room for recordings. */
static size_t put_room(const struct recorder_options *o, uint64_t used, double rate, char *buf,
		       size_t size)
{
	char have[UNIT_TEXT_MAX], of[UNIT_TEXT_MAX];
	double left = o->quota_bytes > used ? (double)(o->quota_bytes - used) : 0;
	size_t n = (size_t)snprintf(buf, size, ", %s of %s used", size_of((double)used, have),
				    size_of((double)o->quota_bytes, of));

	if (left && rate >= 1)
		n += (size_t)snprintf(buf + n, size - n, ", full in %.1f days", left / rate / S_PER_DAY);
	else if (!left)
		n += (size_t)snprintf(buf + n, size - n, ", the oldest goes");
	return n;
}

size_t recorder_status_text(struct recorder_status *s, uint64_t now_ns, uint64_t bytes,
			    uint64_t closed, uint64_t used_bytes, uint64_t lost,
			    const struct recorder_options *o, char *buf, size_t size)
{
	unsigned at = (unsigned)(s->readings % RECORDER_STATUS_READINGS);
	/* The slot that is written next holds the oldest, once all were used. */
	unsigned oldest = s->readings < RECORDER_STATUS_READINGS ? 0 : at;
	double seconds = (double)(now_ns - s->reading[oldest].ns) / NS_PER_S, rate = 0;
	uint64_t new_bytes = bytes - s->reading[oldest].bytes;
	uint64_t new_closed = closed - s->reading[oldest].closed;
	char text[UNIT_TEXT_MAX];
	size_t n;

	if (s->readings && seconds > 0)
		rate = (double)new_bytes / seconds;
	s->reading[at].ns = now_ns;
	s->reading[at].bytes = bytes;
	s->reading[at].closed = closed;
	s->readings++;
	n = (size_t)snprintf(buf, size, "recording to %s: %s/s",
			     o->directory ? o->directory : "the file", size_of(rate, text));
	if (s->readings > 1 && new_closed)
		n += (size_t)snprintf(buf + n, size - n, ", %.1f connections ended a second, %.0f bytes each",
				      (double)new_closed / seconds,
				      (double)new_bytes / (double)new_closed);
	if (o->directory && o->quota_bytes)
		n += put_room(o, used_bytes, rate, buf + n, size - n);
	n += (size_t)snprintf(buf + n, size - n, ", %llu rows lost", (unsigned long long)lost);
	return n;
}

void recorder_status_show(struct recorder_status *s, struct record *record,
			  const struct recorder_options *o)
{
	struct record_status r;
	char text[512];

	record_get_status(record, &r);
	recorder_status_text(s, clock_now_ns(), r.disk.written_bytes, r.rows[RECORD_CLOSE],
			     r.disk.used_bytes, r.dropped_rows, o, text, sizeof(text));
	/* What a narrow window has no place for is cut off, not wrapped. */
	fprintf(stderr, "\r\033[K\033[?7l%s\033[?7h", text);
}

void recorder_status_end(void)
{
	fputc('\n', stderr);
}
