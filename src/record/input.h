// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bytes of a recording by their offset: from a file, which may grow, from a pipe, which goes
 * forward only, or from memory.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input {
	int fd; /* owned; -1: memory */
	bool is_seekable;
	int error;	   /* errno of the last reading, 0 if it went well */
	size_t read_bytes; /* read at least so much at once */
	const uint8_t *memory;
	size_t memory_bytes;
	uint8_t *window; /* bytes [start, start + used) */
	uint64_t start;
	size_t used;
};

/* Most bytes that input_get() can give: those of the longest chunk. */
extern const size_t input_window_bytes;

/* Takes `fd`. */
void input_open(struct input *in, int fd);
/* `memory` is kept by the caller. */
void input_open_memory(struct input *in, const uint8_t *memory, size_t bytes);
void input_close(struct input *in);

/*
 * The bytes at `at`: `*ret_len` of them, at least `want` unless the input ends before. Borrowed
 * until the next call. Of a pipe, what lies before an earlier `at` is gone: then there are none.
 */
const uint8_t *input_get(struct input *in, uint64_t at, size_t want, size_t *ret_len);

/* The length of what can be sought in, as it is now; 0 of a pipe. */
uint64_t input_size(const struct input *in);
