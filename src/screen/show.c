// SPDX-License-Identifier: BSD-2-Clause
#include "screen/show.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/timerfd.h>

#include "engine/clock.h"
#include "engine/source.h"
#include "view/group_by.h"
#include "view/view.h"

/* Drawings are so far apart at least, while keys repeat; and while a file is read. */
#define DRAW_NS 50000000ull
#define DRAW_READING_NS 200000000ull
#define NS_PER_S 1000000000ull

struct moment screen_moment(const struct screen *s)
{
	const struct past *p = &s->past;

	if (p->is_there)
		return (struct moment){.hot = p->hot,
				       .cold = p->cold,
				       .used = p->used,
				       .tick = p->tick,
				       .time_ns = p->time_ns};
	return (struct moment){.hot = s->tracks.hot,
			       .cold = s->tracks.cold,
			       .used = s->tracks.used,
			       .tick = s->journal.last,
			       .time_ns = journal_time(&s->journal, s->journal.last),
			       .is_ahead = true};
}

void screen_say(struct screen *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->ui.message, sizeof(s->ui.message), format, args);
	va_end(args);
	screen_draw_soon(s);
}

void show_set_by(struct screen *s, enum by by)
{
	s->ui.by = by;
	s->list.by_number++;
	if (by != BY_NONE)
		group_by_set(by_name(by), s->view);
}

/* A directory holds recordings of several intervals, if the old ones were summed up. */
static void set_interval(struct screen *s, const struct moment *m)
{
	uint64_t ns = journal_interval(&s->journal, m->tick);

	if (ns)
		s->scene.interval_s = (double)ns / NS_PER_S;
}

static void set_rates(struct scene *scene, const struct moved *moved)
{
	scene->tx_rate = (double)moved->tx / scene->interval_s;
	scene->rx_rate = (double)moved->rx / scene->interval_s;
}

/* Of the past, those that were there then, and what they moved then. */
static void count_flows(struct screen *s, const struct moment *m)
{
	struct scene *scene = &s->scene;
	struct moved moved = {0};

	scene->live = s->tracks.live;
	scene->closed = s->tracks.closed;
	scene->listening = s->tracks.listening;
	if (!s->past.is_there) {
		set_rates(scene, &s->moved_last);
		return;
	}
	scene->live = scene->closed = scene->listening = 0;
	for (uint32_t i = 0; i < m->used; i++) {
		const struct track_hot *h = &m->hot[i];

		if (!h->id)
			continue;
		scene->closed += h->close_ns != 0;
		scene->listening += !h->close_ns && h->state == ST_LISTEN;
		scene->live += !h->close_ns && h->state != ST_LISTEN;
		moved.tx += h->news_tick == m->tick ? h->delta.tx_bytes : 0;
		moved.rx += h->news_tick == m->tick ? h->delta.rx_bytes : 0;
	}
	set_rates(scene, &moved);
}

void screen_settle(struct screen *s)
{
	static struct moment moment;
	int rows, width;

	term_size(s->term, &rows, &width);
	if (rows != s->canvas.rows || width != s->canvas.columns)
		canvas_init(&s->canvas, rows, width);
	moment = screen_moment(s);
	s->list.moment = s->scene.moment = &moment;
	s->list.ui = &s->ui;
	s->list.where = s->where;
	s->scene.is_reading = s->is_reading;
	set_interval(s, &moment);
	count_flows(s, &moment);
	list_make(&s->list);
	plan_make(&s->plan, &s->ui, rows, width);
	plan_settle(&s->ui, &s->list, &s->plan);
}

static void draw_now(struct screen *s)
{
	s->wants_draw = false;
	screen_settle(s);
	draw(&s->canvas, &s->scene, &s->plan);
	term_show(s->term, &s->canvas, s->draws_anew);
	s->draws_anew = false;
	s->last_draw_ns = clock_now_ns();
	screen_watch_output(s);
}

static void set_timer(struct screen *s, uint64_t after_ns)
{
	struct itimerspec spec = {.it_value.tv_sec = (time_t)(after_ns / NS_PER_S),
				  .it_value.tv_nsec = (long)(after_ns % NS_PER_S)};

	timerfd_settime(s->timer, 0, &spec, NULL);
	s->timer_is_set = true;
}

void screen_draw_soon(struct screen *s)
{
	uint64_t now = clock_now_ns(), apart = s->is_reading ? DRAW_READING_NS : DRAW_NS;

	s->wants_draw = true;
	if (!s->term || term_is_busy(s->term))
		return;
	if (now - s->last_draw_ns >= apart)
		draw_now(s);
	else if (!s->timer_is_set)
		set_timer(s, apart - (now - s->last_draw_ns));
}
