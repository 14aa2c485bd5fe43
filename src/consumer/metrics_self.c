// SPDX-License-Identifier: BSD-2-Clause
/* What metrics tell of ourselves: whether all was seen, and what that takes. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "consumer/agent.h"
#include "consumer/metrics_state.h"
#include "engine/account.h"
#include "engine/clock.h"
#include "engine/engine.h"
#include "engine/question.h"
#include "engine/source.h"
#include "serve/http.h"
#include "serve/http_listen.h"

#define US_PER_S 1e6

void metrics_process_open(struct metrics_process *p)
{
	struct timespec now;
	struct utsname u;

	uname(&u);
	snprintf(p->kernel, sizeof(p->kernel), "%s", u.release);
	clock_gettime(CLOCK_REALTIME, &now);
	p->started_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	p->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	p->fds = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void metrics_process_close(struct metrics_process *p)
{
	if (p->statm >= 0)
		close(p->statm);
	if (p->fds >= 0)
		close(p->fds);
}

static uint64_t resident_bytes(const struct metrics_process *p)
{
	unsigned long size, resident = 0;
	char text[128];
	ssize_t n = p->statm < 0 ? -1 : pread(p->statm, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%lu %lu", &size, &resident) != 2)
		return 0;
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Without the one that counts. */
static uint64_t open_files(const struct metrics_process *p)
{
	int fd = p->fds < 0 ? -1 : openat(p->fds, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	uint64_t n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 3;
}

static void put_process(struct metrics *m, struct expose *x)
{
	struct timespec cpu;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	expose_family(x, "process_cpu_seconds", EXPOSE_COUNTER, "seconds",
		      "CPU time of this process");
	expose_seconds(x, "", (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
	expose_family(x, "process_resident_memory_bytes", EXPOSE_GAUGE, "bytes",
		      "memory of this process that is resident");
	expose_uint(x, "", resident_bytes(&m->process));
	expose_family(x, "process_open_fds", EXPOSE_GAUGE, "", "files that this process has open");
	expose_uint(x, "", open_files(&m->process));
	expose_family(x, "process_start_time_seconds", EXPOSE_GAUGE, "seconds",
		      "when this process began, since 1970");
	expose_seconds(x, "", (double)m->process.started_us / US_PER_S);
}

static void put_build(struct metrics *m, struct expose *x)
{
	char labels[512];

	snprintf(labels, sizeof(labels),
		 "version=\"" VERSION "\",libbpf=\"%u.%u\",kernel=\"%.64s\",source=\"%s\"",
		 libbpf_major_version(), libbpf_minor_version(), m->process.kernel,
		 m->source->ops->name);
	expose_family(x, "tcpsight_build", EXPOSE_INFO, "", "what this is, and what it runs on");
	expose_uint(x, labels, 1);
}

/* How it sees what it sees, and what that costs. */
static void put_source(struct metrics *m, struct expose *x)
{
	const struct source_ops *ops = m->source->ops;
	const char *name, *way;
	uint64_t runs, ns;
	char labels[160];

	if (ops->way)
		expose_family(
			x, "tcpsight_rung", EXPOSE_INFO, "",
			"the ways by which it gets what it needs from the kernel (tcpsight doctor "
			"tells of all)");
	for (size_t i = 0; ops->way && ops->way(i, &name, &way); i++) {
		snprintf(labels, sizeof(labels), "need=\"%s\",way=\"%s\"", name, way);
		expose_uint(x, labels, 1);
	}
	for (unsigned is_time = 0; ops->program && is_time < 2; is_time++) {
		expose_family(
			x, is_time ? "tcpsight_program_seconds" : "tcpsight_program_runs",
			EXPOSE_COUNTER, is_time ? "seconds" : "",
			is_time ? "CPU time of programs in the kernel, if the kernel counts that "
				  "(sysctl kernel.bpf_stats_enabled=1)"
				: "how often programs in the kernel ran, if the kernel counts that");
		for (size_t i = 0; ops->program(m->source, i, &name, &runs, &ns); i++) {
			snprintf(labels, sizeof(labels), "program=\"%s\"", name);
			if (is_time)
				expose_seconds(x, labels, (double)ns / 1e9);
			else
				expose_uint(x, labels, runs);
		}
	}
}

static void put_snapshot(const struct metrics *m, struct expose *x)
{
	expose_family(x, "tcpsight_snapshot_timestamp_seconds", EXPOSE_GAUGE, "seconds",
		      "when the interval ended whose numbers these are, since 1970");
	expose_seconds(x, "", (double)m->snapshot_us / US_PER_S);
}

static void put_loss(struct expose *x, const struct account *a, const struct engine *e,
		     uint64_t rows)
{
	const struct {
		const char *labels;
		uint64_t value;
	} stage[] = {
		{"stage=\"ring\"", a->lost_ring},
		{"stage=\"memory\"", a->lost_memory},
		{"stage=\"unseen\"", e->unseen},
		{"stage=\"missed\"", a->missed},
		{"stage=\"table\"", e->flows.refused},
		{"stage=\"undecoded\"", a->undecoded},
		{"stage=\"queue\"", rows},
	};

	expose_family(
		x, "tcpsight_lost", EXPOSE_COUNTER, "",
		"what was lost: flows for which the event buffer or the kernel's memory had no place, "
		"ends that nobody was shown, changes of state that the kernel showed no program, "
		"readings for which the table of flows had no place, records that were not understood, "
		"rows that an output did not take");
	for (size_t i = 0; i < sizeof(stage) / sizeof(stage[0]); i++)
		expose_uint(x, stage[i].labels, stage[i].value);
}

static uint64_t dropped_rows(const struct engine *e)
{
	uint64_t bits = e->all_wanted, sum = 0;

	while (bits) {
		const struct consumer *c = engine_next_of(e, &bits);

		sum += c->out ? c->out->dropped : 0;
		sum += c->ops->overflow ? c->ops->overflow(c) : 0;
	}
	return sum;
}

/* A filter that may take a connection at one time and not at another takes no whole lives. */
static bool sees_whole_lives(const struct question *q)
{
	return !q->by_pid && !q->cgroup && !q->unit && !q->container && !q->states &&
	       !q->cgroup_map && !q->mntns_map;
}

static void put_balance(const struct metrics *m, struct expose *x)
{
	if (!sees_whole_lives(m->consumer->question))
		return;
	expose_family(x, "tcpsight_balance", EXPOSE_GAUGE, "",
		      "by how many the connections that began or were found differ from those that "
		      "ended and those that are live: 0, or something is counted wrong");
	expose_uint(x, "", (uint64_t)llabs(m->balance));
}

static void put_account(struct metrics *m, struct expose *x)
{
	const struct engine *e = m->consumer->engine;
	struct account a = {0};

	source_losses(m->source, &a);
	expose_family(x, "tcpsight_flows", EXPOSE_GAUGE, "",
		      "flows that are followed, and how many may be");
	expose_uint(x, "kind=\"live\"", e->flows.count);
	expose_uint(x, "kind=\"limit\"", e->max_flows);
	expose_family(x, "tcpsight_events", EXPOSE_COUNTER, "",
		      "flows that opened, that were there when we came, and that closed");
	expose_uint(x, "kind=\"opened\"", a.opened);
	expose_uint(x, "kind=\"adopted\"", a.adopted);
	expose_uint(x, "kind=\"closed\"", a.closed);
	put_balance(m, x);
	put_loss(x, &a, e, dropped_rows(e));
}

static void put_series(struct metrics *m, struct expose *x, const char *name, enum expose_kind kind,
		       const char *help, bool is_folded)
{
	char labels[128];

	expose_family(x, name, kind, "", help);
	for (unsigned id = 0; id < METRIC_COUNT; id++) {
		const struct series_table *t = metrics[id].of_listeners ? &m->listeners : &m->flows;

		snprintf(labels, sizeof(labels), "metric=\"%s\"", metrics[id].name);
		expose_uint(x, labels, is_folded ? t->folded[id] : t->series[id]);
	}
}

static void put_http(struct metrics *m, struct expose *x)
{
	struct http_counts n;

	if (!m->agent)
		return;
	n = http_get_counts(m->agent->http);
	expose_family(x, "tcpsight_http_requests", EXPOSE_COUNTER, "", "requests that came");
	expose_uint(x, "", n.requests);
	expose_family(x, "tcpsight_http_refused", EXPOSE_COUNTER, "",
		      "requests that were refused: host, method, size, or who asked");
	expose_uint(x, "", n.refused);
	expose_family(x, "tcpsight_http_too_slow", EXPOSE_COUNTER, "",
		      "connections that were cut as too slow");
	expose_uint(x, "", n.too_slow);
	expose_family(x, "tcpsight_http_connections", EXPOSE_GAUGE, "",
		      "connections that are open");
	expose_uint(x, "", n.open);
	expose_family(
		x, "tcpsight_step", EXPOSE_GAUGE, "",
		"what was given up for memory: 0 nothing, 1 closed flows, 2 half of the history, 3 new "
		"flows");
	expose_uint(x, "", m->agent->step);
}

void metrics_put_self(struct metrics *m, struct expose *x)
{
	put_snapshot(m, x);
	put_account(m, x);
	put_series(m, x, "tcpsight_series", EXPOSE_GAUGE,
		   "series of each metric, without those of all others", false);
	put_series(m, x, "tcpsight_series_folded", EXPOSE_COUNTER,
		   "how often a value found no series of its own and went to that of all others",
		   true);
	expose_family(x, "tcpsight_series_left", EXPOSE_COUNTER, "",
		      "groups that were quiet for long and left");
	expose_uint(x, "", m->flows.expired_groups + m->listeners.expired_groups);
	expose_family(x, "tcpsight_interval_late", EXPOSE_COUNTER, "", "intervals that ended late");
	expose_uint(x, "", m->late);
	/* Of a file the page is the same wherever it is read. */
	if (m->source->offline)
		return;
	metrics_put_exporters(m->consumer->engine, x);
	put_build(m, x);
	put_source(m, x);
	/* The rest is of the page, and as those have it who make pages. */
	if (x->ops)
		return;
	expose_family(x, "tcpsight_scrape_build_seconds", EXPOSE_GAUGE, "seconds",
		      "how long the page before this one took to make");
	expose_seconds(x, "", m->build_s);
	put_http(m, x);
	put_process(m, x);
}
