// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reads a recording and writes it anew, as the consumer of a live run would, with longer intervals.
 * The new file takes the name of the old one only when it is whole and on the disk.
 */
#include "record/thin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record/directory.h"
#include "record/disk.h"
#include "record/record_state.h"
#include "record/recording_state.h"
#include "record/thin_table.h"
#include "util/xalloc.h"

#define FLOWS_MAX 1048576u
/* The account that ends a file, and what that may need, come on top of the rows so far. */
#define ROWS_AT_END 16

/* Beside each flow of the recording that is read, by slot. */
struct flow_note {
	struct ev_count written; /* as the new file has it */
	uint32_t mark;		 /* see record_sample() */
	bool has_news;
};

struct job {
	struct thin *thin;
	struct recording *in;
	struct record *out;
	struct flow_note *note;
	struct ev_extra *extra;
	struct thin_names names;
	struct thin_hosts hosts;
	struct record_clock clock;
	uint64_t samples; /* of the old file */
	bool key_has_ended;
};

static struct flow_note *note_of(const struct job *j, uint64_t id, struct recorded_flow **ret)
{
	*ret = recorded_flows_find(&j->in->flows, id);
	return *ret ? &j->note[*ret - j->in->flows.flow] : NULL;
}

/* The flow as it is now. */
static struct event event_of(const struct job *j, const struct recorded_flow *f)
{
	struct event ev = {
		.head = {.id = f->id, .state = f->state, .flags = f->flags | EV_HAS_IDENT},
		.count = f->count,
		.time_ns = f->time_ns,
		.ident = f->ident,
	};

	if (j->in->meta.extra) {
		ev.head.flags |= EV_HAS_EXTRA;
		ev.extra = j->extra[f - j->in->flows.flow];
	}
	return ev;
}

static void take_open(struct job *j, struct event *ev)
{
	bool was_older = j->in->walk == WALK_TELL;
	struct recorded_flow *f;
	struct flow_note *n = note_of(j, ev->head.id, &f);
	uint32_t mark = 0;

	/* What lived when the file began is in its key frame, not an event of it. */
	if (was_older && f)
		ev->head.flags = f->flags | EV_HAS_IDENT;
	if (n) {
		*n = (struct flow_note){.written = ev->count};
		j->extra[f - j->in->flows.flow] =
			ev->head.flags & EV_HAS_EXTRA ? ev->extra : (struct ev_extra){0};
	}
	if (was_older)
		record_live(j->out, ev, n ? &n->mark : &mark);
	else
		record_opened(j->out, ev, n ? &n->mark : &mark);
}

static void take_sample(struct job *j, const struct event *ev)
{
	struct recorded_flow *f;
	struct flow_note *n = note_of(j, ev->head.id, &f);

	if (!n)
		return;
	j->samples++;
	n->has_news = true;
	if (ev->head.flags & EV_HAS_EXTRA)
		j->extra[f - j->in->flows.flow] = ev->extra;
	else if (ev->head.flags & EV_HAS_IDENT)
		n->mark = 0;
}

static void give_key(struct job *j)
{
	for (uint32_t i = 0; i < j->in->flows.used; i++)
		if (j->in->flows.flow[i].is_live) {
			struct event ev = event_of(j, &j->in->flows.flow[i]);

			/* Not with what the next sample will say. */
			ev.count = j->note[i].written;
			record_live(j->out, &ev, &j->note[i].mark);
		}
	record_key_end(j->out);
	thin_hosts_again(&j->hosts);
}

static void end_interval(struct job *j, uint64_t time_us)
{
	for (uint32_t i = 0; i < j->in->flows.used; i++) {
		struct recorded_flow *f = &j->in->flows.flow[i];
		struct flow_note *n = &j->note[i];

		if (f->is_live && n->has_news) {
			struct event ev = event_of(j, f);

			record_sample(j->out, &ev, &n->written, &n->mark);
			n->written = f->count;
		}
		n->has_news = false;
	}
	thin_hosts_give(&j->hosts, j->out);
	j->clock.time_ns = time_us * 1000;
	if (record_tick(j->out, &j->clock) == RECORD_WANTS_KEY)
		give_key(j);
}

/* Intervals end where the wall clock says so, as on the full minute. */
static bool is_another_interval(const struct job *j, uint64_t time_us)
{
	uint64_t offset_us = (uint64_t)j->clock.wall_offset_us;
	uint64_t interval_us = j->thin->interval_us;

	return (time_us + offset_us) / interval_us !=
	       (j->clock.time_ns / 1000 + offset_us) / interval_us;
}

static int take_event(struct job *j, struct event *ev)
{
	switch (ev->head.kind) {
	case EV_OPEN:
		take_open(j, ev);
		break;
	case EV_SAMPLE:
		take_sample(j, ev);
		break;
	case EV_CLOSE:
		record_closed(j->out, ev);
		break;
	case EV_HANDSHAKE:
		record_handshake(j->out, ev);
		break;
	case EV_RESET:
		record_reset(j->out, ev);
		break;
	case EV_TIME:
		if (is_another_interval(j, ev->time_ns / 1000))
			end_interval(j, ev->time_ns / 1000);
		/* What waits for a rewriter are others. */
		return atomic_load(&j->thin->must_end) ? -ECANCELED : 0;
	default:
		break;
	}
	return 0;
}

static int take(struct job *j, int item, struct event *ev)
{
	if (!j->key_has_ended && !(item == RECORDING_EVENT && j->in->walk == WALK_TELL)) {
		record_key_end(j->out);
		j->key_has_ended = true;
	}
	switch (item) {
	case RECORDING_EVENT:
		return take_event(j, ev);
	case RECORDING_HOST:
		thin_hosts_add(&j->hosts, recording_host(j->in));
		return 0;
	case RECORDING_NAME:
		thin_names_put(&j->names, recording_name(j->in));
		return 0;
	case RECORDING_LOSS:
		record_account(j->out, recording_loss(j->in));
		return 0;
	case RECORDING_NOTE:
		record_note(j->out, recording_note(j->in));
		return 0;
	default:
		/* A damaged file is left as it is: what is missing in it must stay to be seen. */
		return -EBADMSG;
	}
}

static int open_output(struct job *j, int fd)
{
	struct record_config config = {
		.meta = j->in->meta,
		.dir_fd = -1,
		.file_fd = fd,
		.level = RECORD_LEVEL,
		.extra = j->in->meta.extra,
		.name = thin_names_get,
		.name_context = &j->names,
	};

	config.meta.interval_us = j->thin->interval_us;
	config.meta.thinned = 1;
	j->clock = (struct record_clock){.time_ns = j->in->last_tick_us * 1000,
					 .wall_offset_us = j->in->meta.wall_offset_us};
	return record_open(&j->out, &config, &j->clock);
}

static int copy(struct job *j, int fd)
{
	struct event ev;
	int item, err = 0;

	while (!err && (item = recording_next(j->in, &ev)) > 0) {
		if (!j->out)
			err = open_output(j, fd);
		if (!err)
			err = take(j, item, &ev);
	}
	if (err || item < 0)
		return err ? err : item;
	if (!j->out || !j->samples)
		return 0;
	if (j->in->last_tick_us > j->clock.time_ns / 1000)
		end_interval(j, j->in->last_tick_us);
	return 1;
}

/* Is what was written worth to take the place of what was read? */
static bool is_good(struct job *j)
{
	struct record_status status;

	record_get_status(j->out, &status);
	/* The numbers of rows must stay below those of the next file. */
	return !status.disk.error && !status.dropped_rows && j->out->next_row + ROWS_AT_END <= j->in->next_row &&
	       status.disk.written_bytes < j->in->stats.bytes;
}

static int rewrite(struct thin *t, int from_fd, int to_fd)
{
	const struct recording_config config = {.from_wall_us = RECORDING_NO_FROM,
						.to_wall_us = RECORDING_NO_TO,
						.flows_max = FLOWS_MAX};
	struct job j = {.thin = t};
	int r = recording_open_fd(&j.in, from_fd, &config);

	j.note = reserve(FLOWS_MAX * sizeof(*j.note));
	j.extra = reserve(FLOWS_MAX * sizeof(*j.extra));
	if (!r && j.in->meta.interval_us < t->interval_us)
		r = copy(&j, to_fd);
	if (r > 0 && !is_good(&j))
		r = 0;
	if (j.out) {
		j.out->end_row = j.in->next_row;
		record_end(j.out);
	}
	recording_close(j.in);
	thin_names_done(&j.names);
	thin_hosts_done(&j.hosts);
	reserve_free(j.note, FLOWS_MAX * sizeof(*j.note));
	reserve_free(j.extra, FLOWS_MAX * sizeof(*j.extra));
	return r;
}

/* The queue of who writes may be long, and the wall clock may leap: age alone does not tell. */
static bool is_being_written(const struct thin *t, const char *name)
{
	struct disk_status status;

	if (!t->disk)
		return false;
	disk_get_status(t->disk, &status);
	return !strcmp(status.file, name);
}

int thin_file(struct thin *t, const char *name)
{
	char temporary[RECORD_FILE_NAME_MAX + sizeof(RECORD_TEMPORARY)];
	int from_fd = openat(t->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int to_fd, r;

	if (from_fd < 0)
		return -errno;
	snprintf(temporary, sizeof(temporary), "%s" RECORD_TEMPORARY, name);
	to_fd = openat(t->dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC,
		       0640);
	if (to_fd < 0) {
		r = -errno;
		close(from_fd);
		return r;
	}
	r = rewrite(t, from_fd, to_fd);
	if (r > 0 && is_being_written(t, name))
		r = 0;
	if (r > 0 && (fsync(to_fd) || renameat(t->dir_fd, temporary, t->dir_fd, name)))
		r = -errno;
	close(to_fd);
	if (r > 0)
		fsync(t->dir_fd);
	else
		unlinkat(t->dir_fd, temporary, 0);
	return r;
}

void thin_directory(void *context)
{
	struct thin *t = context;
	struct record_files files;

	if (record_files_list(t->dir_fd, &files))
		return;
	for (size_t i = 0; i < files.count && !atomic_load(&t->must_end); i++) {
		if (files.file[i].start_us + (int64_t)t->age_us > atomic_load(&t->wall_us))
			break;
		if (is_being_written(t, files.file[i].name) ||
		    thin_file(t, files.file[i].name) <= 0)
			continue;
		atomic_fetch_add(&t->files, 1);
		if (t->disk)
			disk_rescan(t->disk);
	}
	record_files_free(&files);
}
