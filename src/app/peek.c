// SPDX-License-Identifier: BSD-2-Clause
#include "app/peek.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "abi/event.h"
#include "app/control.h"
#include "app/loop.h"
#include "app/tally.h"
#include "cli/options.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "engine/filter.h"
#include "engine/settings.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/value.h"
#include "util/out.h"
#include "util/xalloc.h"

#define SOCKET_PATH "/var/run/tcpeek/tcpeek.sock"
#define NS_PER_S 1000000000ll

const char peek_loss_advice[] = "too many were pending; a larger --max-pending helps";

struct peek {
	const struct settings *settings;
	struct engine *engine;
	struct source *source;
	struct tally tally;
	struct control *control;
	int64_t started_ns; /* since 1970 */
	bool has_syslog;
};

static int parse_log_level(struct peek *p, const char *program)
{
	static const char *const names[] = {"emerg",   "alert",	 "crit", "err",
					    "warning", "notice", "info", "debug"};
	const char *level = p->settings->log_level;
	char text[128];

	if (!level)
		return 0;
	if (!strncasecmp(level, "LOG_", 4))
		level += 4;
	for (int i = 0; i < 8; i++)
		if (!strcasecmp(level, names[i]) || (level[0] == '0' + i && !level[1])) {
			openlog("tcpeek", LOG_PID | LOG_NDELAY, LOG_DAEMON);
			setlogmask(LOG_UPTO(i));
			p->has_syslog = true;
			return 0;
		}
	snprintf(text, sizeof(text), "argument -l/--loglevel: emerg to debug, or 0 to 7");
	options_complain(program, p->settings->log_level, 0, text);
	return -EINVAL;
}

int peek_new(struct peek **ret, const struct settings *settings, const char *program,
	     struct engine *engine, struct source *source)
{
	struct peek *p = xcalloc(1, sizeof(*p));
	struct expression_error error;
	size_t word = 0;

	*ret = p;
	p->settings = settings;
	p->engine = engine;
	p->source = source;
	if (tally_init(&p->tally, settings->words, settings->word_count, &word, &error)) {
		options_complain(program, settings->words[word], error.at, error.text);
		peek_free(p);
		return -EINVAL;
	}
	if (!parse_log_level(p, program))
		return 0;
	peek_free(p);
	return -EINVAL;
}

void peek_free(struct peek *p)
{
	if (!p)
		return;
	control_close(p->control);
	tally_done(&p->tally);
	if (p->has_syslog)
		closelog();
	free(p);
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

void peek_event(void *context, const struct event *ev)
{
	struct peek *p = context;

	if (ev->head.kind != EV_HANDSHAKE || !filter_matches(p->engine->filter, &ev->ident) ||
	    !tally_take(&p->tally, ev))
		return;
	if (p->has_syslog)
		tell_syslog(ev);
	if (!p->settings->quiet)
		engine_event(p->engine, ev);
}

static void answer(void *context, enum control_wish wish, struct out *out)
{
	struct peek *p = context;
	struct account a = {0};
	struct tally_packets packets;

	if (wish == CONTROL_REFRESH) {
		tally_put_refresh(&p->tally, out);
		return;
	}
	p->source->ops->account(p->source, &a);
	packets = (struct tally_packets){a.received, a.dropped, a.interface_dropped};
	tally_put_get(&p->tally, &packets, out);
}

unsigned peek_syscalls(const struct peek *p)
{
	return (p->control ? SYSCALLS_SERVE : 0) | (p->has_syslog ? SYSCALLS_SYSLOG : 0);
}

static void run_control(void *context)
{
	control_run(context);
}

int peek_start(struct peek *p, struct loop *loop, uid_t uid, gid_t gid)
{
	const char *path = p->settings->socket_path ? p->settings->socket_path : SOCKET_PATH;
	struct source *s = p->source;
	int err;

	p->started_ns = (int64_t)clock_now_ns() + s->clock->realtime_offset_ns;
	if (s->ops->describe)
		fprintf(stderr, "%s %s\n", s->offline ? "reading from" : "listening on",
			s->ops->describe(s));
	if (s->offline)
		return 0;
	err = control_open(&p->control, path, uid, gid, answer, p);
	if (err)
		return err;
	loop->extra_fd = control_fd(p->control);
	loop->run_extra = run_control;
	loop->extra_context = p->control;
	return 0;
}

void peek_put_filters(const struct peek *p, struct out *out)
{
	struct tally_packets packets;
	struct account a = {0};

	if (!p->settings->json)
		return;
	p->source->ops->account(p->source, &a);
	packets = (struct tally_packets){a.received, a.dropped, a.interface_dropped};
	out_str(out, "{\"type\":\"filters\",\"filters\":");
	tally_put_get(&p->tally, &packets, out);
	out_str(out, "}\n");
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

void peek_put_summary(const struct peek *p, const struct account *a)
{
	int64_t offset_ns = p->source->clock->realtime_offset_ns;
	int64_t from_ns = p->started_ns, to_ns = (int64_t)clock_now_ns() + offset_ns;
	struct out out;

	if (p->source->offline) {
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
	tally_put_summary(&p->tally, p->settings->icmp || !p->source->ops->packets, &out);
	if (p->source->ops->packets)
		out_format(&out,
			   " pcap stats\n   recv   : %llu\n   drop   : %llu\n   ifdrop : %llu\n",
			   (unsigned long long)a->received, (unsigned long long)a->dropped,
			   (unsigned long long)a->interface_dropped);
	out_str(&out, "====================================\n");
	out_flush(&out);
	out_done(&out);
}
