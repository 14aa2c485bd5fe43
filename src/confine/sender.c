// SPDX-License-Identifier: BSD-2-Clause
#include "confine/sender.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "confine/landlock.h"
#include "confine/syscall_filter.h"
#include "engine/syscalls.h"
#include "util/log.h"

#define DNS_PORT 53
#define LINE_MAX_BYTES 512

void confine_secrets(void)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none))
		log_debug("others may look into the memory: %s", strerror(errno));
}

#ifndef SANITIZED
/*
 * Names of servers; certificates of authorities. All of /etc that its user may read: resolv.conf is
 * replaced by another file whenever the network changes.
 */
static const char *const readable[] = {
	"/etc",
	"/run/systemd/resolve",
	"/run/NetworkManager",
	"/run/resolvconf",
	"/run/connman",
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
	"/usr/share/zoneinfo",
};

/* The ways to look names up that /etc/nsswitch.conf has are libraries, of which none is loaded
 * later. */
static void load_name_services(void)
{
#ifndef STATIC
	FILE *file = fopen("/etc/nsswitch.conf", "re");
	char line[LINE_MAX_BYTES], name[64], *rest, *word;

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "hosts:", 6))
			continue;
		for (word = strtok_r(line + 6, " \t\n", &rest); word;
		     word = strtok_r(NULL, " \t\n", &rest))
			if (snprintf(name, sizeof(name), "libnss_%s.so.2", word) <
			    (int)sizeof(name))
				dlopen(name, RTLD_NOW);
	}
	if (file)
		fclose(file);
#endif
}

/* By way of a proxy any port may be the right one. */
static bool has_proxy(void)
{
	static const char *const name[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					   "ALL_PROXY"};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (getenv(name[i]))
			return true;
	return false;
}

static int allow_all(const struct landlock_set *rules, const char *port)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]) && !err; i++)
		err = landlock_allow(rules, readable[i], LANDLOCK_READ);
	if (!err)
		err = landlock_allow_connect(rules, DNS_PORT);
	return err ? err : landlock_allow_connect(rules, (unsigned)atoi(port));
}

static int shut_off_files(const char *port)
{
	struct landlock_set rules;
	int err = landlock_begin(&rules, has_proxy() ? LANDLOCK_LEAVES_TCP : 0);

	if (!err)
		err = allow_all(&rules, port);
	return err ? err : landlock_enter(&rules);
}
#endif

void confine_sender(const char *port)
{
	confine_secrets();
#ifdef SANITIZED
	/* The sanitizers read and write what they like. */
	(void)port;
#else
	int err;

	tzset();
	load_name_services();
	err = shut_off_files(port);
	if (err)
		log_debug("the process that sends may open all files: %s", strerror(-err));
	err = syscall_filter_enter(SYSCALLS_FETCH | SYSCALLS_FILES);
	if (err)
		log_debug("system calls of the process that sends are not filtered: %s",
			  strerror(-err));
#endif
}
