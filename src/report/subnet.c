// SPDX-License-Identifier: BSD-2-Clause
/* Bytes per interval by subnet of the peer. Takes bcc tcpsubnet's command line. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/clock.h"
#include "engine/prefix.h"
#include "engine/prefix_text.h"
#include "engine/report.h"
#include "engine/settings.h"
#include "util/out.h"

#define AT(field) offsetof(struct settings, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECONDS_MAX 31536000
/* What flow.verdict says: nothing yet (0), no prefix holds it, or the position + VERDICT_FIRST. */
#define VERDICT_NONE 1
#define VERDICT_FIRST 2

#define DEFAULT_V4 "127.0.0.1/32,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,0.0.0.0/0"
#define DEFAULT_V6 "::1/128,fc00::/7,fe80::/10,::/0"

static const char *const units[] = {"b", "k", "m", "B", "K", "M", NULL};
static const char *const directions[] = {"tx", "rx", "both", NULL};
static const char *const sides[] = {"remote", "local", NULL};

static const struct option_def options[] = {
	{'f', "format", OPTION_CHOICE, AT(unit), "{b,k,m,B,K,M}",
	 "bits, Kbits, Mbits, bytes, KBytes, MBytes (of 1024); default B", .choices = units},
	{'i', "interval", OPTION_TEXT, AT(interval), "SEC", "output interval in seconds; default 1"},
	{'J', "frames", OPTION_FLAG, AT(seed_json), NULL,
	 "one JSON object per interval, as tcpsubnet -J"},
	{'v', "verbose", OPTION_FLAG, AT(verbose), NULL, "more messages on stderr"},
	{0, "subnets", OPTION_TEXT, AT(subnets_path), "FILE",
	 "prefixes from a file, one a line, perhaps with a name after it"},
	{0, "longest", OPTION_FLAG, AT(longest), NULL,
	 "the longest prefix that holds the address, not the first of the list"},
	{0, "direction", OPTION_CHOICE, AT(direction), "{tx,rx,both}",
	 "count what was sent, received, or both; default tx", .choices = directions},
	{0, "by", OPTION_CHOICE, AT(by), "{remote,local}", "whose address is looked up; default remote",
	 .choices = sides},
};

static const char *const examples[] = {
	"tcpsight subnet", "bytes sent to the private networks and to all others, every second",
	"tcpsight subnet -f K 10.80.0.0/24,0.0.0.0/0", "in KBytes; the first prefix that fits counts",
	"tcpsight subnet -6", "IPv6: own host, unique local, link local, all others",
	"tcpsight subnet office=10.1.0.0/16,office=10.9.0.0/16,rest=0.0.0.0/0", "names",
	"tcpsight subnet --subnets nets.txt --longest --direction both", "a list from a file",
	"tcpsight subnet --json -i 10", "one JSON object per subnet and interval",
	NULL,
};

static const struct cell layout[] = {{"subnet", -21}, {"amount", 6}};

static int refuse(struct usage_error *error, const char *argument, size_t at, int status)
{
	error->argument = argument;
	error->at = at;
	error->status = status;
	return -EINVAL;
}

/* As the seed: a number below 1 ends it with status 1, what is no number with 2. */
static int take_interval(struct settings *s, struct usage_error *error)
{
	char *end;
	long n;

	if (!s->interval)
		return 0;
	errno = 0;
	n = strtol(s->interval, &end, 10);
	if (end == s->interval || *end || isspace((unsigned char)s->interval[0])) {
		snprintf(error->text, sizeof(error->text),
			 "argument -i/--interval: invalid int value: '%s'", s->interval);
		return refuse(error, s->interval, (size_t)(end - s->interval), 2);
	}
	if (n <= 0) {
		snprintf(error->text, sizeof(error->text),
			 "ERROR:root:Invalid interval, must be > 0. Exiting.");
		return refuse(error, s->interval, 0, 1);
	}
	if (errno || n > SECONDS_MAX) {
		snprintf(error->text, sizeof(error->text),
			 "argument -i/--interval: at most %d seconds", SECONDS_MAX);
		return refuse(error, s->interval, 0, 2);
	}
	s->interval_s = (uint64_t)n;
	return 0;
}

static int take_list(struct settings *s, const char *list, struct usage_error *error)
{
	struct prefix_error wrong = {.at = 0};

	if (!prefix_text_list(s->subnets, list, &wrong))
		return 0;
	snprintf(error->text, sizeof(error->text), "ValueError: %.480s", wrong.text);
	return refuse(error, list, wrong.at, 1);
}

static int take_file(struct settings *s, struct usage_error *error)
{
	struct prefix_error wrong = {.at = 0};
	int err = prefix_text_file(s->subnets, s->subnets_path, &wrong);

	if (!err)
		return 0;
	if (wrong.text[0])
		snprintf(error->text, sizeof(error->text), "%.200s:%u: %.280s", s->subnets_path,
			 wrong.line, wrong.text);
	else
		snprintf(error->text, sizeof(error->text), "cannot read %.200s: %s", s->subnets_path,
			 strerror(-err));
	return refuse(error, NULL, 0, 1);
}

static int words(struct settings *s, int count, char **word, struct usage_error *error)
{
	const char *list = count ? word[0] : s->only_v6 ? DEFAULT_V6 : DEFAULT_V4;

	if (count > 1) {
		snprintf(error->text, sizeof(error->text), "unrecognized arguments: %.200s%s", word[1],
			 count > 2 ? " ..." : "");
		return refuse(error, word[1], 0, 2);
	}
	if (take_interval(s, error))
		return -EINVAL;
	s->subnets = prefix_set_new();
	if (s->subnets_path && take_file(s, error))
		return -EINVAL;
	/* A file stands for the list, unless both are given: then the list goes on after it. */
	return s->subnets_path && !count ? 0 : take_list(s, list, error);
}

static void done(struct settings *s)
{
	prefix_set_free(s->subnets);
	s->subnets = NULL;
}

static void defaults(struct settings *s)
{
	s->interval_s = 1;
	s->unit = "B";
	s->direction = "tx";
	s->by = "remote";
}

static void opening(const struct view *view, struct out *out)
{
	out_format(out, "Tracing... Output every %llu secs. Hit Ctrl-C to end\n",
		   (unsigned long long)view->settings->interval_s);
}

/* Python's "%x %X" in the C locale, which is what tcpsubnet always prints. */
static void heading(const struct view *view, struct out *out)
{
	char date[16], time[16];

	clock_format_mdy(view->context.clock, view->tick_ns, date);
	clock_format_hms(view->context.clock, view->tick_ns, time);
	out_format(out, "[%s %s]\n", date, time);
}

static unsigned keys(const struct view *view, const struct ev_ident *ident, uint32_t *verdict,
		     struct group_key *ret)
{
	const struct settings *s = view->settings;
	uint32_t position;

	if (!*verdict) {
		const struct addr *a = s->by[0] == 'l' ? &ident->laddr : &ident->raddr;

		position = s->longest ? prefix_set_longest(s->subnets, a)
				      : prefix_set_first(s->subnets, a);
		*verdict = position == PREFIX_NONE
				   ? VERDICT_NONE
				   : prefix_set_get(s->subnets, position)->group + VERDICT_FIRST;
	}
	if (*verdict == VERDICT_NONE)
		return 0;
	*ret = (struct group_key){.number = *verdict - VERDICT_FIRST};
	return 1;
}

static void name_group(const struct view *view, const struct group *group, struct row *row)
{
	const struct prefix *p = prefix_set_get(view->settings->subnets, group->key.number);

	row->group = p->name;
	row->prefix = p->text;
}

static void set_unit(struct row_context *c, char unit)
{
	c->amount_times = islower((unsigned char)unit) ? 8 : 1;
	c->amount_per = strchr("kK", unit) ? 1024 : strchr("mM", unit) ? 1024 * 1024 : 1;
}

static void setup(const struct settings *s, struct view *view, bool own_columns)
{
	view->when = VIEW_ON_TICK;
	view->rolls = true;
	view->opening = opening;
	view->heading = heading;
	view->header_per_tick = true;
	view->keys = keys;
	view->name_group = name_group;
	view->rows = s->rows;
	view->context.skip_tx = s->direction[0] == 'r';
	view->context.skip_rx = s->direction[0] == 't';
	set_unit(&view->context, s->unit[0]);
	if (own_columns && !s->seed_json)
		return;
	view->no_header = true;
	section_set(&view->section[0], layout, COUNT(layout));
}

static void explain(const struct settings *s,
		    void (*say)(const char *format, ...) __attribute__((format(printf, 1, 2))))
{
	say("Packets are going to be categorized in the following subnets:");
	for (uint32_t i = 0; i < prefix_set_count(s->subnets); i++) {
		const struct prefix *p = prefix_set_get(s->subnets, i);

		say("%s%s%s", p->text, p->name == p->text ? "" : " as ",
		    p->name == p->text ? "" : p->name);
	}
}

const struct report report_subnet = {
	.name = "subnet",
	.seed_name = "tcpsubnet",
	.summary = "bytes per interval by subnet of the peer",
	.positional = "[subnets]",
	.examples = examples,
	.options = options,
	.option_count = COUNT(options),
	.columns = "time,subnet,prefix,flows,tx_bytes,rx_bytes,retrans,bytes_retrans",
	.defaults = defaults,
	.words = words,
	.done = done,
	.explain = explain,
	.setup = setup,
};
