// SPDX-License-Identifier: BSD-2-Clause
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "record/chunk.h"
#include "record/record_state.h"

/* A segment is what a reader must read to show a moment, a file what can be removed at once. */
#define NS_PER_S 1000000000u
#define SEGMENT_US 60000000ull
#define SEGMENT_RAW_BYTES (4u << 20)
#define ROTATE_US 3600000000ull
#define ROTATE_BYTES (64ull << 20)
/*
 * A key frame comes when this many times its size was written since the last one: it costs at most
 * a fifth of all bytes, and a reader reads at most five times its size to show a moment. A small
 * one waits until so much was written that reading it takes some milliseconds.
 */
#define KEY_TIMES 4
#define KEY_LEAST_BYTES (256u << 10)

static void put_chunk(struct record *r, struct chunk_header *h, const uint8_t *payload)
{
	uint8_t header[CHUNK_HEADER_MAX];

	h->header_bytes = chunk_header_length(h->stored_bytes, h->raw_bytes, h->rows);
	h->time_us = record_time_us(&r->clock);
	h->back_bytes = (uint32_t)(r->file_bytes - r->segment_start_bytes);
	h->mark = r->mark;
	h->payload_crc = chunk_crc(payload, h->stored_bytes);
	chunk_header_put(header, h);
	if (r->is_dropping ||
	    disk_put(&r->disk, header, h->header_bytes, payload, h->stored_bytes, h->rows)) {
		if (!r->is_dropping)
			r->dropping_since = r->clock;
		r->is_dropping = true;
		r->dropped_rows += h->rows;
		return;
	}
	r->file_bytes += chunk_bytes(h);
	r->next_row += h->rows;
}

void segment_emit(void *context, const struct stream_writer *s, const uint8_t *payload,
		  uint32_t bytes)
{
	struct record *r = context;
	struct chunk_header h = {
		.kind = s->which == STREAM_EDGES ? CHUNK_EDGES : CHUNK_VOLUME,
		.flags = s->level ? 0 : CHUNK_UNPACKED,
		.stored_bytes = bytes,
		.raw_bytes = s->raw_bytes,
		.rows = s->rows,
		.number = s->number,
	};

	if (r->in_key)
		h.flags |= CHUNK_KEY;
	/* The last one: nothing is left in the tables. */
	if (r->key_ends && !s->table[RECORD_NAME]->rows && !s->table[RECORD_KEY]->rows)
		h.flags |= CHUNK_KEY_END;
	put_chunk(r, &h, payload);
}

/* A chunk of text, outside of the streams. */
static void put_text(struct record *r, enum chunk_kind kind, const char *text, size_t len)
{
	struct chunk_header h = {
		.kind = kind,
		.flags = CHUNK_UNPACKED,
		.stored_bytes = (uint32_t)len,
		.raw_bytes = (uint32_t)len,
	};

	put_chunk(r, &h, (const uint8_t *)text);
}

void segment_begin(struct record *r)
{
	char text[META_BYTES_MAX];
	size_t len;

	for (unsigned i = 0; i < STREAM_COUNT; i++)
		stream_writer_begin_segment(&r->stream[i]);
	dictionary_clear(&r->named);
	r->meta.row = r->next_row;
	r->meta.wall_offset_us = r->clock.wall_offset_us;
	len = meta_put(text, &r->meta);
	r->mark = chunk_crc((const uint8_t *)text, len);
	r->segment++;
	r->segment_start_bytes = r->file_bytes;
	r->segment_start_us = record_time_us(&r->clock);
	r->segment_is_due = false;
	put_text(r, CHUNK_META, text, len);
	r->status.segments++;
}

void segment_end_file(struct record *r, const char *why)
{
	char text[128];
	uint64_t row = r->next_row > r->end_row ? r->next_row : r->end_row;
	int len = snprintf(text, sizeof(text), "row=%" PRIu64 "\nwhy=%s\n", row, why);

	put_text(r, CHUNK_END, text, (size_t)len);
}

void segment_begin_file(struct record *r, const char *why)
{
	if (r->config.dir_fd >= 0) {
		if (r->has_file)
			segment_end_file(r, why);
		disk_new_file(&r->disk, record_wall_us(&r->clock), r->clock.time_ns / NS_PER_S);
		r->file_bytes = 0;
		r->meta.key_offset = META_NO_KEY;
	}
	r->file_start_us = record_time_us(&r->clock);
	r->has_file = true;
	r->status.files++;
	r->wants_key = true;
	segment_begin(r);
	atomic_store(&r->thin.wall_us, record_wall_us(&r->clock));
	if (r->keeper.is_running)
		helper_ask(&r->keeper);
}

static bool key_is_due(const struct record *r)
{
	uint64_t since = r->file_bytes - r->key_end_bytes;
	uint64_t least = KEY_TIMES * r->key_bytes;

	return r->wants_key || since >= (least > KEY_LEAST_BYTES ? least : KEY_LEAST_BYTES);
}

static bool file_is_full(const struct record *r)
{
	const struct record_config *c = &r->config;
	uint64_t bytes = c->rotate_bytes ? c->rotate_bytes : ROTATE_BYTES;
	uint64_t us = c->rotate_us ? c->rotate_us : ROTATE_US;

	/* Several files within a quota, so that removing one leaves most. */
	if (c->quota_bytes && bytes > c->quota_bytes / 4)
		bytes = c->quota_bytes / 4;
	return c->dir_fd >= 0 &&
	       (r->file_bytes >= bytes || record_time_us(&r->clock) - r->file_start_us >= us);
}

void segment_advance(struct record *r)
{
	struct disk_status disk;

	disk_get_status(&r->disk, &disk);
	if (disk.file_is_lost) {
		r->has_file = false;
		segment_begin_file(r, "lost");
		return;
	}
	if (file_is_full(r)) {
		segment_begin_file(r, "full");
		return;
	}
	if (record_time_us(&r->clock) - r->segment_start_us < SEGMENT_US &&
	    r->stream[0].segment_bytes + r->stream[1].segment_bytes < SEGMENT_RAW_BYTES &&
	    !r->wants_key)
		return;
	if (key_is_due(r)) {
		r->wants_key = true;
		segment_begin(r);
	} else {
		r->segment_is_due = true;
	}
}

void segment_try_again(struct record *r)
{
	struct record_note note = {.time_ns = r->dropping_since.time_ns,
				   .kind = RECORD_NOTE_DISK_FULL};
	struct disk_status disk;

	for (unsigned i = 0; i < STREAM_COUNT; i++)
		r->dropped_rows += stream_writer_drop(&r->stream[i]);
	r->quiet_count = 0;
	disk_flush(&r->disk);
	disk_get_status(&r->disk, &disk);
	if (disk.queued_bytes)
		return;
	r->is_dropping = false;
	r->wants_key = true;
	/* They have had numbers, so that readers see that something is missing, and how much. */
	r->next_row += r->dropped_rows - r->dropped_before;
	if (disk.file_is_lost) {
		r->has_file = false;
		segment_begin_file(r, "lost");
	} else {
		segment_begin(r);
	}
	note.value = (int64_t)(r->dropped_rows - r->dropped_before);
	note.text = "rows were dropped";
	record_note(r, &note);
	note.time_ns = r->clock.time_ns;
	note.kind = RECORD_NOTE_DISK_FREE;
	note.text = "";
	record_note(r, &note);
	r->dropped_before = r->dropped_rows;
}
