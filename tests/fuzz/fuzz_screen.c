// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any flows, any keys, any sizes of the window, in any order: nothing breaks, and what is drawn in the
 * end is a function of the state alone: a list that is made anew from the same state looks the same.
 * Each two bytes are a step: what, and which.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/account.h"
#include "engine/clock.h"
#include "engine/consumer.h"
#include "engine/engine.h"
#include "engine/filter.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "screen/keys.h"
#include "screen/screen.h"
#include "screen/state.h"
#include "screen/term_guard.h"
#include "view/show.h"
#include "view/view.h"

#define FLOWS 24
#define NS_PER_S 1000000000ull

static int rows, width, clicked;

/* ---- in place of the terminal ---- */

bool term_guard_suits(void)
{
	return true;
}

int term_open(struct terminal **ret, const struct term_options *options)
{
	(void)options;
	*ret = (struct terminal *)&rows;
	return 0;
}

void term_close(struct terminal *t)
{
	(void)t;
}

void term_size(const struct terminal *t, int *ret_rows, int *ret_columns)
{
	(void)t;
	*ret_rows = rows;
	*ret_columns = width;
}

bool term_is_ascii(const struct terminal *t)
{
	(void)t;
	return false;
}

int term_key(struct terminal *t)
{
	(void)t;
	return KEY_NONE_YET;
}

bool term_is_gone(const struct terminal *t)
{
	(void)t;
	return false;
}

void term_click(const struct terminal *t, int *ret_row, int *ret_column)
{
	(void)t;
	*ret_row = clicked % 64;
	*ret_column = clicked;
}

void term_copy(struct terminal *t, const char *text, size_t len)
{
	(void)t, (void)text, (void)len;
}

void term_mouse(struct terminal *t, bool on)
{
	(void)t;
	(void)on;
}

void term_show(struct terminal *t, const struct canvas *c, bool anew)
{
	(void)t;
	(void)anew;
	if (c->rows != rows || c->columns != width)
		abort();
}

bool term_is_busy(const struct terminal *t)
{
	(void)t;
	return false;
}

void term_push(struct terminal *t)
{
	(void)t;
}

int term_output(const struct terminal *t)
{
	(void)t;
	return -1;
}

int term_wake_fd(const struct terminal *t)
{
	(void)t;
	return -1;
}

void term_wake(struct terminal *t)
{
	(void)t;
}

/* ---- in place of a source ---- */

static void account(struct source *s, struct account *ret)
{
	(void)s;
	*ret = (struct account){.lost = 1};
}

static const struct source_ops source_ops = {.name = "fuzz", .account = account, .losses = account};

struct run {
	struct engine engine;
	struct watch watch;
	struct question question;
	struct view view;
	struct consumer consumer;
	struct clock clock;
	struct source source;
	struct screen_options options;
	struct event flow[FLOWS]; /* as told last; head.id 0: it is not there */
	uint64_t now_ns;
};

static struct screen *begin(struct run *r)
{
	struct usage_error error;
	struct filter_error wrong;

	r->watch.max_flows = FLOWS - 4;
	r->question = (struct question){.watch = &r->watch, .interval_s = 1};
	r->options = (struct screen_options){.memory_mib = 1};
	r->source = (struct source){.ops = &source_ops, .watch = &r->watch, .clock = &r->clock};
	r->view.when = VIEW_ON_TICK;
	r->view.consumer = &r->consumer;
	r->view.question = &r->question;
	r->view.context.clock = &r->clock;
	r->consumer.question = &r->question;
	r->consumer.fd = -1;
	screen_wrap(&r->consumer, &r->view, &r->options, &error);
	r->consumer.filter = filter_new(&r->question, NULL, &wrong);
	r->consumer.states = filter_states(r->consumer.filter);
	engine_init(&r->engine, (uint32_t)r->watch.max_flows, false);
	engine_add(&r->engine, &r->consumer, 0);
	view_begin(&r->view, r->engine.max_flows);
	r->consumer.ops->start(&r->consumer, &r->source, 0, 0);
	/* What is saved is another test's business. */
	close(((struct screen *)r->consumer.state)->save_dir);
	((struct screen *)r->consumer.state)->save_dir = -1;
	r->now_ns = NS_PER_S;
	engine_begin(&r->engine, r->now_ns);
	return r->consumer.state;
}

static void end(struct run *r)
{
	r->consumer.ops->free(&r->consumer);
	view_done(&r->view);
	filter_free(r->consumer.filter);
	engine_done(&r->engine);
}

static void tell(struct run *r, uint8_t which)
{
	struct event *ev = &r->flow[which % FLOWS];
	bool is_new = !ev->head.id;

	if (is_new) {
		*ev = (struct event){.head = {.id = 1000u + which, .flags = EV_HAS_IDENT | EV_HAS_EXTRA}};
		ev->head.state = which % 5 ? ST_ESTABLISHED : ST_LISTEN;
		ev->ident.pid = which % 3;
		ev->ident.owner_source = which % OWNER_COUNT;
		ev->ident.role = which % ROLE_COUNT;
		ev->ident.seen = which % SEEN_COUNT;
		ev->ident.family = which % 2 ? 4 : 6;
		addr_set_v4(&ev->ident.raddr, which * 0x01010101u);
		if (which % 7 == 0)
			memset(ev->ident.raddr.byte, which, 16);
		memcpy(ev->ident.comm, "a\x1b\xcc\x81\xe2\x80\xae\xe6\xbc\xa2", 11);
		ev->extra.known = which * 0x9e3779b9u & 0x1fff;
		ev->extra.mss = 1448;
		ev->ident.open_ns = which & 1 ? r->now_ns : 0;
	}
	ev->head.kind = is_new ? EV_OPEN : which & 0x80 ? EV_CLOSE : EV_SAMPLE;
	ev->head.end_reason = which % END_COUNT;
	ev->time_ns = r->now_ns;
	ev->count.tx_bytes += which * 1000u;
	ev->count.rx_bytes += which;
	ev->count.srtt_us = which * 7u;
	ev->count.retrans_segs += which % 3;
	ev->extra.rwnd_limited_us += which * 4000u;
	ev->extra.busy_us += which * 5000u;
	engine_event(&r->engine, ev);
	if (ev->head.kind == EV_CLOSE)
		*ev = (struct event){0};
}

static void type(struct screen *s, const char *text)
{
	for (; *text; text++)
		screen_key(s, (unsigned char)*text);
}

static void press(struct screen *s, uint8_t which)
{
	static const char *const texts[] = {"pid 1", "port 5", " and ", "(", "verdict any",
					    "not comm a*", "12:10", "5m ago", "kill", "unit x"};
	const struct key_def *k = &key_defs[which % key_def_count];

	clicked = which;
	if (which >= 0xf0)
		type(s, texts[which % 10]);
	else if (which >= 0xe0)
		screen_key(s, "\x1b\r\n\t  019zK\x7f\x15\x17\x01"[which & 0xf]);
	else if (which >= 0xd0)
		screen_key(s, KEY_BASE + 1 + (which & 0xf));
	else if (which == 0xcf)
		screen_key(s, KEY_IS_CLICK);
	else if (k->act != ACT_QUIT)
		screen_key(s, k->key[(which >> 6) % 2 && k->key[1] ? 1 : 0]);
}

static void step(struct run *r, struct screen *s, uint8_t what, uint8_t which)
{
	switch (what % 8) {
	case 0:
	case 1:
	case 2:
		tell(r, which);
		break;
	case 3:
		r->now_ns += NS_PER_S;
		engine_advance(&r->engine, r->now_ns);
		break;
	case 4:
		rows = 1 + which % 60;
		width = 1 + (which * 7) % 240;
		r->consumer.ops->resized(&r->consumer);
		break;
	default:
		press(s, which);
	}
}

/* What the state says, drawn; twice, the second time by a list that remembers nothing. */
static void compare(struct screen *s)
{
	struct canvas one = {0}, *c = &s->canvas;
	size_t bytes;

	screen_settle(s);
	screen_settle(s);
	draw(c, &s->scene, &s->plan);
	bytes = (size_t)c->rows * (size_t)c->columns * sizeof(*c->cell);
	canvas_init(&one, c->rows, c->columns);
	memcpy(one.cell, c->cell, bytes);
	memset(s->list.cache, 0, (size_t)s->list.limit * sizeof(*s->list.cache));
	memset(s->list.line, 0xa5, 64 * sizeof(*s->list.line));
	screen_settle(s);
	draw(c, &s->scene, &s->plan);
	if (memcmp(one.cell, c->cell, bytes))
		abort();
	canvas_done(&one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *r = calloc(1, sizeof(*r));
	struct screen *s;

	rows = 24;
	width = 80;
	s = begin(r);
	for (size_t i = 0; i + 1 < size && i < 4096; i += 2)
		step(r, s, data[i], data[i + 1]);
	compare(s);
	end(r);
	free(r);
	return 0;
}
