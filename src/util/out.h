// SPDX-License-Identifier: BSD-2-Clause
/*
 * Buffered output to one file descriptor. An error sticks: later calls do nothing, and the program
 * asks out_error() once per batch. Nothing is formatted through stdio on the row path.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct out {
	int fd;
	int interrupt_fd; /* readable: stop waiting for a slow reader; -1: there is none */
	int error; /* errno of the first failed write, else 0 */
	size_t used, size;
	char *buf;
	unsigned clip_lines, clip_columns; /* room of the window; 0: no clipping */
	unsigned line, column;
};

/* Allocate the buffer; `fd` is borrowed for the life of `o`. */
void out_init(struct out *o, int fd);
void out_done(struct out *o);

/* As out_init(), but keep all that is written. out_take() gives it: free() it, and not `o`. */
void out_init_memory(struct out *o);
char *out_take(struct out *o, size_t *ret_len);

void out_mem(struct out *o, const char *mem, size_t len);
void out_str(struct out *o, const char *text);
void out_char(struct out *o, char c);
void out_uint(struct out *o, uint64_t n);
void out_format(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `text` in a field of |width| columns, left-aligned if width is negative; never cut. */
void out_field(struct out *o, const char *text, size_t len, int width);

/* Write `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD. */
void out_json_string(struct out *o, const char *text, size_t len);

/*
 * From now on drop what lies beyond so many lines or columns (characters, not bytes); 0, 0 ends it.
 */
void out_clip(struct out *o, unsigned lines, unsigned columns);

/* Write everything out. Returns 0 or -errno of the first error ever met. */
int out_flush(struct out *o);
