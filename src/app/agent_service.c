// SPDX-License-Identifier: BSD-2-Clause
#include "app/agent_service.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/agent_config.h"
#include "app/agent_reload.h"
#include "app/asked.h"
#include "app/notify.h"
#include "app/status.h"
#include "consumer/agent.h"
#include "consumer/agent_options.h"
#include "engine/account.h"
#include "engine/clock.h"
#include "engine/engine.h"
#include "engine/source.h"
#include "util/log.h"

#define NS_PER_S 1000000000ull
#define SHRINK_PAUSE_NS (5 * NS_PER_S)
#define SHRINK_SHARE 1000

bool agent_service_answers(struct all_asked *asked, struct source *source, int *ret_status)
{
	struct consumer *c = &asked->one[0]->consumer;
	const struct agent_options *o = asked->one[0]->question->own;
	int err;

	if (o->is_dump)
		agent_config_dump(asked);
	if (!o->is_check)
		return o->is_dump;
	err = c->ops->start(c, source, geteuid(), getegid());
	/* All that is wrong is told, not the first alone. */
	for (unsigned i = 1; i < asked->count; i++) {
		struct consumer *part = &asked->one[i]->consumer;
		int now = part->ops->check ? part->ops->check(part) : 0;

		err = err ? err : now;
	}
	*ret_status = !err				? RUN_DONE
		      : err == -EPERM || err == -EACCES ? RUN_NO_PRIVILEGE
							: RUN_FAILED;
	if (!err && !o->is_dump)
		printf("%s: the settings are right, and all that they name could be opened\n",
		       c->question->watch->config ? agent_config_path(c->question) : "no file");
	return true;
}

void agent_service_open(struct agent_service *s, int notify)
{
	s->notify = notify;
	s->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	s->budget.finest_ns = UINT64_MAX;
	for (unsigned i = 0; i < s->engine->paces; i++)
		if (s->engine->pace[i].interval_ns && s->engine->pace[i].interval_ns < s->budget.finest_ns)
			s->budget.finest_ns = s->engine->pace[i].interval_ns;
}

static uint64_t cpu_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void agent_service_begin(struct agent_service *s)
{
	s->agent->is_ready = true;
	budget_begin(&s->budget, clock_now_ns(), cpu_now_ns());
	notify_turn(s->notify, "READY=1");
}

static uint64_t resident_bytes(const struct agent_service *s)
{
	unsigned long size, resident;
	char text[128];
	ssize_t n = s->statm < 0 ? -1 : pread(s->statm, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sscanf(text, "%lu %lu", &size, &resident) == 2
		       ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE)
		       : 0;
}

/* Which step so much memory asks for; what was given up is taken back only well below. */
static enum agent_step step_for(const struct agent_service *s, uint64_t bytes, uint64_t limit)
{
	static const unsigned percent[AGENT_STEPS] = {0, 80, 88, 95};
	enum agent_step step = AGENT_ALL;

	for (unsigned i = 1; i < AGENT_STEPS; i++)
		if (bytes >= limit / 100 * percent[i])
			step = i;
	if (step < s->agent->step && bytes >= limit / 100 * 70)
		step = s->agent->step;
	return step;
}

static void keep_memory(struct agent_service *s, const struct agent_options *o)
{
	static const char *const what[AGENT_STEPS] = {
		"all is kept again", "closed connections are not kept",
		"half of the history is kept", "new connections are counted only"};
	uint64_t bytes = o->memory_bytes ? resident_bytes(s) : 0;
	enum agent_step step = bytes ? step_for(s, bytes, o->memory_bytes) : AGENT_ALL;

	if (step == s->agent->step)
		return;
	agent_take_step(s->agent, step);
	s->engine->flows.is_closed = step >= AGENT_NO_NEW_FLOWS;
	log_warn("%llu MiB of memory are used, and %s is the limit: %s",
		 (unsigned long long)(bytes >> 20), o->memory_limit ? o->memory_limit : "none",
		 what[step]);
}

static void keep_budget(struct agent_service *s, const struct agent_options *o)
{
	struct budget *b = &s->budget;
	uint64_t slowed = b->slowed;

	if (!budget_take(b, clock_now_ns(), cpu_now_ns(), o->cpu_permille))
		return;
	s->engine->floor_ns = b->floor_ns;
	log_warn("%s: intervals are of %.1f s or more from now on",
		 b->slowed > slowed ? "the processor's budget was exceeded for a minute"
				    : "five minutes were within the budget",
		 (double)(b->floor_ns ? b->floor_ns : b->finest_ns) / NS_PER_S);
}

/* So rarely that it takes a thousandth of the time at most. */
static void give_back(struct agent_service *s)
{
	uint64_t begin_ns = clock_now_ns(), took_ns;

	if (begin_ns < s->shrink_ns)
		return;
	if (engine_shrink(s->engine))
		malloc_trim(0);
	took_ns = clock_now_ns() - begin_ns;
	s->shrink_ns = begin_ns + SHRINK_PAUSE_NS + took_ns * SHRINK_SHARE;
}

void agent_service_ticked(struct agent_service *s)
{
	const struct agent_options *o = s->asked->one[0]->question->own;
	struct account a = {0};
	char text[256];

	give_back(s);
	keep_memory(s, o);
	keep_budget(s, o);
	if (s->notify < 0)
		return;
	source_losses(s->source, &a);
	snprintf(text, sizeof(text), "WATCHDOG=1\nSTATUS=%u flows, %llu lost, %s%s",
		 s->engine->flows.count, (unsigned long long)(a.lost_ring + a.lost_memory),
		 s->source->ops->name,
		 s->agent->step	       ? ", short of memory"
		 : s->engine->floor_ns ? ", slowed"
				       : "");
	notify_tell(s->notify, text);
}

void agent_service_reload(struct agent_service *s)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)(clock_now_ns() / 1000));
	notify_turn(s->notify, text);
	if (agent_reload(s->asked))
		s->reloads++;
	else
		s->refused_reloads++;
	notify_turn(s->notify, "READY=1");
}

/* Outputs were not taken in time: what is lost is not told any more. */
static void on_late(int signal)
{
	static const char text[] =
		"tcpsight agent: it ends although not all was taken (--stop-timeout)\n";

	(void)signal;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(RUN_FAILED);
	_exit(RUN_FAILED);
}

/* Outputs share one patience; who sends has one of its own, and tells what it lost when that is over. */
static unsigned end_s(const struct agent_service *s)
{
	const struct agent_options *o = s->asked->one[0]->question->own;
	unsigned ret = (unsigned)o->stop_timeout_s;

	for (unsigned i = 0; i < s->asked->count; i++)
		ret += s->asked->one[i]->consumer.end_s;
	return ret;
}

void agent_service_stop(struct agent_service *s)
{
	const struct sigaction late = {.sa_handler = on_late};
	char text[80];
	sigset_t set;

	snprintf(text, sizeof(text), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu",
		 (end_s(s) + 1) * 1000000ULL);
	notify_turn(s->notify, text);
	sigaction(SIGALRM, &late, NULL);
	alarm(end_s(s));
	/* A second signal ends it at once. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void agent_service_close(struct agent_service *s)
{
	if (s->notify >= 0)
		close(s->notify);
	if (s->statm >= 0)
		close(s->statm);
	s->notify = s->statm = -1;
}
