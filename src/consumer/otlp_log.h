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

/*
 * A body: begin, records with otlp_log_put(), `first` true for the first of them; end. `flow_id` is
 * that of the host alone, see recordings.h.
 */
void otlp_log_begin(struct out *out, const struct otlp_resource *r);
void otlp_log_put(struct out *out, const struct otlp_resource *r, const struct event *ev,
		  uint64_t flow_id, const struct cgroup_info *workload, int64_t unix_ns,
		  bool first);
/* From here on records are of another resource. */
void otlp_log_next(struct out *out, const struct otlp_resource *r);
void otlp_log_end(struct out *out);
