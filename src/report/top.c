// SPDX-License-Identifier: BSD-2-Clause
/* Who talks to whom and how much, per interval. Takes bcc tcptop's command line. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/report.h"
#include "engine/settings.h"
#include "engine/syscalls.h"
#include "util/out.h"
#include "util/parse.h"

#define AT(field) offsetof(struct settings, field)
#define SECONDS_MAX 31536000

static const struct option_def options[] = {
	{'C', "noclear", OPTION_FLAG, AT(no_clear), NULL, "do not clear the screen, roll on"},
	{'S', "nosummary", OPTION_FLAG, AT(no_summary), NULL, "no line with the load average"},
	{'c', "cgroup", OPTION_TEXT, AT(cgroup), "PATH",
	 "only sockets of this cgroup v2 and those below it"},
	{'s', "sort", OPTION_TEXT, AT(sort), "COLUMN",
	 "rank by this column (also: all, sent, received); default all"},
	{'r', "rows", OPTION_UINT, AT(rows), "N", "at most so many rows per interval",
	 .min = 1, .max = 10000000},
};

static const char *const examples[] = {
	"tcpsight top", "busiest connections, every second",
	"tcpsight top -C 5 3", "three reports of five seconds, without clearing the screen",
	"tcpsight top -p 181", "only connections that process 181 owns",
	"tcpsight top 'dst net 10.0.0.0/8 and not port 22'", "tcpdump's filter language",
	"tcpsight top --json 10", "one JSON object per connection and interval",
	"tcpsight top -o pid,comm,remote,tx_bytes,srtt_us --sort srtt_us", "other columns",
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
static int words(struct settings *s, int count, char **word, struct usage_error *error)
{
	int i = 0;

	if (i < count && isdigit((unsigned char)word[i][0]))
		if (number("interval", word[i++], &s->interval_s, error))
			return -EINVAL;
	if (i == 1 && i < count && isdigit((unsigned char)word[i][0]))
		if (number("count", word[i++], &s->count, error))
			return -EINVAL;
	if (i < count && isdigit((unsigned char)word[i][0])) {
		error->argument = word[i];
		snprintf(error->text, sizeof(error->text),
			 "unrecognized argument: '%s' (interval and count are given)", word[i]);
		return -EINVAL;
	}
	return report_take_filter(s, count - i, word + i, error);
}

static void defaults(struct settings *s)
{
	s->interval_s = 1;
}

static void opening(const struct view *view, struct out *out)
{
	out_format(out, "Tracing... Output every %llu secs. Hit Ctrl-C to end\n",
		   (unsigned long long)view->settings->interval_s);
}

/* The seed prints the file as it is, with its line feed, and ends the line once more. */
static void put_load(const struct view *view, struct out *out)
{
	char clock[16], load[128];
	int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, load, sizeof(load));

	if (fd >= 0)
		close(fd);
	clock_format_hms(view->context.clock, view->tick_ns, clock);
	out_format(out, "%-8s loadavg: %.*s\n", clock, n > 0 ? (int)n : 0, load);
}

static bool shows_load(const struct settings *s)
{
	return !s->no_summary && !s->read_path && !s->json && !s->csv;
}

static void heading(const struct view *view, struct out *out)
{
	if (!out->clip_lines)
		out_char(out, '\n');
	if (shows_load(view->settings))
		put_load(view, out);
}

static void setup(const struct settings *s, struct view *view, bool own_columns)
{
	view->when = VIEW_ON_TICK;
	view->header_per_tick = true;
	view->opening = opening;
	view->heading = heading;
	view->rows = s->rows;
	if (shows_load(s))
		view->keep_syscalls = SYSCALLS_FILES;
	if (own_columns)
		return;
	view->section_per_family = true;
	section_set(&view->section[0], layout_v4, sizeof(layout_v4) / sizeof(layout_v4[0]));
	section_set(&view->section[1], layout_v6, sizeof(layout_v6) / sizeof(layout_v6[0]));
}

const struct report report_top = {
	.name = "top",
	.seed_name = "tcptop",
	.summary = "who talks to whom and how much, per interval",
	.positional = "[interval [count]] [filter]",
	.examples = examples,
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.columns = "time,pid,comm,owner_source,thread,family,laddr,lport,raddr,rport,state,role,"
		   "tx_bytes,rx_bytes,duration_us,handshake_us,srtt_us,min_rtt_us,retrans,"
		   "bytes_retrans,cgroup,netns,cookie",
	.defaults = defaults,
	.words = words,
	.setup = setup,
};
