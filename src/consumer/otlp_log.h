// SPDX-License-Identifier: BSD-2-Clause
/* A connection that has ended as a log record of OTLP, in JSON. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct cgroup_info;
struct out;

#define OTLP_HOST_SIZE 65
#define OTLP_ID_SIZE 33
#define OTLP_UUID_SIZE 37

/* Who tells: what all bodies of a run begin with. */
struct otlp_resource {
	char host[OTLP_HOST_SIZE];
	char host_id[OTLP_ID_SIZE]; /* "" if it is not known */
	char boot[OTLP_UUID_SIZE];
	const char *node; /* of Kubernetes; NULL: none */
};

/* Find it on this machine. */
void otlp_resource_find(struct otlp_resource *r);

/*
 * `machine_id` (32 hexadecimal digits) as others may know it: an id of this machine and program
 * alone, made as sd_id128_get_machine_app_specific() does: HMAC-SHA256 of the program's id with the
 * machine's as key, cut to 128 bits, marked as a UUID of version 4. "" if it is no machine id.
 */
void otlp_host_id(const char *machine_id, char ret[OTLP_ID_SIZE]);

/* A body: begin, records with otlp_log_put(), `first` true for the first of them; end. */
void otlp_log_begin(struct out *out, const struct otlp_resource *r);
void otlp_log_put(struct out *out, const struct otlp_resource *r, const struct event *ev,
		  const struct cgroup_info *workload, int64_t unix_ns, bool first);
void otlp_log_end(struct out *out);
