// SPDX-License-Identifier: BSD-2-Clause
/* Pause, back and on: over what the journal remembers, and over files, which can be played. */
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/consumer.h"
#include "engine/question.h"
#include "engine/source.h"
#include "screen/act.h"
#include "screen/past.h"
#include "util/when.h"
#include "view/view.h"

#define NS_PER_S 1000000000ull
#define NS_PER_US 1000
#define MINUTE_S 60
/* So much is read again at least: whoever steps back once does so again, and intervals may be of a minute. */
#define READ_BACK_US 120000000
#define HALF_DAY_US 43200000000ll

static int64_t wall_us(const struct screen *s, uint64_t time_ns)
{
	return ((int64_t)time_ns + s->view->context.clock->realtime_offset_ns) / NS_PER_US;
}

bool act_holds(const struct screen *s)
{
	if (s->has_ended)
		return true;
	if (s->is_reading || !screen_is_of_file(s))
		return false;
	return s->ui.time != TIME_PLAYING || s->past.is_there || !s->play_is_due;
}

/* The next interval is shown when its time has passed, so many times as fast. */
static void plan_play(struct screen *s)
{
	uint64_t ns = s->ui.speed ? (uint64_t)(s->scene.interval_s * NS_PER_S) / s->ui.speed : 1;
	struct itimerspec spec = {.it_value.tv_sec = (time_t)(ns / NS_PER_S),
				  .it_value.tv_nsec = (long)(ns % NS_PER_S)};

	s->play_is_due = false;
	timerfd_settime(s->play_timer, 0, &spec, NULL);
}

static void stop_playing(struct screen *s)
{
	s->ui.time = TIME_FILE;
}

void act_tick(struct screen *s)
{
	uint64_t now = journal_time(&s->journal, s->journal.last);

	if (!screen_is_of_file(s))
		return;
	if (now >= s->read_to_ns || s->has_ended)
		s->is_seeking = false;
	if (s->is_reading && now >= s->read_to_ns) {
		s->is_reading = false;
		if (s->wants_before && s->journal.last > s->journal.first)
			past_go(s, s->journal.last - 1);
		if (s->ui.time == TIME_PLAYING)
			plan_play(s);
	} else if (s->ui.time == TIME_PLAYING && !s->past.is_there) {
		plan_play(s);
	}
	if (s->has_ended && s->ui.time == TIME_PLAYING)
		stop_playing(s);
}

/* What is remembered is played first, then what is still to be read. */
void act_run(struct screen *s, int fd)
{
	uint64_t n;

	if (fd != s->play_timer)
		return;
	while (read(fd, &n, sizeof(n)) > 0)
		;
	if (s->ui.time != TIME_PLAYING)
		return;
	s->play_is_due = true;
	if (!s->past.is_there)
		return;
	past_go(s, s->past.tick + 1);
	if (s->past.tick >= s->journal.last) {
		past_leave(s);
		if (s->has_ended)
			stop_playing(s);
	}
	if (s->ui.time == TIME_PLAYING)
		plan_play(s);
	screen_draw_soon(s);
}

static void pause_or_go_on(struct screen *s)
{
	if (!screen_is_of_file(s) && s->ui.time == TIME_LIVE) {
		past_take(s);
		s->ui.time = TIME_PAUSED;
	} else if (!screen_is_of_file(s)) {
		past_leave(s);
		s->ui.time = TIME_LIVE;
	} else if (s->ui.time == TIME_PLAYING) {
		stop_playing(s);
	} else if (s->has_ended && !s->past.is_there) {
		screen_say(s, "This is the end of the file.");
	} else {
		s->ui.time = TIME_PLAYING;
		plan_play(s);
	}
}

static void say_limit(struct screen *s, bool on)
{
	char at[16];

	clock_format_hms(s->view->context.clock, s->past.time_ns, at);
	screen_say(s, on ? "There is nothing after %s yet." : "The memory reaches back to %s only.",
		   at);
}

/* Read on, until `time_ns`. */
static void read_on(struct screen *s, uint64_t time_ns)
{
	past_leave(s);
	s->is_reading = s->is_seeking = true;
	s->wants_before = false;
	s->read_to_ns = time_ns;
}

/*
 * What came before all that is remembered, a recording can give again: the interval of `time_ns`, or the
 * one before that.
 */
static bool read_back(struct screen *s, uint64_t time_ns, bool wants_before)
{
	int64_t before_us = (int64_t)(2 * s->scene.interval_s * 1e6);

	before_us = before_us > READ_BACK_US ? before_us : READ_BACK_US;

	if (!screen_is_of_file(s) || !s->source->ops->tells_ticks)
		return false;
	s->consumer->read_from_us = wall_us(s, time_ns) - before_us;
	if (s->consumer->read_from_us <= 0)
		s->consumer->read_from_us = 1;
	screen_restart(s);
	s->is_reading = s->is_seeking = true;
	s->wants_before = wants_before;
	s->read_to_ns = time_ns;
	return true;
}

static void go_to(struct screen *s, uint32_t tick)
{
	if (past_go(s, tick)) {
		if (!screen_is_of_file(s))
			s->ui.time = TIME_BACK;
		else if (s->past.tick == s->journal.last)
			past_leave(s);
		return;
	}
	say_limit(s, tick > s->past.tick);
	if (s->ui.time == TIME_LIVE)
		s->ui.time = TIME_PAUSED;
}

/* To the interval that `time_ns` lies in, its end included: so the time that a moment shows leads to it. */
static void go_to_time(struct screen *s, uint64_t time_ns)
{
	uint32_t first = s->journal.first, tick = past_find(s, time_ns);
	uint64_t begin_ns = journal_time(&s->journal, first) - journal_interval(&s->journal, first);

	bool is_kept = time_ns > begin_ns && time_ns <= journal_time(&s->journal, tick);

	if (screen_is_of_file(s) && !s->has_ended && time_ns > journal_time(&s->journal, tick))
		read_on(s, time_ns);
	else if (!is_kept && tick == first && read_back(s, time_ns, false))
		return;
	else if (!is_kept || tick != screen_moment(s).tick)
		go_to(s, tick);
}

/* By one interval, which may have left the memory, or not have been read yet. */
static void step_once(struct screen *s, int by)
{
	uint32_t tick = s->past.is_there ? s->past.tick : s->journal.last;
	uint64_t now = s->past.is_there ? s->past.time_ns : journal_time(&s->journal, tick);

	if (by > 0 && tick == s->journal.last && screen_is_of_file(s) && !s->has_ended)
		read_on(s, now + 1);
	else if (by > 0 || tick > s->journal.first || !read_back(s, now, true))
		go_to(s, (uint32_t)((int64_t)tick + by));
}

static bool has_interval(struct screen *s)
{
	if (!s->journal.last)
		screen_say(s, "No interval has ended yet.");
	return s->journal.last;
}

static void step(struct screen *s, int seconds, int intervals)
{
	struct moment m = screen_moment(s);
	/* The one that ends nearest: live, none ends to the microsecond. */
	int64_t to = (int64_t)m.time_ns + seconds * (int64_t)NS_PER_S -
		     (int64_t)(s->consumer->question->interval_s * NS_PER_S / 2);

	if (!has_interval(s))
		return;
	if (intervals)
		step_once(s, intervals);
	else
		go_to_time(s, to > 0 ? (uint64_t)to : 0);
}

static void change_speed(struct screen *s)
{
	static const unsigned speeds[] = {1, 10, 60, 0};
	size_t at = 0;

	while (speeds[at] != s->ui.speed)
		at++;
	s->ui.speed = speeds[(at + 1) % 4];
	if (s->ui.speed)
		screen_say(s, "P plays a file %u times as fast as it was.", s->ui.speed);
	else
		screen_say(s, "P plays a file as fast as it goes.");
}

bool act_time(struct screen *s, enum act act)
{
	switch (act) {
	case ACT_PAUSE:
		pause_or_go_on(s);
		return true;
	case ACT_TIME_BACK:
		step(s, 0, -1);
		return true;
	case ACT_TIME_ON:
		step(s, 0, 1);
		return true;
	case ACT_TIME_BACK_MINUTE:
		step(s, -MINUTE_S, 0);
		return true;
	case ACT_TIME_ON_MINUTE:
		step(s, MINUTE_S, 0);
		return true;
	case ACT_TIME_TO:
		if (has_interval(s))
			act_prompt_open(s, PROMPT_TIME, "");
		return true;
	case ACT_SPEED:
		change_speed(s);
		return true;
	default:
		return false;
	}
}

void act_time_to(struct screen *s, const char *text)
{
	struct moment m = screen_moment(s);
	int64_t offset = s->view->context.clock->realtime_offset_ns, us = 0, to;
	int64_t from = wall_us(s, m.time_ns), span;

	/* As with "ago", from the moment that is shown. */
	if (text[0] == '-' && !when_parse_span(text + 1, &span, &s->ui.why_at)) {
		to = (int64_t)(m.time_ns / NS_PER_US) - span;
		go_to_time(s, to > 0 ? (uint64_t)to * NS_PER_US : 0);
		return;
	}
	/* A time of day is the nearest such one, before or after. */
	if (!strstr(text, " ago"))
		from += HALF_DAY_US;
	if (when_parse(text, from, &us, &s->ui.why_at)) {
		snprintf(s->ui.why, sizeof(s->ui.why),
			 "expected a time such as 12:10, -5m, 5m ago, 2026-11-24 03:12");
		return;
	}
	to = us * NS_PER_US - offset;
	go_to_time(s, to > 0 ? (uint64_t)to : 0);
}
