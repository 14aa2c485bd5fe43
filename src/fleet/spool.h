// SPDX-License-Identifier: BSD-2-Clause
/* The files of a recording, in the order in which they were written, as what is to be sent. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_NAME_MAX 256

struct fleet_spool {
	const char *path;
	bool is_directory; /* else it is the one file */
	int dir_fd;	   /* of the directory, else -1 */
};

/* 0 or -errno. */
int fleet_spool_open(struct fleet_spool *s, const char *path);
void fleet_spool_close(struct fleet_spool *s);

/*
 * The file after `after` ("" for the first one), whether that is still there or not; of the first
 * ones those that ended before `from_wall_us` are passed over. 1, 0 if there is none yet, or
 * -errno.
 */
int fleet_spool_next(const struct fleet_spool *s, const char *after, int64_t from_wall_us,
		     char ret[SPOOL_NAME_MAX]);

/* Where it is, to be opened. */
void fleet_spool_file(const struct fleet_spool *s, const char *name, char *ret, size_t size);

/*
 * Does nothing more come to this file, although its end does not say so? That is so if another one
 * was begun, or if nothing was written for two minutes: a recorder writes every ten seconds.
 */
bool fleet_spool_is_over(const struct fleet_spool *s, const char *name);
