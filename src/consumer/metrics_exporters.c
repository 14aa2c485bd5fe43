// SPDX-License-Identifier: BSD-2-Clause
/* What metrics tell of those who send to servers: see ops.exports in engine/consumer.h. */
#include <stdio.h>
#include <string.h>

#include "consumer/metrics_state.h"
#include "engine/consumer.h"
#include "engine/engine.h"

#define EXPORTERS_MAX 16

struct exporter_told {
	const char *kind;
	char name[32]; /* as a label: the second of a kind is otlp-2, and so on */
	struct export_account account;
};

static unsigned find_exporters(const struct engine *e, struct exporter_told *ret)
{
	uint64_t bits = e->all_wanted;
	unsigned count = 0;

	while (bits && count < EXPORTERS_MAX) {
		const struct consumer *c = engine_next_of(e, &bits);
		struct exporter_told *one = &ret[count];
		unsigned same = 1;

		if (!c->ops->exports)
			continue;
		one->kind = c->ops->name;
		for (unsigned i = 0; i < count; i++)
			same += !strcmp(ret[i].kind, one->kind);
		if (same > 1)
			snprintf(one->name, sizeof(one->name), "%s-%u", one->kind, same);
		else
			snprintf(one->name, sizeof(one->name), "%s", one->kind);
		c->ops->exports(c, &one->account);
		count++;
	}
	return count;
}

static uint64_t value_up(const struct export_account *a)
{
	return a->is_up;
}

static uint64_t value_connected(const struct export_account *a)
{
	return a->is_connected;
}

static uint64_t value_waiting(const struct export_account *a)
{
	return a->waiting;
}

static uint64_t value_sent(const struct export_account *a)
{
	return a->sent;
}

static uint64_t value_dropped(const struct export_account *a)
{
	return a->dropped;
}

static uint64_t value_given_up(const struct export_account *a)
{
	return a->given_up;
}

static uint64_t value_refused(const struct export_account *a)
{
	return a->refused;
}

static uint64_t value_retries(const struct export_account *a)
{
	return a->retries;
}

#define DROPPED "tcpsight_exporter_dropped"

static const struct {
	const char *family;
	enum expose_kind kind;
	const char *label, *help; /* NULL: more of the family before it */
	uint64_t (*value)(const struct export_account *a);
} told[] = {
	{"tcpsight_exporter_up", EXPOSE_GAUGE, "",
	 "1 while the process that sends lives, and what it was given has waited no longer than --timeout",
	 value_up},
	{"tcpsight_exporter_connected", EXPOSE_GAUGE, "",
	 "1 if the server answered what was sent last", value_connected},
	{"tcpsight_exporter_queue_length", EXPOSE_GAUGE, "",
	 "records that wait for the server, those under way included", value_waiting},
	{"tcpsight_exporter_sent", EXPOSE_COUNTER, "", "records that the server took", value_sent},
	{DROPPED, EXPOSE_COUNTER, ",reason=\"queue\"",
	 "records that did not arrive: the queue was full or the process ended, sending was given up, or "
	 "the server refused them",
	 value_dropped},
	{DROPPED, EXPOSE_COUNTER, ",reason=\"given_up\"", NULL, value_given_up},
	{DROPPED, EXPOSE_COUNTER, ",reason=\"refused\"", NULL, value_refused},
	{"tcpsight_exporter_retries", EXPOSE_COUNTER, "", "attempts that were repeated",
	 value_retries},
};

void metrics_put_exporters(const struct engine *e, struct expose *x)
{
	struct exporter_told exporter[EXPORTERS_MAX];
	unsigned count = find_exporters(e, exporter);
	char labels[96];

	for (size_t t = 0; count && t < sizeof(told) / sizeof(told[0]); t++) {
		if (told[t].help)
			expose_family(x, told[t].family, told[t].kind, "", told[t].help);
		for (unsigned i = 0; i < count; i++) {
			snprintf(labels, sizeof(labels), "exporter=\"%s\"%s", exporter[i].name,
				 told[t].label);
			expose_uint(x, labels, told[t].value(&exporter[i].account));
		}
	}
}
