// SPDX-License-Identifier: BSD-2-Clause
#include "app/agent_files.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "app/agent_config.h"
#include "app/asked.h"
#include "confine/landlock.h"
#include "confine/sender.h"
#include "consumer/agent.h"
#include "consumer/agent_access.h"
#include "consumer/agent_options.h"
#include "serve/http_listen.h"
#include "util/cgroup.h"
#include "util/log.h"

/*
 * Processes and network namespaces; the time zone, which the C library reads again if it changes;
 * names of users, ports and protocols, which settings that are read again may have.
 */
static const char *const always[] = {
	"/proc",      "/run/netns",	    "/etc/localtime", "/usr/share/zoneinfo", "/etc/passwd",
	"/etc/group", "/etc/nsswitch.conf", "/etc/services",  "/etc/protocols",
};

static int allow(const struct landlock_set *s, const char *path, unsigned use)
{
	return path ? landlock_allow(s, path, use) : 0;
}

/* Settings and secrets: where they are, since most programs put a new file in the place of the old.
 */
static int allow_settings(const struct landlock_set *s, const struct question *q)
{
	const struct agent_options *o = q->own;
	const char *const file[] = {agent_config_path(q), o->token_file, o->certificate, o->key,
				    o->client_ca};
	int err = 0;

	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]) && !err; i++)
		if (file[i])
			err = landlock_allow_folder_of(s, file[i], LANDLOCK_READ);
	return err;
}

static int allow_sockets(const struct landlock_set *s, const struct agent *a)
{
	const struct http_listener *l;
	const struct sockaddr_un *un;
	int err = 0;

	for (unsigned i = 0; i < a->access->listeners && !err; i++) {
		l = &a->access->listener[i];
		un = (const void *)&l->address;
		if (l->is_unix && !l->is_inherited)
			err = landlock_allow_folder_of(s, un->sun_path, LANDLOCK_REMOVE);
	}
	return err;
}

static bool has_process(const struct all_asked *asked)
{
	for (unsigned i = 0; i < asked->count; i++)
		if (asked->one[i]->consumer.has_process)
			return true;
	return false;
}

static int allow_all(const struct landlock_set *s, const struct all_asked *asked,
		     const struct cgroup_names *cgroups)
{
	const struct question *q = asked->one[0]->question;
	int err = allow(s, cgroup_names_mount(cgroups), LANDLOCK_READ);

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]) && !err; i++)
		err = allow(s, always[i], LANDLOCK_READ);
	for (unsigned i = 0; i < asked->count && !err; i++) {
		const struct consumer *c = &asked->one[i]->consumer;

		err = allow(s, c->reads_below, LANDLOCK_READ);
		if (!err)
			err = allow(s, c->writes_below, LANDLOCK_READ | LANDLOCK_WRITE);
	}
	if (!err)
		err = allow_settings(s, q);
	return err ? err : allow_sockets(s, q->watch->agent);
}

int agent_shut_in(const struct all_asked *asked, const struct cgroup_names *cgroups)
{
	struct agent *agent = asked->one[0]->question->watch->agent;
	struct landlock_set rules;
	int err;

#ifdef SANITIZED
	/* The sanitizers read and write what they like. */
	return 0;
#endif
	confine_secrets();
	/* A process of ours that sends gets its last signal (PR_SET_PDEATHSIG) in our name. */
	err = landlock_begin(&rules, has_process(asked) ? LANDLOCK_LEAVES_SIGNALS : 0);
	if (err) {
		log_debug("the kernel has no Landlock: %s", strerror(-err));
		return 0;
	}
	err = allow_all(&rules, asked, cgroups);
	if (err)
		return log_errno(-err, "cannot make rules about files");
	err = landlock_enter(&rules);
	if (err)
		return log_errno(-err, "cannot shut itself off from files");
	agent->landlock = rules.version;
	return 0;
}
