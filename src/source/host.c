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
#include "verdict/subject.h"
#include "util/xalloc.h"

#define TEXT_MAX 65536

static const char *const paths[HOST_FILES] = {
	"/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat",
	"/proc/thread-self/net/snmp6", "/proc/thread-self/net/sockstat"};

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
	for (int i = 0; i < HOST_FILES; i++)
		h->fd[h->count][i] = open(paths[i], O_RDONLY | O_CLOEXEC);
	h->count++;
	return 0;
}

/* The number in place `skip` of a file; -1 if there is none. */
static int64_t read_limit(const char *path, int skip)
{
	long long value = -1;
	FILE *file = fopen(path, "re");

	for (int i = 0; file && i <= skip; i++)
		if (fscanf(file, "%lld", &value) != 1)
			value = -1;
	if (file)
		fclose(file);
	return value;
}

int host_open(struct host *h, uint32_t only)
{
	*h = (struct host){
		.only = only,
		.mem_limit_pages = read_limit("/proc/sys/net/ipv4/tcp_mem", 1),
		.time_wait_limit = read_limit("/proc/sys/net/ipv4/tcp_max_tw_buckets", 0),
		.orphans_limit = read_limit("/proc/sys/net/ipv4/tcp_max_orphans", 0),
	};
	return netns_for_each(open_files, h);
}

void host_close(struct host *h)
{
	for (size_t n = 0; n < h->count; n++)
		for (int i = 0; i < HOST_FILES; i++)
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
		for (int file = 0; file < HOST_SOCKSTAT; file++) {
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

/* "TCP: inuse 5 orphan 0 tw 1 alloc 6 mem 2": the number after a word; 0 if it is not there. */
static int64_t number_after(const char *text, const char *word)
{
	const char *line = strstr(text, "TCP: "), *found = line ? strstr(line, word) : NULL;

	return found && found < line + strcspn(line, "\n") ? strtoll(found + strlen(word), NULL, 10)
							   : 0;
}

static void read_sockstat(const char *text, struct host_reading *ret)
{
	ret->orphans += number_after(text, " orphan ");
	ret->time_wait += number_after(text, " tw ");
	ret->mem_pages = number_after(text, " mem ");
}

void host_read_levels(const struct host *h, struct host_reading *ret)
{
	char *text = xmalloc(TEXT_MAX);

	*ret = (struct host_reading){
		.mem_pages = -1,
		.mem_limit_pages = h->mem_limit_pages,
		.time_wait_limit = h->time_wait_limit,
		.orphans_limit = h->orphans_limit,
	};
	for (size_t n = 0; n < h->count; n++) {
		if (read_text(h->fd[n][HOST_NETSTAT], text))
			for (unsigned i = 0; i < HOST_GROWING; i++)
				*host_figure_at(ret, i) +=
					value_under(text, "TcpExt", host_figure_name(i));
		if (read_text(h->fd[n][HOST_SOCKSTAT], text))
			read_sockstat(text, ret);
	}
	free(text);
}
