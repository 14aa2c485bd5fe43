// SPDX-License-Identifier: BSD-2-Clause
/*
 * Always on: metrics, an API and a page for whoever asks, besides what else is to be kept or told. These are the
 * options; what they lead to is consumer/agent_consumer.c (who asks), app/agent_service.c (the service).
 */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumer/agent_consumer.h"
#include "consumer/agent_options.h"
#include "engine/usage.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct agent_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const parts[] = {"metrics", "api", NULL};

static const struct option_def options[] = {
	{0, "config", OPTION_TEXT, OWN(config), "FILE",
	 "settings: options without their dashes, a [section] for each part; default "
	 "/etc/tcpsight/agent.conf, which may be missing"},
	{0, "check", OPTION_FLAG, OWN(is_check), NULL,
	 "read the settings, open what they name, watch nothing"},
	{0, "dump-config", OPTION_FLAG, OWN(is_dump), NULL,
	 "print the settings and where each comes from"},
	{0, "listen", OPTION_LIST, OWN(listen), "WHERE",
	 "serve at unix:PATH, ADDRESS:PORT, tls:ADDRESS:PORT or fd:NAME (of systemd); may be "
	 "repeated; default unix:/run/tcpsight/agent.sock",
	 .also_offset = offsetof(struct agent_options, listen_count)},
	{0, "token-file", OPTION_TEXT, OWN(token_file), "FILE",
	 "whoever has the token that this file holds may ask"},
	{0, "tls-certificate", OPTION_TEXT, OWN(certificate), "FILE",
	 "certificate (PEM, with those that signed it) of listeners beyond this machine"},
	{0, "tls-key", OPTION_TEXT, OWN(key), "FILE", "its key (PEM)"},
	{0, "client-ca", OPTION_TEXT, OWN(client_ca), "FILE",
	 "whoever has a certificate that one of these (PEM) signed may ask"},
	{0, "host-names", OPTION_TEXT, OWN(host_names), "LIST",
	 "names of this server besides its addresses and localhost"},
	{0, "allow-users", OPTION_TEXT, OWN(allow_users), "LIST",
	 "users who may ask over loopback, besides root and who started it"},
	{0, "insecure-anyone", OPTION_FLAG, OWN(insecure_anyone), NULL,
	 "whoever reaches a listener may ask everything"},
	{0, "cpu-budget", OPTION_TEXT, OWN(cpu_budget), "PERCENT",
	 "of one CPU, such as 2%; beyond it intervals become longer; default: none"},
	{0, "memory-limit", OPTION_TEXT, OWN(memory_limit), "SIZE",
	 "such as 256M; near it less is kept, then new flows are only counted; default: none"},
	{0, "stop-timeout", OPTION_UINT, OWN(stop_timeout_s), "SEC",
	 "end after so long although outputs are not taken; default 5", .min = 1, .max = 600},
	{0, "without", OPTION_TEXT, OWN(without), "LIST",
	 "leave out what an agent does by itself: metrics, api", .choices = parts},
	{0, "user", OPTION_TEXT, OF_WATCH(user), "USER",
	 "become this user once everything is open; default nobody"},
};

static const char *const omitted[] = {
	"pid",	 "ipv4",      "ipv6",	   "localport", "remoteport", "cgroup", "netns", "cgroupmap",
	"where", "mntnsmap",  "unit",	   "container", "state",      "columns", "sort", "rows",
	"json",	 "csv",	      "output",	   "append",	"at",	      "for",	"since", "until",
	"follow", "connect", NULL,
};

static const char *const reloads[] = {
	"token-file", "tls-certificate", "tls-key", "client-ca", "host-names", "allow-users",
	"cpu-budget", "memory-limit", "stop-timeout", NULL,
};

static const char *const examples[] = {
	"tcpsight agent",
	"metrics, API and page at the UNIX socket /run/tcpsight/agent.sock",
	"tcpsight agent --listen 127.0.0.1:9900",
	"the same for a browser and a Prometheus on this machine",
	"tcpsight agent --config agent.conf --check",
	"is this file right? All that is wrong with it is told",
	"tcpsight agent --also 'metrics --by comm' --also 'record /var/log/tcpsight'",
	"other labels, and a recording, in the same run",
	NULL,
};

/* "2%", "0.5%": in thousandths of one CPU. */
static int take_budget(struct agent_options *o, struct usage_error *error)
{
	char *end = NULL;
	double percent;

	if (!o->cpu_budget)
		return 0;
	percent = strtod(o->cpu_budget, &end);
	if (!isdigit((unsigned char)*o->cpu_budget) || strcmp(end, "%") || percent < 0.1 || percent > 100)
		return usage_refuse(error, o->cpu_budget, 0,
			      "argument --cpu-budget: expected from 0.1% to 100% of one CPU");
	o->cpu_permille = (uint64_t)(percent * 10);
	return 0;
}

static int take_memory(struct agent_options *o, struct usage_error *error)
{
	const char *units = "KMG", *unit;
	char *end = NULL;

	if (!o->memory_limit)
		return 0;
	o->memory_bytes = strtoull(o->memory_limit, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (!isdigit((unsigned char)*o->memory_limit) || !unit || end[1] || o->memory_bytes > 1u << 20)
		return usage_refuse(error, o->memory_limit, 0,
			      "argument --memory-limit: expected a size such as 256M");
	o->memory_bytes <<= 10 * (unit - units + 1);
	return o->memory_bytes < 16u << 20
		       ? usage_refuse(error, o->memory_limit, 0, "argument --memory-limit: at least 16M")
		       : 0;
}

static int take_without(const struct agent_options *o, struct usage_error *error)
{
	for (const char *p = o->without; p && *p;) {
		size_t len = strcspn(p, ","), i = 0;

		while (parts[i] && (strlen(parts[i]) != len || strncmp(parts[i], p, len)))
			i++;
		if (!parts[i])
			return usage_refuse(error, o->without, (size_t)(p - o->without),
				      "argument --without: expected metrics, api, or both");
		p += len + (p[len] == ',');
	}
	return 0;
}

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	struct agent_options *o = q->own;

	if (count)
		return usage_refuse(error, word[0], 0,
				    "an agent takes options only; filters belong to its parts");
	if (take_without(o, error) || take_budget(o, error) || take_memory(o, error))
		return -EINVAL;
	return q->watch->read_path
		       ? usage_refuse(error, q->watch->read_path, 0,
				"argument --read: an agent tells what is now; files are for the other "
				"commands")
		       : 0;
}

static void defaults(struct question *q)
{
	struct agent_options *o = q->own;

	o->stop_timeout_s = 5;
	/* Room for 8192 ends, which are taken every 50 ms: what runs always need not hold more. */
	q->watch->ring_kib = 4096;
}

static void done(struct question *q)
{
	struct agent_options *o = q->own;

	free(o->listen);
}

static void setup(const struct question *q, struct view *view)
{
	(void)q;
	view->when = VIEW_ON_TICK;
}

const struct report report_agent = {
	.name = "agent",
	.summary = "always on: metrics, an API and a live page",
	.positional = "",
	.examples = examples,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct agent_options),
	.keeps_to_itself = true,
	.is_agent = true,
	.reloads = reloads,
	.defaults = defaults,
	.words = words,
	.done = done,
	.setup = setup,
	.wrap = agent_wrap,
};
