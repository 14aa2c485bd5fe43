// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/handshakes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "abi/event.h"
#include "consumer/control.h"
#include "consumer/tally.h"
#include "engine/account.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/consumer.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/value.h"
#include "engine/watch.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "view/show.h"

#define SOCKET_PATH "/var/run/tcpeek/tcpeek.sock"
#define NS_PER_S 1000000000ll

struct handshakes {
	const struct handshakes_options *options;
	struct view *view;
	struct source *source;
	struct tally tally;
	struct control *control;
	uint64_t started_ns;
	bool has_syslog;
};

const char *const handshakes_levels[] = {"emerg",   "alert",  "crit", "err",   "warning",
					 "notice", "info",   "debug", NULL};

static int parse_log_level(struct handshakes *h, struct usage_error *error)
{
	const char *level = h->options->log_level;

	if (!level)
		return 0;
	if (!strncasecmp(level, "LOG_", 4))
		level += 4;
	for (int i = 0; handshakes_levels[i]; i++)
		if (!strcasecmp(level, handshakes_levels[i]) || (level[0] == '0' + i && !level[1])) {
			openlog("tcpeek", LOG_PID | LOG_NDELAY, LOG_DAEMON);
			setlogmask(LOG_UPTO(i));
			h->has_syslog = true;
			return 0;
		}
	error->argument = h->options->log_level;
	snprintf(error->text, sizeof(error->text),
		 "argument -l/--loglevel: emerg to debug, or 0 to 7");
	return -EINVAL;
}

static int parse_filters(struct handshakes *h, struct usage_error *error)
{
	const struct handshakes_options *o = h->options;
	struct expression_error wrong;
	size_t word = 0;

	if (!tally_init(&h->tally, o->words, o->word_count, &word, &wrong))
		return 0;
	error->argument = o->words[word];
	error->at = wrong.at;
	snprintf(error->text, sizeof(error->text), "%s", wrong.text);
	return -EINVAL;
}

static void tell_syslog(const struct event *ev)
{
	bool is_server = ev->ident.role == ROLE_ACCEPT;
	char local[VALUE_TEXT_MAX + 1], remote[VALUE_TEXT_MAX + 1];
	const struct ev_ident *id = &ev->ident;

	local[value_format_addr(&id->laddr, local)] = '\0';
	remote[value_format_addr(&id->raddr, remote)] = '\0';
	syslog(ev->handshake.outcome == OUTCOME_ESTABLISHED ? LOG_INFO : LOG_NOTICE,
	       "%s:%u > %s:%u %s dup_syn=%u dup_syn_ack=%u", is_server ? remote : local,
	       is_server ? id->rport : id->lport, is_server ? local : remote,
	       is_server ? id->lport : id->rport, outcome_name(ev->handshake.outcome),
	       ev->handshake.dup_syn, ev->handshake.dup_syn_ack);
}

static void on_handshake(struct consumer *c, const struct event *ev)
{
	struct handshakes *h = c->state;

	if (!tally_take(&h->tally, ev))
		return;
	if (h->has_syslog)
		tell_syslog(ev);
	if (!h->options->quiet)
		view_handshake(h->view, ev);
}

static struct tally_packets packets_of(struct handshakes *h)
{
	struct account a = {0};

	source_account(h->source, true, &a);
	return (struct tally_packets){a.received, a.dropped, a.interface_dropped};
}

static void answer(void *context, enum control_wish wish, struct out *out)
{
	struct handshakes *h = context;
	struct tally_packets packets;

	if (wish == CONTROL_REFRESH) {
		tally_put_refresh(&h->tally, out);
		return;
	}
	packets = packets_of(h);
	tally_put_get(&h->tally, &packets, out);
}

static void on_run(struct consumer *c)
{
	struct handshakes *h = c->state;

	control_run(h->control);
}

/* The capture is open: say so, and open the control socket. */
static int on_start(struct consumer *c, struct source *s, uid_t uid, gid_t gid)
{
	struct handshakes *h = c->state;
	const char *path = h->options->socket_path ? h->options->socket_path : SOCKET_PATH;
	int err;

	h->source = s;
	h->started_ns = clock_now_ns();
	if (s->ops->describe)
		fprintf(stderr, "%s %s\n", s->offline ? "reading from" : "listening on",
			s->ops->describe(s));
	if (h->has_syslog)
		c->keep_syscalls |= SYSCALLS_SYSLOG;
	if (s->offline)
		return 0;
	err = control_open(&h->control, path, uid, gid, answer, h);
	if (err)
		return err;
	c->keep_syscalls |= SYSCALLS_SERVE;
	c->fd = control_fd(h->control);
	return 0;
}

/* With --json: the counters as one object. */
static void put_filters(struct handshakes *h, struct out *out)
{
	struct tally_packets packets = packets_of(h);

	out_str(out, "{\"type\":\"filters\",");
	if (h->view->tag)
		out_format(out, "\"report\":\"%s\",", h->view->tag);
	out_str(out, "\"filters\":");
	tally_put_get(&h->tally, &packets, out);
	out_str(out, "}\n");
	out_end_record(out);
}

static void put_time(struct out *out, const char *label, int64_t ns)
{
	time_t second = (time_t)(ns / NS_PER_S);
	char text[32];
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	out_format(out, "%9s : %s\n", label, text);
}

/* On stderr. */
static void put_summary(const struct handshakes *h, const struct account *a)
{
	int64_t offset_ns = h->source->clock->realtime_offset_ns;
	int64_t from_ns = (int64_t)h->started_ns + offset_ns;
	int64_t to_ns = (int64_t)clock_now_ns() + offset_ns;
	struct out out;

	if (h->source->offline) {
		from_ns = (int64_t)a->first_ns + offset_ns;
		to_ns = (int64_t)a->last_ns + offset_ns;
	}
	out_init(&out, STDERR_FILENO);
	out_str(&out, "\n========== TCPEEK SUMMARY ==========\n");
	put_time(&out, "from", from_ns);
	put_time(&out, "to", to_ns);
	out_format(&out, "%9s : %9lld.%03lld (sec)\n", "time",
		   (long long)((to_ns - from_ns) / NS_PER_S),
		   (long long)((to_ns - from_ns) % NS_PER_S / 1000000));
	/* A host knows of unreachable peers without heeding ICMP. */
	tally_put_summary(&h->tally, h->source->watch->icmp || !h->source->ops->packets, &out);
	if (h->source->ops->packets)
		out_format(&out,
			   " pcap stats\n   recv   : %llu\n   drop   : %llu\n   ifdrop : %llu\n",
			   (unsigned long long)a->received, (unsigned long long)a->dropped,
			   (unsigned long long)a->interface_dropped);
	out_str(&out, "====================================\n");
	out_flush(&out);
	out_done(&out);
}

static void on_end(struct consumer *c, const struct account *account)
{
	struct handshakes *h = c->state;

	if (c->question->json)
		put_filters(h, h->view->out);
	view_end(h->view, account);
	out_flush(h->view->out);
	if (h->view->out->error != EPIPE && h->view->out->error != ECANCELED)
		put_summary(h, account);
}

static void on_free(struct consumer *c)
{
	struct handshakes *h = c->state;

	control_close(h->control);
	tally_done(&h->tally);
	if (h->has_syslog)
		closelog();
	free(h);
}

static const struct consumer_ops ops = {
	.name = "handshakes",
	.handshake = on_handshake,
	.start = on_start,
	.run = on_run,
	.end = on_end,
	.free = on_free,
};

int handshakes_wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	struct handshakes *h = xcalloc(1, sizeof(*h));

	h->options = c->question->own;
	h->view = view;
	c->state = h;
	c->ops = &ops;
	return parse_filters(h, error) || parse_log_level(h, error) ? -EINVAL : 0;
}
