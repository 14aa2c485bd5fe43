// SPDX-License-Identifier: BSD-2-Clause
/*
 * By what metrics are grouped: labels that have few values, or whose values whoever is watched can
 * at least not have for nothing. What would make a series per connection is refused.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct cgroup_names;
struct pods;
struct prefix_set;
struct usage_error;

enum metrics_label {
	LABEL_COMM,
	LABEL_UNIT,
	LABEL_CONTAINER,
	LABEL_POD,
	LABEL_NAMESPACE,
	LABEL_UID,
	LABEL_NETNS,
	LABEL_ROLE,
	LABEL_FAMILY,
	LABEL_REMOTE_CLASS,
	LABEL_SUBNET,
	LABEL_SERVICE_PORT,
	LABEL_COUNT
};

/* Their words, NULL at the end. */
extern const char *const metrics_label_words[];

#define METRICS_LABELS_TEXT_MAX (LABEL_COUNT * 288)

/* How labels are called. */
enum metrics_names {
	NAMES_TCPSIGHT,
	NAMES_OTEL, /* of OpenTelemetry, as Prometheus can have them */
	NAMES_OTLP, /* as they are there */
};

struct metrics_labels {
	enum metrics_label label[LABEL_COUNT];
	unsigned count;
	enum metrics_names names;
	struct cgroup_names *cgroups;
	const struct prefix_set *prefixes; /* NULL: there are none */
	struct pods *pods; /* names of pods; NULL: there are none, their uids are shown */
};

/*
 * Those of a run that asks for none: of pods if a kubelet of this host has any, else of units.
 * Their namespaces are known `with_namespaces` only.
 */
const char *metrics_labels_default(const struct cgroup_names *cgroups, bool with_namespaces);

/* `list` such as "unit,remote_class". 0, or -EINVAL and `error`. */
int metrics_labels_parse(struct metrics_labels *l, const char *list, struct usage_error *error);

/* enum column_need */
unsigned metrics_labels_needs(const struct metrics_labels *l);

/* Are they what they will be, as long as its ident is? Names of cgroups and pods may still be looked for. */
bool metrics_labels_are_known(const struct metrics_labels *l, const struct ev_ident *id);

/* The labels of a flow; of a listener with its port. Returns the length of what is in `ret`. */
size_t metrics_labels_text(const struct metrics_labels *l, const struct ev_ident *id,
			   bool is_listener, char ret[METRICS_LABELS_TEXT_MAX]);

/* Those of the group of all others; NAMES_OTLP: the attribute that marks it, which is a boolean. */
#define METRICS_OVERFLOW "otel.metric.overflow"
size_t metrics_labels_other(const struct metrics_labels *l, bool is_listener,
			    char ret[METRICS_LABELS_TEXT_MAX]);

/* "private", "public", ...: what RFCs say of an address; or the name of its longest prefix. */
const char *metrics_remote_class(const struct prefix_set *prefixes, const struct addr *a);

/* Whether the values of a label of NAMES_OTLP are numbers. */
bool metrics_label_is_number(const char *name, size_t len);
