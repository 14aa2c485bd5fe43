// SPDX-License-Identifier: BSD-2-Clause
// What a drawing of the screen costs: CPU time of choosing and ordering the lines and drawing them
// into the grid of cells, with many flows of which a tenth move in each interval.
//
//     screen FLOWS TIMES
//
// Prints microseconds as JSON: plain, with a filter, grouped by process, sorted by a text.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/consumer.h"
#include "screen/journal.h"
#include "screen/scene.h"
#include "screen/where.h"
#include "view/group_by.h"
#include "view/view.h"

#define ROWS 40
#define COLUMNS 120
#define PROCESSES 500

static struct track_hot *hot;
static struct track_cold *cold;
static struct journal journal;
static struct view view;
static struct consumer consumer;
static struct clock wall;
static struct ui ui;
static struct list list;
static struct scene scene;
static struct canvas canvas;
static struct moment moment;

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void make_flows(uint32_t flows)
{
	hot = calloc(flows, sizeof(*hot));
	cold = aligned_alloc(64, flows * sizeof(*cold));
	if (!hot || !cold)
		exit(1);
	memset(cold, 0, flows * sizeof(*cold));
	for (uint32_t i = 0; i < flows; i++) {
		struct ev_ident *id = &cold[i].flow.ident;

		hot[i].id = cold[i].flow.id = i + 1;
		hot[i].state = ST_ESTABLISHED;
		hot[i].first_tick = 1;
		hot[i].version = 1;
		hot[i].has_extra = 1;
		id->pid = 1000 + i % PROCESSES;
		id->owner_source = OWNER_ACCEPT;
		id->role = ROLE_ACCEPT;
		id->family = 4;
		id->lport = 443;
		id->rport = (uint16_t)(1024 + i % 60000);
		addr_set_v4(&id->raddr, i * 2654435761u);
		addr_set_v4(&id->laddr, 0x0100000a);
		snprintf(id->comm, sizeof(id->comm), "worker%u", i % PROCESSES);
	}
	moment = (struct moment){.hot = hot, .cold = cold, .used = flows};
}

/* A tenth of the flows, another one each time. */
static void move_some(uint32_t flows)
{
	moment.tick++;
	moment.time_ns += 1000000000ull;
	for (uint32_t i = moment.tick % 10; i < flows; i += 10) {
		struct track_hot *h = &hot[i], before = *h;
		uint64_t bytes = (uint64_t)rand() % 1000000;

		h->tx_average = track_average_with(h->tx_average, h->news_tick, moment.tick, (float)bytes);
		h->delta.tx_bytes = bytes;
		h->delta.srtt_us = (uint32_t)bytes % 5000;
		h->state = (uint8_t)(1 + bytes % 11);
		cold[i].extra.cwnd = (uint32_t)bytes % 1000;
		h->news_tick = moment.tick;
		journal_note(&journal, i, &before, h, &cold[i], &cold[i]);
	}
	journal_seal(&journal, moment.time_ns, 1000000000);
}

static double draw_once(void)
{
	double before = cpu_us();
	struct plan plan;

	list_make(&list);
	plan_make(&plan, &ui, ROWS, COLUMNS);
	plan_settle(&ui, &list, &plan);
	draw(&canvas, &scene, &plan);
	return cpu_us() - before;
}

static double measure(uint32_t flows, unsigned times)
{
	double sum = 0;

	/* What is remembered of each flow is found once. */
	draw_once();
	for (unsigned i = 0; i < times; i++) {
		move_some(flows);
		sum += draw_once();
	}
	return sum / times;
}

static void set_by(enum by by)
{
	ui.by = by;
	list.by_number++;
	if (by)
		group_by_set(by_name(by), &view);
}

static void set_where(const char *text)
{
	char why[256];
	size_t at;

	list.where = text ? where_new(text, false, why, sizeof(why), &at) : NULL;
	list.where_number++;
}

/* As the screen keeps at most. */
#define TICKS_KEPT 3600

int main(int argc, char **argv)
{
	uint32_t flows = argc > 1 ? (uint32_t)atoi(argv[1]) : 50000;
	unsigned times = argc > 2 ? (unsigned)atoi(argv[2]) : 50;

	make_flows(flows);
	journal_init(&journal, 16 << 20, TICKS_KEPT, 0);
	list_init(&list, flows);
	canvas_init(&canvas, ROWS, COLUMNS);
	for (unsigned page = 0; page < PAGE_COUNT; page++) {
		fields_default(&ui.fields[page], page);
		ui.sort[page].field = SORT_BUSIEST;
	}
	view.context.clock = &wall;
	view.consumer = &consumer;
	list.view = scene.view = &view;
	list.ui = scene.ui = &ui;
	list.moment = scene.moment = &moment;
	scene.list = &list;
	scene.journal = &journal;
	scene.what = "bench";
	scene.interval_s = 1;
	printf("{\"plain_us\": %.1f", measure(flows, times));
	set_where("dst net 128.0.0.0/1 and not port 22 and pid 1001");
	printf(", \"filter_us\": %.1f", measure(flows, times));
	set_where(NULL);
	set_by(BY_PROCESS);
	printf(", \"group_us\": %.1f", measure(flows, times));
	set_by(BY_NONE);
	ui.sort[PAGE_FLOWS].field = fields_find(&ui.fields[PAGE_FLOWS], "comm");
	printf(", \"text_us\": %.1f", measure(flows, times));
	ui.sort[PAGE_FLOWS].field = fields_find(&ui.fields[PAGE_FLOWS], "state");
	printf(", \"word_us\": %.1f", measure(flows, times));
	fields_toggle(&ui.fields[PAGE_FLOWS], column_find("cwnd", 4));
	ui.sort[PAGE_FLOWS].field = fields_find(&ui.fields[PAGE_FLOWS], "cwnd");
	printf(", \"counter_us\": %.1f}\n", measure(flows, times));
	return 0;
}
