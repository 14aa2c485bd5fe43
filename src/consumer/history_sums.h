// SPDX-License-Identifier: BSD-2-Clause
/*
 * The flows of one span of time, summed up by what the view groups by. All memory is reserved once;
 * what finds no place is counted.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/group.h"
#include "engine/past.h"
#include "verdict/verdict.h"

struct consumer;
struct event;
struct flow;
struct news;
struct view;

/* Of a group, beside struct group. */
struct history_sum {
	struct past past;
	struct ev_ident last, busiest;
	uint64_t last_id, busiest_id, busiest_bytes;
	struct verdict worst; /* without a rule if nothing is wrong */
	struct ev_ident worst_ident;
	double harm;
	uint32_t error; /* of the last that ended */
	uint8_t state, end_reason;
};

/* What is remembered of a flow until it is counted, by slot of the flow table. */
struct history_flow {
	uint64_t id;
	uint32_t causes[CAUSE_COUNT]; /* as read last */
	const struct rule *worst;
	double harm;
	bool has_causes;
};

struct history_sums {
	const struct view *view;
	struct past_span span;
	bool has_end; /* of the span: nothing comes after it */
	struct group_table groups;
	struct history_flow *flow;
	struct history *history; /* for verdicts */
	size_t limit;
	uint64_t flows, failures, bytes;
	bool met_any;
};

void history_sums_init(struct history_sums *s, const struct view *view, uint32_t max_flows);
void history_sums_done(struct history_sums *s);

/* Where the span begins and, if that is known, ends (else 0). */
void history_sums_begin(struct history_sums *s, uint64_t begin_ns, uint64_t end_ns);

/* Callbacks of a consumer, whose state is the caller's. */
void history_sums_opened(struct history_sums *s, const struct consumer *c, const struct flow *f);
void history_sums_news(struct history_sums *s, const struct consumer *c, const struct news *news);

/* The span is over: flows that live are counted, too. */
void history_sums_end(struct history_sums *s, const struct consumer *c, uint64_t end_ns);

struct history_sum *history_sums_of(const struct history_sums *s, const struct group *g);
