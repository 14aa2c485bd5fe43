// SPDX-License-Identifier: BSD-2-Clause
/*
 * When to send again: OTLP's rules for HTTP (opentelemetry-proto, specification.md, "Failures").
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum retry {
	RETRY_NOT_NEEDED, /* it arrived */
	RETRY_LATER,
	RETRY_USELESS, /* the server will never take it */
};

/* Of an HTTP status; 0: there was no answer. */
enum retry retry_judge(unsigned status);

/*
 * Milliseconds to wait before attempt number `attempt` (1: the first repetition): 1 s doubling to
 * 30 s, give or take a fifth by `chance` (0 to 1), and as long as the server asks for (seconds; 0:
 * it does not), up to five minutes.
 */
uint32_t retry_wait_ms(unsigned attempt, uint64_t asked_s, double chance);

/* By which clock sending waits; tests have their own. */
struct retry_clock {
	int64_t (*now_ms)(void *context);
	/* False if whoever watches has ended meanwhile: there is nobody to send for. */
	bool (*pause)(void *context, uint32_t ms);
	void *context;
};

enum retries_next { RETRIES_AGAIN, RETRIES_GIVE_UP, RETRIES_ENDED };

/* The attempts of one job. */
struct retries {
	const struct retry_clock *clock;
	int64_t end_ms;
	unsigned attempt;
	uint32_t count;
};

void retries_begin(struct retries *r, const struct retry_clock *clock, unsigned give_up_s);

/*
 * An attempt failed; the server asks for so many seconds (0: it does not). Waits, and says what to
 * do; gives up if the time would be over before the next attempt.
 */
enum retries_next retries_failed(struct retries *r, uint64_t asked_s);

/* What goes on for long is told of at first, and then once a minute. Begins zeroed. */
struct seldom {
	int64_t told_ms;
	bool was_told;
};

bool seldom_may_tell(struct seldom *s, const struct retry_clock *clock);
