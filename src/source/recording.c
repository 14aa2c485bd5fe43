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
#include <time.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "record/chunk.h"
#include "record/recording.h"
#include "util/log.h"
#include "util/xalloc.h"

#define EVENTS_PER_DRAIN 256
#define NS_PER_US 1000
/* While a recording is written, look for more so often. */
#define LOOK_AGAIN_NS 500000000

struct state {
	struct recording *recording;
	struct account account; /* as the recorder's run ended, or what we counted */
	bool has_loss, has_begun;
	int timer; /* of --follow: when to look again; else -1 */
	uint64_t opened, adopted, closed;
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
	char why[256] = "";
	int err;

	s->state = r;
	r->timer = -1;
	if (!s->watch->read_path) {
		log_error("--source recording needs --read FILE or a directory");
		return -EINVAL;
	}
	err = recording_open(&r->recording, s->watch->read_path, &config, why, sizeof(why));
	if (err) {
		log_error("%s: %s", s->watch->read_path, why[0] ? why : strerror(-err));
		return err == -EPERM ? -EACCES : err;
	}
	s->clock->realtime_offset_ns = recording_wall_offset_us(r->recording) * NS_PER_US;
	/* Of a directory the next file is opened when it is its turn. */
	s->keep_user = true;
	s->keep_syscalls = SYSCALLS_FILES;
	if (s->watch->follow && set_timer(r))
		return log_errno(errno, "cannot make a timer");
	s->ends_on_grid = recording_meta(r->recording)->source;
	s->interval_ns = recording_meta(r->recording)->interval_us * NS_PER_US;
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

static void take_loss(struct state *r)
{
	const struct record_loss *l = recording_loss(r->recording);

	r->has_loss = true;
	r->account = (struct account){
		.opened = l->opened,
		.adopted = l->adopted,
		.closed = l->closed,
		.live = l->live,
		.lost = l->lost,
		.lost_tx_bytes = l->lost_tx_bytes,
		.lost_rx_bytes = l->lost_rx_bytes,
		.missed = l->missed,
		.table_full = l->table_full,
		.undecoded = l->undecoded,
		.received = l->received,
		.dropped = l->dropped,
		.interface_dropped = l->interface_dropped,
		.first_ns = l->first_ns,
		.last_ns = l->last_ns,
	};
	snprintf(r->account.undecoded_why, sizeof(r->account.undecoded_why), "%s", l->undecoded_why);
}

static const char *when(int64_t wall_us, char *buf, size_t size)
{
	time_t second = (time_t)(wall_us / 1000000);
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(buf, size, "%H:%M:%S", &tm);
	return buf;
}

static void tell_gap(struct state *r)
{
	const struct recording_gap *g = recording_gap(r->recording);
	char from[16], to[16];

	when(g->from_wall_us, from, sizeof(from));
	when(g->to_wall_us, to, sizeof(to));
	switch (g->kind) {
	case GAP_DAMAGE:
		log_warn("%s: %llu damaged bytes at offset %llu (%s to %s; %llu rows lost)", g->file,
			 (unsigned long long)g->bytes, (unsigned long long)g->offset, from, to,
			 (unsigned long long)g->rows);
		break;
	case GAP_TORN:
		log_warn("%s: ends in the middle of a chunk (%llu bytes left out)", g->file,
			 (unsigned long long)g->bytes);
		return;
	case GAP_MISSING:
		log_warn("%s: %llu rows are missing, %s to %s", g->file, (unsigned long long)g->rows, from,
			 to);
		break;
	case GAP_REPEATED:
		log_warn("%s: %llu rows stand there twice; left out", g->file,
			 (unsigned long long)g->rows);
		return;
	case GAP_STOPPED:
		log_warn("no data from %s to %s: the recorder did not run", from, to);
		return;
	}
	r->account.undecoded += g->rows ? g->rows : 1;
	r->account.lost += g->rows;
}

static void take_event(struct source *s, struct state *r)
{
	const struct event *ev = &r->ev;

	r->opened += ev->head.kind == EV_OPEN && ev->ident.seen != SEEN_ADOPTED;
	r->adopted += ev->head.kind == EV_OPEN && ev->ident.seen == SEEN_ADOPTED;
	r->closed += ev->head.kind == EV_CLOSE;
	s->emit(s->emit_context, ev);
}

/* The run began here, and with it the first interval. */
static void take_note(struct source *s, struct state *r)
{
	const struct record_note *note = recording_note(r->recording);
	struct event time = {.head.kind = EV_TIME, .time_ns = note->time_ns};

	if (note->kind == RECORD_NOTE_START && !r->has_begun)
		s->emit(s->emit_context, &time);
	r->has_begun = true;
}

static int take_item(struct source *s, struct state *r, int item)
{
	switch (item) {
	case RECORDING_EVENT:
		r->has_begun = true;
		s->clock->realtime_offset_ns = recording_wall_offset_us(r->recording) * NS_PER_US;
		take_event(s, r);
		break;
	case RECORDING_VANISHED:
		r->ev.head.kind = EV_CLOSE;
		take_event(s, r);
		break;
	case RECORDING_LOSS:
		take_loss(r);
		break;
	case RECORDING_NOTE:
		take_note(s, r);
		break;
	case RECORDING_GAP:
		tell_gap(r);
		break;
	case RECORDING_HOST:
	case RECORDING_NAME:
		break;
	}
	return 1;
}

static int recording_drain(struct source *s)
{
	struct state *r = s->state;
	int item = recording_next(r->recording, &r->ev), n = 0;
	uint64_t expirations;

	for (; item > 0 && n < EVENTS_PER_DRAIN; n++) {
		take_item(s, r, item);
		item = n < EVENTS_PER_DRAIN - 1 ? recording_next(r->recording, &r->ev) : 0;
	}
	if (item < 0) {
		log_error("%s: %s", s->watch->read_path, recording_why(r->recording));
		return item;
	}
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

	*ret = r->account;
	if (r->has_loss)
		return;
	ret->opened = r->opened > r->closed ? r->opened : r->closed;
	ret->adopted = r->adopted;
	ret->closed = r->closed;
	ret->live = ret->opened + ret->adopted - ret->closed - ret->lost;
}

static void recording_source_close(struct source *s)
{
	struct state *r = s->state;

	if (!r)
		return;
	if (r->recording)
		recording_close(r->recording);
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
	.mixes = true,
	.reads_files = true,
	.tells_ticks = true,
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
