// SPDX-License-Identifier: BSD-2-Clause
/*
 * A directory of recordings. Names are "20261125T031200Z.BOOT8.0000.tsr": when the file begins
 * (UTC), eight digits of the boot's id, and a number that makes the name unique; sorted names are
 * sorted times but where the clock was set back. "X.tmp" is a file that is being rewritten.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RECORD_FILE_NAME_MAX 64
#define RECORD_SUFFIX ".tsr"
#define RECORD_TEMPORARY ".tmp"

struct record_file {
	char name[RECORD_FILE_NAME_MAX];
	uint64_t bytes;
	/* By its name. */
	int64_t start_us; /* since 1970 */
	char boot[9];
	uint64_t number; /* seconds of the recording's clock, more if that name was taken */
};

struct record_files {
	struct record_file *file; /* in the order in which they were written */
	size_t count;
	uint64_t bytes; /* of all, those that are being rewritten included */
};

/* The name of a file that begins at `wall_us`. `boot` is the whole id of the boot. */
void record_file_name(char ret[RECORD_FILE_NAME_MAX], int64_t wall_us, const char *boot,
		      unsigned number);

/* Take a name apart; false if recordings have no such names. */
bool record_file_parse(const char *name, struct record_file *ret);

/* List the recordings in a directory. Gives; free with record_files_free(). 0 or -errno. */
int record_files_list(int dir_fd, struct record_files *ret);
void record_files_free(struct record_files *files);

/*
 * Become the one writer. Gives a descriptor that holds the lock until it is closed, or -EBUSY: then
 * `*ret_holder` is the process that writes there, 0 if that is not known. Or -errno.
 */
int record_lock(int dir_fd, pid_t *ret_holder);

/* Remove what a rewriting that was cut short left behind. For the one writer. */
void record_files_clean(int dir_fd);
