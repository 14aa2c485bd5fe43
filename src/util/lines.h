// SPDX-License-Identifier: BSD-2-Clause
/*
 * Lines of a file or a pipe, as they come: whoever writes into the pipe may be in no hurry, and a
 * reader that has other things to do must know when it would have to wait.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LINES_LENGTH_MAX 1023

struct lines {
	/* Up to `len` bytes, 0 at the end, or -errno. */
	ssize_t (*read)(void *context, void *bytes, size_t len);
	/* The descriptor on which read() would wait now; -1: it need not. */
	int (*waits_on)(void *context);
	void *context; /* borrowed */
	bool is_over;
	size_t begin, end;
	char buf[16384];
};

void lines_init(struct lines *l, ssize_t (*read)(void *context, void *bytes, size_t len),
		int (*waits_on)(void *context), void *context);

/*
 * The next line, without its line feed, in `ret` of at least LINES_LENGTH_MAX + 1 bytes. Returns 1;
 * 0 at the end; -EAGAIN if lines_fd() must be waited for; -E2BIG for a line that is too long, of
 * which `ret` has the beginning; or another -errno.
 */
int lines_next(struct lines *l, char *ret);

/* A descriptor that polls readable once lines_next() can go on; -1: it can at once. */
int lines_fd(const struct lines *l);
