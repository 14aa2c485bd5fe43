// SPDX-License-Identifier: BSD-2-Clause
// What a flow costs user space in an interval in which each flow moves: CPU time from the events of a look
// to the text that is written, through the engine, a view and a sink. What reads the kernel is not here.
//
//     rows FLOWS TIMES [best] [csv|table] [varied]
//
// Shows all of them as JSON, as CSV or as a table, or the best 20; each moves one byte, or, varied, any number.
// Prints nanoseconds for a flow and interval, as JSON: the least and the median of the intervals. Writes to
// /dev/null.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/clock.h"
#include "engine/engine.h"
#include "engine/filter.h"
#include "util/cgroup.h"
#include "util/out.h"
#include "view/ask.h"
#include "view/show.h"
#include "view/sink.h"

#define MAX_FLOWS 131072
#define INTERVAL_NS 1000000000ull
/* Of a second of the machine's other work: more than its caches hold. */
#define OTHERS_BYTES (48u << 20)

extern const struct report report_top;
extern const struct sink sink_json, sink_csv, sink_table;

static struct engine engine;
static struct view view;
static struct consumer consumer;
static struct watch watch;
static struct question question = {.watch = &watch};
static struct clock wall;
static struct out out;
static struct event *event;
static char *look; /* as the kernel hands over a sample: of each flow the head and the counts */
static unsigned char *others;

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool is_asked(int argc, char **argv, const char *option)
{
	for (int i = 3; i < argc; i++)
		if (!strcmp(argv[i], option))
			return true;
	return false;
}

static void ask(int argc, char **argv)
{
	struct usage_error error;
	struct filter_error wrong;

	out_init(&out, open("/dev/null", O_WRONLY));
	question.own = calloc(1, report_top.own_size);
	report_top.defaults(&question);
	question.csv = is_asked(argc, argv, "csv");
	question.json = !question.csv && !is_asked(argc, argv, "table");
	question.rows = is_asked(argc, argv, "best") ? 20 : 0;
	view.context.clock = &wall;
	view.context.cgroups = cgroup_names_new();
	if (ask_view(&report_top, &question, &view, &consumer, &error))
		exit(1);
	view.out = &out;
	view.sink = question.csv ? &sink_csv : question.json ? &sink_json : &sink_table;
	consumer.filter = filter_new(&question, view.context.cgroups, &wrong);
	consumer.states = filter_states(consumer.filter);
	consumer.out = &out;
	engine_init(&engine, MAX_FLOWS, false);
	if (engine_add(&engine, &consumer, 0))
		exit(1);
	view_begin(&view, MAX_FLOWS);
	view_open(&view);
	engine_begin(&engine, 1000);
}

static void make_flows(uint32_t flows)
{
	event = calloc(flows, sizeof(*event));
	look = aligned_alloc(64, (size_t)flows * EV_SIZE_COUNT);
	others = malloc(OTHERS_BYTES);
	if (!event || !look || !others)
		exit(1);
	for (uint32_t i = 0; i < flows; i++) {
		struct ev_ident *id = &event[i].ident;

		event[i] = (struct event){
			.head = {.id = 54708000 + i,
				 .kind = EV_SAMPLE,
				 .state = ST_ESTABLISHED,
				 .flags = EV_HAS_IDENT}};
		id->pid = 1000 + i % 5;
		id->owner_source = OWNER_FILES;
		id->role = ROLE_UNKNOWN;
		id->seen = SEEN_LATE;
		id->family = 4;
		id->lport = (uint16_t)(32768 + i % 28000);
		id->rport = 44829;
		id->netns = 4026533766u;
		id->cgroup_id = 1; /* the root */
		addr_set_v4(&id->laddr, 0x0100007f);
		addr_set_v4(&id->raddr, 0x0100007f + (i / 28000 << 8));
		snprintf(id->comm, sizeof(id->comm), "worker%u", i % 5);
		snprintf(id->thread, sizeof(id->thread), "worker%u", i % 5);
	}
}

static void shuffle(uint32_t flows)
{
	for (uint32_t i = flows - 1; i; i--) {
		uint32_t other = (uint32_t)rand() % (i + 1);
		struct event kept = event[i];

		event[i] = event[other];
		event[other] = kept;
	}
}

static void move_all(uint32_t flows, bool is_varied)
{
	for (uint32_t i = 0; i < flows; i++) {
		struct ev_count *c = &event[i].count;
		uint64_t bytes = is_varied ? (uint64_t)rand() % 1000000 : 1;

		c->tx_bytes += bytes;
		c->acked_bytes += bytes;
		c->rx_bytes++;
		c->srtt_us = 20 + (uint32_t)rand() % 20;
		c->min_rtt_us = 18;
		event[i].head.flags = 0;
	}
	memset(others, others[0] + 1, OTHERS_BYTES);
	for (uint32_t i = 0; i < flows; i++)
		memcpy(look + (size_t)i * EV_SIZE_COUNT, &event[i], EV_SIZE_COUNT);
}

static double look_once(const char *from, size_t event_size, uint32_t flows, uint64_t time_ns)
{
	double before = cpu_ns();

	for (uint32_t i = 0; i < flows; i++)
		engine_event(&engine, (const struct event *)(from + i * event_size));
	engine_advance(&engine, time_ns);
	out_flush(&out);
	return cpu_ns() - before;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	uint32_t flows = argc > 1 ? (uint32_t)atoi(argv[1]) : 20000;
	unsigned times = argc > 2 ? (unsigned)atoi(argv[2]) : 20;
	double *ns = calloc(times, sizeof(*ns));

	if (!ns)
		return 1;
	ask(argc, argv);
	make_flows(flows);
	/* Cookies count up; the start meets sockets by a hash of their addresses, a look by another. */
	shuffle(flows);
	look_once((const char *)event, sizeof(*event), flows, INTERVAL_NS);
	shuffle(flows);
	for (unsigned i = 0; i < times; i++) {
		move_all(flows, is_asked(argc, argv, "varied"));
		ns[i] = look_once(look, EV_SIZE_COUNT, flows, 1000 + (i + 2) * INTERVAL_NS) / flows;
	}
	qsort(ns, times, sizeof(*ns), by_size);
	printf("{\"least_ns\": %.1f, \"median_ns\": %.1f}\n", ns[0], ns[times / 2]);
	return 0;
}
