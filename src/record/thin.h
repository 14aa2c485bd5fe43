// SPDX-License-Identifier: BSD-2-Clause
/*
 * Old recordings made small instead of being removed: the samples of a minute, say, become one.
 * What a flow moved in a minute stays the same to the byte, and ended flows stay as they are.
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct disk;

/* What a thread that thins needs, and tells. */
struct thin {
	int dir_fd;
	uint64_t age_us, interval_us;
	struct disk *disk; /* who writes there: knows which file is not whole yet, and is told when others
			    * have become smaller; NULL: nobody */
	atomic_bool must_end;	     /* set by others */
	atomic_int_fast64_t wall_us; /* what time it is; set by others */
	atomic_uint_fast64_t files;  /* that were made smaller */
};

/* Thin all files in the directory that are old enough. `context` is a struct thin. */
void thin_directory(void *context);

/*
 * Rewrite the file `name`, which nobody writes. Returns 1; 0 if it was thinned before, or holds
 * nothing to sum up; or -errno, with the file as it was.
 */
int thin_file(struct thin *t, const char *name);
