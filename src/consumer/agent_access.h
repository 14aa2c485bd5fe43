// SPDX-License-Identifier: BSD-2-Clause
/* Where an agent listens and who may ask it: its options made into a policy, files read, sockets
 * opened. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "serve/http_listen.h"

struct agent_options;
struct usage_error;

#define ACCESS_NAMES_MAX 16
#define ACCESS_LISTEN_MAX 16

struct agent_access {
	const struct agent_options *options;
	struct http_policy policy;
	char *token, *certificate, *key, *client_ca; /* what the files hold */
	char *names;				     /* of hosts, cut at commas */
	const char *name[ACCESS_NAMES_MAX + 1];
	struct http_listener listener[ACCESS_LISTEN_MAX];
	unsigned listeners;
	bool is_open;
};

/* Gives; free with agent_access_free(). */
struct agent_access *agent_access_new(const struct agent_options *options);
void agent_access_free(struct agent_access *a);

int agent_access_listen(struct agent_access *a, const char *text, unsigned scope,
			struct usage_error *error);

/*
 * Read the files and the lists of `options`. 0 or -errno, logged; on failure nothing has changed.
 * With `is_trial` nothing changes in any case. A file that could be read before, and cannot be now
 * that privileges are gone, stays what it was.
 */
int agent_access_read(struct agent_access *a, const struct agent_options *options, bool is_trial);

/*
 * Open all listeners. 0 or -errno, logged; -EINVAL: one of them would let in anybody. Of a trial it is no
 * mistake that another process has one: it may be the agent that is to read these settings.
 */
int agent_access_open(struct agent_access *a, uid_t uid, gid_t gid, bool is_trial);
