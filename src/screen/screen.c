// SPDX-License-Identifier: BSD-2-Clause
#include "screen/screen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "screen/act.h"
#include "screen/first_view.h"
#include "screen/keys.h"
#include "screen/past.h"
#include "screen/show.h"
#include "screen/state.h"
#include "screen/term_guard.h"
#include "screen/where.h"
#include "util/log.h"
#include "util/xalloc.h"
#include "view/group_by.h"
#include "view/judge.h"
#include "view/view.h"

#define CLOSED_MAX 16384
#define CLOSED_STAY_NS 600000000000ull
#define MEMORY_MIB 16
/* More intervals are remembered only if --history asks for a time that has more. */
#define INTERVALS_MAX 3600
#define KEEP_S 10
#define NS_PER_S 1000000000ull
#define US_PER_S 1000000
#define NS_PER_US 1000
#define EVENTS_MAX 8

/* ---- what the engine tells ---- */

/* Nobody can ask for less than what was recorded, and old recordings are kept by the minute. */
static uint64_t interval_ns(const struct screen *s)
{
	uint64_t asked = s->consumer->question->interval_s * NS_PER_S;

	return s->source->interval_ns > asked ? s->source->interval_ns : asked;
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct screen *s = c->state;
	uint32_t slot = flow_table_slot(&c->engine->flows, news->flow);
	/* Of a source that reads nothing of sockets each news is judged, by its bytes. */
	bool is_judged = !news->extra || news->flow->is_whole;
	struct verdict v = {.limit = LIMIT_COUNT};

	if (is_judged)
		judge_news(s->view, news, &v);
	tracks_take(&s->tracks, news, slot, s->journal.last + 1, (float)interval_ns(s) / NS_PER_S,
		    is_judged ? &v : NULL, &s->view->history[slot]);
	s->moved.tx += news->count.tx_bytes;
	s->moved.rx += news->count.rx_bytes;
}

static void take_loss(struct screen *s)
{
	struct account a = {0};
	const struct source_ops *ops = s->source->ops;

	/* What adds up at the end only is not asked for before. */
	source_losses(s->source, &a);
	s->scene.loss = (struct loss){
		.is_known = ops->losses || s->source->offline,
		.flows = a.lost,
		.missed = a.missed,
		.refused = a.table_full + s->tracks.refused + s->consumer->engine->flows.refused,
		.undecoded = a.undecoded,
	};
}

/* Columns show each flow as it is now; a verdict may be of its last turn. Listeners take none. */
static void choose_readings(struct screen *s)
{
	const struct ui *ui = &s->ui;

	s->consumer->takes_turns =
		ui->page == PAGE_LISTENERS || !fields_need(&ui->fields[ui->page], NEED_EXTRA);
	s->consumer->watched = ui->cursor_is_group ? 0 : ui->cursor_key;
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct screen *s = c->state;

	tracks_expire(&s->tracks, time_ns > CLOSED_STAY_NS ? time_ns - CLOSED_STAY_NS : 0);
	s->scene.is_calm = !s->journal.open_used && !screen_is_of_file(s);
	journal_seal(&s->journal, time_ns, interval_ns(s));
	s->moved_last = s->moved;
	s->moved = (struct moved){0};
	take_loss(s);
	if (s->past.is_there && (s->ui.time == TIME_PAUSED || s->ui.time == TIME_BACK))
		s->ui.behind = s->journal.last - s->past.tick;
	choose_readings(s);
	act_tick(s);
	if (!s->options->calm || screen_is_of_file(s))
		screen_draw_soon(s);
}

static void on_resized(struct consumer *c)
{
	struct screen *s = c->state;

	s->draws_anew = true;
	screen_draw_soon(s);
}

/* ---- what the terminal tells ---- */

void screen_watch(struct screen *s, int op, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	epoll_ctl(s->consumer->fd, op, fd, &ev);
}

void screen_watch_output(struct screen *s)
{
	bool is_busy = term_is_busy(s->term);

	if (is_busy == s->output_is_watched)
		return;
	screen_watch(s, is_busy ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, term_output(s->term), EPOLLOUT);
	s->output_is_watched = is_busy;
}

static void take_keys(struct screen *s)
{
	int key;

	while (!s->consumer->done && !s->is_seeking && (key = term_key(s->term)) != KEY_NONE_YET)
		screen_key(s, key);
	screen_draw_soon(s);
}

static void eat(int fd)
{
	uint64_t n;

	while (read(fd, &n, sizeof(n)) > 0)
		;
}

static void on_run(struct consumer *c)
{
	struct screen *s = c->state;
	struct epoll_event event[EVENTS_MAX];
	int n = epoll_wait(c->fd, event, EVENTS_MAX, 0);

	for (int i = 0; i < n; i++) {
		int fd = event[i].data.fd;

		if (fd == STDIN_FILENO) {
			take_keys(s);
		} else if (fd == s->timer) {
			eat(fd);
			s->timer_is_set = false;
			screen_draw_soon(s);
		} else if (fd == term_wake_fd(s->term)) {
			term_wake(s->term);
			s->draws_anew = true;
			screen_draw_soon(s);
		} else if (fd == term_output(s->term)) {
			term_push(s->term);
			if (s->wants_draw)
				screen_draw_soon(s);
		} else {
			act_run(s, fd);
		}
	}
	screen_watch_output(s);
	if (term_is_gone(s->term))
		c->done = true;
}

/* ---- from the beginning to the end ---- */

/* Messages wait until the screen has gone; the last line shows the latest. */
static void hold_message(void *context, const char *text)
{
	struct screen *s = context;

	if (s->said_count < HELD_MESSAGES_MAX)
		s->said[s->said_count++] = xstrdup(text);
	else
		s->said_lost++;
	screen_say(s, "%.*s", (int)strcspn(text, "\n"), text);
}

static void say_all(struct screen *s)
{
	log_divert(NULL, NULL);
	for (unsigned i = 0; i < s->said_count; i++) {
		fputs(s->said[i], stderr);
		free(s->said[i]);
	}
	if (s->said_lost)
		log_warn("%u more messages came while the screen was shown", s->said_lost);
	s->said_count = s->said_lost = 0;
}

static void name_source(struct screen *s)
{
	const char *path = s->source->watch->read_path;
	const char *name = path ? strrchr(path, '/') : NULL;

	if (path)
		snprintf(s->what, sizeof(s->what), "%s", name && name[1] ? name + 1 : path);
	else if (gethostname(s->what, sizeof(s->what)))
		s->what[0] = '\0';
	s->what[sizeof(s->what) - 1] = '\0';
	s->scene.what = s->what;
}

/* An interval may be a little longer than was asked for, and one is being written. */
static uint32_t intervals_max(const struct screen *s)
{
	uint64_t asked = s->options->history_us / US_PER_S / s->consumer->question->interval_s + 2;

	return asked > INTERVALS_MAX ? (uint32_t)asked : INTERVALS_MAX;
}

static void prepare(struct screen *s, struct consumer *c)
{
	uint32_t max_flows = c->engine->max_flows;
	uint64_t mib = s->options->memory_mib ? s->options->memory_mib : MEMORY_MIB;

	journal_init(&s->journal, mib << 20, intervals_max(s), (uint64_t)s->options->history_us * NS_PER_US);
	tracks_init(&s->tracks, max_flows, CLOSED_MAX, &s->journal);
	list_init(&s->list, s->tracks.limit);
	s->past.limit = s->tracks.limit;
	/* A view that is grouped from the start judges groups alone; here each flow is. */
	if (!s->view->history)
		judge_begin(s->view, max_flows);
	s->list.keep_ns = (s->options->keep_s ? s->options->keep_s : KEEP_S) * NS_PER_S;
	s->list.view = s->view;
	s->scene.interval_s = (double)c->question->interval_s;
	s->scene.view = s->view;
	s->scene.list = &s->list;
	s->scene.journal = &s->journal;
	s->scene.ui = &s->ui;
}

static int on_start(struct consumer *c, struct source *source, uid_t uid, gid_t gid)
{
	struct screen *s = c->state;
	const struct screen_options *o = s->options;
	struct term_options term = {
		.no_color = o->color && !strcmp(o->color, "never"),
		.ascii = o->ascii,
		.mouse = o->mouse,
	};
	int err;

	s->source = source;
	prepare(s, c);
	name_source(s);
	err = act_start(s, uid, gid);
	if (err)
		return err;
	c->fd = epoll_create1(EPOLL_CLOEXEC);
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->fd < 0 || s->timer < 0)
		return log_errno(errno, "cannot set up the screen");
	err = term_open(&s->term, &term);
	if (err)
		return log_errno(-err, "cannot take the terminal");
	s->canvas.ascii = term_is_ascii(s->term);
	log_divert(hold_message, s);
	screen_watch(s, EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN);
	screen_watch(s, EPOLL_CTL_ADD, s->timer, EPOLLIN);
	screen_watch(s, EPOLL_CTL_ADD, term_wake_fd(s->term), EPOLLIN);
	act_begin(s);
	s->ui.time = screen_is_of_file(s) ? TIME_FILE : TIME_LIVE;
	screen_draw_soon(s);
	return 0;
}

static void give_terminal_back(struct screen *s)
{
	if (s->term)
		term_close(s->term);
	s->term = NULL;
	say_all(s);
}

static void on_end(struct consumer *c, const struct account *account)
{
	(void)account;
	give_terminal_back(c->state);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void on_free(struct consumer *c)
{
	struct screen *s = c->state;

	give_terminal_back(s);
	act_done(s);
	close_fd(s->timer);
	close_fd(c->fd);
	past_done(&s->past);
	where_free(s->where);
	list_done(&s->list);
	tracks_done(&s->tracks);
	journal_done(&s->journal);
	canvas_done(&s->canvas);
	for (unsigned i = 0; i < s->typed_count; i++)
		free(s->typed[i]);
	free(s);
}

void screen_restart(struct screen *s)
{
	past_leave(s);
	tracks_clear(&s->tracks);
	journal_clear(&s->journal, 0);
	judge_done(s->view);
	judge_begin(s->view, s->consumer->engine->max_flows);
	s->has_ended = false;
	s->moved = s->moved_last = (struct moved){0};
	s->list.by_number++;
	s->list.where_number++;
}

static bool holds(const struct consumer *c)
{
	return act_holds(c->state);
}

static void source_ended(struct consumer *c)
{
	struct screen *s = c->state;

	s->is_reading = false;
	s->has_ended = true;
	take_loss(s);
	act_tick(s);
	screen_draw_soon(s);
}

static const struct consumer_ops ops = {
	.name = "screen",
	.interval = on_interval,
	.tick = on_tick,
	.start = on_start,
	.run = on_run,
	.resized = on_resized,
	.holds = holds,
	.source_ended = source_ended,
	.end = on_end,
	.free = on_free,
};

bool screen_suits(void)
{
	return term_guard_suits();
}

int screen_wrap(struct consumer *c, struct view *view, const struct screen_options *options,
		struct usage_error *error)
{
	struct screen *s = xcalloc(1, sizeof(*s));

	(void)error;
	s->consumer = c;
	s->view = view;
	s->options = options;
	s->timer = s->play_timer = s->save_dir = -1;
	s->ui.speed = 1;
	s->ui.mouse = options->mouse;
	first_view_set(s, c->question);
	act_init(s, c->question->watch);
	/* It prints nothing by itself. */
	view->layout.opening = NULL;
	view->layout.rolls = false;
	view->needs |= NEED_VERDICT | NEED_EXTRA | NEED_OWNER;
	c->ops = &ops;
	c->state = s;
	c->wants = WANT_INTERVALS | WANT_LISTENERS | WANT_STALLS;
	c->needs |= NEED_VERDICT | NEED_EXTRA | NEED_OWNER | NEED_CGROUPS;
	c->takes_turns = true;
	c->keep_syscalls |= SYSCALLS_KEYS | SYSCALLS_LOOP | SYSCALLS_FILES | SYSCALLS_SAVE;
	return 0;
}
