// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/agent_consumer.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "consumer/agent.h"
#include "consumer/agent_access.h"
#include "consumer/agent_doctor.h"
#include "consumer/agent_options.h"
#include "consumer/agent_status.h"
#include "engine/clock.h"
#include "engine/consumer.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/usage.h"
#include "serve/http.h"
#include "util/log.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "view/view.h"

#define WATCHDOG_MS_MIN 100

/* 200 while the loop turns: whoever reads this was served by it. */
static void answer_health(void *context, struct http_request *q)
{
	struct out out;

	(void)context;
	out_init_memory(&out);
	out_str(&out, "ok\n");
	http_answer(q, 200, "text/plain; charset=utf-8", &out);
}

static void answer_ready(void *context, struct http_request *q)
{
	const struct agent *a = context;
	struct out out;

	if (!a->is_ready) {
		http_add_header(q, "Retry-After", "1");
		http_problem(q, 503, "not ready", "what is there is still being read", NULL,
			     SIZE_MAX);
		return;
	}
	out_init_memory(&out);
	out_str(&out, "ready\n");
	http_answer(q, 200, "text/plain; charset=utf-8", &out);
}

static void answer_status(void *context, struct http_request *q)
{
	struct out out;

	out_init_memory(&out);
	out.for_web = true;
	agent_put_status(context, &out);
	http_answer(q, 200, "application/json", &out);
}

static void answer_doctor(void *context, struct http_request *q)
{
	const struct agent *a = context;

	agent_doctor_answer(a->doctor, q);
}

static const struct http_route routes[] = {
	{"/healthz", HTTP_HEALTH, .answer = answer_health},
	{"/readyz", HTTP_HEALTH, .answer = answer_ready},
	{"/api/v1/status", HTTP_API, .answer = answer_status},
	{"/api/v1/doctor", HTTP_API, .answer = answer_doctor},
};

static void on_run(struct consumer *c)
{
	const struct agent *a = c->state;

	http_run(a->http);
}

static int open_all(struct agent *a, const struct agent_options *o, uid_t uid, gid_t gid)
{
	struct usage_error error = {.at = 0};
	int err = agent_access_read(a->access, o, false);

	if (!err && !a->access->listeners)
		err = agent_listen(a, "unix:" AGENT_SOCKET, HTTP_ALL, false, &error);
	if (!err)
		err = agent_access_open(a->access, uid, gid, o->is_check);
	if (!err && o->insecure_anyone)
		log_warn("--insecure-anyone: whoever reaches a listener is told who talks to whom");
	return err;
}

static int on_start(struct consumer *c, struct source *source, uid_t uid, gid_t gid)
{
	struct agent *a = c->state;
	const struct agent_options *o = c->question->own;
	int err = open_all(a, o, uid, gid);

	a->source = source;
	a->started_ns = clock_now_ns();
	if (err)
		return err;
	if (!source->offline && !o->is_check)
		a->doctor = agent_doctor_new();
	err = http_set_policy(a->http, &a->access->policy);
	a->access->is_open = true;
	for (unsigned i = 0; i < a->access->listeners; i++)
		if (err)
			http_listener_close(&a->access->listener[i]);
		else
			err = http_serve(a->http, &a->access->listener[i]);
	c->fd = source->offline ? -1 : http_fd(a->http);
	return err;
}

static void on_end(struct consumer *c, const struct account *account)
{
	(void)c;
	(void)account;
}

static int on_reload(struct consumer *c, const struct question *q, bool is_trial,
		     struct usage_error *error)
{
	struct agent *a = c->state;
	int err = agent_access_read(a->access, q->own, is_trial);

	(void)error;
	return err || is_trial ? err : http_set_policy(a->http, &a->access->policy);
}

static void on_free(struct consumer *c)
{
	struct agent *a = c->state;

	http_free(a->http);
	agent_access_free(a->access);
	agent_doctor_free(a->doctor);
	c->question->watch->agent = NULL;
	free(a);
}

/* It wants to be told when intervals end, not what was in them. */
static void on_interval(struct consumer *c, const struct news *news)
{
	(void)c;
	(void)news;
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	(void)c;
	(void)time_ns;
}

static const struct consumer_ops ops = {
	.name = "agent",
	.interval = on_interval,
	.tick = on_tick,
	.start = on_start,
	.run = on_run,
	.reload = on_reload,
	.end = on_end,
	.free = on_free,
};

/* Half of the time within which systemd wants to hear of us (sd_watchdog_enabled(3)); 0: it does not. */
static uint64_t watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t ms = usec ? strtoull(usec, NULL, 10) / 2000 : 0;

	if (pid && strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	return ms && ms < WATCHDOG_MS_MIN ? WATCHDOG_MS_MIN : ms;
}

int agent_wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	struct agent *a = xcalloc(1, sizeof(*a));
	const struct agent_options *o = c->question->own;
	int err = 0;

	a->http = http_new();
	a->clock = view->context.clock;
	a->cgroups = view->context.cgroups;
	a->access = agent_access_new(o);
	c->question->watch->agent = a;
	c->state = a;
	c->ops = &ops;
	c->wants = 0;
	/* systemd is told that we live when an interval has ended, which must be often enough. */
	if (watchdog_ms()) {
		c->wants = WANT_INTERVALS;
		c->question->tick_ms = watchdog_ms();
	}
	c->keep_syscalls |= SYSCALLS_HTTP | SYSCALLS_SERVE | SYSCALLS_FILES;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		struct http_route r = routes[i];

		r.context = a;
		http_add_route(a->http, &r);
	}
	for (uint64_t i = 0; i < o->listen_count && !err; i++)
		err = agent_listen(a, o->listen[i], HTTP_ALL, false, error);
	return err;
}
