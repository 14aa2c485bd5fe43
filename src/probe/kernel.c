// SPDX-License-Identifier: BSD-2-Clause
#include "probe/kernel.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "util/sockstat.h"

#define LINE_MAX_LEN 512

static struct btf *btf;

const struct btf *kernel_btf(void)
{
	if (!btf)
		btf = btf__load_vmlinux_btf();
	if (libbpf_get_error(btf))
		btf = NULL;
	return btf;
}

void kernel_done(void)
{
	btf__free(btf);
	btf = NULL;
}

/* The first bytes of a small file as a text; "" if it cannot be read. */
static void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
}

const char *kernel_lockdown(void)
{
	static char mode[32];
	char text[128], *from, *to;

	read_text("/sys/kernel/security/lockdown", text, sizeof(text));
	from = strchr(text, '[');
	to = strchr(text, ']');
	if (!from || !to)
		return "";
	snprintf(mode, sizeof(mode), "%.*s", (int)(to - from - 1), from + 1);
	return mode;
}

/* gzopen() reads files that are not compressed too. */
static gzFile open_config(void)
{
	struct utsname kernel;
	char path[256];
	gzFile f = gzopen("/proc/config.gz", "rb");

	if (f || uname(&kernel))
		return f;
	snprintf(path, sizeof(path), "/boot/config-%s", kernel.release);
	return gzopen(path, "rb");
}

enum kernel_option kernel_option(const char *name)
{
	enum kernel_option found = OPTION_ABSENT;
	size_t len = strlen(name);
	char line[LINE_MAX_LEN];
	gzFile f = open_config();

	if (!f)
		return OPTION_UNKNOWN;
	while (found == OPTION_ABSENT && gzgets(f, line, sizeof(line))) {
		if (strncmp(line, name, len) || line[len] != '=')
			continue;
		found = line[len + 1] == 'm' ? OPTION_MODULE : OPTION_BUILT_IN;
	}
	gzclose(f);
	return found;
}

long kernel_sysctl(const char *path)
{
	char full[128], text[32], *end;
	long value;

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	read_text(full, text, sizeof(text));
	value = strtol(text, &end, 10);
	return end == text ? -1 : value;
}

uint64_t kernel_tcp_sockets(void)
{
	char text[1024];

	read_text("/proc/net/sockstat", text, sizeof(text));
	return (uint64_t)sockstat_tcp(text, " alloc ");
}

uint64_t kernel_address(const char *function)
{
	static char known[64];
	static uint64_t known_address;
	FILE *f;
	char line[LINE_MAX_LEN], name[LINE_MAX_LEN];
	unsigned long long address = 0;

	/* The kernel writes more than 100,000 lines for it, so it is asked once. */
	if (!strcmp(known, function))
		return known_address;
	f = fopen("/proc/kallsyms", "re");
	while (f && fgets(line, sizeof(line), f)) {
		/* Most lines are told apart without parsing. */
		if (!strstr(line, function))
			continue;
		if (sscanf(line, "%llx %*c %511s", &address, name) == 2 && !strcmp(name, function))
			break;
		address = 0;
	}
	if (f)
		fclose(f);
	snprintf(known, sizeof(known), "%s", function);
	known_address = address;
	return address;
}

/* The first user namespace maps all ids to themselves, in one line. */
bool kernel_user_namespace_is_nested(void)
{
	unsigned long inside, outside, count;
	char text[256];

	read_text("/proc/self/uid_map", text, sizeof(text));
	return sscanf(text, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	       (inside || outside || count != UINT32_MAX);
}

bool kernel_seccomp_is_on(void)
{
	char text[4096];
	const char *line;

	read_text("/proc/self/status", text, sizeof(text));
	line = strstr(text, "\nSeccomp:");
	return line && strtol(line + strlen("\nSeccomp:"), NULL, 10) > 0;
}

int kernel_landlock(void)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version < 0 ? -errno : (int)version;
}
