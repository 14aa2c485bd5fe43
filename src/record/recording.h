// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading a recording: one file, or a directory as one sequence. What comes out are the events that
 * went in, with the counters of live flows as totals again, so that an engine that is given them
 * ends up where the live one was.
 *
 * Of a window, what lived at its beginning comes first, as EV_OPEN with EV_BASELINE. Files are not
 * trusted: damage is stepped over, told and counted by row numbers; whatever they hold, memory is
 * bounded, and no row comes out that no chunk with right checksums has.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"
#include "record/meta.h"
#include "record/rows.h"

struct recording;
struct stream_unknown;

#define RECORDING_NO_FROM INT64_MIN
#define RECORDING_NO_TO INT64_MAX

struct recording_config {
	/* [from, to) in microseconds since 1970, or RECORDING_NO_FROM and RECORDING_NO_TO. */
	int64_t from_wall_us, to_wall_us;
	bool edges_only; /* no live flows and samples: much faster */
	bool follow;	 /* what is written now will be read later: see recording_next() */
	uint32_t flows_max;
};

/* What recording_next() returns. */
enum recording_item {
	RECORDING_END,	    /* nothing more; with `follow`: for now */
	RECORDING_EVENT,    /* *ev; EV_TIME: an interval ends */
	RECORDING_HOST,	    /* recording_host() */
	RECORDING_NAME,	    /* recording_name() */
	RECORDING_LOSS,	    /* recording_loss() */
	RECORDING_NOTE,	    /* recording_note() */
	RECORDING_GAP,	    /* recording_gap() */
	RECORDING_VANISHED, /* *ev: the flow is gone, its EV_CLOSE is not in the recording */
};

enum recording_gap_kind {
	GAP_DAMAGE,   /* bytes that are no whole chunk, or do not belong where they are */
	GAP_TORN,     /* the file ends in the middle of a chunk */
	GAP_MISSING,  /* rows are missing by their numbers, though no byte is damaged */
	GAP_REPEATED, /* rows that were there before; they are left out */
	GAP_STOPPED,  /* the recorder did not run */
};

struct recording_gap {
	enum recording_gap_kind kind;
	char file[64];	 /* its name in the directory; empty for a single file */
	uint64_t offset; /* of the first such byte in that file */
	uint64_t bytes, rows;
	bool rows_are_known;
	int64_t from_wall_us, to_wall_us;
};

/*
 * Open a file, a directory, or "-" for standard input. Gives; free with recording_close(). Returns
 * 0 or -errno; then `why`, of `why_size` bytes, says in words what is wrong.
 */
int recording_open(struct recording **ret, const char *path, const struct recording_config *config,
		   char *why, size_t why_size);

/* The same of an open file, which is taken, and of memory, which is kept by the caller. */
int recording_open_fd(struct recording **ret, int fd, const struct recording_config *config);
int recording_open_memory(struct recording **ret, const void *memory, size_t bytes,
			  const struct recording_config *config);
void recording_close(struct recording *r);

/*
 * The next item: enum recording_item, or -errno: -EPROTONOSUPPORT if the file is of a newer format,
 * and errors of reading; recording_why() has the words. `*ev` is written for those kinds that say
 * so, with the parts that its flags announce; what the other kinds borrow is valid until the next
 * call. With `follow`, RECORDING_END means that nothing more is written yet: call it again later.
 *
 * Times are those of the first boot that was read; of later ones they are moved so that they keep
 * their place on the wall clock.
 */
int recording_next(struct recording *r, struct event *ev);

const struct record_host *recording_host(const struct recording *r);
const struct record_name *recording_name(const struct recording *r);
const struct record_loss *recording_loss(const struct recording *r);
const struct record_note *recording_note(const struct recording *r);
const struct recording_gap *recording_gap(const struct recording *r);

/* What the segment that is read says of itself; before the first item that of the first one. */
const struct record_meta *recording_meta(const struct recording *r);

/* Add to times that recording_next() gives, in us, to get microseconds since 1970. */
int64_t recording_wall_offset_us(const struct recording *r);

/* By how much the times of what is read now were moved; 0 for those of the first boot. */
int64_t recording_shift_us(const struct recording *r);

/* The latest end of an interval that was read or passed over, not moved: all rows before it were. */
uint64_t recording_tick_us(const struct recording *r);

/*
 * The first and last moment that it holds, in microseconds since 1970, as far as it was written when
 * it was opened. 0; -ESPIPE of a pipe; or -errno.
 */
int recording_span(struct recording *r, int64_t *ret_from_wall_us, int64_t *ret_to_wall_us);

/* Of a file that is followed: did its recorder say that it was done with it? */
bool recording_has_ended(const struct recording *r);

/* Words for the last error; "" if there was none. */
const char *recording_why(const struct recording *r);

struct recording_stats {
	uint64_t bytes, chunks, rows; /* read */
	uint64_t damaged_bytes, lost_rows, repeated_rows;
	uint64_t
		bad_rows; /* of blocks that hold no numbers of ours although their sums are right */
	uint64_t orphan_rows; /* samples of flows that nothing tells of */
	uint64_t no_room;     /* flows above flows_max */
	uint64_t unknown_tables, unknown_columns, unknown_encodings, unknown_words;
	char unknown_example[64];
};

void recording_get_stats(const struct recording *r, struct recording_stats *ret);

/* The file and the offset of the next chunk: where to go on reading. */
uint64_t recording_offset(const struct recording *r, char file[64]);
