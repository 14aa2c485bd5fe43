/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal: ncurses makes bytes of a canvas, into memory; they go out as the terminal takes
 * them. So a slow one is never waited for: no new frame is made before the last one is out.
 * Whatever ends the program, the terminal is given back as it was, SIGKILL apart.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "screen/canvas.h"

struct terminal;

struct term_options {
	bool no_color, ascii, mouse;
};

/*
 * Take the terminal. Gives; free with term_close(). Returns 0 or -errno. Everything that is read
 * from files is read now.
 */
int term_open(struct terminal **ret, const struct term_options *options);
void term_close(struct terminal *t);

/* Its size; the window may have changed. */
void term_size(const struct terminal *t, int *ret_rows, int *ret_columns);
bool term_is_ascii(const struct terminal *t);

/* The next key that waits: a character or enum key; KEY_NONE_YET: there is none. */
int term_key(struct terminal *t);

/* Has the terminal gone? */
bool term_is_gone(const struct terminal *t);

/* Of the last KEY_IS_CLICK. */
void term_click(const struct terminal *t, int *ret_row, int *ret_column);
void term_mouse(struct terminal *t, bool on);

/* Put a text into the clipboard of whoever sits there, by OSC 52; at most TERM_COPY_MAX bytes. */
#define TERM_COPY_MAX 8192
void term_copy(struct terminal *t, const char *text, size_t len);

/* Make a frame of what differs; only if none is on its way. `anew`: draw all of it. */
void term_show(struct terminal *t, const struct canvas *c, bool anew);

/* Bytes that the terminal has not taken yet: go on with term_push() when it can be written to. */
bool term_is_busy(const struct terminal *t);
void term_push(struct terminal *t);
int term_output(const struct terminal *t);

/* Readable when we were stopped, and go on: take the terminal again, draw all. */
int term_wake_fd(const struct terminal *t);
void term_wake(struct terminal *t);
