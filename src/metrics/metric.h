// SPDX-License-Identifier: BSD-2-Clause
/*
 * The metrics of flows, one entry each: what they are called in Prometheus and in OpenTelemetry,
 * what they count, and which labels they have besides those of their group. A metric has a fixed
 * number of cells, one for each combination of those labels.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric_id {
	METRIC_IO_BYTES,
	METRIC_CONNECTIONS,
	METRIC_OPENED,
	METRIC_CLOSED,
	METRIC_CONNECT,
	METRIC_HANDSHAKE,
	METRIC_DURATION,
	METRIC_RTT,
	METRIC_RETRANS_SEGMENTS,
	METRIC_RETRANS_BYTES,
	METRIC_SEGMENTS_SENT,
	METRIC_VERDICTS,
	/* Of listeners, which have tables of their own: their group has a port, too. */
	METRIC_LISTEN_QUEUE,
	METRIC_LISTEN_LIMIT,
	METRIC_LISTEN_DROPS,
	METRIC_COUNT
};

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_DIMENSIONS_MAX 2

/* A label and the values that it can have. */
struct dimension {
	const char *name, *otel_name;
	const char *const *values;	/* "": the label is left out */
	unsigned count;
	const char *const *otel_values; /* NULL: the same */
};

struct metric {
	const char *name;      /* of the family: without _total */
	const char *otel_name; /* NULL: OpenTelemetry has none, and ours is made by its rules */
	enum metric_kind kind;
	const char *unit; /* "" if it has none */
	const char *help;
	struct dimension dimension[METRIC_DIMENSIONS_MAX];
	/* Histograms: upper bounds in microseconds, and as they are written; the last is +Inf. */
	const uint64_t *bound_us;
	const char *const *bound_text;
	unsigned bounds;
	bool of_listeners;
	bool is_host;	   /* its sum over all flows is told too */
	const char *thing; /* without a unit: what is counted, as OpenTelemetry writes it */
};

extern const struct metric metrics[METRIC_COUNT];

/* How many cells it has, and of how many numbers each is: see metrics/series.h. */
unsigned metric_cells(enum metric_id id);
unsigned metric_cell_size(enum metric_id id);

/* What a cell stands for: of each dimension its value, "" for none. */
void metric_cell_values(const struct metric *m, unsigned cell, bool is_otel,
			const char *ret[METRIC_DIMENSIONS_MAX]);

/* Cells by what they stand for. */
enum { CELL_TRANSMIT, CELL_RECEIVE };
enum metric_role { CELL_CLIENT, CELL_SERVER, CELL_UNKNOWN, CELL_ROLES };
enum metric_connect {
	CONNECT_MADE,
	CONNECT_REFUSED,
	CONNECT_RESET,
	CONNECT_TIMED_OUT,
	CONNECT_HOST_UNREACHABLE,
	CONNECT_NET_UNREACHABLE,
	CONNECT_OTHER,
	CONNECT_COUNT
};
enum metric_cause {
	RETRANS_TIMEOUT,
	RETRANS_FAST,
	RETRANS_LOSS_PROBE,
	RETRANS_SYN,
	RETRANS_SYN_ACK,
	RETRANS_ZERO_WINDOW,
	RETRANS_PATH_MTU,
	RETRANS_OTHER,
	RETRANS_UNTOLD, /* the kernel does not let us see why: no label */
	RETRANS_COUNT
};

/* Of METRIC_CLOSED; `end_reason` is enum ev_end. */
unsigned metric_closed_cell(enum metric_role role, unsigned end_reason);
