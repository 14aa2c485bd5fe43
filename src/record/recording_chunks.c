// SPDX-License-Identifier: BSD-2-Clause
/*
 * The chunks of a file one after the other, and what to do where there is none: damage ends at the
 * next header with a right sum. Damage inside a payload costs its stream the rest of the segment,
 * damage anywhere else no more than itself; the rows that are missing are known by their numbers as
 * soon as the next segment begins.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/recording_state.h"

static void open_gap(struct recording *r, enum recording_gap_kind kind, uint64_t bytes)
{
	r->is_uncertain = true;
	if (kind == GAP_DAMAGE)
		r->stats.damaged_bytes += bytes;
	if (!r->gap_is_open) {
		r->gap = (struct recording_gap){
			.kind = kind,
			.offset = r->at,
			.from_wall_us = recording_wall_us(r, r->last_tick_us),
		};
		memcpy(r->gap.file, r->file_name, sizeof(r->gap.file));
		r->gap_is_open = true;
	}
	r->gap.bytes += bytes;
	/* The worse word stands for both. */
	if (kind == GAP_DAMAGE)
		r->gap.kind = kind;
}

void chunks_close_gap(struct recording *r, uint64_t rows, bool known, int64_t to_wall_us)
{
	r->stats.lost_rows += rows;
	r->gap.rows += rows;
	r->gap.rows_are_known = known;
	r->gap.to_wall_us = to_wall_us;
	r->gap_is_open = false;
	r->gap_is_due = true;
}

/*
 * Step over what is no chunk, to the next header with a right sum, or to the end. `kind` is what it
 * is if nothing follows.
 */
static void step_over_damage(struct recording *r, enum recording_gap_kind kind)
{
	uint64_t from = r->at, at = from + 1;

	for (;;) {
		struct chunk_header h;
		size_t len, found;
		const uint8_t *p = input_get(&r->in, at, CHUNK_HEADER_MAX, &len);

		if (!len)
			break;
		found = chunk_find(p, len);
		at += found;
		if (found == len)
			continue;
		p = input_get(&r->in, at, CHUNK_HEADER_MAX, &len);
		if (!chunk_header_get(p, len, &h)) {
			kind = GAP_DAMAGE;
			break;
		}
		at++;
	}
	open_gap(r, kind, at - from);
	r->at = at;
}

/* A chunk that is whole but of no use here. */
static void step_over_chunk(struct recording *r, const struct chunk_header *h)
{
	if (r->segment_is_repeated && h->mark == r->mark)
		r->stats.repeated_rows += h->rows;
	else
		open_gap(r, GAP_DAMAGE, chunk_bytes(h));
	r->at += chunk_bytes(h);
}

static void take_window(struct recording *r)
{
	const struct recording_config *c = &r->config;

	r->from_us = c->from_wall_us == RECORDING_NO_FROM
			     ? INT64_MIN
			     : c->from_wall_us - r->meta.wall_offset_us;
	r->to_us = c->to_wall_us == RECORDING_NO_TO ? INT64_MAX
						    : c->to_wall_us - r->meta.wall_offset_us;
}

/* Another run, perhaps of another boot, goes on where the last one ended. */
static void take_run(struct recording *r, const struct record_meta *m, uint64_t time_us)
{
	bool same_boot = !strcmp(m->boot, r->meta.boot);
	int64_t ended_us = recording_wall_us(r, r->last_tick_us);

	if (r->gap_is_open)
		chunks_close_gap(r, 0, false, (int64_t)time_us + m->wall_offset_us);
	r->is_uncertain = true;
	if (!same_boot) {
		r->shift_us = m->wall_offset_us - r->base_offset_us;
		/* Their numbers mean other flows now. */
		r->walk = WALK_VANISH_ALL;
		r->walk_at = 0;
	}
	if (r->gap_is_due)
		return;
	r->gap = (struct recording_gap){.kind = GAP_STOPPED,
					.offset = r->at,
					.from_wall_us = ended_us,
					.to_wall_us = (int64_t)time_us + m->wall_offset_us};
	memcpy(r->gap.file, r->file_name, sizeof(r->gap.file));
	r->gap_is_due = true;
}

/* The rows that should have come before row `row`, and did not. */
static void miss_rows(struct recording *r, uint64_t row, int64_t wall_us)
{
	/* Rows that were summed up are not missing; their numbers are. */
	uint64_t rows = r->meta.thinned ? 0 : row - r->next_row;

	if (rows && !r->gap_is_open)
		open_gap(r, GAP_MISSING, 0);
	if (rows)
		r->losses++;
	if (r->gap_is_open)
		chunks_close_gap(r, rows, !r->meta.thinned, wall_us);
	r->next_row = row;
}

/* Returns false if this segment was read before. */
static bool take_segment(struct recording *r, const struct record_meta *m,
			 const struct chunk_header *h)
{
	if (!r->has_meta) {
		if (!r->base_is_given)
			r->base_offset_us = m->wall_offset_us;
		r->shift_us = m->wall_offset_us - r->base_offset_us;
		r->next_row = m->row;
		/* Where the numbers began is damaged, too. */
		if (r->gap_is_open)
			chunks_close_gap(r, 0, false, (int64_t)h->time_us + m->wall_offset_us);
	} else if (strcmp(m->run, r->meta.run)) {
		take_run(r, m, h->time_us);
		r->next_row = m->row;
	} else if (m->row < r->next_row) {
		return false;
	} else {
		miss_rows(r, m->row, (int64_t)h->time_us + m->wall_offset_us);
	}
	r->meta = *m;
	r->has_meta = true;
	r->in_key = false;
	r->last_tick_us = h->time_us;
	take_window(r);
	for (unsigned i = 0; i < STREAM_COUNT; i++)
		stream_reader_begin_segment(&r->stream[i]);
	return true;
}

int chunks_refuse(struct recording *r, const char *version, uint64_t format)
{
	snprintf(r->why, sizeof(r->why),
		 "written by tcpsight %s in format %" PRIu64 "; this one reads %u", version, format,
		 META_FORMAT);
	return -EPROTONOSUPPORT;
}

static int take_meta(struct recording *r, const struct chunk_header *h, const uint8_t *payload)
{
	struct record_meta m;
	int err = meta_get(payload, h->stored_bytes, &m);

	if (err == -EPROTONOSUPPORT)
		return chunks_refuse(r, m.version, m.format);
	if (err || h->back_bytes || h->mark != h->payload_crc) {
		step_over_chunk(r, h);
		return 0;
	}
	r->segment_is_readable = take_segment(r, &m, h);
	r->segment_is_repeated = !r->segment_is_readable;
	r->segment_at = r->at;
	r->mark = h->mark;
	r->at += chunk_bytes(h);
	return 0;
}

static bool belongs_here(const struct recording *r, const struct chunk_header *h)
{
	return r->segment_is_readable && h->mark == r->mark &&
	       h->back_bytes == r->at - r->segment_at;
}

/* The end of a file says how many rows there were. */
static void take_end(struct recording *r, const struct chunk_header *h, const uint8_t *payload)
{
	char text[64] = "";
	uint64_t row;

	memcpy(text, payload,
	       h->stored_bytes < sizeof(text) - 1 ? h->stored_bytes : sizeof(text) - 1);
	if (!strncmp(text, "row=", 4)) {
		row = strtoull(text + 4, NULL, 10);
		if (row >= r->next_row)
			miss_rows(r, row, recording_wall_us(r, h->time_us));
	}
	r->file_has_ended = true;
	r->at += chunk_bytes(h);
}

static int lose_rows(struct recording *r, struct stream_reader *s, const struct chunk_header *h)
{
	s->is_broken = true;
	r->losses++;
	step_over_chunk(r, h);
	return 0;
}

/* Rows. Returns 1 if they are loaded, 0 if they are stepped over. */
static int take_rows(struct recording *r, const struct chunk_header *h, const uint8_t *payload)
{
	struct stream_reader *s = &r->stream[chunk_stream(h)];
	uint32_t rows = 0;

	if (s->is_broken || h->number != s->number)
		return lose_rows(r, s, h);
	if (h->kind == CHUNK_VOLUME && r->config.edges_only) {
		s->number++;
		if (h->time_us > r->last_tick_us)
			r->last_tick_us = h->time_us;
	} else if (stream_reader_unpack(s, h, payload, r->raw) ||
		   stream_reader_learn(s, r->raw, h->raw_bytes, &rows) || rows != h->rows) {
		return lose_rows(r, s, h);
	} else {
		s->number++;
		r->chunk = *h;
		r->is_loaded = true;
	}
	r->at += chunk_bytes(h);
	r->next_row += h->rows;
	r->stats.rows += h->rows;
	return r->is_loaded;
}

static int take_chunk(struct recording *r, const struct chunk_header *h, const uint8_t *payload)
{
	r->stats.chunks++;
	r->stats.bytes += chunk_bytes(h);
	if (h->kind == CHUNK_META)
		return take_meta(r, h, payload);
	if (!belongs_here(r, h)) {
		step_over_chunk(r, h);
		return 0;
	}
	if (h->kind == CHUNK_END) {
		take_end(r, h, payload);
		return 0;
	}
	if (chunk_stream(h) >= 0)
		return take_rows(r, h, payload);
	if (h->flags & CHUNK_MUST_KNOW)
		return chunks_refuse(r, r->meta.version, r->meta.format + 1);
	r->at += chunk_bytes(h);
	return 0;
}

int chunks_next(struct recording *r)
{
	int err = 0;

	while (!err && !r->gap_is_due && r->walk == WALK_NONE) {
		struct chunk_header h;
		size_t len;
		const uint8_t *p = input_get(&r->in, r->at, CHUNK_HEADER_MAX, &len);

		if (!len)
			return r->in.error ? -r->in.error : 0;
		err = chunk_header_get(p, len, &h);
		if (!err) {
			p = input_get(&r->in, r->at, chunk_bytes(&h), &len);
			if (len < chunk_bytes(&h))
				err = -EAGAIN;
			else if (chunk_crc(p + h.header_bytes, h.stored_bytes) != h.payload_crc)
				err = -EBADMSG;
			else
				err = take_chunk(r, &h, p + h.header_bytes);
		}
		/* A chunk that may still be being written is waited for. */
		if (err == -EAGAIN && files_has_more(r))
			return 0;
		if (err == -EAGAIN || err == -EBADMSG) {
			step_over_damage(r, err == -EAGAIN ? GAP_TORN : GAP_DAMAGE);
			err = 0;
		}
	}
	return err;
}
