// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as the path of a cgroup: the texts are terminated and made of the path's own, a folder
 * below that says nothing changes nothing, and neither does a container around what has one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/workload.h"

#define AROUND "/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void require(int truth)
{
	if (!truth)
		abort();
}

/* From memory of just its size, so that one byte too far is seen. */
static void read_copy(const char *before, const uint8_t *path, size_t len, const char *after,
		      struct workload *ret)
{
	size_t before_len = strlen(before), after_len = strlen(after);
	size_t size = before_len + len + after_len;
	char *copy = malloc(size ? size : 1);

	memcpy(copy, before, before_len);
	memcpy(copy + before_len, path, len);
	memcpy(copy + before_len + len, after, after_len);
	memset(ret, 0xa5, sizeof(*ret));
	workload_read(copy, size, ret);
	free(copy);
	require(memchr(ret->unit, 0, sizeof(ret->unit)) != NULL);
	require(memchr(ret->container, 0, sizeof(ret->container)) != NULL);
	require(memchr(ret->pod, 0, sizeof(ret->pod)) != NULL);
}

static bool ends_in(const uint8_t *path, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	while (len && path[len - 1] == '/')
		len--;
	return len >= name_len && !memcmp(path + len - name_len, name, name_len);
}

/* Does the path begin with a name that only there has its meaning? */
static bool needs_the_top(const uint8_t *path, size_t len)
{
	static const char *const names[] = {"/../", "/ecs/", "/default/", "/k8s.io/"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (len >= strlen(names[i]) && !memcmp(path, names[i], strlen(names[i])))
			return true;
	return false;
}

static void check(const uint8_t *path, size_t len, const struct workload *w)
{
	const char *id = strchr(w->container, ':');

	require(!strchr(w->unit, '/') && !strchr(w->container, '/'));
	require(strspn(w->pod, "0123456789abcdef-") == strlen(w->pod));
	require(!w->pod[0] || strlen(w->pod) == 32 || strlen(w->pod) == 36);
	require(!w->container[0] || (id && id > w->container && id[1]));
	/* What was not written out stands so in the path. */
	if (w->container[0] && !strchr(id, '-'))
		require(memmem(path, len, id + 1, strlen(id + 1)) != NULL);
	if (w->unit[0] && !strchr(w->unit, '-'))
		require(memmem(path, len, w->unit, strlen(w->unit)) != NULL);
	require(workload_matches_container(w, w->container));
	/* A unit of its own name, unless it looks like what systemd writes for a dash. */
	require(strstr(w->unit, "\\x2d") || strlen(w->unit) > 200 ||
		workload_matches_unit(w, w->unit));
}

static bool is_same(const struct workload *a, const struct workload *b)
{
	return !strcmp(a->unit, b->unit) && !strcmp(a->container, b->container) &&
	       !strcmp(a->pod, b->pod);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct workload w, other;

	if (size > 4096)
		return 0;
	read_copy("", data, size, "", &w);
	check(data, size, &w);
	/* Of a folder named lxc, what is below it is a container. */
	if (!ends_in(data, size, "lxc") && !ends_in(data, size, "lxc.payload")) {
		read_copy("", data, size, "/leaf", &other);
		require(is_same(&w, &other));
	}
	if (size > 1 && data[0] == '/' && data[1] != '/' && !needs_the_top(data, size)) {
		read_copy(AROUND, data, size, "", &other);
		require(!strcmp(w.unit, other.unit) && !strcmp(w.pod, other.pod));
		require(!strcmp(other.container,
				w.container[0] ? w.container : "docker:0123456789ab"));
	}
	return 0;
}
