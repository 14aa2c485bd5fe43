// SPDX-License-Identifier: BSD-2-Clause
/*
 * A recording (doc/recording.md): the events that went into it come out again, and intervals end when
 * they ended then. The format itself is read by src/record/.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/needs.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "record/chunk.h"
#include "record/recordings.h"
#include "source/recorded_host.h"
#include "source/recorded_window.h"
#include "util/cgroup.h"
#include "util/log.h"
#include "util/xalloc.h"

#define EVENTS_PER_DRAIN 256
#define NS_PER_US 1000
/* While a recording is written, look for more so often. */
#define LOOK_AGAIN_NS 500000000

/* Ticks of several hosts that are nearer to each other than so many quarters of an interval are one. */
#define TICK_QUARTERS 3

struct state {
	struct recordings *all;
	struct recorded_host host[RECORDINGS_MAX];
	unsigned count;
	bool has_begun;
	uint64_t last_tick_ns;
	uint64_t told_ns, closed_ns; /* the latest of all ticks, and of all closes, that were emitted */
	int timer; /* of --follow: when to look again; else -1 */
	struct event ev;
};

/* By its first bytes, or by what the directory holds. */
static bool is_recording(const char *path)
{
	char magic[4] = "";
	struct stat st;
	int fd;
	ssize_t n;

	if (!strcmp(path, "-") || stat(path, &st))
		return false;
	if (S_ISDIR(st.st_mode))
		return true;
	if (!S_ISREG(st.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, magic, sizeof(magic));
	if (fd >= 0)
		close(fd);
	return n == sizeof(magic) && !memcmp(magic, "TSR1", sizeof(magic));
}

static bool recording_suits(const struct watch *watch)
{
	return watch->read_path && is_recording(watch->read_path);
}

static int set_timer(struct state *r)
{
	const struct itimerspec every = {.it_value.tv_nsec = LOOK_AGAIN_NS,
					 .it_interval.tv_nsec = LOOK_AGAIN_NS};

	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return r->timer < 0 || timerfd_settime(r->timer, 0, &every, NULL);
}

static int open_all(struct source *s, struct state *r, const struct recording_config *config)
{
	const char *path[RECORDINGS_MAX + 1];
	unsigned count = 0;
	char why[512] = "";
	int err;

	for (; count < s->watch->reads_count && count <= RECORDINGS_MAX; count++)
		path[count] = s->watch->reads[count];
	/* It may have become the standard input. */
	path[0] = s->watch->read_path;
	err = recordings_open(&r->all, path, count ? count : 1, config, why, sizeof(why));
	if (err)
		log_error("%s", why[0] ? why : strerror(-err));
	return err == -EPERM ? -EACCES : err;
}

static int recording_source_open(struct source *s)
{
	struct state *r = xcalloc(1, sizeof(*r));
	struct recording_config config = {
		.from_wall_us = s->watch->from_us ? s->watch->from_us : RECORDING_NO_FROM,
		.to_wall_us = s->watch->to_us ? s->watch->to_us : RECORDING_NO_TO,
		.edges_only = !s->live_table,
		.follow = s->watch->follow,
		.flows_max = (uint32_t)s->watch->max_flows,
	};
	const struct record_meta *meta;
	int err;

	s->state = r;
	r->timer = -1;
	if (!s->watch->read_path) {
		log_error("--source recording needs --read FILE or a directory");
		return -EINVAL;
	}
	err = open_all(s, r, &config);
	if (err)
		return err;
	r->count = recordings_count(r->all);
	for (unsigned i = 0; i < r->count; i++)
		recorded_host_init(&r->host[i], recording_meta(recordings_get(r->all, i))->counters);
	meta = recording_meta(recordings_get(r->all, 0));
	s->interval_ns = meta->interval_us * NS_PER_US;
	err = recorded_window_check(s, r->all);
	if (err)
		return err;
	s->clock->realtime_offset_ns =
		recording_wall_offset_us(recordings_get(r->all, 0)) * NS_PER_US;
	/* Of a directory the next file is opened when it is its turn. */
	s->keep_user = true;
	s->keep_syscalls = SYSCALLS_FILES;
	if (s->watch->follow && set_timer(r))
		return log_errno(errno, "cannot make a timer");
	s->ends_on_grid = meta->source;
	if (!meta->counters)
		s->lacks |= NEED_HOST | NEED_LEVELS;
	return 0;
}

static int recording_start(struct source *s)
{
	(void)s;
	return 0;
}

static int recording_fd(const struct source *s)
{
	const struct state *r = s->state;

	return r->timer;
}

static void take_event(struct source *s, struct state *r, unsigned host)
{
	const struct event *ev = &r->ev;
	struct recorded_host *h = &r->host[host];

	/* Listeners are in no account. */
	if (ev->head.state != ST_LISTEN) {
		h->opened += ev->head.kind == EV_OPEN && ev->ident.seen != SEEN_ADOPTED;
		h->adopted += ev->head.kind == EV_OPEN && ev->ident.seen == SEEN_ADOPTED;
		h->closed += ev->head.kind == EV_CLOSE;
	}
	if (ev->head.kind == EV_TIME) {
		r->told_ns = ev->time_ns;
		/* Of a directory the next file may have another. */
		if (!host)
			s->interval_ns = recording_meta(recordings_get(r->all, 0))->interval_us * NS_PER_US;
	} else if (ev->head.kind == EV_CLOSE) {
		r->closed_ns = ev->time_ns;
	}
	s->emit(s->emit_context, ev);
}

/* Seconds of several hosts end at different moments; each would end an interval of all. */
static bool is_second_tick(const struct source *s, struct state *r)
{
	uint64_t time_ns = r->ev.time_ns;

	if (r->ev.head.kind != EV_TIME || r->count == 1)
		return false;
	if (r->last_tick_ns && time_ns < r->last_tick_ns + s->interval_ns / 4 * TICK_QUARTERS)
		return true;
	r->last_tick_ns = time_ns;
	return false;
}

/* The run began here, and with it the first interval. */
static void take_note(struct source *s, struct state *r, unsigned host)
{
	const struct record_note *note = recording_note(recordings_get(r->all, host));
	struct event time = {.head.kind = EV_TIME, .time_ns = note->time_ns};

	if (note->kind == RECORD_NOTE_START && !r->host[host].has_begun)
		s->emit(s->emit_context, &time);
	r->host[host].has_begun = true;
}

static void take_name(struct source *s, struct state *r, unsigned host)
{
	const struct record_name *name = recording_name(recordings_get(r->all, host));

	if (s->cgroups && name->kind == RECORD_NAME_CGROUP && name->text[0] == '/')
		cgroup_names_learn(s->cgroups, recordings_cgroup(host, name->key), name->text);
}

static void take_gap(struct source *s, struct state *r, unsigned host)
{
	struct source_gap gap;

	if (!recorded_gap(&r->host[host], recording_gap(recordings_get(r->all, host)), &gap) ||
	    !s->tell_gap)
		return;
	gap.host = host;
	s->tell_gap(s->gap_context, &gap);
}

/*
 * The window begins here, and with it the first interval of every pace; unless nothing was recorded then. What
 * lived is told with the time at which it was read last.
 */
static void begin_window(struct source *s, struct state *r)
{
	int64_t from_us = s->watch->from_us - recording_wall_offset_us(recordings_get(r->all, 0));
	struct event time = {.head.kind = EV_TIME, .time_ns = (uint64_t)from_us * NS_PER_US};

	if (r->has_begun)
		return;
	r->has_begun = true;
	if (s->watch->from_us && from_us > 0 && r->ev.time_ns < time.time_ns + 2 * s->interval_ns) {
		r->told_ns = time.time_ns;
		s->emit(s->emit_context, &time);
	}
}

static void take_item(struct source *s, struct state *r, int item, unsigned host)
{
	switch (item) {
	case RECORDING_EVENT:
		begin_window(s, r);
		r->host[host].has_begun = true;
		s->clock->realtime_offset_ns =
			recording_wall_offset_us(recordings_get(r->all, 0)) * NS_PER_US;
		if (!is_second_tick(s, r))
			take_event(s, r, host);
		break;
	case RECORDING_VANISHED:
		r->ev.head.kind = EV_CLOSE;
		take_event(s, r, host);
		break;
	case RECORDING_LOSS:
		recorded_loss(&r->host[host], recording_loss(recordings_get(r->all, host)));
		break;
	case RECORDING_NOTE:
		take_note(s, r, host);
		break;
	case RECORDING_GAP:
		take_gap(s, r, host);
		break;
	case RECORDING_NAME:
		take_name(s, r, host);
		break;
	case RECORDING_HOST:
		recorded_counter(&r->host[host], recording_host(recordings_get(r->all, host)));
		break;
	}
}

/*
 * The window ends within an interval: what ended in this part of it is told at the window's end. True if there
 * was something to tell.
 */
static bool end_window(struct source *s, struct state *r)
{
	int64_t to_us = s->watch->to_us - recording_wall_offset_us(recordings_get(r->all, 0));
	struct event time = {.head.kind = EV_TIME, .time_ns = (uint64_t)to_us * NS_PER_US};

	if (!s->watch->to_us || to_us <= 0 || r->closed_ns <= r->told_ns || time.time_ns < r->closed_ns ||
	    time.time_ns > r->told_ns + s->interval_ns)
		return false;
	r->told_ns = time.time_ns;
	s->emit(s->emit_context, &time);
	return true;
}

static int recording_drain(struct source *s)
{
	struct state *r = s->state;
	uint64_t expirations;
	unsigned host = 0;
	int item = 1, n = 0;

	while (n < EVENTS_PER_DRAIN && (item = recordings_next(r->all, &r->ev, &host)) > 0) {
		bool is_tick = item == RECORDING_EVENT && r->ev.head.kind == EV_TIME;

		take_item(s, r, item, host);
		n++;
		/* Who looks at intervals may not want the next one yet. */
		if (is_tick)
			return n;
	}
	if (item < 0) {
		log_error("%s: %s", s->watch->reads ? s->watch->reads[host] : s->watch->read_path,
			  recording_why(recordings_get(r->all, host)));
		return item;
	}
	if (!n && end_window(s, r))
		return 1;
	/* Nothing more is written yet. */
	if (!n && r->timer >= 0) {
		while (read(r->timer, &expirations, sizeof(expirations)) > 0)
			;
		return -EAGAIN;
	}
	return n;
}

static int recording_sample(struct source *s)
{
	(void)s;
	return 0;
}

static void recording_freeze(struct source *s)
{
	(void)s;
}

static void recording_account(struct source *s, struct account *ret)
{
	const struct state *r = s->state;

	recorded_account(&r->host[0], ret);
	for (unsigned i = 1; i < r->count; i++)
		recorded_account_add(&r->host[i], ret);
}

static void recording_counters(struct source *s, int64_t *value)
{
	const struct state *r = s->state;

	memset(value, 0, COUNTER_COUNT * sizeof(*value));
	for (unsigned i = 0; i < r->count; i++)
		for (int k = 0; k < COUNTER_COUNT; k++)
			value[k] += r->host[i].counter[k];
}

static void recording_reading(struct source *s, unsigned host, struct host_reading *ret)
{
	const struct state *r = s->state;

	*ret = r->host[host].reading;
}

/* Of several hosts there is no one load. */
static bool recording_load(const struct source *s, uint32_t ret[3])
{
	const struct state *r = s->state;

	if (r->count > 1 || !r->host[0].has_load)
		return false;
	memcpy(ret, r->host[0].load, sizeof(r->host[0].load));
	return true;
}

static unsigned recording_host_of(const struct source *s, uint64_t id)
{
	const struct state *r = s->state;

	return r->count > 1 ? id >> EV_ID_HOST_SHIFT & (RECORDINGS_MAX - 1) : 0;
}

static const char *recording_host_name(const struct source *s, unsigned host)
{
	const struct state *r = s->state;

	return host < r->count ? recording_meta(recordings_get(r->all, host))->host : NULL;
}

static void recording_machine_of(const struct source *s, unsigned host, struct source_machine *ret)
{
	const struct state *r = s->state;
	const struct record_meta *meta = recording_meta(recordings_get(r->all, host));

	*ret = (struct source_machine){.machine_id = meta->machine, .boot_id = meta->boot};
}

static void recording_source_close(struct source *s)
{
	struct state *r = s->state;

	if (!r)
		return;
	if (r->all)
		recordings_close(r->all);
	if (r->timer >= 0)
		close(r->timer);
	free(r);
	s->state = NULL;
}

const struct source_ops source_recording = {
	.name = "recording",
	.summary = "what `tcpsight record` kept (--read FILE or DIR)",
	.counters = true,
	.handshakes = true,
	.reads_files = true,
	.tells_ticks = true,
	.host = recording_counters,
	.host_reading = recording_reading,
	.load = recording_load,
	.host_of = recording_host_of,
	.host_name = recording_host_name,
	.machine_of = recording_machine_of,
	.suits = recording_suits,
	.open = recording_source_open,
	.start = recording_start,
	.fd = recording_fd,
	.drain = recording_drain,
	.sample = recording_sample,
	.freeze = recording_freeze,
	.account = recording_account,
	.close = recording_source_close,
};
