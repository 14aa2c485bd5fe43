// SPDX-License-Identifier: BSD-2-Clause
/* A directory of its own for each test. */
#pragma once
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

struct folder {
	char path[64];
	int fd;
	bool is_mounted;
};

static inline struct folder folder_open(struct folder f)
{
	f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert(f.fd >= 0);
	return f;
}

static inline struct folder folder_make(void)
{
	struct folder f = {.path = "/tmp/tcpsight-record-XXXXXX"};

	if (!mkdtemp(f.path))
		abort();
	return folder_open(f);
}

/* A file system of so many bytes, which nobody else sees. False if that is not allowed here. */
static inline bool folder_mount(struct folder *f, unsigned kib)
{
	char options[64];

	*f = (struct folder){.path = "/tmp/tcpsight-record-XXXXXX"};
	if (!mkdtemp(f->path))
		abort();
	snprintf(options, sizeof(options), "size=%uk", kib);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", f->path, "tmpfs", 0, options)) {
		rmdir(f->path);
		return false;
	}
	f->is_mounted = true;
	*f = folder_open(*f);
	return true;
}

static inline void folder_done(struct folder *f)
{
	DIR *dir = fdopendir(f->fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(f->fd, entry->d_name, 0);
	closedir(dir);
	if (f->is_mounted)
		umount2(f->path, MNT_DETACH);
	rmdir(f->path);
}

static inline struct record_files folder_list(const struct folder *f)
{
	struct record_files files;

	if (record_files_list(f->fd, &files))
		abort();
	return files;
}

/* Read a directory or a file. */
static inline struct reading read_path(const char *path, const struct recording_config *config)
{
	struct reading ret = {0};
	struct recording *r;
	struct event ev;
	char why[256];
	int item = recording_open(&r, path, config, why, sizeof(why));

	ret.error = item;
	if (item)
		return ret;
	while ((item = recording_next(r, &ev)) > 0)
		read_item(r, item, &ev, &ret);
	ret.error = item;
	recording_get_stats(r, &ret.stats);
	recording_close(r);
	return ret;
}
