/* SPDX-License-Identifier: BSD-2-Clause */
/* What keys do, by what they are about. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "screen/keys.h"
#include "screen/state.h"

struct watch;

/* What options ask for, before the source is opened; and what it needs to have, while it may. */
void act_init(struct screen *s, struct watch *watch);
int act_start(struct screen *s, uid_t uid, gid_t gid);

/* There is a terminal, and what the loop waits for. */
void act_begin(struct screen *s);
void act_done(struct screen *s);

/* An interval has ended, or the file has. */
void act_tick(struct screen *s);

/* A descriptor of act_start() has something. */
void act_run(struct screen *s, int fd);

/* May a file not be read on now? */
bool act_holds(const struct screen *s);

/* Time: act_time.c. Returns false if `act` is not about that. */
bool act_time(struct screen *s, enum act act);
void act_time_to(struct screen *s, const char *text);

/* Save, copy, close connections: act_save.c, act_kill.c. As act_time(). */
bool act_save(struct screen *s, enum act act);
void act_save_to(struct screen *s, const char *name);
bool act_kill(struct screen *s, enum act act);
void act_kill_now(struct screen *s, const char *typed);

/* Show the command that prints what is shown: act_command.c. */
void act_command(struct screen *s);

/* Order and groups: act_order.c. As act_time(). */
bool act_sort(struct screen *s, enum act act, int key);
bool act_group(struct screen *s, enum act act);

/* By the field in this place of those in sight; -1: by what moves most. */
void act_sort_by(struct screen *s, int place);

/* Open or close the group of the line that the cursor is on. */
void act_open(struct screen *s, bool open);

/* The line of text: act_prompt.c. */
void act_prompt_open(struct screen *s, enum prompt prompt, const char *text);
void act_prompt_key(struct screen *s, int key);

/* Search: act_search.c. What covers the table is searched where it does. */
void act_search(struct screen *s, bool backwards, bool from_here);

/* Of what covers the table: which of its lines is chosen, or first, and how many it has. */
unsigned *act_cover(struct screen *s, size_t *ret_count);

/* The line that the cursor is on, or NULL. */
const struct line *act_line(struct screen *s);

/* Move the cursor, and follow what is there; SIZE_MAX: the last line. */
void act_move_to(struct screen *s, size_t at);
