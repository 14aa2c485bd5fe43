// SPDX-License-Identifier: BSD-2-Clause
#include "util/netns_find.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * Those that were there at boot have numbers just below 0xf0000000 (enum init_ns_ino of
 * linux/nsfs.h), all others, and of older kernels all, from there on (PROC_DYNAMIC_FIRST).
 */
#define INODE_FIRST 0xefff0000u

uint32_t netns_find_path(const char *path)
{
	bool is_other = false;
	struct statfs fs;
	struct stat st;
	char full[512];
	int fd, type;

	snprintf(full, sizeof(full), "%s%s", strchr(path, '/') ? "" : "/run/netns/", path);
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	if (fstatfs(fd, &fs) || fs.f_type != NSFS_MAGIC || fstat(fd, &st)) {
		close(fd);
		return 0;
	}
	/* There are namespaces of other kinds; kernels before 4.11 do not tell. */
	type = ioctl(fd, NS_GET_NSTYPE);
	is_other = type > 0 && type != CLONE_NEWNET;
	close(fd);
	return is_other ? 0 : (uint32_t)st.st_ino;
}

struct search {
	uint32_t inode;
	struct statx own; /* a namespace: for the file system that all are in */
	bool is_found;
	bool was_refused; /* somewhere */
};

/* Call `look` for each entry that is a number of a folder, until it is found. */
static void for_each_number(const char *folder, struct search *s,
			    void (*look)(const char *path, struct search *s))
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[512];

	if (!dir)
		s->was_refused |= errno == EACCES || errno == EPERM;
	while (dir && !s->is_found && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		look(path, s);
	}
	if (dir)
		closedir(dir);
}

/*
 * A file server that does not answer is not waited for: some of the files may lie there. One of the
 * file system of namespaces is opened: all kinds of them have their numbers from one pool.
 */
static void look_at_file(const char *path, struct search *s)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, &st))
		s->was_refused |= errno == EACCES || errno == EPERM;
	else if (st.stx_ino == s->inode && st.stx_dev_major == s->own.stx_dev_major &&
		 st.stx_dev_minor == s->own.stx_dev_minor)
		s->is_found |= netns_find_path(path) == s->inode;
}

static void look_at_thread(const char *path, struct search *s)
{
	char full[600];

	snprintf(full, sizeof(full), "%s/ns/net", path);
	look_at_file(full, s);
}

static void look_at_threads(const char *path, struct search *s)
{
	char folder[600];

	snprintf(folder, sizeof(folder), "%s/task", path);
	for_each_number(folder, s, look_at_thread);
}

static void look_at_files(const char *path, struct search *s)
{
	char folder[600];

	snprintf(folder, sizeof(folder), "%s/fd", path);
	for_each_number(folder, s, look_at_file);
}

/* Names that `ip netns` or a container engine gave: the mounted part of the file system is the
 * link. */
static void look_at_mounts(struct search *s)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096], mounted[64];

	snprintf(mounted, sizeof(mounted), " net:[%u] ", s->inode);
	while (file && !s->is_found && fgets(line, sizeof(line), file))
		s->is_found |= strstr(line, mounted) != NULL;
	if (file)
		fclose(file);
}

int netns_find_inode(uint32_t inode)
{
	struct search s = {.inode = inode};

	if (inode < INODE_FIRST)
		return 0;
	if (statx(AT_FDCWD, "/proc/self/ns/net", 0, STATX_INO, &s.own))
		return -EACCES;
	look_at_thread("/proc/self", &s);
	if (!s.is_found)
		look_at_mounts(&s);
	if (!s.is_found)
		for_each_number("/proc", &s, look_at_threads);
	if (!s.is_found)
		for_each_number("/proc", &s, look_at_files);
	return s.is_found ? 1 : s.was_refused ? -EACCES : 0;
}
