// SPDX-License-Identifier: BSD-2-Clause
/* Questions about all hosts at once: a program of its own, which app/fleet.c is. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/usage.h"
#include "fleet/options.h"
#include "fleet/server.h"
#include "util/parse.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct fleet_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROWS 20

static const struct option_def options[] = {
	{0, "sql", OPTION_FLAG, OWN(sql), NULL, "print the query instead of asking it"},
};

static const char *const omitted[] = {
	"pid",	     "ipv4",	 "ipv6",   "localport", "remoteport", "cgroup",	  "netns",
	"cgroupmap", "mntnsmap", "where",  "unit",	"container",  "state",	  "columns",
	"sort",	     "csv",	 "output", "append",	"also",	      "duration", "strict",
	"source",    "rung",	 "follow", "interface", "local",      "checksum", "ring",
	"max-flows", "ebpf",	 NULL};

static const char *const examples[] = {
	"tcpsight fleet --fleet http://db:8123 --for 1h hosts",
	"who reported, who was silent, what was lost",
	"tcpsight fleet --fleet http://db:8123 --for 1h map",
	"which service talks to which, over all hosts",
	"tcpsight fleet --fleet http://db:8123 --at 03:10 --for 5m who 10.0.0.5:5432",
	"who talks to this address, and how well",
	"tcpsight fleet --fleet http://db:8123 --for 1h joined",
	"connections as both of their hosts saw them",
	"tcpsight life --fleet http://db:8123 --at 03:10 --for 5m 'dst port 5432'",
	"every connection, as any report shows it",
	NULL,
};

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT or :PORT. */
static int take_endpoint(struct fleet_options *o, char *text, struct usage_error *error)
{
	static const char why[] = "expected ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT or :PORT";
	char address[64] = "";
	const char *port = strrchr(text, ':');
	struct in_addr v4;
	uint64_t number = 0;
	size_t at;
	int len = 0;

	if (text[0] == '[') {
		if (sscanf(text, "[%63[0-9a-fA-F:.]]%n", address, &len) != 1 || !len ||
		    (text[len] && text[len] != ':'))
			return usage_refuse(error, text, 0, why);
		port = text[len] ? text + len : NULL;
	} else if (port && strchr(text, ':') == port) {
		snprintf(address, sizeof(address), "%.*s", (int)(port - text), text);
	} else {
		snprintf(address, sizeof(address), "%s", text);
		port = NULL;
	}
	if (port && parse_uint(port + 1, 1, 65535, &number, &at))
		return usage_refuse(error, text, 0, why);
	o->port = (uint16_t)number;
	if (!address[0])
		return port ? 0 : usage_refuse(error, text, 0, why);
	o->has_addr = true;
	if (inet_pton(AF_INET, address, &v4) == 1)
		addr_set_v4(&o->addr, v4.s_addr);
	else if (inet_pton(AF_INET6, address, &o->addr) != 1)
		return usage_refuse(error, text, 0, why);
	return 0;
}

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	struct fleet_options *o = q->own;

	if (!q->watch->fleet)
		return usage_refuse(error, NULL, 0, "it needs --fleet URL: which store");
	if (!count)
		return usage_refuse(error, NULL, 0, "ask something: hosts, map, who, joined or verdicts");
	for (o->question = 0; fleet_question_words[o->question]; o->question++)
		if (!strcmp(fleet_question_words[o->question], word[0]))
			break;
	if (!fleet_question_words[o->question])
		return usage_refuse(error, word[0], 0,
			      "no such question; there are: hosts, map, who, joined, verdicts");
	if (o->question != FLEET_ASK_WHO)
		return count > 1 ? usage_refuse(error, word[1], 0, "this question takes no more words") : 0;
	if (count != 2)
		return usage_refuse(error, NULL, 0, "who talks to what? who ADDRESS:PORT");
	return take_endpoint(o, word[1], error);
}

static void defaults(struct question *q)
{
	q->rows = ROWS;
}

const struct report report_fleet = {
	.name = "fleet",
	.summary = "ask about all hosts at once: map, who, joined, verdicts, hosts",
	.positional = "hosts|map|who ENDPOINT|joined|verdicts",
	.examples = examples,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct fleet_options),
	.keeps_to_itself = true,
	.runs_alone = true,
	.defaults = defaults,
	.words = words,
};
