// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "record/directory.h"

#define SILENT_S 120

int fleet_spool_open(struct fleet_spool *s, const char *path)
{
	struct stat st;

	*s = (struct fleet_spool){.path = path, .dir_fd = -1};
	if (stat(path, &st))
		return -errno;
	s->is_directory = S_ISDIR(st.st_mode);
	if (!s->is_directory)
		return 0;
	s->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->dir_fd < 0 ? -errno : 0;
}

void fleet_spool_close(struct fleet_spool *s)
{
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	s->dir_fd = -1;
}

/* One that is not listed any more stood before the first that begins later. */
static size_t index_after(const struct record_files *files, const char *after)
{
	struct record_file gone;

	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->file[i].name, after))
			return i + 1;
	if (!record_file_parse(after, &gone))
		return 0;
	for (size_t i = 0; i < files->count; i++)
		if (files->file[i].start_us > gone.start_us ||
		    (files->file[i].start_us == gone.start_us &&
		     files->file[i].number > gone.number))
			return i;
	return files->count;
}

static size_t index_from(const struct record_files *files, int64_t from_wall_us)
{
	size_t found = 0;

	for (size_t i = 0; i < files->count; i++)
		if (files->file[i].start_us <= from_wall_us)
			found = i;
	return found;
}

static int next_listed(const struct fleet_spool *s, const char *after, int64_t from_wall_us,
		       char ret[SPOOL_NAME_MAX])
{
	struct record_files files;
	int err = record_files_list(s->dir_fd, &files), found = 0;
	size_t i;

	if (err)
		return err;
	i = after[0] ? index_after(&files, after) : index_from(&files, from_wall_us);
	if (i < files.count) {
		snprintf(ret, SPOOL_NAME_MAX, "%s", files.file[i].name);
		found = 1;
	}
	record_files_free(&files);
	return found;
}

int fleet_spool_next(const struct fleet_spool *s, const char *after, int64_t from_wall_us,
		     char ret[SPOOL_NAME_MAX])
{
	if (s->is_directory)
		return next_listed(s, after, from_wall_us, ret);
	if (after[0])
		return 0;
	snprintf(ret, SPOOL_NAME_MAX, "%s",
		 strrchr(s->path, '/') ? strrchr(s->path, '/') + 1 : s->path);
	return 1;
}

void fleet_spool_file(const struct fleet_spool *s, const char *name, char *ret, size_t size)
{
	if (s->is_directory)
		snprintf(ret, size, "%s/%s", s->path, name);
	else
		snprintf(ret, size, "%s", s->path);
}

bool fleet_spool_is_over(const struct fleet_spool *s, const char *name)
{
	char next[SPOOL_NAME_MAX], path[4096];
	struct stat st;

	if (s->is_directory && fleet_spool_next(s, name, 0, next) > 0)
		return true;
	fleet_spool_file(s, name, path, sizeof(path));
	return stat(path, &st) || time(NULL) - st.st_mtim.tv_sec > SILENT_S;
}
