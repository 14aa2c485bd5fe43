// SPDX-License-Identifier: BSD-2-Clause
/*
 * Buffered output to one file descriptor. An error sticks: later calls do nothing, and the program
 * asks for it once per batch. Nothing is formatted through stdio on the row path.
 *
 * By itself an out waits for its reader. One that queues never does: what cannot be written yet is
 * kept, up to a limit, and a record that does not fit is dropped as a whole and counted.
 */
#pragma once
#include <stdbool.h>
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
	bool for_web; /* strings of JSON hold nothing that HTML or JavaScript reads otherwise */
	bool quotes_big; /* integers of JSON beyond 2^53, which a double would round, are strings */

	/* Of one that queues. */
	bool queues;
	bool is_shared;	     /* others have the descriptor too: it cannot be set to not block */
	bool drops;	     /* the record that is being written does not fit */
	size_t record;	     /* where it begins in buf */
	size_t half_line;    /* bytes written since the last line feed */
	uint64_t dropped;    /* records */
	uint64_t failed;     /* of those, the ones that found the disk full */
	int trouble;	     /* errno of the last write that may yet succeed, else 0 */
};

/* Allocate the buffer; `fd` is borrowed for the life of `o`. */
void out_init(struct out *o, int fd);
void out_done(struct out *o);

/* As out_init(), but keep all that is written. out_take() gives it: free() it, and not `o`. */
void out_init_memory(struct out *o);
char *out_take(struct out *o, size_t *ret_len);

/*
 * As out_init(), but queue: see above. `is_shared` if the descriptor is not ours alone; else it does
 * not block, or is a file's.
 */
void out_init_queue(struct out *o, int fd, bool is_shared);

/* What was written since the last call is a record, in whole lines. */
void out_end_record(struct out *o);

/*
 * The end of an out that queues: wait a little for a slow reader, drop the rest, and leave no half
 * line in a file.
 */
void out_finish(struct out *o);

/*
 * Room for `len` bytes, to be written in place; NULL if there is none
 * (then use the calls below). out_took() says how many were written.
 */
static inline char *out_room(struct out *o, size_t len)
{
	return o->size - o->used >= len && !o->clip_lines && !o->drops ? o->buf + o->used : NULL;
}

static inline void out_took(struct out *o, size_t len)
{
	o->used += len;
}

void out_mem(struct out *o, const char *mem, size_t len);
void out_str(struct out *o, const char *text);
void out_char(struct out *o, char c);
void out_uint(struct out *o, uint64_t n);
void out_format(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `text` in a field of |width| characters, left-aligned if width is negative; never cut. */
void out_field(struct out *o, const char *text, size_t len, int width);

/* Write `text` with a ? for what would do harm to a terminal: see util/utf8.h. */
void out_clean(struct out *o, const char *text, size_t len);

/*
 * Write `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD; what would
 * do harm to a terminal is escaped, so that it arrives all the same; with `for_web` also < > & and
 * the line ends U+2028 and U+2029.
 */
void out_json_string(struct out *o, const char *text, size_t len);

/*
 * The same in place, of a text that is printable ASCII without a quote or a backslash: its end, of len + 2
 * bytes at `to`. Else NULL, and what was written there means nothing.
 */
char *out_json_plain(char *to, const char *text, size_t len);

/*
 * From now on drop what lies beyond so many lines or columns (characters, not bytes); 0, 0 ends it.
 */
void out_clip(struct out *o, unsigned lines, unsigned columns);

/*
 * Write everything out, or, if it queues, what can be written now. Returns 0 or -errno of the first
 * error ever met.
 */
int out_flush(struct out *o);
