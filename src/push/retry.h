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
