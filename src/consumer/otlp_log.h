// SPDX-License-Identifier: BSD-2-Clause
/* A connection that has ended as a log record of OTLP, in JSON. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"
#include "consumer/otlp_resource.h"

struct cgroup_info;
struct out;

/* One connection that has ended. All is borrowed. */
struct otlp_record {
	const struct otlp_resource *resource;
	const struct event *ev;
	uint64_t flow_id; /* that of the host alone, see recordings.h */
	int64_t unix_ns;  /* when it ended */
	const struct cgroup_info *workload;
	bool is_repeated; /* the server may have it already */
};

/* A body: begin, records with otlp_log_put(), `first` true for the first of a resource; end. */
void otlp_log_begin(struct out *out, const struct otlp_resource *r);
void otlp_log_put(struct out *out, const struct otlp_record *record, bool first);
/* From here on records are of another resource. */
void otlp_log_next(struct out *out, const struct otlp_resource *r);
void otlp_log_end(struct out *out);
