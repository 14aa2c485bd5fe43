/* SPDX-License-Identifier: BSD-2-Clause */
/* All of a running screen, as its files share it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/source.h"
#include "screen/canvas.h"
#include "screen/journal.h"
#include "screen/list.h"
#include "screen/options.h"
#include "screen/scene.h"
#include "screen/term.h"
#include "screen/tracks.h"
#include "screen/ui.h"

#define HELD_MESSAGES_MAX 64
#define FILTER_HISTORY_MAX 32

struct killer;
struct source;
struct where;

/* A copy of the tracks, which leads back and forth in time while the others go on. */
struct past {
	struct track_hot *hot;
	struct track_cold *cold;
	uint32_t limit, used, tick;
	uint64_t time_ns; /* of `tick` */
	bool is_there;
};

/* Bytes of all flows. */
struct moved {
	uint64_t tx, rx;
};

struct screen {
	struct consumer *consumer;
	struct view *view;
	struct source *source;
	const struct screen_options *options;
	struct journal journal;
	struct tracks tracks;
	struct past past;
	struct ui ui;
	struct list list;
	struct where *where;		/* the filter in force, or NULL */
	char where_before[UI_TEXT_MAX]; /* what Esc brings back */
	struct plan plan;
	struct canvas canvas;
	struct terminal *term;
	struct scene scene;
	struct account *account; /* of a file, as it was when it was read last */

	char *said[HELD_MESSAGES_MAX]; /* messages that wait for the end of the screen */
	unsigned said_count, said_lost;
	char *typed[FILTER_HISTORY_MAX]; /* filters */
	unsigned typed_count, typed_at;

	int timer; /* when to draw what waits */
	uint64_t last_draw_ns, last_news_ns;
	struct moved moved, moved_last; /* in the interval under way, and in the one that ended last */
	bool wants_draw, draws_anew, timer_is_set, output_is_watched;
	bool is_reading; /* a file, as far as this: */
	uint64_t read_to_ns;
	bool is_seeking; /* keys that come now are about the moment that is sought */
	bool wants_before; /* the interval before that */
	int play_timer;
	bool play_is_due;
	int save_dir;			/* a folder, or -1 */
	struct killer *killer;		/* NULL: no connection may be closed */
	uint64_t killing[UI_MARKS_MAX]; /* ids that are asked about */
	unsigned killing_count;
	bool has_ended; /* the file: there is no more */
	bool is_pasting;
	char what[128];
};

/* It has an end, and may be gone through again: not what an agent tells as it happens. */
static inline bool screen_is_of_file(const struct screen *s)
{
	return s->source->offline && !s->source->is_live;
}

/* Draw soon: now, or when the terminal and the last drawing let us. */
void screen_draw_soon(struct screen *s);

/* What a key does. */
void screen_key(struct screen *s, int key);

/* Everything was forgotten, and will be told anew: a file is read from somewhere else. */
void screen_restart(struct screen *s);

/* The moment that is shown. */
struct moment screen_moment(const struct screen *s);

/* Make list and plan of what there is now. */
void screen_settle(struct screen *s);

/* Say something on the last line. */
void screen_say(struct screen *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
