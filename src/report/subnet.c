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
#include "util/out.h"
#include "view/report.h"

struct subnet {
	struct prefix_set *prefixes;
	const char *interval; /* as typed */
	const char *path, *unit, *direction, *by;
	bool longest, seed_json;
};

#define OWN(field) OPTION_OF_REPORT, offsetof(struct subnet, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECONDS_MAX 31536000
/* What a flow's note says: nothing yet (0), no prefix holds it, or the position + NOTE_FIRST. */
#define NOTE_NONE 1
#define NOTE_FIRST 2

#define DEFAULT_V4 "127.0.0.1/32,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,0.0.0.0/0"
#define DEFAULT_V6 "::1/128,fc00::/7,fe80::/10,::/0"

static const char *const units[] = {"b", "k", "m", "B", "K", "M", NULL};
static const char *const directions[] = {"tx", "rx", "both", NULL};
static const char *const sides[] = {"remote", "local", NULL};

static const struct option_def options[] = {
	{'f', "format", OPTION_CHOICE, OWN(unit), "{b,k,m,B,K,M}",
	 "bits, Kbits, Mbits, bytes, KBytes, MBytes (of 1024); default B", .choices = units},
	{'i', "interval", OPTION_TEXT, OWN(interval), "SEC", "output interval in seconds; default 1"},
	{'J', "frames", OPTION_FLAG, OWN(seed_json), NULL,
	 "one JSON object per interval, as tcpsubnet -J"},
	{'v', "verbose", OPTION_FLAG, OF_WATCH(verbose), NULL, "more messages on stderr"},
	{0, "subnets", OPTION_TEXT, OWN(path), "FILE",
	 "prefixes from a file, one a line, perhaps with a name after it"},
	{0, "longest", OPTION_FLAG, OWN(longest), NULL,
	 "the longest prefix that holds the address, not the first of the list"},
	{0, "direction", OPTION_CHOICE, OWN(direction), "{tx,rx,both}",
	 "count what was sent, received, or both; default tx", .choices = directions},
	{0, "by", OPTION_CHOICE, OWN(by), "{remote,local}", "whose address is looked up; default remote",
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
static int take_interval(struct question *q, struct usage_error *error)
{
	const char *text = ((struct subnet *)q->own)->interval;
	char *end;
	long n;

	if (!text)
		return 0;
	errno = 0;
	n = strtol(text, &end, 10);
	if (end == text || *end || isspace((unsigned char)text[0])) {
		snprintf(error->text, sizeof(error->text),
			 "argument -i/--interval: invalid int value: '%s'", text);
		return refuse(error, text, (size_t)(end - text), 2);
	}
	if (n <= 0) {
		snprintf(error->text, sizeof(error->text),
			 "ERROR:root:Invalid interval, must be > 0. Exiting.");
		return refuse(error, text, 0, 1);
	}
	if (errno || n > SECONDS_MAX) {
		snprintf(error->text, sizeof(error->text),
			 "argument -i/--interval: at most %d seconds", SECONDS_MAX);
		return refuse(error, text, 0, 2);
	}
	q->interval_s = (uint64_t)n;
	return 0;
}

static int take_list(struct subnet *s, const char *list, struct usage_error *error)
{
	struct prefix_error wrong = {.at = 0};

	if (!prefix_text_list(s->prefixes, list, &wrong))
		return 0;
	snprintf(error->text, sizeof(error->text), "ValueError: %.480s", wrong.text);
	return refuse(error, list, wrong.at, 1);
}

static int take_file(struct subnet *s, struct usage_error *error)
{
	struct prefix_error wrong = {.at = 0};
	int err = prefix_text_file(s->prefixes, s->path, &wrong);

	if (!err)
		return 0;
	if (wrong.text[0])
		snprintf(error->text, sizeof(error->text), "%.200s:%u: %.280s", s->path,
			 wrong.line, wrong.text);
	else
		snprintf(error->text, sizeof(error->text), "cannot read %.200s: %s", s->path,
			 strerror(-err));
	return refuse(error, NULL, 0, 1);
}

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	struct subnet *s = q->own;
	const char *list = count ? word[0] : q->only_v6 ? DEFAULT_V6 : DEFAULT_V4;

	if (count > 1) {
		snprintf(error->text, sizeof(error->text), "unrecognized arguments: %.200s%s", word[1],
			 count > 2 ? " ..." : "");
		return refuse(error, word[1], 0, 2);
	}
	if (take_interval(q, error))
		return -EINVAL;
	s->prefixes = prefix_set_new();
	if (s->path && take_file(s, error))
		return -EINVAL;
	/* A file stands for the list, unless both are given: then the list goes on after it. */
	return s->path && !count ? 0 : take_list(s, list, error);
}

static void done(struct question *q)
{
	struct subnet *s = q->own;

	prefix_set_free(s->prefixes);
	s->prefixes = NULL;
}

static void defaults(struct question *q)
{
	struct subnet *s = q->own;

	q->interval_s = 1;
	s->unit = "B";
	s->direction = "tx";
	s->by = "remote";
}

static void opening(const struct view *view, struct out *out)
{
	out_format(out, "Tracing... Output every %llu secs. Hit Ctrl-C to end\n",
		   (unsigned long long)view->question->interval_s);
}

/* Python's "%x %X" in the C locale, which is what tcpsubnet always prints. */
static void heading(const struct view *view, struct out *out)
{
	char date[16], time[16];

	clock_format_mdy(view->context.clock, view->tick_ns, date);
	clock_format_hms(view->context.clock, view->tick_ns, time);
	out_format(out, "[%s %s]\n", date, time);
}

static unsigned keys(const struct view *view, const struct flow *flow, uint32_t *note,
		     struct group_key *ret)
{
	const struct subnet *s = view->question->own;
	uint32_t position;

	if (!*note) {
		const struct addr *a = s->by[0] == 'l' ? &flow->ident.laddr : &flow->ident.raddr;

		position = s->longest ? prefix_set_longest(s->prefixes, a)
				      : prefix_set_first(s->prefixes, a);
		*note = position == PREFIX_NONE
				? NOTE_NONE
				: prefix_set_get(s->prefixes, position)->group + NOTE_FIRST;
	}
	if (*note == NOTE_NONE)
		return 0;
	*ret = (struct group_key){.number = *note - NOTE_FIRST};
	return 1;
}

static void name_group(const struct view *view, const struct group *group, struct row *row)
{
	const struct subnet *s = view->question->own;
	const struct prefix *p = prefix_set_get(s->prefixes, group->key.number);

	row->group = p->name;
	row->prefix = p->text;
}

static void set_unit(struct row_context *c, char unit)
{
	c->amount_times = islower((unsigned char)unit) ? 8 : 1;
	c->amount_per = strchr("kK", unit) ? 1024 : strchr("mM", unit) ? 1024 * 1024 : 1;
}

static void setup(const struct question *q, struct view *view)
{
	const struct subnet *s = q->own;
	struct layout *l = &view->layout;

	view->when = VIEW_ON_TICK;
	l->rolls = true;
	l->opening = opening;
	l->heading = heading;
	l->header_per_tick = true;
	view->grouping = (struct grouping){.keys = keys, .name = name_group, .uses_note = true};
	view->context.skip_tx = s->direction[0] == 'r';
	view->context.skip_rx = s->direction[0] == 't';
	set_unit(&view->context, s->unit[0]);
	if (l->own_columns && !s->seed_json)
		return;
	l->no_header = true;
	section_set(&l->section[0], layout, COUNT(layout));
}

static const char *sink(const struct question *q)
{
	const struct subnet *s = q->own;

	return s->seed_json ? "frame" : NULL;
}

static void explain(const struct question *q,
		    void (*say)(const char *format, ...) __attribute__((format(printf, 1, 2))))
{
	const struct subnet *s = q->own;

	say("Packets are going to be categorized in the following subnets:");
	for (uint32_t i = 0; i < prefix_set_count(s->prefixes); i++) {
		const struct prefix *p = prefix_set_get(s->prefixes, i);

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
	.own_size = sizeof(struct subnet),
	.columns = "time,subnet,prefix,flows,tx_bytes,rx_bytes,retrans,bytes_retrans",
	.defaults = defaults,
	.words = words,
	.done = done,
	.explain = explain,
	.setup = setup,
	.sink = sink,
};
