// SPDX-License-Identifier: BSD-2-Clause
#include "source/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/counter.h"
#include "source/netns.h"
#include "util/xalloc.h"

#define TEXT_MAX 65536

static const char *const paths[3] = {"/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat",
				     "/proc/thread-self/net/snmp6"};

static const struct {
	enum counter_id id;
	const char *line;  /* "Ip" of "Ip: ..." in snmp and netstat */
	const char *name;  /* of the column there */
	const char *name6; /* in snmp6, or NULL */
} sources[] = {
	{COUNTER_reasm_timeout, "Ip", "ReasmTimeout", "Ip6ReasmTimeout"},
	{COUNTER_reasm_reqds, "Ip", "ReasmReqds", "Ip6ReasmReqds"},
	{COUNTER_frag_oks, "Ip", "FragOKs", "Ip6FragOKs"},
	{COUNTER_frag_fails, "Ip", "FragFails", "Ip6FragFails"},
	{COUNTER_listen_overflows, "TcpExt", "ListenOverflows", NULL},
	{COUNTER_memory_pressures, "TcpExt", "TCPMemoryPressures", NULL},
};

static int open_files(void *context)
{
	struct host *h = context;
	struct stat st;

	if (h->only && (stat("/proc/thread-self/ns/net", &st) || st.st_ino != h->only))
		return 0;
	h->fd = xrealloc(h->fd, (h->count + 1) * sizeof(*h->fd));
	for (int i = 0; i < 3; i++)
		h->fd[h->count][i] = open(paths[i], O_RDONLY | O_CLOEXEC);
	h->count++;
	return 0;
}

int host_open(struct host *h, uint32_t only)
{
	*h = (struct host){.only = only};
	return netns_for_each(open_files, h);
}

void host_close(struct host *h)
{
	for (size_t n = 0; n < h->count; n++)
		for (int i = 0; i < 3; i++)
			if (h->fd[n][i] >= 0)
				close(h->fd[n][i]);
	free(h->fd);
	*h = (struct host){0};
}

/* The whole file, terminated; false if it cannot be read. */
static bool read_text(int fd, char *text)
{
	size_t used = 0;
	ssize_t n;

	while (fd >= 0 && used < TEXT_MAX - 1 &&
	       (n = pread(fd, text + used, TEXT_MAX - 1 - used, (off_t)used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	return used;
}

/* Two lines "Ip: Name Name" and "Ip: 1 2": the value under `name`. */
static int64_t value_under(const char *text, const char *line, const char *name)
{
	char prefix[16], *save_names = NULL, *save_values = NULL, *names, *values, *n, *v;
	const char *first, *second;
	int64_t value = 0;

	snprintf(prefix, sizeof(prefix), "%s: ", line);
	first = strncmp(text, prefix, strlen(prefix)) ? NULL : text;
	for (const char *p = text; !first && (p = strchr(p, '\n')); )
		if (!strncmp(++p, prefix, strlen(prefix)))
			first = p;
	second = first ? strchr(first, '\n') : NULL;
	if (!second)
		return 0;
	names = strndup(first, (size_t)(second - first));
	values = strndup(second + 1, strcspn(second + 1, "\n"));
	n = strtok_r(names, " ", &save_names);
	v = strtok_r(values, " ", &save_values);
	for (; n && v; n = strtok_r(NULL, " ", &save_names), v = strtok_r(NULL, " ", &save_values))
		if (!strcmp(n, name))
			value = strtoll(v, NULL, 10);
	free(names);
	free(values);
	return value;
}

/* A line "Ip6ReasmReqds    3". */
static int64_t value_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = text; p && *p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, name, len) && (p[len] == ' ' || p[len] == '\t'))
			return strtoll(p + len, NULL, 10);
	}
	return 0;
}

void host_read(const struct host *h, int64_t *value)
{
	char *text = xmalloc(TEXT_MAX);

	memset(value, 0, COUNTER_COUNT * sizeof(*value));
	for (size_t n = 0; n < h->count; n++)
		for (int file = 0; file < 3; file++) {
			if (!read_text(h->fd[n][file], text))
				continue;
			for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
				bool in_netstat = !strcmp(sources[i].line, "TcpExt");

				if (file == 2 && sources[i].name6)
					value[sources[i].id] += value_of(text, sources[i].name6);
				else if (file == in_netstat && file < 2)
					value[sources[i].id] += value_under(text, sources[i].line,
									    sources[i].name);
			}
		}
	free(text);
}
