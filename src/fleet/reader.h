// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows for the store, made of one file of a recording. The file is always read from its beginning,
 * where its key frame is, and what was sent already is passed over: so the same file gives the same
 * rows with the same numbers whenever it is read, and a position is three counts.
 *
 * Minutes are those of the clock; an interval belongs to the minute in which it began.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet/batch.h"

struct fleet_reader;

/* How far a file was sent. */
struct fleet_position {
	uint64_t closes; /* so many rows of flow_closed */
	int64_t minute;	 /* all that belongs to this minute since 1970, and those before; 0: none */
	uint64_t notes;	 /* so many rows of recorder */
};

struct fleet_reader_config {
	const char *path;
	struct fleet_position from;
	/*
	 * Stop there, to make again a batch that was made before; closes, minute and notes are 0 if
	 * there is no such end.
	 */
	struct fleet_position to;
	uint64_t rows_max;    /* a batch has at least so many rows, or the file has no more */
	uint64_t lost_before; /* what this run had lost when the file began */
	int64_t from_wall_us; /* pass over what ended before; 0: nothing */
	const struct fleet_lacks *lacks; /* what the server's tables have not; may be NULL */
	bool no_volume;			 /* no rows of flow_volume and flow_minute */
	uint32_t flows_max;
};

/* Gives; free with fleet_reader_close(). 0 or -errno, then `why` says what is wrong. */
int fleet_reader_open(struct fleet_reader **ret, const struct fleet_reader_config *config,
		      char *why, size_t why_size);
void fleet_reader_close(struct fleet_reader *r);

enum fleet_fill { FLEET_IDLE, FLEET_FULL };

/*
 * Add rows to `b` until it has enough, or a day has ended (FLEET_FULL), or nothing more is written
 * yet (FLEET_IDLE). Or -errno; fleet_reader_why() has the words.
 */
int fleet_reader_fill(struct fleet_reader *r, struct fleet_batch *b);

/* Once a batch was made again: go on behind it. */
void fleet_reader_go_on(struct fleet_reader *r);

/*
 * Before the first fleet_reader_fill(): so many rows of this run were deleted before they were
 * sent, which is told as the first row of recorder.
 */
void fleet_reader_set_unsent(struct fleet_reader *r, uint64_t rows);

/* Did the recorder say that it was done with this file? */
bool fleet_reader_has_ended(const struct fleet_reader *r);

/* Nothing more comes to this file: add what is known of its last minute. */
void fleet_reader_finish(struct fleet_reader *r, struct fleet_batch *b);

/* Where the rows end that were given so far. */
struct fleet_position fleet_reader_position(const struct fleet_reader *r);

const char *fleet_reader_why(const struct fleet_reader *r);

/* Of the file: its host and run; the number of the run's first row in it, and of the next one. */
const char *fleet_reader_host(const struct fleet_reader *r);
const char *fleet_reader_run(const struct fleet_reader *r);
uint64_t fleet_reader_first_row(const struct fleet_reader *r);
uint64_t fleet_reader_next_row(const struct fleet_reader *r);

/* What its run has lost up to here, and the latest moment that was read (us since 1970; 0: none).
 */
uint64_t fleet_reader_lost(const struct fleet_reader *r);
int64_t fleet_reader_time_us(const struct fleet_reader *r);
