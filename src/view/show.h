// SPDX-License-Identifier: BSD-2-Clause
/* A view as a consumer: collect what comes, rank it, hand it to the sink. */
#pragma once
#include "view/view.h"

extern const struct consumer_ops view_consumer;

/* Reserve what it needs. Everything above "of a run" is set, and consumer->wants. */
void view_begin(struct view *view, uint32_t max_flows);

/* Print what stands before the first row. */
void view_open(struct view *view);

/* Print a row that somebody else made: of a consumer around the view. */
void view_row(struct view *view, const struct row *row);

/* Tell of a gap, where that stands among rows. */
void view_gap(struct view *view, const struct source_gap *gap);

/* Print a handshake. */
void view_handshake(struct view *view, const struct event *ev);

/* Print the rows of the last tick again, for a window whose size changed. */
void view_redraw(struct view *view);
void view_end(struct view *view, const struct account *account);
void view_done(struct view *view);
