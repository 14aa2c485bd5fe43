// SPDX-License-Identifier: BSD-2-Clause
/*
 * What flows did over a span of time, summed up: a row of `history`. Flows are counted once each;
 * what they moved falls into buckets of equal length.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"

struct rule;

#define PAST_BUCKETS 30
#define PAST_RULES 8

/* What every row of a span shares. */
struct past_span {
	uint64_t begin_ns, end_ns; /* the source's time */
	uint64_t bucket_ns;
};

struct past {
	uint64_t opened, closed; /* of the flows: began, ended within the span */
	uint64_t failures;	 /* ended otherwise than one of the two sides wished */
	uint64_t ends[END_COUNT];
	uint64_t causes[CAUSE_COUNT]; /* segments sent again */
	bool knows_causes;
	uint64_t bucket[PAST_BUCKETS]; /* bytes, of both directions */
	/* How many flows had which verdict, their worst; those that found no place are counted. */
	struct past_rule {
		const struct rule *rule;
		uint64_t flows;
	} rule[PAST_RULES];
	uint64_t other_rules;
	uint64_t first_ns, last_ns; /* when something was told of them */
};

/* How a row differs from the same one of another span. */
enum past_change { PAST_SAME, PAST_NEW, PAST_GONE, PAST_MORE, PAST_LESS };

enum past_measure { PAST_FLOWS, PAST_BYTES, PAST_FAILURES, PAST_RETRANS, PAST_MEASURES };

struct past_then {
	enum past_change change;
	unsigned in; /* bit per enum past_measure: of PAST_MORE and PAST_LESS, of what */
	uint64_t flows, bytes, failures, retrans;
};

/* Ten times as much is a change, and a tenth; of so few flows or bytes it says nothing. */
#define PAST_TIMES 10
#define PAST_FLOWS_MIN 5
#define PAST_BYTES_MIN 65536
