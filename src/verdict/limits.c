// SPDX-License-Identifier: BSD-2-Clause
#include "verdict/limits.h"

#include <stddef.h>

#include "verdict/facts.h"
#include "verdict/history.h"
#include "verdict/subject.h"

#define CLOCK_LEAST_US 200000
#define QUARTER 250
#define HALF 500

const char *limit_name(enum limit limit)
{
	static const char *const names[] = {
		[LIMIT_NOTHING] = "nothing",	    [LIMIT_APPLICATION] = "application",
		[LIMIT_WINDOW] = "receiver_window", [LIMIT_NETWORK] = "network",
		[LIMIT_SNDBUF] = "send_buffer",	    [LIMIT_READER] = "reader",
		[LIMIT_HANDSHAKE] = "handshake",
	};

	return limit < LIMIT_COUNT ? names[limit] : NULL;
}

static enum limit by_clocks(const struct facts *f)
{
	int64_t rwnd = fact_get(f, FACT_rwnd_share), sndbuf = fact_get(f, FACT_sndbuf_share);

	if (rwnd >= QUARTER && rwnd >= sndbuf)
		return LIMIT_WINDOW;
	return sndbuf >= QUARTER ? LIMIT_SNDBUF : LIMIT_COUNT;
}

/* Something is sent. Of a short life, or a short interval, the shares say nothing. */
static enum limit of_sender(const struct subject *s, const struct facts *f)
{
	enum limit by_clock = LIMIT_COUNT;

	if (fact_get(f, FACT_busy_us) >= CLOCK_LEAST_US)
		by_clock = by_clocks(f);
	if (by_clock != LIMIT_COUNT)
		return by_clock;
	if (history_twice(s->history, LEVEL_SNDBUF))
		return LIMIT_SNDBUF;
	if (fact_get(f, FACT_backoff) || history_twice(s->history, LEVEL_CWND))
		return LIMIT_NETWORK;
	if (fact_get(f, FACT_busy_share) < HALF)
		return LIMIT_APPLICATION;
	/* In flight most of the time: unless the application ran dry. */
	return s->extra->app_limited && !fact_get(f, FACT_unsent_bytes) ? LIMIT_APPLICATION
									: LIMIT_NETWORK;
}

enum limit limit_of(const struct subject *s, const struct facts *f)
{
	if (s->kind != SUBJECT_LIVE && s->kind != SUBJECT_CLOSED)
		return LIMIT_COUNT;
	if (s->state == ST_SYN_SENT || s->state == ST_SYN_RECV)
		return LIMIT_HANDSHAKE;
	if (!s->extra || !s->extra->mss)
		return LIMIT_COUNT;
	if (history_twice(s->history, LEVEL_UNREAD))
		return LIMIT_READER;
	if (history_twice(s->history, LEVEL_CLOSED_WINDOW))
		return LIMIT_WINDOW;
	if (fact_get(f, FACT_tx_bytes) || fact_get(f, FACT_waiting_bytes))
		return of_sender(s, f);
	return LIMIT_NOTHING;
}
