// SPDX-License-Identifier: BSD-2-Clause
/* What was recorded, to the store of a fleet: a program of its own, which app/ship.c is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/usage.h"
#include "fleet/options.h"
#include "fleet/server.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct ship_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DIRECTORY "/var/log/tcpsight"
#define STATE "/var/lib/tcpsight-ship"
#define BATCH_ROWS 50000
#define BATCH_S 10

const char *const ship_ddl_words[] = {"18", "modern", NULL};

static const struct option_def options[] = {
	{0, "to", OPTION_TEXT, OWN(to), "URL",
	 "the ClickHouse server: http[s]://HOST[:PORT][/DATABASE]; default database tcpsight"},
	{0, "credentials", OPTION_TEXT, OWN(credentials), "FILE",
	 "user = \"...\" and password = \"...\", or bearer = \"...\""},
	{0, "cacert", OPTION_TEXT, OWN(cacert), "FILE", "trust these certificates alone (PEM)"},
	{0, "cert", OPTION_TEXT, OWN(cert), "FILE", "certificate to show to the server (PEM)"},
	{0, "key", OPTION_TEXT, OWN(key), "FILE", "its key (PEM)"},
	{0, "plaintext", OPTION_FLAG, OWN(plaintext), NULL,
	 "send credentials over http:// to another machine"},
	{0, "create", OPTION_FLAG, OWN(create), NULL,
	 "make the database and its tables, or add what an older version lacks; then ship, if there is --read"},
	{0, "cluster", OPTION_TEXT, OWN(cluster), "NAME",
	 "with --create, --print-ddl: replicated tables on this cluster, distributed ones above"},
	{0, "keep", OPTION_UINT, OWN(keep_days), "DAYS",
	 "with --create, --print-ddl modern: rows go after so many days", .min = 1, .max = 36500},
	{0, "print-ddl", OPTION_CHOICE, OWN(ddl), "18|modern",
	 "print the statements of --create instead, for Debian's ClickHouse 18.16 or current releases",
	 .choices = ship_ddl_words},
	{0, "batch", OPTION_TEXT, OWN(batch), "ROWS,SEC",
	 "send when so many connections have ended, or after so long; default 50000,10"},
	{0, "no-volume", OPTION_FLAG, OWN(no_volume), NULL,
	 "only what has ended, nothing of what live connections move"},
	{0, "gzip", OPTION_FLAG, OWN(gzip), NULL,
	 "pack what is sent: a fifth of the bytes, more CPU"},
	{0, "from", OPTION_TEXT, OWN(from), "TIME",
	 "begin there anew (or at: start, now); what the server has already is not sent again"},
	{0, "once", OPTION_FLAG, OWN(once), NULL, "end when all that is there now was sent"},
	{0, "metrics", OPTION_TEXT, OWN(metrics), "FILE",
	 "keep counters there, for the textfile collector of node_exporter"},
	{0, "state", OPTION_TEXT, OWN(state), "DIR", "where the cursor is kept; default " STATE},
};

static const char *const omitted[] = {
	"pid",	     "ipv4",	  "ipv6",     "localport", "remoteport", "cgroup",
	"netns",     "cgroupmap", "mntnsmap", "where",	   "unit",	 "container",
	"state",     "columns",	  "sort",     "rows",	   "json",	 "csv",
	"output",    "append",	  "also",     "duration",  "strict",	 "source",
	"rung",	     "at",	  "for",      "since",	   "until",	 "follow",
	"interface", "local",	  "checksum", "ring",	   "ebpf",	 NULL};

static const char *const examples[] = {
	"tcpsight ship --to http://127.0.0.1:8123 --create",
	"make the tables",
	"tcpsight ship --to https://db.example:8443/tcpsight --credentials /etc/tcpsight/ship --read " DIRECTORY,
	"send what is recorded there, and what will be",
	"tcpsight ship --to http://127.0.0.1:8123 --read copied/ --once",
	"a recording that was brought from elsewhere",
	"tcpsight ship --print-ddl modern --cluster main --keep 30",
	"the tables, for others to make",
	NULL,
};

static int take_batch(struct ship_options *o, struct usage_error *error)
{
	static const char why[] = "argument --batch: expected ROWS,SEC such as 50000,10";
	unsigned long long rows, seconds;
	int len = 0;

	if (!o->batch)
		return 0;
	if (sscanf(o->batch, "%8llu,%5llu%n", &rows, &seconds, &len) != 2 || o->batch[len] || !rows)
		return usage_refuse(error, o->batch, 0, why);
	o->batch_rows = rows;
	o->batch_s = seconds;
	return 0;
}

static int take_url(const struct ship_options *o, struct usage_error *error)
{
	struct fleet_server s = {0};
	char why[FLEET_WHY], text[FLEET_WHY];
	size_t at;
	int err = fleet_server_parse(o->to, &s, &at, why);

	fleet_server_done(&s);
	snprintf(text, sizeof(text), "argument --to: %.400s", why);
	return err ? usage_refuse(error, o->to, at, text) : 0;
}

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	struct ship_options *o = q->own;

	if (count)
		return usage_refuse(error, word[0], 0,
			      "it takes no words but options; --read names the recording");
	if (!o->to && !o->ddl)
		return usage_refuse(error, NULL, 0, "it needs --to URL: which server");
	if (o->to && take_url(o, error))
		return -EINVAL;
	if (o->cluster && !fleet_is_name(o->cluster))
		return usage_refuse(error, o->cluster, 0,
			      "argument --cluster: a name has letters, digits and _ only");
	if (!q->watch->read_path && !o->create && !o->ddl)
		q->watch->read_path = DIRECTORY;
	return take_batch(o, error);
}

static void defaults(struct question *q)
{
	struct ship_options *o = q->own;

	o->state = STATE;
	o->batch_rows = BATCH_ROWS;
	o->batch_s = BATCH_S;
}

const struct report report_ship = {
	.name = "ship",
	.summary = "send recordings to the store of a fleet",
	.positional = "",
	.examples = examples,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct ship_options),
	.keeps_to_itself = true,
	.runs_alone = true,
	.defaults = defaults,
	.words = words,
};
