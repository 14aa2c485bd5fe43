// SPDX-License-Identifier: BSD-2-Clause
/* What a run is made of: source -> engine -> consumers, in the order in which privileges allow it. */
#include "app/run.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "app/agent_files.h"
#include "app/agent_service.h"
#include "app/asked.h"
#include "app/child.h"
#include "app/choose_source.h"
#include "app/descriptors.h"
#include "app/input.h"
#include "app/loop.h"
#include "app/loop_offline.h"
#include "app/loss.h"
#include "app/notify.h"
#include "app/sandbox.h"
#include "app/sources.h"
#include "app/status.h"
#include "app/window.h"
#include "cli/complain.h"
#include "consumer/agent.h"
#include "engine/account.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "engine/filter.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "util/cgroup.h"
#include "util/log.h"
#include "view/show.h"

struct run {
	const struct watch *watch;
	const char *program;
	struct clock clock;
	struct cgroup_names *cgroups;
	struct all_asked asked;
	struct source source;
	const char *forced_source; /* the name of the only one that may be used, or NULL */
	struct engine engine;
	struct loop loop;
	struct child command; /* of -c */
	struct agent_service service;
};

/* The only network namespace that anybody wants, or 0. */
static uint32_t only_netns(const struct all_asked *asked)
{
	uint32_t netns = filter_netns(asked->one[0]->consumer.filter);

	for (unsigned i = 1; i < asked->count; i++)
		if (filter_netns(asked->one[i]->consumer.filter) != netns)
			return 0;
	return netns;
}

/* The states that are to be told, or counted. */
static uint32_t all_states(const struct all_asked *asked)
{
	uint32_t all = 0;

	for (unsigned i = 0; i < asked->count; i++)
		all |= asked->one[i]->consumer.states | asked->one[i]->consumer.counts;
	return all;
}

static unsigned source_needs(const struct all_asked *asked, const struct source_ops *ops)
{
	unsigned needs = asked->needs;

	/* Verdicts on flows are made of whatever the source can read; handshakes tell all themselves. */
	for (unsigned i = 0; i < asked->count && ops->counters; i++)
		if (asked->one[i]->consumer.needs & NEED_VERDICT &&
		    !wants_handshakes_alone(asked->one[i]->consumer.wants))
			needs |= NEED_EXTRA | NEED_CAUSES | NEED_UNDO;
	if (asked->wants & WANT_PRESENT)
		needs |= NEED_PRESENT | (all_states(asked) & SOURCE_BARE_STATES ? NEED_BARE : 0);
	return needs;
}

static void tell_gap(void *context, const struct source_gap *gap)
{
	struct run *r = context;

	for (unsigned i = 0; i < r->asked.count; i++) {
		struct consumer *c = &r->asked.one[i]->consumer;

		if (c->ops->gap && !c->done)
			c->ops->gap(c, gap);
	}
}

/* What it has to do is what all consumers need. */
static int prepare_source(struct run *r)
{
	const struct all_asked *asked = &r->asked;
	const struct source_ops *ops =
		choose_source(r->watch, asked, r->program, &r->forced_source);

	if (!ops)
		return RUN_USAGE;
	if ((r->watch->from_us || r->watch->to_us || r->watch->follow) &&
	    (!ops->tells_ticks || r->watch->connect)) {
		complain(r->program, NULL, 0,
			 "--at, --for, --since, --until and --follow are about recordings; this is none");
		return RUN_USAGE;
	}
	if (r->watch->reads_count > 1 && !ops->host_name) {
		complain(r->program, NULL, 0,
			 "argument --read: only recordings can be read several at once; one of these is none");
		return RUN_USAGE;
	}
	r->source = (struct source){
		.ops = ops,
		.watch = r->watch,
		.only = asked->count == 1 ? asked->one[0]->question : NULL,
		.live_table = asked->wants & (WANT_INTERVALS | WANT_OPENED),
		.once = asked->wants & WANT_PRESENT,
		.everything = asked->wants & (WANT_ALL | WANT_EACH),
		.handshakes = asked->wants & WANT_HANDSHAKES,
		.flows = !wants_handshakes_alone(asked->wants),
		.states = all_states(asked),
		.needs = source_needs(asked, ops),
		.netns = only_netns(asked),
		.offline = ops->reads_files &&
			   (r->watch->read_path || r->watch->fleet || r->watch->connect),
		.is_live = r->watch->connect,
		.listeners = asked->wants & WANT_LISTENERS,
		.wanted_ns = asked_shortest_interval(asked),
		.owners = asked->needs & NEED_OWNER,
		.clock = &r->clock,
		.cgroups = r->cgroups,
		.emit = engine_event,
		.emit_context = &r->engine,
		.tell_gap = tell_gap,
		.gap_context = r,
	};
	if (r->source.offline) {
		/* It may be of another machine, or of cgroups and processes that are no more. */
		cgroup_names_leave_host(r->cgroups);
		r->source.emit = loop_emit_offline;
		r->source.emit_context = &r->loop;
	}
	return 0;
}

static int prepare_engine(struct run *r)
{
	/* Who tells when intervals ended has no grid of its own. */
	engine_init(&r->engine, (uint32_t)r->watch->max_flows,
		    r->source.offline && !r->source.ops->tells_ticks);
	r->engine.keeps_all = r->source.ops->finds_gone && !r->source.once && r->source.flows;
	for (unsigned i = 0; i < r->asked.count; i++) {
		struct asked *a = r->asked.one[i];

		if (engine_add(&r->engine, &a->consumer, 0)) {
			log_error("too many different intervals: at most %d", PACES_MAX);
			return RUN_FAILED;
		}
		view_begin(&a->view, r->engine.max_flows);
	}
	if (r->watch->agent)
		r->watch->agent->engine = &r->engine;
	r->service = (struct agent_service){.asked = &r->asked,
					    .engine = &r->engine,
					    .source = &r->source,
					    .agent = r->watch->agent,
					    .notify = -1,
					    .statm = -1};
	r->loop = (struct loop){.watch = r->watch,
				.engine = &r->engine,
				.source = &r->source,
				.asked = &r->asked,
				.command = -1,
				.epoll = -1,
				.signals = -1,
				.tick = -1,
				.come_back = -1,
				.deadline = -1,
				.clock = -1};
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
	unsigned all = r->source.keep_syscalls;

	for (unsigned i = 0; i < r->asked.count; i++)
		all |= r->asked.one[i]->consumer.keep_syscalls;
	if (r->asked.needs & ~r->source.lacks & NEED_CGROUPS)
		all |= SYSCALLS_FILES;
	if (!r->source.offline && !r->source.once)
		all |= SYSCALLS_LOOP;
	if (r->command.pidfd >= 0)
		all |= SYSCALLS_CHILD;
	return all;
}

/* Probes are attached; what is still to be opened needs the privileges too. */
static int start_consumers(struct run *r, uid_t uid, gid_t gid)
{
	int err = 0;

	for (unsigned i = 0; i < r->asked.count && !err; i++) {
		struct asked *a = r->asked.one[i];

		a->consumer.lacks = r->source.lacks;
		a->view.context.source = &r->source;
		a->view.meanwhile = r->source.offline ? loop_meanwhile_offline : drain_meanwhile;
		a->view.meanwhile_context = r->source.offline ? (void *)&r->loop : &r->source;
		err = a->output ? outputs_begin(a->output, a->question) : 0;
		if (err)
			break;
		if (a->output)
			view_open(&a->view);
		if (a->consumer.ops->start)
			err = a->consumer.ops->start(&a->consumer, &r->source, uid, gid);
	}
	return err;
}

static int run_source(struct run *r)
{
	int err, notify = notify_open();
	uid_t uid;
	gid_t gid;

	if (sandbox_find_user(r->watch->user, &uid, &gid))
		return -EINVAL;
	if (r->source.keep_user) {
		uid = geteuid();
		gid = getegid();
	}
	if (r->watch->agent) {
		agent_service_open(&r->service, notify);
		r->loop.service = &r->service;
	}
	r->loop.command = r->command.pidfd;
	/* They must be ready for what is there already, which the source tells of when it starts. */
	err = start_consumers(r, uid, gid);
	if (!err)
		err = r->source.ops->start(&r->source);
	if (!err)
		err = loop_open(&r->loop);
	if (!err && r->watch->agent)
		err = agent_shut_in(&r->asked, r->cgroups);
	/* A file may come from anybody: it is parsed without privileges too. */
	if (!err)
		err = sandbox_enter(r->source.keep_capabilities, syscalls(r), uid, gid,
				    r->watch->user);
	if (!err)
		err = outputs_flush(&r->asked.outputs);
	if (err)
		return err;
	if (!r->watch->agent)
		notify_ready(notify);
	if (r->source.offline)
		return loop_run_offline(&r->loop);
	if (r->source.once)
		return loop_run_once(&r->loop);
	loop_begin(&r->loop);
	if (r->watch->agent)
		agent_service_begin(&r->service);
	child_go(&r->command);
	return loop_run_live(&r->loop);
}

/* What a list of sockets leaves out, and how it is seen. */
static void say_what_is_unlisted(const struct asked *a)
{
	unsigned long long waiting = a->consumer.counted[ST_TIME_WAIT];
	unsigned long long half_open = a->consumer.counted[ST_NEW_SYN_RECV];

	if (a->question->json || a->question->csv)
		return;
	if (waiting && half_open)
		fprintf(stderr, "and %llu in TIME_WAIT, %llu in SYN_RECV (--all lists them too)\n",
			waiting, half_open);
	else if (waiting)
		fprintf(stderr, "and %llu in TIME_WAIT (--state time-wait lists them)\n", waiting);
	else if (half_open)
		fprintf(stderr, "and %llu in SYN_RECV (--state syn-recv lists them)\n", half_open);
}

/*
 * The end of each consumer, with an account that is its own: up to where its run alone would have
 * ended, of what it is told of, with a full flow table only if it follows flows, and with what it lost
 * itself.
 */
static void end_consumers(struct run *r, const struct account *flows,
			  const struct account *handshakes)
{
	for (unsigned i = 0; i < r->asked.count; i++) {
		struct asked *a = r->asked.one[i];
		struct consumer *c = &a->consumer;
		struct account own = a->is_over			    ? a->account
				     : wants_handshakes_alone(c->wants) ? *handshakes
								    : *flows;

		if (c->wants & (WANT_OPENED | WANT_INTERVALS))
			own.table_full += a->is_over ? a->refused : r->engine.flows.refused;
		own.table_full += c->ops->overflow ? c->ops->overflow(c) : 0;
		own.dropped_rows = c->out ? c->out->dropped : 0;
		if (!c->is_gone)
			c->ops->end(c, &own);
	}
}

static bool stdout_is_gone(const struct run *r)
{
	const struct outputs *o = &r->asked.outputs;
	int error = o->is_single ? o->output[0].out.error : 0;

	return error == EPIPE || error == ECANCELED;
}

static int finish(struct run *r, int err)
{
	struct account account = {0}, handshakes = {0};
	bool broke_off = err, is_written;
	uint64_t unsent;

	/* The reader has gone, or a signal ended the wait for it: nobody is left to be told. */
	if (err == -EPIPE || err == -ECANCELED)
		return RUN_DONE;
	source_account(&r->source, false, &account);
	source_account(&r->source, true, &handshakes);
	loss_unseen(&account, r->engine.unseen);
	if (!err)
		end_consumers(r, &account, &handshakes);
	if (r->engine.wants & (WANT_OPENED | WANT_INTERVALS))
		account.table_full += r->engine.flows.refused;
	err = outputs_flush(&r->asked.outputs) && !err ? -r->asked.outputs.output[0].out.error : err;
	if (stdout_is_gone(r))
		return RUN_DONE;
	say_what_is_unlisted(r->asked.one[0]);
	if (r->asked.outputs.is_single && r->asked.outputs.output[0].out.error)
		log_errno(r->asked.outputs.output[0].out.error, "cannot write the output");
	is_written = outputs_finish(&r->asked.outputs);
	unsent = loss_overflow(&account, &r->asked);
	/* What was never frozen and read a last time does not add up. */
	if (!broke_off)
		loss_warn(&account, &handshakes, &r->source);
	if (err || !is_written || (r->watch->strict && asked_has_failed(&r->asked)))
		return RUN_FAILED;
	if (r->watch->strict &&
	    (account_has_loss(&account) || account_has_loss(&handshakes) || unsent))
		return RUN_LOSS;
	return r->asked.one[0]->consumer.status;
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
	       (next = sources_next(r->watch, r->source.ops))) {
		if (choose_refusal(next, &r->asked))
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
	int err = r->source.offline ? 0 : descriptors_check_room(), status;

	if (!err)
		err = open_source(r);
	/* The first bytes of a file were read by now: until they came, a signal might end all that.
	 */
	if (r->source.offline)
		loop_block_signals();
	if (!err && r->watch->command && !r->source.offline)
		err = child_make(&r->command, r->watch->command);
	r->engine.slack_ns = r->source.interval_ns / 2;
	r->engine.ends_on_grid |= r->source.ends_on_grid;
	r->engine.first_leads = !r->source.offline || r->watch->follow || r->watch->connect;
	if (err)
		status = is_refusal(err) ? RUN_NO_PRIVILEGE : RUN_FAILED;
	else
		status = finish(r, run_source(r));
	r->source.ops->close(&r->source);
	loop_close(&r->loop);
	agent_service_close(&r->service);
	child_done(&r->command);
	return status;
}

int run_report(const struct report *report, struct question *question, const char *program)
{
	struct run r = {.watch = question->watch,
			.program = program,
			.command = {.go = -1, .pidfd = -1}};
	int status;

	if (!r.watch->read_path && !r.watch->fleet)
		loop_block_signals();
	clock_follow_host(&r.clock);
	r.cgroups = cgroup_names_new();
	status = asked_make(&r.asked, report, question, program, &r.clock, r.cgroups);
	if (!status)
		status = window_set(question->watch, program);
	if (!status && input_prepare(question->watch))
		status = RUN_FAILED;
	if (!status)
		status = prepare_source(&r);
	if (!status)
		status = asked_open_outputs(&r.asked, program);
	if (!status)
		status = prepare_engine(&r);
	if (!status && r.watch->agent && agent_service_answers(&r.asked, &r.source, &status))
		;
	else if (!status)
		status = run_opened(&r);
	engine_done(&r.engine);
	asked_done(&r.asked);
	cgroup_names_free(r.cgroups);
	return status == RUN_ASKED_HELP ? RUN_DONE : status;
}
