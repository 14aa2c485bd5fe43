// SPDX-License-Identifier: BSD-2-Clause
/*
 * The file that --read names, or standard input: opened once, since it may be a pipe, and looked at
 * before anybody decides what it holds. What is compressed with gzip is unpacked on the way.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct read_file;

/* So many of its first bytes can be looked at. */
#define READ_FILE_HEAD 4

/*
 * The file of this path ("-": standard input), opened by the first call. Never NULL: whether it
 * could be opened, read_file_error() tells.
 */
struct read_file *read_file_get(const char *path);

/* 0, or -errno, logged: it cannot be opened, is a folder, or is compressed in a way not known here.
 */
int read_file_error(struct read_file *f);

/* Its first READ_FILE_HEAD bytes, unpacked; fewer if it is shorter. Waits for them. */
size_t read_file_head(struct read_file *f, uint8_t *bytes);

/* Up to `len` bytes of what is there; waits if nothing is. 0: the end. -errno. */
ssize_t read_file_read(struct read_file *f, void *bytes, size_t len);

/* The descriptor on which read_file_read() would wait now; -1: it need not. */
int read_file_waits_on(const struct read_file *f);

/* The same as a stream, which is closed with the file. NULL: no memory. */
FILE *read_file_stream(struct read_file *f);

/* The next call of read_file_get() opens anew. Accepts NULL. */
void read_file_close(struct read_file *f);
