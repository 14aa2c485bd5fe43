// SPDX-License-Identifier: BSD-2-Clause
/*
 * Metrics as text: Prometheus' format 0.0.4 and OpenMetrics 1.0.0. The two differ in how a family
 * is named and in its end; what a sample is called is the same in both.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct metric;
struct out;
struct series_table;

enum expose_format { EXPOSE_TEXT, EXPOSE_OPENMETRICS, EXPOSE_FORMATS };

enum expose_kind { EXPOSE_COUNTER, EXPOSE_GAUGE, EXPOSE_HISTOGRAM, EXPOSE_INFO };

struct expose;

/* A sample of a metric of flows, where it is told apart what text puts together. */
struct expose_cell {
	const struct metric *metric;
	unsigned cell;
	const uint64_t *number; /* see series_cell() */
	const char *labels;	/* of its group, as they are written */
	size_t labels_len;
	uint64_t start_ns;
};

/* A format that is no text by lines. */
struct expose_ops {
	void (*family)(struct expose *x, const char *name, enum expose_kind kind, const char *unit,
		       const char *help);
	void (*number)(struct expose *x, const char *labels, uint64_t value);
	void (*seconds)(struct expose *x, const char *labels, double seconds);
	/* Of flows; `prefix` is "", "expired" or "host", `of` begins its help then. */
	void (*metric)(struct expose *x, const struct metric *m, const char *prefix,
		       const char *of);
	void (*cell)(struct expose *x, const struct expose_cell *c);
};

struct expose {
	const struct expose_ops *ops; /* NULL: text */
	struct out *out;
	enum expose_format format;
	bool is_created;	    /* OpenMetrics: also since when each counter counts */
	bool is_otel;		    /* names of OpenTelemetry's conventions */
	int64_t realtime_offset_ns; /* for that */
	const char *other;	    /* labels of the group `other` */
	/* Of the family that is written: */
	char name[96];
	const char *suffix;
};

/* TYPE, HELP and UNIT of a family; then come its samples. `unit` may be "". */
void expose_family(struct expose *x, const char *name, enum expose_kind kind, const char *unit,
		   const char *help);

/* A sample of it. `labels` is written as it is, such as `kind="live"`; "" if there are none. */
void expose_uint(struct expose *x, const char *labels, uint64_t value);
/* With microseconds. */
void expose_seconds(struct expose *x, const char *labels, double seconds);

/* All metrics of a table's kind: by group, what expired, and the host's totals. */
void expose_series(struct expose *x, const struct series_table *t);

/* The end, which OpenMetrics marks. */
void expose_end(struct expose *x);

/*
 * `NAME="VALUE"` into `ret`, with a ? for each byte that is no UTF-8 and for control characters, at
 * most LABEL_VALUE_MAX bytes of it, and escaped. A value that is the word `other` gets a mark,
 * since that is the group of all others. Returns the length; `ret` has room for LABEL_TEXT_MAX
 * bytes.
 */
#define LABEL_VALUE_MAX 128
#define LABEL_NAME_MAX 24
#define LABEL_TEXT_MAX (LABEL_NAME_MAX + 2 * LABEL_VALUE_MAX + 8)
size_t expose_label(const char *name, const char *value, size_t value_len, char *ret);
