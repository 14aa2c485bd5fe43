// SPDX-License-Identifier: BSD-2-Clause
#include "util/cgroup_pid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A line for each of at most 16 hierarchies, each with a path. */
#define FILE_BYTES_MAX 65536

enum hierarchy { VERSION_2, SYSTEMD, CPU, HIERARCHY_COUNT };

struct part {
	const char *at;
	size_t len;
};

static bool is(struct part p, const char *text)
{
	return p.len == strlen(text) && !memcmp(p.at, text, p.len);
}

/* Cut `*rest` at `mark`: what stands before it; all, if it is not there. */
static struct part cut(struct part *rest, char mark)
{
	const char *found = rest->len ? memchr(rest->at, mark, rest->len) : NULL;
	size_t len = found ? (size_t)(found - rest->at) : rest->len;
	struct part first = {rest->at, len};

	rest->at += len + !!found;
	rest->len -= len + !!found;
	return first;
}

/* "4:cpu,cpuacct" names more than one controller. */
static enum hierarchy hierarchy_of(struct part number, struct part controllers)
{
	if (!controllers.len)
		return is(number, "0") ? VERSION_2 : HIERARCHY_COUNT;
	if (is(controllers, "name=systemd"))
		return SYSTEMD;
	while (controllers.len)
		if (is(cut(&controllers, ','), "cpu"))
			return CPU;
	return HIERARCHY_COUNT;
}

static void cut_deleted(struct part *path)
{
	static const char deleted[] = " (deleted)";
	size_t len = sizeof(deleted) - 1;

	if (path->len > len && !memcmp(path->at + path->len - len, deleted, len))
		path->len -= len;
}

int cgroup_choose_path(const char *text, size_t len, char ret[CGROUP_PATH_SIZE])
{
	struct part rest = {text, len}, found[HIERARCHY_COUNT] = {{NULL, 0}}, best = {NULL, 0};

	ret[0] = '\0';
	while (rest.len) {
		struct part line = cut(&rest, '\n');
		struct part number = cut(&line, ':'), controllers = cut(&line, ':');
		enum hierarchy h = hierarchy_of(number, controllers);

		if (h == HIERARCHY_COUNT || !line.len || *line.at != '/' ||
		    memchr(line.at, '\0', line.len))
			continue;
		if (h == VERSION_2)
			cut_deleted(&line);
		found[h] = line;
	}
	for (int h = HIERARCHY_COUNT - 1; h >= 0; h--)
		if (found[h].len > 1 || (found[h].len && !best.len))
			best = found[h];
	if (!best.len)
		return -ENOENT;
	if (best.len >= CGROUP_PATH_SIZE)
		return -ENAMETOOLONG;
	memcpy(ret, best.at, best.len);
	ret[best.len] = '\0';
	return 0;
}

int cgroup_of_pid(uint32_t pid, char ret[CGROUP_PATH_SIZE])
{
	static _Thread_local char text[FILE_BYTES_MAX];
	char name[32];
	size_t len = 0;
	ssize_t n;
	int fd;

	ret[0] = '\0';
	snprintf(name, sizeof(name), "/proc/%u/cgroup", pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? (int)n : cgroup_choose_path(text, len, ret);
}
