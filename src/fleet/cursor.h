// SPDX-License-Identifier: BSD-2-Clause
/*
 * What was sent so far, in a file that survives a crash at any moment: it is written anew, and
 * put in the place of the old one. Before a batch goes out it says what is in the batch, and the
 * disk has to confirm that; after the server has it, that it is there, which may get lost. So
 * whoever starts next knows what he has to ask the server for.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "fleet/batch.h"
#include "fleet/reader.h"

struct fleet_cursor {
	char server[384]; /* "https://db:8443/tcpsight": a cursor is that of one store */
	char file[256];	  /* that is read; empty: none yet */
	bool is_done;	  /* all of it was sent */
	bool is_careful;  /* some of what follows may be there already: ask first */
	char host[65], run[33];
	uint64_t next_row;	    /* of that run: the number of the row after what was read */
	uint64_t lost_before, lost; /* what the run had lost when the file began, and now */
	uint64_t unsent;	    /* rows that were deleted unsent, to be told with this file */
	struct fleet_position at;
	/* A batch that is on its way: `block` without bodies, up to `to`. */
	bool is_sent;
	struct fleet_position to;
	struct fleet_block *block;
	unsigned count;
	/* Since the cursor was made. */
	uint64_t rows_total, batches_total, unsent_total, rejected_total;
};

/* Read it; one that is not there is empty. 0, or -errno: -EBADMSG if it is none. */
int fleet_cursor_load(struct fleet_cursor *c, int dir_fd);

/* 0 or -errno. While a batch is on its way, the disk has confirmed it. */
int fleet_cursor_save(const struct fleet_cursor *c, int dir_fd);

/* Note that `b`, which ends at `to`, is about to be sent; fleet_cursor_arrived() undoes it. */
void fleet_cursor_send(struct fleet_cursor *c, const struct fleet_batch *b,
		       const struct fleet_position *to);
void fleet_cursor_arrived(struct fleet_cursor *c);
void fleet_cursor_done(struct fleet_cursor *c);
