// SPDX-License-Identifier: BSD-2-Clause
/* What the files recording*.c share; of nobody else. */
#pragma once
#include "record/chunk.h"
#include "record/directory.h"
#include "record/flows.h"
#include "record/input.h"
#include "record/recording.h"
#include "record/stream_reader.h"
#include "record/table_reader.h"

/* Where we are in the chunk that is loaded: see recording_rows.c. */
struct rows_cursor {
	unsigned step;
	const uint8_t *next[RECORD_TABLE_END]; /* where to look for the next block of a table */
	const uint8_t *end;
	bool has_tick;
};

/* Flows that must be told of, or forgotten, one call after the other. */
enum walk { WALK_NONE, WALK_VANISH_ALL, WALK_VANISH, WALK_TELL };

struct recording {
	struct recording_config config;
	/* Files. */
	int dir_fd; /* -1: a single file */
	struct record_files files;
	size_t file; /* that is read, in `files` */
	char file_name[64];
	bool file_is_open, file_has_ended;
	struct input in;
	uint64_t at;
	/* Segment. */
	struct record_meta meta;
	bool has_meta;
	bool segment_is_readable; /* its meta was right, and it is new */
	bool segment_is_repeated;
	uint32_t mark;
	uint64_t segment_at;
	uint64_t next_row; /* number in the run of the row that comes next */
	struct stream_reader stream[STREAM_COUNT];
	/* The chunk that is loaded. */
	bool is_loaded;
	struct chunk_header chunk;
	uint8_t *raw;
	struct table_reader *table[RECORD_TABLE_END];
	struct rows_cursor cursor;
	/* Clock and window, in microseconds of the recording's clock. */
	int64_t from_us, to_us;
	int64_t base_offset_us; /* of the first boot, or given */
	bool base_is_given;
	int64_t shift_us;	/* add to this boot's times */
	uint64_t last_tick_us;
	bool has_begun; /* the window was reached */
	bool is_behind; /* of the chunk that is loaded only the ticks before it can be in the window */
	bool has_ended;
	/* Flows. */
	struct recorded_flows flows;
	enum walk walk;
	uint32_t walk_at;
	bool tell_after; /* then WALK_TELL */
	uint32_t key;	 /* number of the key frame that is read, or was last */
	bool in_key;
	bool is_uncertain; /* something is missing: the next key frame must be read */
	uint32_t losses;   /* of samples: counters are not known until a row tells them again */
	/* What is given out. */
	union {
		struct record_host host;
		struct record_name name;
		struct record_loss loss;
		struct record_note note;
	} row;
	struct recording_gap gap; /* is told when `gap_is_due` */
	bool gap_is_open, gap_is_due;
	struct recording_stats stats;
	/* Is called with each chunk that was loaded, before its rows; NULL: nobody looks. */
	void (*observe)(void *context, const struct recording *r);
	void *observe_context;
	char why[256];
};

/* recording.c: give times of the clock that has this offset from the wall's. Before the first item. */
void recording_set_base(struct recording *r, int64_t wall_offset_us);

/* recording_files.c: open the next file of the sequence. 1, 0 if there is none (yet), or -errno. */
int files_next(struct recording *r);
/* Take a descriptor of a file or a directory. 0, or -errno with r->why. */
int files_open_fd(struct recording *r, int fd);
void files_close(struct recording *r);
/* The first and last moment, by the wall clock. 0 or -errno. */
int files_span(struct recording *r, int64_t *ret_from_us, int64_t *ret_to_us);
/* Is there more to come in a file that was read to its present end? */
bool files_has_more(struct recording *r);

/* recording_chunks.c: load the next chunk with rows. 1; 0 at the end of the file; or -errno. */
int chunks_next(struct recording *r);
/* What is missing is known now: tell it. `rows` is what the numbers say, if `known`. */
void chunks_close_gap(struct recording *r, uint64_t rows, bool known, int64_t to_wall_us);

/* A recording that this version cannot read. Returns -EPROTONOSUPPORT, with r->why. */
int chunks_refuse(struct recording *r, const char *version, uint64_t format);

/* recording_seek.c: set r->at to where reading must begin for the window. */
void seek_window(struct recording *r);
/*
 * The first meta of a file and its time. 0; -EPROTONOSUPPORT, with its format and version; or
 * -EBADMSG if there is none.
 */
int seek_first_meta(struct input *in, struct record_meta *ret, uint64_t *ret_time_us);
/* The time of the last chunk of a file, and the meta of its segment. 0 or -EBADMSG. */
int seek_last_time(struct input *in, struct record_meta *ret, uint64_t *ret_time_us);

/* recording_rows.c: begin with the chunk that was loaded. */
void rows_begin(struct recording *r);
/* The next row of it: enum recording_item; 0 at its end; ROWS_WALK: flows must be walked first. */
#define ROWS_WALK 1000
int rows_next(struct recording *r, struct event *ev);

/* recording_flows.c: one step of the walk through the flows; 0 when it is done. */
int flows_walk(struct recording *r, struct event *ev);
/*
 * Rows that tell of flows: `ev` is the row, and becomes the event. Each returns what is to be given
 * out: an item, or 0. `*ret_again`: the same row must come once more, its flow was told of first.
 */
int flows_open_row(struct recording *r, struct event *ev);
void flows_ident_row(struct recording *r, const struct event *ev, bool is_key);
int flows_sample_row(struct recording *r, struct event *ev, bool *ret_again);
void flows_close_row(struct recording *r, const struct event *ev);
/* A key frame was read to its end. */
void flows_key_end(struct recording *r);
/* Times of an event as they are given out. */
void flows_shift(const struct recording *r, struct event *ev);

static inline int64_t recording_wall_us(const struct recording *r, uint64_t time_us)
{
	return (int64_t)time_us + r->meta.wall_offset_us;
}
