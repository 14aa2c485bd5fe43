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
	snprintf(ret, RECORD_FILE_NAME_MAX, "%04u%02u%02uT%02u%02u%02uZ.%.8s.%010u" RECORD_SUFFIX,
		 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_mon + 1,
		 (unsigned)tm.tm_mday, (unsigned)tm.tm_hour, (unsigned)tm.tm_min,
		 (unsigned)tm.tm_sec, boot[0] ? boot : "00000000", number);
}

bool record_file_parse(const char *name, struct record_file *ret)
{
	struct tm tm = {0};
	char again[RECORD_FILE_NAME_MAX];
	unsigned number;

	*ret = (struct record_file){0};
	if (strlen(name) >= sizeof(ret->name) ||
	    sscanf(name, "%4d%2d%2dT%2d%2d%2dZ.%8[0-9a-f].%10u", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, ret->boot, &number) != 8)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	ret->start_us = (int64_t)timegm(&tm) * US_PER_S;
	ret->number = number;
	strcpy(ret->name, name);
	/* A name that is ours is what we would make of its parts. */
	record_file_name(again, ret->start_us, ret->boot, number);
	return !strcmp(name, again);
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

static int add(struct record_files *files, const struct record_file *file)
{
	struct record_file *grown = files->file;

	/* In powers of two. */
	if (!(files->count & (files->count + 1)))
		grown = realloc(files->file, (files->count + 1) * 2 * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	files->file = grown;
	grown[files->count++] = *file;
	return 0;
}

/* By name; then, within a boot, where a clock that was set back made the names lie. */
static void sort(struct record_files *files)
{
	struct record_file *f = files->file;

	if (files->count)
		qsort(f, files->count, sizeof(*f), compare);
	for (size_t i = 1; i < files->count; i++)
		for (size_t at = i; at && !strcmp(f[at - 1].boot, f[at].boot) &&
				    f[at - 1].number > f[at].number;
		     at--) {
			struct record_file earlier = f[at];

			f[at] = f[at - 1];
			f[at - 1] = earlier;
		}
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
		struct record_file file;
		bool is_file = record_file_parse(entry->d_name, &file);

		if ((!is_file && !is_temporary(entry->d_name)) ||
		    fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode))
			continue;
		file.bytes = (uint64_t)st.st_size;
		ret->bytes += file.bytes;
		if (is_file)
			err = add(ret, &file);
	}
	closedir(dir);
	if (err)
		record_files_free(ret);
	else
		sort(ret);
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
	struct record_file file;
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		char name[RECORD_FILE_NAME_MAX];

		/* Only what would be a recording but for the second suffix: others' files stay. */
		if (!is_temporary(entry->d_name) || strlen(entry->d_name) >= sizeof(name))
			continue;
		strcpy(name, entry->d_name);
		name[strlen(name) - strlen(RECORD_TEMPORARY)] = '\0';
		if (record_file_parse(name, &file))
			unlinkat(dir_fd, entry->d_name, 0);
	}
	closedir(dir);
}
