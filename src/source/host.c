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
#include "util/sockstat.h"
#include "util/xalloc.h"

#define TEXT_MAX 65536

static const char *const paths[HOST_FILES] = {
	"/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat",
	"/proc/thread-self/net/snmp6", "/proc/thread-self/net/sockstat"};

static const struct {
	enum counter_id id;
	const char *line;  /* how it begins in snmp and netstat */
	const char *name;  /* of the column there */
	const char *name6; /* in snmp6, or NULL */
} sources[] = {
	{COUNTER_reasm_timeout, "Ip:", "ReasmTimeout", "Ip6ReasmTimeout"},
	{COUNTER_reasm_reqds, "Ip:", "ReasmReqds", "Ip6ReasmReqds"},
	{COUNTER_frag_oks, "Ip:", "FragOKs", "Ip6FragOKs"},
	{COUNTER_frag_fails, "Ip:", "FragFails", "Ip6FragFails"},
	{COUNTER_listen_overflows, "TcpExt:", "ListenOverflows", NULL},
	{COUNTER_memory_pressures, "TcpExt:", "TCPMemoryPressures", NULL},
};

#define SOURCES (sizeof(sources) / sizeof(sources[0]))

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

/* What is wanted of a pair of lines. */
struct figure {
	const char *name; /* of the column */
	int64_t *sum;	  /* to add it to */
};

/* The first line that begins with a word; NULL if there is none. */
static const char *line_of(const char *text, const char *word)
{
	size_t len = strlen(word);

	while (text && strncmp(text, word, len)) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return text;
}

/* Past a word and the blank behind it; at the end of a line it stays. */
static const char *next_word(const char *p)
{
	p += strcspn(p, " \n");
	return p + (*p == ' ');
}

static void add_figure(const struct figure *f, unsigned count, const char *name, size_t len, const char *value)
{
	for (unsigned i = 0; i < count; i++)
		if (!strncmp(f[i].name, name, len) && !f[i].name[len])
			*f[i].sum += strtoll(value, NULL, 10);
}

/* Two lines "Ip: Name Name" and "Ip: 1 2", walked side by side once, however much is wanted. */
static void add_figures(const char *text, const char *line, const struct figure *f, unsigned count)
{
	const char *name = line_of(text, line), *value = name ? strchr(name, '\n') : NULL;

	if (!value)
		return;
	name = next_word(name);
	value = next_word(value + 1);
	while (*name && *name != '\n' && *value && *value != '\n') {
		const char *next = next_word(name);

		add_figure(f, count, name, (size_t)(next - name) - (next[-1] == ' '), value);
		name = next;
		value = next_word(value);
	}
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

/* Those of one line. Returns how many. */
static unsigned figures_of(const char *line, int64_t *value, struct figure *ret)
{
	unsigned count = 0;

	for (size_t i = 0; i < SOURCES; i++)
		if (!strcmp(sources[i].line, line))
			ret[count++] = (struct figure){sources[i].name, &value[sources[i].id]};
	return count;
}

void host_read(const struct host *h, int64_t *value)
{
	struct figure ip[SOURCES], tcp[SOURCES];
	unsigned ips = figures_of("Ip:", value, ip), tcps = figures_of("TcpExt:", value, tcp);
	char *text = xmalloc(TEXT_MAX);

	memset(value, 0, COUNTER_COUNT * sizeof(*value));
	for (size_t n = 0; n < h->count; n++) {
		if (read_text(h->fd[n][HOST_SNMP], text))
			add_figures(text, "Ip:", ip, ips);
		if (read_text(h->fd[n][HOST_NETSTAT], text))
			add_figures(text, "TcpExt:", tcp, tcps);
		if (!read_text(h->fd[n][HOST_SNMP6], text))
			continue;
		for (size_t i = 0; i < SOURCES; i++)
			if (sources[i].name6)
				value[sources[i].id] += value_of(text, sources[i].name6);
	}
	free(text);
}

static void read_sockstat(const char *text, struct host_reading *ret)
{
	ret->orphans += sockstat_tcp(text, " orphan ");
	ret->time_wait += sockstat_tcp(text, " tw ");
	ret->mem_pages = sockstat_tcp(text, " mem ");
}

void host_read_levels(const struct host *h, struct host_reading *ret)
{
	struct figure figure[HOST_GROWING];
	char *text = xmalloc(TEXT_MAX);

	*ret = (struct host_reading){
		.mem_pages = -1,
		.mem_limit_pages = h->mem_limit_pages,
		.time_wait_limit = h->time_wait_limit,
		.orphans_limit = h->orphans_limit,
	};
	for (unsigned i = 0; i < HOST_GROWING; i++)
		figure[i] = (struct figure){host_figure_name(i), host_figure_at(ret, i)};
	for (size_t n = 0; n < h->count; n++) {
		if (read_text(h->fd[n][HOST_NETSTAT], text))
			add_figures(text, "TcpExt:", figure, HOST_GROWING);
		if (read_text(h->fd[n][HOST_SOCKSTAT], text))
			read_sockstat(text, ret);
	}
	free(text);
}
