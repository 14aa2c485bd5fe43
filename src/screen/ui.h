/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the user has chosen: plain data, which keys change and drawing reads. With the tracks of a
 * moment it is all that a screen is made of.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "screen/fields.h"

enum page { PAGE_FLOWS, PAGE_CLOSED, PAGE_VERDICTS, PAGE_LISTENERS, PAGE_COUNT };

/* In the order of the key. */
enum by { BY_NONE, BY_PROCESS, BY_UNIT, BY_CONTAINER, BY_REMOTE, BY_PORT, BY_SUBNET, BY_COUNT };

/* What covers the table, or stands beside it. */
enum over { OVER_NOTHING, OVER_DETAIL, OVER_HELP, OVER_COLUMNS };

enum prompt { PROMPT_NONE, PROMPT_FILTER, PROMPT_SEARCH, PROMPT_TIME, PROMPT_SAVE, PROMPT_KILL };

enum time_state { TIME_LIVE, TIME_PAUSED, TIME_BACK, TIME_FILE, TIME_PLAYING };

#define UI_TEXT_MAX 4097 /* FILTER_TEXT_MAX and a zero byte */
#define UI_MARKS_MAX 100
#define UI_WHY_MAX 256
#define UI_MESSAGE_MAX 1024

struct ui_sort {
	/* Index of a field of the page; SORT_BUSIEST: rx + tx, a mean of some intervals. */
	int field;
	bool ascending;
};
#define SORT_BUSIEST -1

struct ui {
	enum page page;
	enum by by, by_of[PAGE_COUNT]; /* of the page that is shown; of those that are not */
	enum over over;
	struct fields fields[PAGE_COUNT];
	struct ui_sort sort[PAGE_COUNT];
	unsigned skip_columns; /* scrolled to the right by so many */

	bool totals;	   /* since the start, not of the interval */
	bool bits, binary; /* of rates */
	bool with_closed;  /* all that the memory holds, not only those of the last seconds */
	bool is_held;	   /* the order */
	bool all_open;	   /* groups that come are open */
	bool mouse;

	/* Where the cursor is: the flow or group, and its line, if it is not there any more. */
	uint64_t cursor_key;
	bool cursor_is_group;
	size_t cursor_line, top_line;

	enum prompt prompt;
	char text[UI_TEXT_MAX]; /* of the prompt */
	size_t text_len, text_at;
	char why[UI_WHY_MAX]; /* what is wrong with it; "": nothing */
	size_t why_at;

	char where[UI_TEXT_MAX]; /* the filter in force */
	char search[128];
	unsigned help_top, choice; /* scrolled; line of the list of columns */
	unsigned detail_top;

	uint64_t mark[UI_MARKS_MAX]; /* ids of flows */
	unsigned marks;
	char message[UI_MESSAGE_MAX]; /* on the last line, until a key comes */

	enum time_state time;
	unsigned behind; /* PAUSED: intervals that passed since */
	unsigned speed;	 /* of PLAYING: 1, 10, 60; 0 as fast as it goes */
};

const char *page_name(enum page page);
const char *by_name(enum by by);

/* Where `text` has what is searched for: in any case, unless that has capitals. NULL: nowhere. */
const char *ui_find(const char *text, const char *wanted);

/* Is this flow marked? */
bool ui_is_marked(const struct ui *ui, uint64_t id);
