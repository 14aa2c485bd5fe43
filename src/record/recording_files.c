// SPDX-License-Identifier: BSD-2-Clause
/* The files of a recording: one, or those of a directory in the order of their names. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/recording_state.h"

static void close_file(struct recording *r)
{
	if (r->file_is_open)
		input_close(&r->in);
	r->file_is_open = false;
}

/* Open file `i` of the list. 0 or -errno. */
static int open_listed(struct recording *r, size_t i)
{
	int fd = openat(r->dir_fd, r->files.file[i].name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	close_file(r);
	input_open(&r->in, fd);
	r->file_is_open = true;
	r->file_has_ended = false;
	r->segment_is_readable = r->segment_is_repeated = false;
	r->at = 0;
	r->file = i;
	strcpy(r->file_name, r->files.file[i].name);
	return 0;
}

/* Read the directory again, to see files that began meanwhile. */
static int list_again(struct recording *r)
{
	struct record_files files;
	int err = record_files_list(r->dir_fd, &files);
	size_t i;

	if (err)
		return err;
	record_files_free(&r->files);
	r->files = files;
	/* Our place in it: behind our file, or where that was before it was removed. */
	for (i = files.count; i; i--)
		if (!strcmp(files.file[i - 1].name, r->file_name))
			break;
	if (!i)
		while (i < files.count && strcmp(files.file[i].name, r->file_name) <= 0)
			i++;
	r->file = i;
	return 0;
}

static size_t next_index(const struct recording *r)
{
	return r->config.follow || !r->file_is_open ? r->file : r->file + 1;
}

int files_next(struct recording *r)
{
	int err;

	if (r->dir_fd < 0)
		return 0;
	if (r->config.follow) {
		err = list_again(r);
		if (err)
			return err;
	}
	for (size_t i = next_index(r); i < r->files.count; i++) {
		if (r->files.file[i].start_us > r->config.to_wall_us)
			return 0;
		err = open_listed(r, i);
		if (!err)
			return 1;
		/* One that was removed to make room is missing; its rows are missed by number. */
		if (err != -ENOENT) {
			snprintf(r->why, sizeof(r->why), "cannot read %s: %s",
				 r->files.file[i].name, strerror(-err));
			return err;
		}
	}
	return 0;
}

bool recording_has_ended(const struct recording *r)
{
	return r->file_has_ended;
}

bool files_has_more(struct recording *r)
{
	if (!r->config.follow || r->file_has_ended)
		return false;
	if (r->dir_fd < 0)
		return true;
	/* Once another file has begun, nothing more comes to this one. */
	return list_again(r) || r->file == r->files.count;
}

/* The last file that begins before the window does; the first one if none does. */
static size_t first_file(const struct recording *r)
{
	size_t found = 0;

	for (size_t i = 0; i < r->files.count; i++)
		if (r->files.file[i].start_us <= r->config.from_wall_us)
			found = i;
	return found;
}

static int open_directory(struct recording *r, int fd)
{
	int err = record_files_list(fd, &r->files);

	r->dir_fd = fd;
	if (err) {
		snprintf(r->why, sizeof(r->why), "cannot read the directory: %s", strerror(-err));
		return err;
	}
	for (r->file = first_file(r); r->file < r->files.count; r->file++)
		if (!open_listed(r, r->file))
			return 0;
	if (r->config.follow)
		return 0;
	snprintf(r->why, sizeof(r->why), "there is no recording in this directory");
	return -ENOENT;
}

int files_open_fd(struct recording *r, int fd)
{
	struct stat st;

	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		return open_directory(r, fd);
	input_open(&r->in, fd);
	r->file_is_open = true;
	return 0;
}

void files_close(struct recording *r)
{
	close_file(r);
	record_files_free(&r->files);
	if (r->dir_fd >= 0)
		close(r->dir_fd);
}

/* One end of the recording: of the first or the last file that has any. */
static int find_end(struct recording *r, bool last, int64_t *ret_us)
{
	for (size_t n = 0; n < r->files.count; n++) {
		const char *name = r->files.file[last ? r->files.count - 1 - n : n].name;
		int fd = openat(r->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), err;
		struct record_meta m;
		uint64_t time_us;
		struct input in;

		if (fd < 0)
			continue;
		input_open(&in, fd);
		err = last ? seek_last_time(&in, &m, &time_us) : seek_first_meta(&in, &m, &time_us);
		input_close(&in);
		if (err)
			continue;
		*ret_us = (int64_t)time_us + m.wall_offset_us;
		return 0;
	}
	return -ENOENT;
}

int files_span(struct recording *r, int64_t *ret_from_us, int64_t *ret_to_us)
{
	struct record_meta m;
	uint64_t time_us;
	int err;

	if (r->dir_fd >= 0) {
		err = find_end(r, false, ret_from_us);
		return err ? err : find_end(r, true, ret_to_us);
	}
	if (!r->in.is_seekable)
		return -ESPIPE;
	err = seek_first_meta(&r->in, &m, &time_us);
	*ret_from_us = (int64_t)time_us + m.wall_offset_us;
	if (!err)
		err = seek_last_time(&r->in, &m, &time_us);
	*ret_to_us = (int64_t)time_us + m.wall_offset_us;
	return err;
}
