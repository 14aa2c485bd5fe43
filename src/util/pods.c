// SPDX-License-Identifier: BSD-2-Clause
#include "util/pods.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

#define READ_AGAIN_NS 1000000000ull

struct pods {
	char *folder;
	struct pod *pod;
	size_t count, room;
	uint64_t read_ns; /* when the folder was read; 0: never */
};

struct pods *pods_new(const char *folder)
{
	struct pods *p = xcalloc(1, sizeof(*p));

	p->folder = xstrdup(folder);
	return p;
}

void pods_free(struct pods *p)
{
	if (!p)
		return;
	free(p->pod);
	free(p->folder);
	free(p);
}

/* What Kubernetes' names are made of: nobody else's folders get in. */
static bool is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!text[i] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", text[i]))
			return false;
	return len > 0;
}

static bool take(const char *from, size_t len, char *ret, size_t size)
{
	if (!is_name(from, len) || len >= size)
		return false;
	memcpy(ret, from, len);
	ret[len] = '\0';
	return true;
}

int pods_parse(const char *name, size_t len, struct pod *ret)
{
	const char *end = name + len, *first = memchr(name, '_', len);
	const char *second = first ? memchr(first + 1, '_', (size_t)(end - first - 1)) : NULL;

	if (!second ||
	    !take(name, (size_t)(first - name), ret->namespace, sizeof(ret->namespace)) ||
	    !take(first + 1, (size_t)(second - first - 1), ret->name, sizeof(ret->name)) ||
	    !take(second + 1, (size_t)(end - second - 1), ret->uid, sizeof(ret->uid)))
		return -EINVAL;
	return 0;
}

static const struct pod *look_up(const struct pods *p, const char *uid)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->pod[i].uid, uid))
			return &p->pod[i];
	return NULL;
}

static void add(struct pods *p, const struct pod *pod)
{
	if (look_up(p, pod->uid) || p->count == PODS_MAX)
		return;
	if (p->count == p->room) {
		p->room = p->room ? 2 * p->room : 64;
		p->pod = xrealloc(p->pod, p->room * sizeof(*p->pod));
	}
	p->pod[p->count++] = *pod;
}

static void read_folder(struct pods *p)
{
	DIR *dir = opendir(p->folder);
	struct dirent *entry;
	struct pod pod;

	/* Full of those that have gone: it begins anew. */
	if (p->count == PODS_MAX)
		p->count = 0;
	while (dir && (entry = readdir(dir)))
		if (!pods_parse(entry->d_name, strlen(entry->d_name), &pod))
			add(p, &pod);
	if (dir)
		closedir(dir);
}

const struct pod *pods_find(struct pods *p, const char *uid, uint64_t now_ns)
{
	const struct pod *pod = look_up(p, uid);

	if (pod || (p->read_ns && now_ns - p->read_ns < READ_AGAIN_NS))
		return pod;
	p->read_ns = now_ns;
	read_folder(p);
	return look_up(p, uid);
}
