// SPDX-License-Identifier: BSD-2-Clause
/* What metrics are asked: the options of `tcpsight metrics`, and of [metrics] in an agent's file.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "metrics/series.h"

struct prefix_set;
struct usage_error;

struct metrics_options {
	const char *by, *names, *idle, *subnets, *pods_from;
	uint64_t series_limit, series_limit_total;
	bool has_created, no_verdicts;
	char **listen;
	uint64_t listen_count;
	bool anyone;
	struct prefix_set *prefixes; /* of subnets */
	uint64_t idle_s;
};

extern const char *const metrics_name_sets[]; /* "tcpsight", "otel", NULL */

void metrics_options_default(struct metrics_options *o);
/* Understand the texts: 0, or -EINVAL and `error`. */
int metrics_options_take(struct metrics_options *o, struct usage_error *error);
void metrics_options_done(struct metrics_options *o);

/*
 * Entries of a table of options, of what is added up by which labels; `own` is the report's struct,
 * in which `at` leads to a struct metrics_options, such as "metrics." or nothing.
 */
// clang-format off
#define METRICS_OF(own, field) OPTION_OF_REPORT, offsetof(own, field)
#define METRICS_OPTIONS(own, at) \
	{0, "by", OPTION_TEXT, METRICS_OF(own, at by), "LIST", \
	 "labels: comm, unit, container, pod, namespace, uid, netns, role, family, remote_class, " \
	 "subnet, service_port; default unit,remote_class; where a kubelet has pods " \
	 "pod,container,remote_class, and namespace with --pods-from", .choices = metrics_label_words}, \
	{0, "pods-from", OPTION_TEXT, METRICS_OF(own, at pods_from), "DIR", \
	 "names and namespaces of pods, from the folders of their logs: /var/log/pods"}, \
	{0, "series-limit", OPTION_UINT, METRICS_OF(own, at series_limit), "N", \
	 "series of one metric; what is more goes to one whose labels are \"other\"; default 2000", \
	 .min = 100, .max = 60000}, \
	{0, "series-limit-total", OPTION_UINT, METRICS_OF(own, at series_limit_total), "N", \
	 "series of all metrics; default 50000", .min = 1000, .max = 1000000}, \
	{0, "series-idle", OPTION_TEXT, METRICS_OF(own, at idle), "SPAN", \
	 "series of what has gone leave after so long, such as 90s, 15m (default), 1h"}, \
	{0, "subnets", OPTION_TEXT, METRICS_OF(own, at subnets), "LIST", \
	 "names for remote_class and subnet: office=10.1.0.0/16,lab=2001:db8::/32"}, \
	{0, "no-verdicts", OPTION_FLAG, METRICS_OF(own, at no_verdicts), NULL, \
	 "do not judge what is wrong, which reads more of each connection"}
// clang-format on
