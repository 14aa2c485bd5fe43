// SPDX-License-Identifier: BSD-2-Clause
#include "record/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/recording_state.h"
#include "util/xalloc.h"

static struct recording *make(const struct recording_config *config)
{
	struct recording *r = xcalloc(1, sizeof(*r));

	r->config = *config;
	r->dir_fd = -1;
	r->in.fd = -1;
	r->is_uncertain = true;
	r->from_us = INT64_MIN;
	r->to_us = INT64_MAX;
	r->raw = reserve(CHUNK_RAW_MAX);
	recorded_flows_init(&r->flows, config->flows_max);
	return r;
}

/* The first meta, which is needed to know where the window is; then the way to the window. */
static int begin(struct recording *r)
{
	uint64_t time_us;
	int err;

	for (unsigned i = 0; i < STREAM_COUNT; i++)
		if (stream_reader_init(&r->stream[i]))
			return -ENOMEM;
	/* A pipe is read from its beginning; nothing is there yet to look at. */
	if (!r->file_is_open || !r->in.is_seekable)
		return 0;
	err = seek_first_meta(&r->in, &r->meta, &time_us);
	if (err == -EPROTONOSUPPORT)
		return chunks_refuse(r, r->meta.version, r->meta.format);
	/* In a directory other files may be better, and what is followed may only be beginning. */
	if (err && (r->dir_fd >= 0 || r->config.follow))
		return 0;
	if (err) {
		snprintf(r->why, sizeof(r->why), "no part of it is a recording");
		return -EINVAL;
	}
	r->base_offset_us = r->meta.wall_offset_us;
	if (r->config.from_wall_us != RECORDING_NO_FROM)
		r->from_us = r->config.from_wall_us - r->meta.wall_offset_us;
	seek_window(r);
	return 0;
}

int recording_open_fd(struct recording **ret, int fd, const struct recording_config *config)
{
	struct recording *r = make(config);
	int err = files_open_fd(r, fd);

	if (!err)
		err = begin(r);
	*ret = r;
	return err;
}

int recording_open(struct recording **ret, const char *path, const struct recording_config *config,
		   char *why, size_t why_size)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC)
				   : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	int err;

	*ret = NULL;
	if (fd < 0) {
		err = -errno;
		snprintf(why, why_size, "%s", strerror(-err));
		return err;
	}
	err = recording_open_fd(ret, fd, config);
	if (err) {
		snprintf(why, why_size, "%s", (*ret)->why[0] ? (*ret)->why : strerror(-err));
		recording_close(*ret);
		*ret = NULL;
	}
	return err;
}

int recording_open_memory(struct recording **ret, const void *memory, size_t bytes,
			  const struct recording_config *config)
{
	struct recording *r = make(config);

	input_open_memory(&r->in, memory, bytes);
	r->file_is_open = true;
	*ret = r;
	return begin(r);
}

void recording_set_base(struct recording *r, int64_t wall_offset_us)
{
	r->base_offset_us = wall_offset_us;
	r->base_is_given = true;
}

void recording_close(struct recording *r)
{
	if (!r)
		return;
	files_close(r);
	for (unsigned i = 0; i < RECORD_TABLE_END; i++) {
		if (r->table[i])
			table_reader_done(r->table[i]);
		free(r->table[i]);
	}
	for (unsigned i = 0; i < STREAM_COUNT; i++)
		if (r->stream[i].zstd)
			stream_reader_done(&r->stream[i]);
	recorded_flows_done(&r->flows);
	reserve_free(r->raw, CHUNK_RAW_MAX);
	free(r);
}

/* A little beyond the window: what ended in it may have been written in the next interval. */
static bool is_behind_window(const struct recording *r)
{
	return r->to_us != INT64_MAX &&
	       (int64_t)r->chunk.time_us > r->to_us + (int64_t)r->meta.interval_us;
}

/* What load() came to, beside errors. */
enum { TELL_FIRST, LOADED, AT_END };

/* Load the next chunk. */
static int load(struct recording *r)
{
	int n = r->file_is_open ? chunks_next(r) : 0;

	if (n < 0 || r->gap_is_due || r->walk != WALK_NONE)
		return n < 0 ? n : TELL_FIRST;
	if (n > 0) {
		r->is_behind = is_behind_window(r);
		if (r->observe)
			r->observe(r->observe_context, r);
		rows_begin(r);
		return LOADED;
	}
	if (files_has_more(r))
		return AT_END;
	n = files_next(r);
	if (n)
		return n < 0 ? n : TELL_FIRST;
	/* What is missing at the very end will be known no better. */
	if (r->gap_is_open && !r->config.follow) {
		chunks_close_gap(r, 0, false, recording_wall_us(r, r->last_tick_us));
		return TELL_FIRST;
	}
	return AT_END;
}

int recording_next(struct recording *r, struct event *ev)
{
	while (!r->has_ended) {
		int item;

		if (r->gap_is_due) {
			r->gap_is_due = false;
			return RECORDING_GAP;
		}
		item = flows_walk(r, ev);
		if (item)
			return item;
		if (r->is_loaded) {
			item = rows_next(r, ev);
			if (item && item != ROWS_WALK)
				return item;
			r->is_loaded = item == ROWS_WALK;
			continue;
		}
		item = load(r);
		if (item < 0)
			return item;
		if (item == AT_END)
			break;
	}
	return RECORDING_END;
}

const struct record_host *recording_host(const struct recording *r)
{
	return &r->row.host;
}

const struct record_name *recording_name(const struct recording *r)
{
	return &r->row.name;
}

const struct record_loss *recording_loss(const struct recording *r)
{
	return &r->row.loss;
}

const struct record_note *recording_note(const struct recording *r)
{
	return &r->row.note;
}

const struct recording_gap *recording_gap(const struct recording *r)
{
	return &r->gap;
}

const struct record_meta *recording_meta(const struct recording *r)
{
	return &r->meta;
}

int64_t recording_wall_offset_us(const struct recording *r)
{
	return r->base_offset_us;
}

int64_t recording_shift_us(const struct recording *r)
{
	return r->shift_us;
}

uint64_t recording_tick_us(const struct recording *r)
{
	return r->last_tick_us;
}

const char *recording_why(const struct recording *r)
{
	return r->why;
}

int recording_span(struct recording *r, int64_t *ret_from_wall_us, int64_t *ret_to_wall_us)
{
	return files_span(r, ret_from_wall_us, ret_to_wall_us);
}

uint64_t recording_offset(const struct recording *r, char file[64])
{
	memcpy(file, r->file_name, sizeof(r->file_name));
	return r->at;
}

void recording_get_stats(const struct recording *r, struct recording_stats *ret)
{
	*ret = r->stats;
	ret->no_room = r->flows.refused;
	for (unsigned i = 0; i < STREAM_COUNT; i++) {
		const struct stream_unknown *u = &r->stream[i].unknown;

		ret->unknown_tables += u->tables;
		ret->unknown_columns += u->columns;
		ret->unknown_encodings += u->encodings;
		ret->unknown_words += u->words;
		if (!ret->unknown_example[0])
			memcpy(ret->unknown_example, u->example, sizeof(u->example));
	}
}
