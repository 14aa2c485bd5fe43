// SPDX-License-Identifier: BSD-2-Clause
#include "record/disk_room.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "record/disk.h"

static void set_used(struct disk *d, uint64_t used_bytes, unsigned removed_files)
{
	pthread_mutex_lock(&d->mutex);
	d->status.used_bytes = used_bytes;
	d->status.removed_files += removed_files;
	pthread_mutex_unlock(&d->mutex);
}

static bool remove_first(struct disk *d, struct record_files *files, int64_t older_than_us)
{
	for (size_t i = 0; i < files->count; i++) {
		struct record_file *f = &files->file[i];

		if (f->start_us >= older_than_us)
			return false;
		if (!f->name[0] || !strcmp(f->name, d->status.file) ||
		    unlinkat(d->config.dir_fd, f->name, 0))
			continue;
		files->bytes -= f->bytes;
		f->name[0] = '\0';
		set_used(d, files->bytes, 1);
		return true;
	}
	return false;
}

bool disk_room_remove_oldest(struct disk *d)
{
	struct record_files files;
	bool removed;

	if (d->config.dir_fd < 0 || record_files_list(d->config.dir_fd, &files))
		return false;
	removed = remove_first(d, &files, INT64_MAX);
	record_files_free(&files);
	return removed;
}

void disk_room_expire(struct disk *d, int64_t wall_us)
{
	struct record_files files;

	if (d->config.dir_fd < 0 || record_files_list(d->config.dir_fd, &files))
		return;
	set_used(d, files.bytes, 0);
	if (d->config.keep_us)
		while (remove_first(d, &files, wall_us - (int64_t)d->config.keep_us))
			;
	record_files_free(&files);
}

static bool too_little_is_free(const struct disk *d, uint64_t bytes)
{
	struct statvfs fs;

	if (!d->config.keep_free_bytes || fstatvfs(d->config.dir_fd, &fs))
		return false;
	return (uint64_t)fs.f_bavail * fs.f_frsize < d->config.keep_free_bytes + bytes;
}

int disk_room_make(struct disk *d, uint64_t bytes)
{
	const struct disk_config *c = &d->config;

	if (c->dir_fd < 0)
		return 0;
	while (c->quota_bytes && d->status.used_bytes + bytes > c->quota_bytes)
		if (!disk_room_remove_oldest(d))
			break;
	while (too_little_is_free(d, bytes))
		if (!disk_room_remove_oldest(d))
			return -ENOSPC;
	return 0;
}
