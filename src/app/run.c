// SPDX-License-Identifier: BSD-2-Clause
/* Wiring: source -> engine -> view -> sink, in the order in which privileges allow it. */
#include "app/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/child.h"
#include "app/loop.h"
#include "app/notify.h"
#include "app/peek.h"
#include "app/sandbox.h"
#include "app/sources.h"
#include "cli/options.h"
#include "engine/clock.h"
#include "engine/engine.h"
#include "engine/filter.h"
#include "engine/report.h"
#include "engine/settings.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "probe/wish.h"
#include "util/cgroup.h"
#include "util/log.h"
#include "util/out.h"

struct run {
	const struct report *report;
	const struct settings *settings;
	const char *program;
	struct clock clock;
	struct out out;
	struct view view;
	struct engine engine;
	struct source source;
	const char *forced_source; /* the name of the only one that may be used, or NULL */
	struct peek *peek; /* of a report that shows handshakes */
	struct cgroup_names *cgroups;
	struct filter *filter;
	struct child command; /* of -c */
};

static const char *sink_name(const struct run *r)
{
	const struct settings *s = r->settings;

	if (s->json)
		return "json";
	if (s->seed_json)
		return "frame";
	if (s->csv || s->seed_csv)
		return "csv";
	if (r->view.blocks)
		return "block";
	if (r->report->handshakes && !s->columns)
		return "tcpeek";
	if (r->view.when == VIEW_ON_TICK && !r->view.rolls && !s->no_clear && isatty(STDOUT_FILENO))
		return "screen";
	return "table";
}

static int complain_column(const struct run *r, const char *list, size_t at)
{
	char name[64], text[256];
	const struct column *near;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(list + at, ","), list + at);
	near = column_nearest(name);
	if (near)
		snprintf(text, sizeof(text), "no column '%s' (did you mean %s?)", name, near->name);
	else
		snprintf(text, sizeof(text), "no column '%s' (-o help lists all)", name);
	options_complain(r->program, list, at, text);
	return -EINVAL;
}

static int choose_sort(struct run *r)
{
	const char *name = r->settings->sort;

	if (!name || !strcmp(name, "all"))
		return 0;
	/* The words of libbpf-tools' tcptop. */
	if (!strcmp(name, "sent"))
		name = "tx_bytes";
	else if (!strcmp(name, "received"))
		name = "rx_bytes";
	r->view.sort = column_find(name, strlen(name));
	return r->view.sort ? 0 : complain_column(r, name, 0);
}

/* What is only read for `stat` would be empty everywhere else. */
static int refuse_counters(const struct run *r)
{
	const struct section *s = &r->view.section[0];
	char text[256];

	for (size_t i = 0; i < s->count; i++) {
		if (!(s->column[i]->needs & NEED_EXTRA))
			continue;
		snprintf(text, sizeof(text), "the column %s is there in `tcpsight stat` only",
			 s->column[i]->name);
		options_complain(r->program, NULL, 0, text);
		return -EINVAL;
	}
	return 0;
}

static int choose_columns(struct run *r)
{
	const struct settings *s = r->settings;
	const char *list = s->columns;
	size_t at;

	if (!list && (s->json || s->csv))
		list = r->report->columns_of ? r->report->columns_of(s) : r->report->columns;
	r->report->setup(s, &r->view, list != NULL);
	if (list && section_parse(&r->view.section[0], list, &at))
		return complain_column(r, list, at);
	if (choose_sort(r))
		return -EINVAL;
	return r->view.counters ? 0 : refuse_counters(r);
}

/* The columns that will be printed or ranked by decide what is collected. */
static unsigned needs(const struct run *r)
{
	unsigned all = r->view.sort ? r->view.sort->needs : 0;

	for (int n = 0; n < VIEW_SECTIONS; n++)
		for (size_t i = 0; i < r->view.section[n].count; i++)
			all |= r->view.section[n].column[i]->needs;
	return all;
}

static int prepare_view(struct run *r)
{
	r->view.settings = r->settings;
	r->view.out = &r->out;
	r->view.context.clock = &r->clock;
	r->view.context.cgroups = r->cgroups;
	if (choose_columns(r))
		return -EINVAL;
	r->view.sink = sinks_find(sink_name(r));
	/* tcpeek speaks to the terminal only. */
	if (!strcmp(r->view.sink->name, "tcpeek"))
		r->out.fd = STDERR_FILENO;
	return 0;
}

static int prepare_filter(struct run *r)
{
	struct filter_error error = {.at = 0};

	r->filter = filter_new(r->settings, r->cgroups, &error);
	if (r->filter)
		return 0;
	options_complain(r->program, error.argument, error.at, error.text);
	return -EINVAL;
}

/* An offline source's time moves the engine's clock before its event is taken. */
static void emit_offline(void *context, const struct event *ev)
{
	struct engine *e = context;

	if (!e->done && !engine_advance(e, ev->time_ns))
		e->done = true;
	if (!e->done)
		engine_event(e, ev);
}

/* What --source names, or what a rung of --rung belongs to; `*ret` is NULL if neither is given. */
static int forced_source(const struct run *r, const char **ret)
{
	const char *of_rung, *words = r->settings->rungs;
	const struct source_ops *ops;
	struct wish_error error;

	*ret = r->settings->source;
	if (!words)
		return 0;
	if (wish_check(words, &of_rung, &error)) {
		options_complain(r->program, words, error.at, error.text);
		return -EINVAL;
	}
	ops = of_rung ? sources_choose(r->settings, of_rung) : NULL;
	/* What reads packets or a file does not read what others do. */
	if (ops && (*ret ? strcmp(*ret, of_rung) : !ops->suits(r->settings))) {
		snprintf(error.text, sizeof(error.text),
			 "argument --rung: this belongs to the source %s, which is not used here",
			 of_rung);
		options_complain(r->program, words, 0, error.text);
		return -EINVAL;
	}
	if (of_rung)
		*ret = of_rung;
	return 0;
}

static int prepare_source(struct run *r)
{
	const struct source_ops *ops;
	char text[256];

	if (forced_source(r, &r->forced_source))
		return -EINVAL;
	ops = sources_choose(r->settings, r->forced_source);
	if (!ops) {
		snprintf(text, sizeof(text), "no source '%s' (there are: %s)", r->forced_source,
			 sources_list());
		options_complain(r->program, NULL, 0, text);
		return -EINVAL;
	}
	if (r->view.counters && !ops->counters) {
		snprintf(text, sizeof(text), "the source '%s' cannot read the counters of sockets",
			 ops->name);
		options_complain(r->program, NULL, 0, text);
		return -EINVAL;
	}
	if (r->report->handshakes && !ops->handshakes) {
		snprintf(text, sizeof(text), "the source '%s' shows no handshakes: pcap and bpf do",
			 ops->name);
		options_complain(r->program, NULL, 0, text);
		return -EINVAL;
	}
	r->source = (struct source){
		.ops = ops,
		.settings = r->settings,
		.live_table = r->view.when == VIEW_ON_TICK,
		.once = r->view.sockets,
		.everything = r->view.counters,
		/* A view with counters takes events with all their parts. */
		.needs = needs(r) | (r->view.counters ? NEED_EXTRA : 0),
		.netns = filter_netns(r->filter),
		.offline = ops->reads_files && r->settings->read_path,
		.owners = (needs(r) & NEED_OWNER) || r->settings->by_pid,
		.clock = &r->clock,
		.emit = engine_event,
		.emit_context = &r->engine,
	};
	if (r->source.offline)
		r->source.emit = emit_offline;
	if (r->report->handshakes) {
		r->source.handshakes = true;
		r->source.needs |= NEED_HANDSHAKES;
		r->source.emit = peek_event;
		r->source.emit_context = r->peek;
	}
	return 0;
}

/* New events change no row of the tick that is being printed: those hold their own counts. */
static void drain_meanwhile(void *context)
{
	struct source *s = context;

	s->ops->drain(s);
}

/* All that is asked of the kernel from here on: enum syscalls. */
static unsigned syscalls(const struct run *r)
{
	unsigned all = r->source.keep_syscalls | r->view.keep_syscalls |
		       r->view.sink->keep_syscalls | filter_syscalls(r->filter);

	if (needs(r) & ~r->source.lacks & NEED_CGROUPS)
		all |= SYSCALLS_FILES;
	if (!r->source.offline && !r->view.sockets)
		all |= SYSCALLS_LOOP;
	if (r->command.pidfd >= 0)
		all |= SYSCALLS_CHILD;
	return r->peek ? all | peek_syscalls(r->peek) : all;
}

static int run_source(struct run *r)
{
	struct loop loop = {.engine = &r->engine, .source = &r->source, .extra_fd = -1};
	int err, notify = notify_open();
	uid_t uid;
	gid_t gid;

	if (sandbox_find_user(r->settings->user, &uid, &gid))
		return -EINVAL;

	loop.screen = !strcmp(r->view.sink->name, "screen");
	if (!r->source.offline) {
		r->view.meanwhile = drain_meanwhile;
		r->view.meanwhile_context = &r->source;
	}
	loop.command = r->command.pidfd;
	r->view.lacks = r->source.lacks;
	view_begin(&r->view);
	err = r->source.ops->start(&r->source);
	if (!err && r->peek)
		err = peek_start(r->peek, &loop, uid, gid);
	/* A file may come from anybody: it is parsed without privileges too. */
	if (!err)
		err = sandbox_enter(r->source.keep_capabilities, syscalls(r), uid, gid);
	if (err || out_flush(&r->out))
		return err ? err : -r->out.error;
	notify_ready(notify);
	if (r->source.offline)
		return loop_run_offline(&loop);
	if (r->view.sockets)
		return loop_run_once(&loop);
	loop_begin(&loop);
	child_go(&r->command);
	return loop_run_live(&loop);
}

static void warn_of_loss(const struct account *a, const char *advice, const char *missed_advice)
{
	if (a->lost)
		log_warn("lost %llu of %llu flows (%llu bytes sent, %llu received)%s%s",
			 (unsigned long long)a->lost, (unsigned long long)(a->opened + a->adopted),
			 (unsigned long long)a->lost_tx_bytes, (unsigned long long)a->lost_rx_bytes,
			 advice ? ": " : "", advice ? advice : "");
	if (a->missed)
		log_warn("missed %llu %s", (unsigned long long)a->missed,
			 missed_advice ? missed_advice
				       : "state changes or packets, which the kernel skipped");
	if (a->table_full)
		log_warn("%llu readings found the flow table full; a larger --max-flows helps",
			 (unsigned long long)a->table_full);
	if (a->undecoded)
		log_warn("%llu records could not be understood%s%s",
			 (unsigned long long)a->undecoded, a->undecoded_why[0] ? ": " : "",
			 a->undecoded_why);
}

static int finish(struct run *r, int err)
{
	struct account account = {0};

	/* The reader has gone, or a signal ended the wait for it: nobody is left to be told. */
	if (err == -EPIPE || err == -ECANCELED)
		return RUN_DONE;
	r->source.ops->account(&r->source, &account);
	account.table_full += r->engine.flows.refused + r->view.groups.refused;
	if (!err && r->peek)
		peek_put_filters(r->peek, &r->out);
	if (!err)
		view_end(&r->view, &account);
	out_flush(&r->out);
	if (r->out.error == EPIPE || r->out.error == ECANCELED)
		return RUN_DONE;
	if (!err && r->peek)
		peek_put_summary(r->peek, &account);
	if (r->out.error) {
		log_errno(r->out.error, "cannot write the output");
		return RUN_FAILED;
	}
	warn_of_loss(&account,
		     r->peek ? peek_loss_advice : r->source.ops->loss_advice,
		     r->source.ops->missed_advice);
	if (err)
		return RUN_FAILED;
	return r->settings->strict && account_has_loss(&account) ? RUN_LOSS : RUN_DONE;
}

static bool is_refusal(int err)
{
	return err == -EPERM || err == -ENOTSUP;
}

/* What the kernel refuses is replaced by the next source that suits, unless one was forced. */
static int open_source(struct run *r)
{
	const struct source_ops *next;
	int err = r->source.ops->open(&r->source);

	while (is_refusal(err) && !r->forced_source &&
	       (next = sources_next(r->settings, r->source.ops))) {
		if (r->view.counters && !next->counters)
			break;
		r->source.ops->close(&r->source);
		log_warn("using the source \"%s\" instead: %s", next->name, next->summary);
		r->source.ops = next;
		r->source.keep_capabilities = 0;
		r->source.keep_syscalls = 0;
		err = next->open(&r->source);
	}
	return err;
}

static int run_opened(struct run *r)
{
	int err = open_source(r), status;

	if (!err && r->settings->command && !r->source.offline)
		err = child_make(&r->command, r->settings->command);
	if (err)
		status = is_refusal(err) ? RUN_NO_PRIVILEGE : RUN_FAILED;
	else
		status = finish(r, run_source(r));
	r->source.ops->close(&r->source);
	child_done(&r->command);
	return status;
}

int run_report(const struct report *report, const struct settings *settings, const char *program)
{
	struct run r = {.report = report,
			.settings = settings,
			.program = program,
			.command = {.go = -1, .pidfd = -1}};
	int status = RUN_USAGE;

	out_init(&r.out, STDOUT_FILENO);
	if (report->handshakes && peek_new(&r.peek, settings, program, &r.engine, &r.source)) {
		out_done(&r.out);
		return RUN_USAGE;
	}
	clock_follow_host(&r.clock);
	r.cgroups = cgroup_names_new();
	if (report->explain && settings->verbose)
		report->explain(settings, log_debug);
	if (!prepare_view(&r) && !prepare_filter(&r) && !prepare_source(&r)) {
		engine_init(&r.engine, settings, r.filter, &r.view);
		status = run_opened(&r);
		engine_done(&r.engine);
	}
	peek_free(r.peek);
	filter_free(r.filter);
	cgroup_names_free(r.cgroups);
	out_done(&r.out);
	return status;
}
