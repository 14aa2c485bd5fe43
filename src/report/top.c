// SPDX-License-Identifier: BSD-2-Clause
/* Who talks to whom and how much, per interval. Takes bcc tcptop's command line. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "screen/screen.h"
#include "util/out.h"
#include "util/parse.h"
#include "util/when.h"
#include "view/group_by.h"
#include "view/report.h"

struct top {
	bool no_clear, no_summary;
	const char *by, *format, *history;
	struct screen_options screen;
};

#define OWN(field) OPTION_OF_REPORT, offsetof(struct top, field)
#define SECONDS_MAX 31536000
#define HISTORY_LEAST_US 1000000
#define HISTORY_MOST_US 86400000000
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const groupings[] = {"process", "unit", "container", "remote", "port",
					"subnet",  "host", NULL};

static const char *const formats[] = {"table", "screen", NULL};
static const char *const colors[] = {"auto", "never", NULL};

#define OF_SCREEN(field) OWN(screen.field)

static const struct option_def options[] = {
	{'C', "noclear", OPTION_FLAG, OWN(no_clear), NULL, "do not clear the screen, roll on"},
	{'S', "nosummary", OPTION_FLAG, OWN(no_summary), NULL, "no line with the load average"},
	{'c', "cgroup", OPTION_TEXT, OF_QUESTION(cgroup), "PATH",
	 "only sockets of this cgroup v2 and those below it"},
	{'s', "sort", OPTION_TEXT, OF_QUESTION(sort), "COLUMN",
	 "rank by this column (also: all, sent, received); default all"},
	{'r', "rows", OPTION_UINT, OF_QUESTION(rows), "N", "at most so many rows per interval",
	 .min = 1, .max = 10000000},
	{0, "by", OPTION_CHOICE, OWN(by), "{process,unit,container,remote,port,subnet,host}",
	 "sum up connections by this, and show the busiest of each", .choices = groupings},
	{0, "format", OPTION_CHOICE, OWN(format), "{table,screen}",
	 "on a terminal: no keys, but a table that rolls on, or is redrawn in place",
	 .choices = formats},
	{0, "color", OPTION_CHOICE, OF_SCREEN(color), "{auto,never}",
	 "of the screen: as the terminal has them, or none; NO_COLOR=1 says the same",
	 .choices = colors},
	{0, "ascii", OPTION_FLAG, OF_SCREEN(ascii), NULL, "of the screen: no character beyond ASCII"},
	{0, "calm", OPTION_FLAG, OF_SCREEN(calm), NULL,
	 "of the screen: draw when a key asks for it, not by itself"},
	{0, "mouse", OPTION_FLAG, OF_SCREEN(mouse), NULL, "of the screen: take the mouse"},
	{0, "osc52", OPTION_FLAG, OF_SCREEN(osc52), NULL,
	 "of the screen: let y write to the terminal's clipboard (OSC 52)"},
	{0, "save-dir", OPTION_TEXT, OF_SCREEN(save_dir), "DIR",
	 "of the screen: where s saves to; default the working folder"},
	{0, "allow-kill", OPTION_FLAG, OF_SCREEN(allow_kill), NULL,
	 "of the screen: let K close connections (SOCK_DESTROY), once the word kill is typed"},
	{0, "history-memory", OPTION_UINT, OF_SCREEN(memory_mib), "MIB",
	 "of the screen: remember what was in so much memory; default 16", .min = 1, .max = 65536},
	{0, "history", OPTION_TEXT, OWN(history), "SPAN",
	 "of the screen: remember so much time (90, 10m, 1h; at most 1d); default as much as that memory holds"},
	{0, "keep", OPTION_UINT, OF_SCREEN(keep_s), "SEC",
	 "of the screen: leave closed connections there so long; default 10", .min = 1, .max = 600},
};

static const char *const examples[] = {
	"tcpsight top", "busiest connections, every second",
	"tcpsight top -C 5 3", "three reports of five seconds, without clearing the screen",
	"tcpsight top -p 181", "only connections that process 181 owns",
	"tcpsight top 'dst net 10.0.0.0/8 and not port 22'", "tcpdump's filter language",
	"tcpsight top --json 10", "one JSON object per connection and interval",
	"tcpsight top -o pid,comm,remote,tx_bytes,srtt_us --sort srtt_us", "other columns",
	"tcpsight top --by unit", "which service talks most, and to whom",
	"tcpsight top --also 'life --json --output closes.ndjson'",
	"the same, and every connection that ends into a file",
	NULL,
};

static const struct cell layout_v4[] = {
	{"pid", -7},	  {"comm", -12, .cut = 12}, {"local", -21},
	{"remote", -21}, {"rx_kb", 6},		    {"tx_kb", 6},
};

static const struct cell layout_v6[] = {
	{"pid", -7},
	{"comm", -12, .cut = 12},
	{"local", -32, "LADDR6"},
	{"remote", -32, "RADDR6"},
	{"rx_kb", 6},
	{"tx_kb", 6},
};

static int number(const char *what, const char *word, uint64_t *ret, struct usage_error *error)
{
	int err = parse_uint(word, 1, SECONDS_MAX, ret, &error->at);

	if (!err)
		return 0;
	error->argument = word;
	snprintf(error->text, sizeof(error->text),
		 err == -ERANGE ? "%s must be from 1 to %d: '%s'" : "%s must be a whole number from 1 to %d: '%s'",
		 what, SECONDS_MAX, word);
	return err;
}

/* [interval [count]] [filter]: what begins with a digit is one of the numbers. */
static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	int i = 0;

	if (i < count && isdigit((unsigned char)word[i][0]))
		if (number("interval", word[i++], &q->interval_s, error))
			return -EINVAL;
	if (i == 1 && i < count && isdigit((unsigned char)word[i][0]))
		if (number("count", word[i++], &q->count, error))
			return -EINVAL;
	if (i < count && isdigit((unsigned char)word[i][0])) {
		error->argument = word[i];
		snprintf(error->text, sizeof(error->text),
			 "unrecognized argument: '%s' (interval and count are given)", word[i]);
		return -EINVAL;
	}
	return report_take_filter(q, count - i, word + i, error);
}

static void defaults(struct question *q)
{
	q->interval_s = 1;
}

static void opening(const struct view *view, struct out *out)
{
	out_format(out, "Tracing... Output every %llu secs. Hit Ctrl-C to end\n",
		   (unsigned long long)view->question->interval_s);
}

/* The seed prints the file as it is, with its line feed, and ends the line once more. */
static void put_load(const struct view *view, struct out *out)
{
	const struct source *s = view->context.source;
	char clock[16], load[128];
	uint32_t then[3];
	int fd = s && s->offline ? -1 : open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, load, sizeof(load));

	if (fd >= 0)
		close(fd);
	/* Of a recording the load as it was; of what holds none nothing is said. */
	if (fd < 0 && s && s->ops->load) {
		if (!s->ops->load(s, then))
			return;
		n = snprintf(load, sizeof(load), "%u.%02u %u.%02u %u.%02u\n", then[0] / 100,
			     then[0] % 100, then[1] / 100, then[1] % 100, then[2] / 100, then[2] % 100);
	}
	clock_format_hms(view->context.clock, view->tick_ns, clock);
	out_format(out, "%-8s loadavg: %.*s\n", clock, n > 0 ? (int)n : 0, load);
}

static bool shows_load(const struct question *q)
{
	const struct top *top = q->own;

	return !top->no_summary && !q->json && !q->csv;
}

/* Captures and events say nothing of it. */
static bool has_load(const struct source *s)
{
	return s && (!s->offline || s->ops->load);
}

static void heading(const struct view *view, struct out *out)
{
	if (!out->clip_lines)
		out_char(out, '\n');
	if (shows_load(view->question) && has_load(view->context.source))
		put_load(view, out);
}

static void setup(const struct question *q, struct view *view)
{
	const struct top *top = q->own;
	struct layout *l = &view->layout;

	view->when = VIEW_ON_TICK;
	l->header_per_tick = true;
	l->opening = opening;
	l->heading = heading;
	l->rolls = top->no_clear;
	if (shows_load(q))
		l->heading_syscalls = SYSCALLS_FILES;
	if (top->by)
		group_by_set(top->by, view);
	if (l->own_columns)
		return;
	if (top->by) {
		group_by_layout(top->by, &l->section[0]);
		return;
	}
	l->section_per_family = true;
	section_set(&l->section[0], layout_v4, COUNT(layout_v4));
	section_set(&l->section[1], layout_v6, COUNT(layout_v6));
}

/*
 * The screen, where somebody sits at a terminal; whatever says how the output is to look, or how
 * much of it there is, asks for the table as it was.
 */
static bool wants_screen(const struct question *q)
{
	const struct top *top = q->own;

	if (q->is_also || q->is_seed || top->no_clear || top->format || q->json || q->csv)
		return false;
	return !q->output && !q->count && !q->rows && screen_suits();
}

static int take_history(struct top *top, struct usage_error *error)
{
	size_t at;

	if (!top->history)
		return 0;
	if (when_parse_span(top->history, &top->screen.history_us, &at))
		return usage_refuse(error, top->history, at,
				    "argument --history: expected a span such as 90, 10m or 1h");
	if (top->screen.history_us < HISTORY_LEAST_US || top->screen.history_us > HISTORY_MOST_US)
		return usage_refuse(error, top->history, SIZE_MAX,
				    "argument --history: must be from one second to one day");
	return 0;
}

static int wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	struct top *top = c->question->own;
	int err = take_history(top, error);

	if (err)
		return err;
	if (!wants_screen(c->question))
		return 0;
	top->screen.by = top->by;
	return screen_wrap(c, view, &top->screen, error);
}

static const char *sink(const struct question *q)
{
	const struct top *top = q->own;

	return q->csv || top->no_clear ? NULL : top->format;
}

#define COLUMNS                                                                              \
	"time,pid,comm,owner_source,thread,family,laddr,lport,raddr,rport,state,role,"        \
	"tx_bytes,rx_bytes,duration_us,handshake_us,srtt_us,min_rtt_us,retrans,"              \
	"bytes_retrans,cgroup,netns,cookie"

static const char *columns_of(const struct question *q)
{
	const struct top *top = q->own;

	return top->by ? group_by_columns(top->by) : COLUMNS;
}

const struct report report_top = {
	.name = "top",
	.seed_name = "tcptop",
	.summary = "who talks to whom and how much, per interval",
	.positional = "[interval [count]] [filter]",
	.examples = examples,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct top),
	.columns_of = columns_of,
	.sorts = "sent=tx_bytes,received=rx_bytes",
	.defaults = defaults,
	.words = words,
	.done = report_filter_done,
	.setup = setup,
	.sink = sink,
	.wrap = wrap,
};
