// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "consumer/agent.h"
#include "consumer/recorder_host.h"
#include "consumer/recorder_meta.h"
#include "consumer/recorder_status.h"
#include "consumer/recorder_told.h"
#include "engine/account.h"
#include "engine/clock.h"
#include "engine/engine.h"
#include "engine/needs.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "record/record.h"
#include "util/cgroup.h"
#include "util/log.h"
#include "util/xalloc.h"
#include "view/view.h"

#define NS_PER_S 1000000000ull
#define US_PER_S 1000000ull
#define FILE_MODE 0640

struct recorder {
	const struct recorder_options *options;
	struct view *view;
	struct source *source;
	struct record *record;
	int directory, file, lock;
	bool has_threads, is_stuck, shows_status;
	struct told *told; /* by slot */
	size_t told_size;
	struct recorder_host host;
	struct recorder_status status;
	struct event ev; /* of the flow that is told of */
	struct record_config config;
};

static struct record_clock clock_at(const struct recorder *r, uint64_t time_ns)
{
	struct timespec boot, up;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &up);
	return (struct record_clock){
		.time_ns = time_ns,
		.wall_offset_us = r->source->clock->realtime_offset_ns / 1000,
		.suspended_us = r->source->offline
					? 0
					: (uint64_t)((boot.tv_sec - up.tv_sec) * 1000000 +
						     (boot.tv_nsec - up.tv_nsec) / 1000),
	};
}

/* The flow as an event, with all that was read of it. */
static const struct event *event_of(struct recorder *r, const struct flow *f,
				    const struct ev_extra *extra, enum ev_kind kind, uint64_t time_ns)
{
	struct event *ev = &r->ev;

	ev->head = (struct ev_head){.id = f->id, .kind = (__u8)kind, .state = f->state,
				    .flags = EV_HAS_IDENT};
	ev->count = f->count;
	ev->ident = f->ident;
	ev->time_ns = time_ns;
	if (extra && r->options->extra) {
		ev->head.flags |= EV_HAS_EXTRA;
		ev->extra = *extra;
	}
	return ev;
}

static struct ev_count before(const struct ev_count *now, const struct ev_count *delta)
{
	struct ev_count c = *now;

	c.tx_bytes -= delta->tx_bytes;
	c.rx_bytes -= delta->rx_bytes;
	c.acked_bytes -= delta->acked_bytes;
	c.retrans_bytes -= delta->retrans_bytes;
	c.retrans_segs -= delta->retrans_segs;
	return c;
}

static void put_note(struct recorder *r, enum record_note_kind kind, uint64_t time_ns)
{
	const struct record_note note = {.kind = (uint8_t)kind, .time_ns = time_ns, .text = ""};

	record_note(r->record, &note);
}

/* From here on intervals are counted. */
static int begin(struct recorder *r, uint64_t time_ns)
{
	struct record_clock now = clock_at(r, time_ns);
	int err = record_open(&r->record, &r->config, &now);

	if (err)
		return log_errno(err, "record: cannot begin a recording");
	put_note(r, RECORD_NOTE_START, now.time_ns);
	/* Nothing was told of yet, so nothing lives as far as the file knows. */
	if (record_tick(r->record, &now) == RECORD_WANTS_KEY)
		record_key_end(r->record);
	return 0;
}

/* Now, by the source's clock: of a file, the end of the interval that is told of. */
static uint64_t clock_of(const struct consumer *c)
{
	const struct recorder *r = c->state;

	return r->source->offline ? c->engine->now_ns : clock_now_ns();
}

/* True if there is a recording to write to; of a file that is read it begins with the first event. */
static bool has_begun(struct consumer *c)
{
	struct recorder *r = c->state;

	if (!r->record && begin(r, c->engine->begun_ns))
		c->done = c->is_gone = true;
	return r->record;
}

static void on_opened(struct consumer *c, const struct flow *f)
{
	struct recorder *r = c->state;
	uint32_t slot = flow_table_slot(&c->engine->flows, f);

	r->told[slot] = (struct told){0};
}

static bool has_moved(const struct ev_count *c)
{
	return c->tx_bytes || c->rx_bytes || c->acked_bytes || c->retrans_bytes || c->retrans_segs;
}

/* Nothing has to move for that: who asks later why it stood still needs to know. */
static bool waits(const struct ev_extra *e)
{
	return e && (e->send_queue || e->receive_queue || e->probes_out || e->backoff || e->backlog);
}

/* Listeners move nothing; clients that they turn away, or that do not answer them, are news. */
static bool turns_away(struct told *told, const struct news *news)
{
	uint32_t last = told->dropped;

	if (news->flow->state != ST_LISTEN || !news->extra)
		return false;
	told->dropped = news->extra->drops + news->extra->retrans[CAUSE_SYN];
	return told->dropped != last;
}

/* Is there nothing new to be said of it? Once it is, of each that is there. */
static bool is_quiet(const struct recorder *r, struct told *told, const struct news *news)
{
	bool waited = told->waited;

	if (!r->options->extra)
		return false;
	if (turns_away(told, news))
		return false;
	told->waited = waits(news->extra);
	return told->is_known && !news->close && !told->waited && !waited &&
	       !has_moved(&news->count);
}

static void on_interval(struct consumer *c, const struct news *news)
{
	struct recorder *r = c->state;
	uint32_t slot = flow_table_slot(&c->engine->flows, news->flow);
	bool is_adopted = news->flow->ident.seen == SEEN_ADOPTED;
	struct told *told = &r->told[slot];
	struct ev_count then;
	uint64_t time_ns;

	if (r->options->no_samples || !has_begun(c))
		return;
	if (is_quiet(r, told, news))
		return;
	/* Its close record says all, but for what an adopted flow had moved before. */
	if (news->close && (told->is_known || !is_adopted)) {
		told->is_known = false;
		return;
	}
	/* Rows come back by their times: its beginning stands before its end. */
	time_ns = news->close ? news->close->time_ns - 1000 : c->engine->now_ns;
	then = before(&news->flow->count, &news->count);
	if (!told->is_known) {
		told->is_known = !news->close;
		event_of(r, news->flow, news->extra, EV_OPEN, time_ns);
		/* What it moved before belongs to no interval, what it moved since does. */
		if (is_adopted)
			r->ev.count = then;
		record_opened(r->record, &r->ev, told_mark(told, &news->flow->ident));
		told_set(told, &r->ev.count);
		if (!is_adopted || news->close)
			return;
	}
	then.min_rtt_us = told->min_rtt_us;
	if (!told_counts(told, &then))
		told->mark = 0;
	record_sample(r->record, event_of(r, news->flow, news->extra, EV_SAMPLE, time_ns),
		      &then, told_mark(told, &news->flow->ident));
	told_set(told, &news->flow->count);
}

static void on_closed(struct consumer *c, const struct event *ev)
{
	struct recorder *r = c->state;

	if (has_begun(c))
		record_closed(r->record, ev);
}

static void on_handshake(struct consumer *c, const struct event *ev)
{
	struct recorder *r = c->state;

	if (has_begun(c))
		record_handshake(r->record, ev);
}

static void on_reset(struct consumer *c, const struct event *ev)
{
	struct recorder *r = c->state;

	if (has_begun(c))
		record_reset(r->record, ev);
}

static void put_key_frame(struct consumer *c, struct recorder *r, uint64_t time_ns)
{
	const struct engine *e = c->engine;

	for (uint32_t slot = 0; slot < e->flows.used; slot++) {
		const struct flow *f = &e->flows.flow[slot];

		if (!f->has_ident || !(f->wanted >> c->index & 1) ||
		    flow_table_find(&e->flows, f->id) != f)
			continue;
		record_live(r->record, event_of(r, f, e->extra ? &e->extra[slot] : NULL, EV_SAMPLE, time_ns),
			    told_mark(&r->told[slot], &f->ident));
		told_set(&r->told[slot], &f->count);
		r->told[slot].is_known = true;
	}
	record_key_end(r->record);
	recorder_host_key(&r->host);
}

/* Say once when the disk takes nothing more, and once when that is over. */
static void tell_trouble(struct recorder *r)
{
	struct record_status s;
	bool is_stuck;

	record_get_status(r->record, &s);
	is_stuck = s.disk.error || s.is_dropping;
	if (is_stuck && !r->is_stuck)
		log_warn("record: rows cannot be written: %s; they wait in memory, up to 4 MiB of them",
			 strerror(s.disk.error ? s.disk.error : ENOSPC));
	else if (!is_stuck && r->is_stuck)
		log_warn("record: writing again; %llu rows were dropped",
			 (unsigned long long)s.dropped_rows);
	r->is_stuck = is_stuck;
}

static void on_tick(struct consumer *c, uint64_t time_ns)
{
	struct recorder *r = c->state;
	struct record_clock now = clock_at(r, time_ns);

	if (!has_begun(c))
		return;
	/* Privileges are gone by now, and threads have no more than we. */
	if (!r->has_threads && !r->source->offline && !record_start(r->record))
		r->has_threads = true;
	recorder_host_put(&r->host, r->record, c, r->source);
	recorder_losses(r->record, c, r->source, time_ns);
	if (record_tick(r->record, &now) == RECORD_WANTS_KEY)
		put_key_frame(c, r, time_ns);
	tell_trouble(r);
	if (r->shows_status)
		recorder_status_show(&r->status, r->record, r->options);
}

static int open_directory(struct recorder *r)
{
	const char *path = r->options->directory;
	pid_t holder = 0;

	r->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->directory < 0)
		return log_errno(errno, "record: cannot open the directory %s", path);
	r->lock = record_lock(r->directory, &holder);
	if (r->lock == -EBUSY && holder) {
		log_error("record: %s is being written by process %d", path, (int)holder);
		return -EBUSY;
	}
	if (r->lock < 0)
		return log_errno(-r->lock, "record: cannot lock %s", path);
	record_files_clean(r->directory);
	return 0;
}

static int open_file(struct recorder *r, const struct question *q)
{
	if (!strcmp(q->output, "-")) {
		r->file = dup(STDOUT_FILENO);
		return r->file < 0 ? -errno : 0;
	}
	r->file = open(q->output, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, FILE_MODE);
	return r->file < 0 ? log_errno(errno, "record: cannot create %s", q->output) : 0;
}

static const char *name_of(void *context, enum record_name_kind kind, uint64_t key)
{
	struct recorder *r = context;

	/* A recording that is read has taught its own; what else is read may be of any machine. */
	if (kind != RECORD_NAME_CGROUP || (r->source->offline && !r->source->ops->host_name))
		return NULL;
	return cgroup_path(r->view->context.cgroups, key);
}

static int on_start(struct consumer *c, struct source *s, uid_t uid, gid_t gid)
{
	struct recorder *r = c->state;
	const struct recorder_options *o = r->options;
	struct record_config config = {.level = RECORD_LEVEL, .extra = o->extra};
	int err;

	(void)uid;
	(void)gid;
	r->source = s;
	if (agent_of(c->question))
		agent_of(c->question)->recording = o->directory;
	r->shows_status = isatty(STDERR_FILENO) && !c->question->is_also && !s->offline;
	r->told_size = ((size_t)c->engine->max_flows + 1) * sizeof(*r->told);
	r->told = reserve(r->told_size);
	err = o->directory ? open_directory(r) : open_file(r, c->question);
	if (err)
		return err;
	recorder_host_open(&r->host, c, s, o->no_host);
	recorder_meta(&config.meta, c, s);
	config.meta.counters = r->host.is_recorded;
	config.dir_fd = r->directory;
	config.file_fd = r->file;
	config.rotate_bytes = o->rotate_bytes;
	config.rotate_us = o->rotate_s * US_PER_S;
	config.quota_bytes = o->quota_bytes;
	config.keep_free_bytes = o->keep_free_bytes;
	config.keep_us = o->keep_days * 86400 * US_PER_S;
	config.sync_us = o->no_sync ? 0 : o->sync_s * US_PER_S;
	config.thin_age_us = o->thin_age_s * US_PER_S;
	config.thin_interval_us = o->thin_s * US_PER_S;
	config.name = name_of;
	config.name_context = r;
	r->config = config;
	/* A file brings its own clock, which is known with its first event. */
	return s->offline ? 0 : begin(r, clock_now_ns());
}

static void on_end(struct consumer *c, const struct account *a)
{
	struct recorder *r = c->state;
	uint64_t time_ns = clock_of(c);
	const struct record_loss loss = recorder_loss(a, time_ns);

	if (!r->record)
		return;
	record_account(r->record, &loss);
	put_note(r, RECORD_NOTE_STOP, time_ns);
	if (r->shows_status)
		recorder_status_end();
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void on_free(struct consumer *c)
{
	struct recorder *r = c->state;

	if (r->record)
		record_end(r->record);
	if (r->told)
		reserve_free(r->told, r->told_size);
	recorder_host_close(&r->host);
	close_fd(r->file);
	close_fd(r->lock);
	close_fd(r->directory);
	free(r);
}

static const struct consumer_ops ops = {
	.name = "recorder",
	.opened = on_opened,
	.interval = on_interval,
	.closed = on_closed,
	.handshake = on_handshake,
	.reset = on_reset,
	.tick = on_tick,
	.start = on_start,
	.end = on_end,
	.free = on_free,
};

int recorder_wrap(struct consumer *c, struct view *view, struct usage_error *error)
{
	struct recorder *r = xcalloc(1, sizeof(*r));
	const struct recorder_options *o = c->question->own;

	(void)error;
	r->options = o;
	r->view = view;
	r->directory = r->file = r->lock = r->host.load = -1;
	c->state = r;
	c->ops = &ops;
	c->wants = WANT_OPENED | WANT_CLOSED | WANT_INTERVALS |
		   (o->extra ? WANT_EACH | WANT_LISTENERS : 0) |
		   (o->handshakes ? WANT_HANDSHAKES : 0) | (o->resets ? WANT_RESETS : 0);
	c->needs |= NEED_OWNER | NEED_CGROUPS | NEED_ERROR | (o->extra ? NEED_EXTRA | NEEDS_OF_CAUSES : 0) |
		    (o->no_host ? 0 : NEED_HOST | NEED_LEVELS) | (o->handshakes ? NEED_HANDSHAKES : 0) |
		    (o->resets ? NEED_RESETS : 0);
	c->keep_syscalls |= SYSCALLS_RECORD | SYSCALLS_FILES;
	c->writes_below = o->directory;
	return 0;
}
