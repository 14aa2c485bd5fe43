// SPDX-License-Identifier: BSD-2-Clause
/* What the consumer of metrics holds, for its own files. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"
#include "consumer/metrics_labels.h"
#include "metrics/expose.h"
#include "metrics/series.h"
#include "util/out.h"

struct agent;
struct consumer;
struct engine;
struct flow;
struct http_body;
struct metrics_options;
struct news;
struct source;
struct usage_error;
struct view;

enum metrics_told {
	TOLD_OPENED = 1,
	TOLD_HANDSHAKE = 2,
	TOLD_CONNECT = 4,
};

/* What was counted of a flow, besides what its pace remembers. */
struct metrics_flow {
	uint32_t retrans[CAUSE_COUNT];
	uint32_t segments; /* of a listener: drops */
	uint8_t told;	   /* enum metrics_told */
};

/* What is open from before privileges went. */
struct metrics_process {
	int statm, fds;
	uint64_t started_us; /* since 1970 */
	char kernel[65];
};

struct metrics {
	const struct metrics_options *options;
	struct consumer *consumer;
	struct view *view;
	struct source *source;
	struct agent *agent; /* NULL: pages go to stdout */
	const char *by; /* labels if none are asked for */
	struct metrics_labels labels;
	struct series_table flows, listeners;
	uint32_t series_all;
	struct metrics_flow *flow; /* by slot */
	size_t flow_size;
	char other[2][METRICS_LABELS_TEXT_MAX]; /* labels of the groups of all others */
	struct http_body
		*page[EXPOSE_FORMATS][2]; /* of this interval; [1] is packed; NULL: not made */
	uint64_t snapshot_us;		  /* since 1970: of what a page shows */
	double build_s;			  /* of the last page */
	uint64_t late;			  /* intervals that ended late */
	uint64_t adopted;		  /* connections that were there before us */
	int64_t balance;		  /* at the last tick: what began, less what ended and lives */
	int64_t balance_base;		  /* of what began under another filter */
	bool is_new_filter;		  /* since the last tick */
	uint64_t last_tick_ns;
	uint32_t turns; /* intervals that ended */
	struct metrics_process process;
	struct out out; /* of a run that is no agent */
};

/*
 * metrics_sums.c: the sums, whoever tells them. `options` may be part of another report's. NULL, or
 * `error`; what `c` must be told and what flows must have is added to its wants and needs.
 */
struct metrics *metrics_new(struct consumer *c, struct view *view,
			    const struct metrics_options *options, enum metrics_names names,
			    struct usage_error *error);
void metrics_free(struct metrics *m);
/* From consumer_ops.start() on; `of`: enum series_of, for all tables. */
void metrics_start(struct metrics *m, struct source *source, unsigned of);
/* Slots from `from` to before `to` have no flow. */
void metrics_shrink(struct metrics *m, uint32_t from, uint32_t to);
/* An interval ends. */
void metrics_turn(struct metrics *m, uint64_t time_ns);

/* metrics_take.c: what a flow did. */
void metrics_opened(struct metrics *m, const struct flow *flow);
void metrics_interval(struct metrics *m, const struct news *news);

/* metrics_page.c: pages, and what tells of ourselves. */
void metrics_page_write(struct metrics *m, struct out *out, enum expose_format format);
struct http_body *metrics_page(struct metrics *m, enum expose_format format, bool is_packed);
void metrics_page_drop(struct metrics *m);

/* metrics_self.c */
void metrics_process_open(struct metrics_process *p);
void metrics_process_close(struct metrics_process *p);
void metrics_put_self(struct metrics *m, struct expose *x);

/* metrics_exporters.c: of those who send to servers. */
void metrics_put_exporters(const struct engine *e, struct expose *x);
