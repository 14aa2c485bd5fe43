// SPDX-License-Identifier: BSD-2-Clause
/* "netstat -s" for every socket. Takes the command line of SystemTap's tcpipstat.stp. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/clock.h"
#include "engine/counter.h"
#include "engine/tuple_filter.h"
#include "util/out.h"
#include "util/parse.h"
#include "view/group_by.h"
#include "view/report.h"

struct stat_options {
	const char *index;
	bool on_close, zeros, all_counters, live, listening;
};

#define OWN(field) OPTION_OF_REPORT, offsetof(struct stat_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECONDS_MAX 31536000
#define USAGE                                                         \
	"\nUsage:\n"                                                    \
	"\ttcpipstat\t[index=laddr|raddr|lport|rport|tuple]\n"         \
	"\t\t\t[timeout=<sec>] [nozeros=0|1] [onclose=0|1]\n"          \
	"\t\t\t[filter ......]\n\n"                                    \
	"\tfilter format:\n"                                           \
	"\t<local ip-address>:<local-port>-<remote ip-address>:<remote-port>\n\n"

static const char *const indexes[] = {"laddr", "raddr",	  "lport", "rport", "tuple", "unit",
				      "container", "state", "pid",   "comm",  NULL};

static const struct option_def options[] = {
	{0, "index", OPTION_CHOICE, OWN(index),
	 "{laddr,raddr,lport,rport,tuple,unit,container,state,pid,comm}",
	 "sum up sockets by this; default tuple, each socket for itself", .choices = indexes},
	{0, "timeout", OPTION_UINT, OF_WATCH(duration_s), "SEC",
	 "report after so many seconds and end", .min = 1, .max = SECONDS_MAX},
	{0, "on-close", OPTION_FLAG, OWN(on_close), NULL, "report each socket when it closes"},
	{0, "zeros", OPTION_FLAG, OWN(zeros), NULL, "show counters that are 0, too"},
	{0, "all", OPTION_FLAG, OWN(all_counters), NULL,
	 "all counters, not only tcpipstat's; with --live: sockets of all states, as ss -a"},
	{'i', "interval", OPTION_UINT, OF_QUESTION(interval_s), "SEC",
	 "report what grew every so many seconds", .min = 1, .max = SECONDS_MAX},
	{'c', "command", OPTION_TEXT, OF_WATCH(command), "COMMAND",
	 "run this, and report when it ends"},
	{0, "live", OPTION_FLAG, OWN(live), NULL,
	 "list the present sockets once, or count them by --index, and end"},
	{'l', "listening", OPTION_FLAG, OWN(listening), NULL,
	 "--live, only listeners: how many connections wait for accept(), and how many may"},
};

static const char *const examples[] = {
	"tcpsight stat --timeout 60", "every socket that did something within a minute",
	"tcpsight stat index=raddr '*.*.*.*:80-*.*.*.*:*'", "who talks to my web server?",
	"tcpsight stat index=lport nozeros=0", "per service, zeros too",
	"tcpsight stat -c 'curl -s example.org' '*:*-*:80'", "one run of a program",
	"tcpsight stat -o in_segs,retrans_segs,out_rsts -i 10", "a few counters, every ten seconds",
	"tcpsight stat --on-close --json '*:*-[2001:db8::]/32:443'", "IPv6, JSON, as sockets close",
	"tcpsight stat --live", "the sockets that there are, with queues, owners and timers",
	"tcpsight stat --listening", "who listens, and how full the accept queues are",
	"tcpsight stat --live --state time-wait -D 443", "what waits out its time, and how long still",
	"tcpsight stat --live --state close-wait", "connections that a program forgot to close, and which",
	"tcpsight stat --live index=state", "how many there are in each state",
	NULL,
};

static const struct cell layout_live[] = {
	{"state", -11}, {"recv_q", 6, "RECV_Q"}, {"send_q", 6, "SEND_Q"}, {"local", -28},
	{"remote", -28}, {"pid", -7}, {"comm", -16, .cut = 16}, {"timer", -9},
	{"timer_ms", CELL_BARE, "LEFT_MS"},
};

#define LIVE_COLUMNS                                                                        \
	"time,state,role,family,laddr,lport,raddr,rport,recv_q,send_q,backlog,backlog_max,"  \
	"listen_drops,pid,comm,owner_source,uid,cgroup,netns,cookie,timer,timer_ms,retransmits"

static int refuse(struct usage_error *error, const char *argument, size_t at, const char *why,
		  const char *what)
{
	error->argument = argument;
	error->at = at;
	error->status = 1;
	snprintf(error->text, sizeof(error->text), "%s%s" USAGE "ERROR: %s", why, *why ? "\n" : "",
		 what);
	return -EINVAL;
}

static int take_number(const char *word, const char *value, uint64_t max, uint64_t *ret,
		       struct usage_error *error)
{
	size_t at;

	if (!parse_uint(value, 0, max, ret, &at))
		return 0;
	return refuse(error, word, (size_t)(value - word) + at, "", "Bad number!");
}

static int take_timeout(struct question *q, const char *word, const char *value,
			struct usage_error *error)
{
	/* -1 stands for never. */
	if (!strcmp(value, "-1"))
		return 0;
	if (q->is_also)
		return refuse(error, word, 0, "", "timeout ends the run: give it before --also!");
	if (take_number(word, value, SECONDS_MAX, &q->watch->duration_s, error))
		return -EINVAL;
	/* The shortest time that there is. */
	q->watch->duration_s += !q->watch->duration_s;
	return 0;
}

/* 1 if the word is one of the original's "key=value", 0 if not, -EINVAL. */
static int take_pair(struct question *q, const char *word, struct usage_error *error)
{
	struct stat_options *s = q->own;
	const char *value = strchr(word, '=');
	uint64_t n = 0;

	if (!value++)
		return 0;
	if (!strncmp(word, "index=", 6)) {
		for (const char *const *i = indexes; *i; i++)
			if (!strcmp(*i, value)) {
				s->index = *i;
				return 1;
			}
		return refuse(error, word, 6, "", "Invalid index value!");
	}
	if (!strncmp(word, "state=", 6)) {
		q->states = value;
		return 1;
	}
	if (!strncmp(word, "timeout=", 8))
		return take_timeout(q, word, value, error) ? -EINVAL : 1;
	if (!strncmp(word, "nozeros=", 8)) {
		if (take_number(word, value, INT32_MAX, &n, error))
			return -EINVAL;
		s->zeros = !n;
		return 1;
	}
	if (!strncmp(word, "onclose=", 8)) {
		if (take_number(word, value, INT32_MAX, &n, error))
			return -EINVAL;
		s->on_close = n;
		return 1;
	}
	return 0;
}

/* Words of ss, which --state understands. */
static int choose_states(struct question *q, struct usage_error *error)
{
	struct stat_options *s = q->own;

	s->live |= s->listening;
	if (s->listening && (q->states || s->all_counters))
		return refuse(error, NULL, 0, "", "--listening is a state: no --state, --all besides!");
	if (s->listening)
		q->states = "listening";
	else if (s->live && s->all_counters && !q->states)
		q->states = "all";
	return 0;
}

static int check(struct question *q, struct usage_error *error)
{
	const struct stat_options *s = q->own;

	if (choose_states(q, error))
		return -EINVAL;
	if (s->on_close && strcmp(s->index, "tuple"))
		return refuse(error, NULL, 0, "", "onclose must be used with index=tuple!");
	if (s->on_close && q->interval_s)
		return refuse(error, NULL, 0, "", "--on-close and --interval exclude each other!");
	if (s->live && (s->on_close || q->interval_s || q->watch->command))
		return refuse(error, NULL, 0, "", "--live lists once: no --on-close, -i, -c!");
	if (s->live && (q->is_also || q->watch->also_count))
		return refuse(error, NULL, 0, "", "--live lists once and ends the run: no --also!");
	return 0;
}

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	char why[256];
	size_t at;

	q->tuples = tuple_filters_new();
	for (int i = 0; i < count; i++) {
		int pair = take_pair(q, word[i], error);

		if (pair < 0)
			return pair;
		if (!pair && tuple_filters_add(q->tuples, word[i], why, sizeof(why), &at))
			return refuse(error, word[i], at, why, "Bad filter format!");
	}
	return check(q, error);
}

static void done(struct question *q)
{
	tuple_filters_free(q->tuples);
	q->tuples = NULL;
}

static void defaults(struct question *q)
{
	struct stat_options *s = q->own;

	s->index = "tuple";
}

static void opening(const struct view *view, struct out *out)
{
	const struct stat_options *s = view->question->own;

	out_format(out, "Indexing collected stats using %s values\n", s->index);
	tuple_filters_print(view->question->tuples, out);
}

/* Between intervals; a report at the end needs no time. */
static void heading(const struct view *view, struct out *out)
{
	char date[16], time[16];

	clock_format_mdy(view->context.clock, view->tick_ns, date);
	clock_format_hms(view->context.clock, view->tick_ns, time);
	out_format(out, "\n[%s %s]\n", date, time);
}

/* --live with an index: how many sockets there are of each kind. */
static bool counts_present(const struct stat_options *s)
{
	return s->live && strcmp(s->index, "tuple");
}

/* What --json and --csv show: the key, and the counters. */
static const char *columns_of(const struct question *q)
{
	const struct stat_options *s = q->own;
	static char list[2048];
	size_t used;

	if (counts_present(s)) {
		snprintf(list, sizeof(list), "time,%s,flows", group_by_key_columns(s->index));
		return list;
	}
	if (s->live)
		return LIVE_COLUMNS;
	used = (size_t)snprintf(list, sizeof(list), "time,scope,%s,flows",
				group_by_key_columns(s->index));
	for (int i = 0; i < COUNTER_COUNT; i++)
		if (counters[i].seed || s->all_counters)
			used += (size_t)snprintf(list + used, sizeof(list) - used, ",%s",
						 counters[i].name);
	if (s->all_counters)
		snprintf(list + used, sizeof(list) - used, ",congestion");
	return list;
}

static void set_counters(const struct stat_options *s, struct section *section)
{
	for (int i = 0; i < COUNTER_COUNT; i++) {
		struct cell cell = {.column = counters[i].name};

		if (counters[i].seed || s->all_counters)
			section_set(section, &cell, 1);
	}
	if (s->all_counters)
		section_set(section, &(struct cell){.column = "congestion"}, 1);
}

static void setup(const struct question *q, struct view *view)
{
	const struct stat_options *s = q->own;
	struct layout *l = &view->layout;

	view->when = VIEW_ON_TICK;
	view->sums = !s->live;
	view->sockets = s->live;
	if (s->live)
		view->unlisted = 1u << ST_TIME_WAIT | 1u << ST_NEW_SYN_RECV;
	view->per_close = s->on_close;
	if (!s->live || counts_present(s))
		group_by_set(s->index, view);
	if (counts_present(s))
		view->sort = column_find("flows", strlen("flows"));
	l->rolls = true;
	l->blocks = !s->live;
	l->zeros = s->zeros;
	l->opening = s->live ? NULL : opening;
	l->heading = q->interval_s ? heading : NULL;
	if (l->own_columns)
		return;
	if (counts_present(s))
		group_by_count_layout(s->index, &l->section[0]);
	else if (s->live)
		section_set(&l->section[0], layout_live, COUNT(layout_live));
	else
		set_counters(s, &l->section[0]);
}

const struct report report_stat = {
	.name = "stat",
	.seed_name = "tcpipstat",
	.summary = "\"netstat -s\" for every socket, or for ports and addresses",
	.positional =
		"[index=KEY] [state=LIST] [timeout=SEC] [nozeros=0|1] [onclose=0|1] [filter ...]",
	.examples = examples,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct stat_options),
	.columns_of = columns_of,
	.defaults = defaults,
	.words = words,
	.done = done,
	.setup = setup,
};
