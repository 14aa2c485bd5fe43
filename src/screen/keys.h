/* SPDX-License-Identifier: BSD-2-Clause */
/* Every key once: what it is called, what it does. Help, the names on the last line and the manual are
 * this table. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* What a terminal gives besides characters. */
enum key {
	KEY_NONE_YET = -1,
	KEY_BASE = 0x110000, /* beyond Unicode */
	KEY_IS_UP,
	KEY_IS_DOWN,
	KEY_IS_LEFT,
	KEY_IS_RIGHT,
	KEY_IS_PAGE_UP,
	KEY_IS_PAGE_DOWN,
	KEY_IS_HOME,
	KEY_IS_END,
	KEY_IS_BACKSPACE,
	KEY_IS_DELETE,
	KEY_IS_BACK_TAB,
	KEY_IS_F1,
	KEY_IS_F2,
	KEY_IS_F3,
	KEY_IS_F4,
	KEY_IS_F5,
	KEY_IS_F6,
	KEY_IS_F7,
	KEY_IS_F8,
	KEY_IS_F9,
	KEY_IS_F10,
	KEY_IS_CLICK,
	KEY_IS_PASTE, /* a paste begins, or ends */
	KEY_IS_PASTE_END,
	KEY_IS_UNKNOWN,
};
#define KEY_IS_ESCAPE 27
#define KEY_IS_ENTER 10
#define KEY_CONTROL(c) ((c)&0x1f)

enum act {
	ACT_NOTHING,
	ACT_UP,
	ACT_DOWN,
	ACT_PAGE_UP,
	ACT_PAGE_DOWN,
	ACT_HOME,
	ACT_END,
	ACT_LEFT,
	ACT_RIGHT,
	ACT_ENTER,
	ACT_BACK,
	ACT_SORT_LEFT,
	ACT_SORT_RIGHT,
	ACT_SORT_NTH,
	ACT_INVERT,
	ACT_HOLD,
	ACT_FILTER,
	ACT_SEARCH,
	ACT_SEARCH_NEXT,
	ACT_SEARCH_BACK,
	ACT_BY_NEXT,
	ACT_BY_BACK,
	ACT_OPEN,
	ACT_SHUT,
	ACT_OPEN_ALL,
	ACT_PAGE_NEXT,
	ACT_PAGE_BACK,
	ACT_PAUSE,
	ACT_TIME_BACK,
	ACT_TIME_ON,
	ACT_TIME_BACK_MINUTE,
	ACT_TIME_ON_MINUTE,
	ACT_TIME_TO,
	ACT_SPEED,
	ACT_CLOSED,
	ACT_COLUMNS,
	ACT_TOTALS,
	ACT_UNITS,
	ACT_WHY,
	ACT_SAVE,
	ACT_COMMAND,
	ACT_COPY,
	ACT_MARK,
	ACT_UNMARK,
	ACT_KILL,
	ACT_MOUSE,
	ACT_NEWS,
	ACT_HELP,
	ACT_REDRAW,
	ACT_QUIT,
};

struct key_def {
	const char *names; /* as people write them */
	int key[6];	   /* 0 at the end */
	enum act act;
	const char *help;
};

extern const struct key_def key_defs[];
extern const size_t key_def_count;

/* What a key does on a table. */
enum act keys_act(int key);
