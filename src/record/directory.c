// SPDX-License-Identifier: BSD-2-Clause
#include "record/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_NAME "lock"
#define US_PER_S 1000000

void record_file_name(char ret[RECORD_FILE_NAME_MAX], int64_t wall_us, const char *boot,
		      unsigned number)
{
	time_t s = (time_t)(wall_us / US_PER_S);
	struct tm tm;

	gmtime_r(&s, &tm);
	/* A year of more than four digits is that of a broken clock; the name stays in its form. */
	snprintf(ret, RECORD_FILE_NAME_MAX, "%04u%02u%02uT%02u%02u%02uZ.%.8s.%04u" RECORD_SUFFIX,
		 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_mon + 1,
		 (unsigned)tm.tm_mday, (unsigned)tm.tm_hour, (unsigned)tm.tm_min,
		 (unsigned)tm.tm_sec, boot[0] ? boot : "00000000", number);
}

bool record_file_time(const char *name, int64_t *ret_wall_us)
{
	struct tm tm = {0};
	int used = 0;
	size_t len = strlen(name);

	if (len < sizeof(RECORD_SUFFIX) || len >= RECORD_FILE_NAME_MAX ||
	    strcmp(name + len - strlen(RECORD_SUFFIX), RECORD_SUFFIX))
		return false;
	if (sscanf(name, "%4d%2d%2dT%2d%2d%2dZ.%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 6 ||
	    used != 17)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*ret_wall_us = (int64_t)timegm(&tm) * US_PER_S;
	return true;
}

static bool is_temporary(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(RECORD_TEMPORARY) &&
	       !strcmp(name + len - strlen(RECORD_TEMPORARY), RECORD_TEMPORARY);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct record_file *)a)->name, ((const struct record_file *)b)->name);
}

/* A descriptor of its own, whose position nobody shares. */
static DIR *open_again(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static int add(struct record_files *files, const char *name, int64_t start_us, uint64_t bytes)
{
	struct record_file *grown = files->file;

	/* In powers of two. */
	if (!(files->count & (files->count + 1)))
		grown = realloc(files->file, (files->count + 1) * 2 * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	files->file = grown;
	grown += files->count++;
	*grown = (struct record_file){.bytes = bytes, .start_us = start_us};
	snprintf(grown->name, sizeof(grown->name), "%s", name);
	return 0;
}

int record_files_list(int dir_fd, struct record_files *ret)
{
	DIR *dir = open_again(dir_fd);
	struct dirent *entry;
	int err = 0;

	*ret = (struct record_files){0};
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		struct stat st;
		int64_t start_us;
		bool is_file = record_file_time(entry->d_name, &start_us);

		if ((!is_file && !is_temporary(entry->d_name)) ||
		    fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode))
			continue;
		ret->bytes += (uint64_t)st.st_size;
		if (is_file)
			err = add(ret, entry->d_name, start_us, (uint64_t)st.st_size);
	}
	closedir(dir);
	if (err)
		record_files_free(ret);
	else if (ret->count)
		qsort(ret->file, ret->count, sizeof(*ret->file), compare);
	return err;
}

void record_files_free(struct record_files *files)
{
	free(files->file);
	*files = (struct record_files){0};
}

int record_lock(int dir_fd, pid_t *ret_holder)
{
	int fd = openat(dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	char text[16] = "";
	int err;

	*ret_holder = 0;
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? EBUSY : errno;
		if (pread(fd, text, sizeof(text) - 1, 0) > 0)
			*ret_holder = (pid_t)strtol(text, NULL, 10);
		close(fd);
		return -err;
	}
	/* For people, and for the words of whoever comes second: the lock holds without it. */
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (!ftruncate(fd, 0) && pwrite(fd, text, strlen(text), 0) < 0)
		text[0] = '\0';
	return fd;
}

void record_files_clean(int dir_fd)
{
	DIR *dir = open_again(dir_fd);
	struct dirent *entry;
	int64_t start_us;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		char name[RECORD_FILE_NAME_MAX];

		/* Only what would be a recording but for the second suffix: others' files stay. */
		if (!is_temporary(entry->d_name) || strlen(entry->d_name) >= sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%s", entry->d_name);
		name[strlen(name) - strlen(RECORD_TEMPORARY)] = '\0';
		if (record_file_time(name, &start_us))
			unlinkat(dir_fd, entry->d_name, 0);
	}
	closedir(dir);
}
