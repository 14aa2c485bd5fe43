// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/agent_access.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consumer/agent_options.h"
#include "engine/usage.h"
#include "serve/gate.h"
#include "serve/http.h"
#include "util/log.h"
#include "util/parse.h"
#include "util/secret.h"
#include "util/xalloc.h"

#define FILE_MAX (64u << 10)
#define GROUP "tcpsight"

struct agent_access *agent_access_new(const struct agent_options *options)
{
	struct agent_access *a = xcalloc(1, sizeof(*a));

	a->options = options;
	return a;
}

static void wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static void drop_texts(struct agent_access *a)
{
	wipe(&a->token);
	wipe(&a->key);
	free(a->certificate);
	free(a->client_ca);
	free(a->names);
	a->certificate = a->client_ca = a->names = NULL;
}

void agent_access_free(struct agent_access *a)
{
	if (!a)
		return;
	drop_texts(a);
	for (unsigned i = 0; i < a->listeners && !a->is_open; i++)
		http_listener_close(&a->listener[i]);
	free(a);
}

/* Would it be served at all? What its address tells need not wait until it is opened. */
static const char *refuse(const struct agent_access *a, const struct http_listener *listener)
{
	const struct agent_options *o = a->options;
	const struct http_policy named = {
		.token = o->token_file,
		.certificate = o->certificate,
		.client_ca = o->client_ca,
		.insecure_anyone = o->insecure_anyone,
		.metrics_anyone = a->policy.metrics_anyone,
	};
	struct http_listener l = *listener;

	return l.is_inherited ? NULL : http_listener_check(&l, &named);
}

int agent_access_listen(struct agent_access *a, const char *text, unsigned scope,
			struct usage_error *error)
{
	const char *why = "there are too many listeners: at most 16";
	size_t at = 0;

	if (a->listeners < ACCESS_LISTEN_MAX)
		why = http_listener_parse(text, &a->listener[a->listeners], &at);
	if (!why) {
		a->listener[a->listeners].scope = scope;
		why = refuse(a, &a->listener[a->listeners]);
	}
	if (why) {
		error->argument = text;
		error->at = at;
		snprintf(error->text, sizeof(error->text), "argument --listen: %s", why);
		return -EINVAL;
	}
	a->listeners++;
	return 0;
}

/* A descriptor, or -errno, logged. */
static int open_file(const char *path, bool is_secret)
{
	char why[512];
	int fd;

	if (!is_secret) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		return fd < 0 ? log_errno(errno, "cannot open %s", path) : fd;
	}
	fd = secret_open(path, why, sizeof(why));
	if (fd < 0)
		log_error("%s", why);
	return fd;
}

static int read_file(const char *path, bool is_secret, char **ret)
{
	size_t used = 0;
	ssize_t n = 1;
	int fd, err = 0;

	*ret = NULL;
	if (!path)
		return 0;
	fd = open_file(path, is_secret);
	if (fd < 0)
		return fd;
	*ret = xcalloc(1, FILE_MAX + 1);
	while (n > 0 && used < FILE_MAX) {
		n = read(fd, *ret + used, FILE_MAX - used);
		used += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		err = log_errno(errno, "cannot read %s", path);
	close(fd);
	if (!err && (used == FILE_MAX || strlen(*ret) != used)) {
		log_error("%s is not a text of less than 64 KiB", path);
		err = -EINVAL;
	}
	return err;
}

/* Whoever started us may ask too, but nobody and his like may not just because we became one. */
static int read_users(const char *list, const struct agent_access *old, struct http_policy *p)
{
	char *copy = list ? xstrdup(list) : NULL, *rest = copy, *name;
	int err = 0;

	/* In a run the user has changed already. */
	p->user[0] = old->policy.users ? old->policy.user[0] : getuid();
	p->users = 1;
	while (!err && rest && (name = strsep(&rest, ","))) {
		const struct passwd *found = getpwnam(name);
		uint64_t number = 0;
		size_t at;

		if (!found && parse_uint(name, 0, UINT32_MAX - 1, &number, &at)) {
			log_error("argument --allow-users: no user '%s'", name);
			err = -EINVAL;
		} else if (p->users == HTTP_USERS_MAX) {
			log_error("argument --allow-users: at most %d users", HTTP_USERS_MAX - 1);
			err = -EINVAL;
		} else {
			p->user[p->users++] = found ? found->pw_uid : (uid_t)number;
		}
	}
	free(copy);
	return err;
}

static int read_names(struct agent_access *a, const char *list)
{
	unsigned n = 0;
	char *rest, *name;

	a->names = list ? xstrdup(list) : NULL;
	rest = a->names;
	while (rest && (name = strsep(&rest, ",")))
		if (*name && n < ACCESS_NAMES_MAX)
			a->name[n++] = name;
		else if (*name) {
			log_error("argument --host-names: at most %d names", ACCESS_NAMES_MAX);
			return -EINVAL;
		}
	a->name[n] = NULL;
	a->policy.host_names = a->name;
	return 0;
}

/* A file again, or what it held when there still were privileges to read it. */
static int read_again(const char *path, bool is_secret, const char *old, char **ret)
{
	if (path && old && access(path, R_OK) && errno == EACCES) {
		log_warn("%s cannot be read again by user %u: what it held stays", path,
			 (unsigned)geteuid());
		*ret = xstrdup(old);
		return 0;
	}
	return read_file(path, is_secret, ret);
}

static int check_token(const char *path, char *token)
{
	const char *why;

	if (!token)
		return 0;
	token[strcspn(token, "\r\n")] = '\0';
	why = gate_check_token(token);
	if (why)
		log_error("the token in %s is refused: %s", path, why);
	return why ? -EINVAL : 0;
}

static int read_all(const struct agent_access *old, const struct agent_options *o,
		    struct agent_access *ret)
{
	int err = read_again(o->token_file, true, old->token, &ret->token);

	if (!err)
		err = check_token(o->token_file, ret->token);
	if (!err)
		err = read_again(o->certificate, false, old->certificate, &ret->certificate);
	if (!err)
		err = read_again(o->key, true, old->key, &ret->key);
	if (!err)
		err = read_again(o->client_ca, false, old->client_ca, &ret->client_ca);
	if (!err)
		err = read_users(o->allow_users, old, &ret->policy);
	return err;
}

/* Listeners are what they are: would they still be allowed? */
static int check_listeners(const struct agent_access *a, const struct http_policy *p)
{
	for (unsigned i = 0; i < a->listeners && a->is_open; i++) {
		struct http_listener l = a->listener[i];
		const char *why = http_listener_check(&l, p);

		if (!why && l.uses_tls != a->listener[i].uses_tls)
			why = "whether it uses TLS cannot change in a run";
		if (why) {
			log_error("%s: %s", l.text, why);
			return -EINVAL;
		}
	}
	return 0;
}

int agent_access_read(struct agent_access *a, const struct agent_options *o, bool is_trial)
{
	struct agent_access new = {.policy = a->policy};
	int err = 0;

	if (!o->certificate != !o->key) {
		log_error("--tls-certificate and --tls-key go together");
		return -EINVAL;
	}
	err = read_all(a, o, &new);
	new.policy.token = new.token;
	new.policy.certificate = new.certificate;
	new.policy.key = new.key;
	new.policy.client_ca = new.client_ca;
	new.policy.insecure_anyone = o->insecure_anyone;
	if (!err)
		err = check_listeners(a, &new.policy);
	if (err || is_trial) {
		drop_texts(&new);
		return err;
	}
	drop_texts(a);
	a->token = new.token;
	a->certificate = new.certificate;
	a->key = new.key;
	a->client_ca = new.client_ca;
	a->policy = new.policy;
	return read_names(a, o->host_names);
}

static int open_one(struct http_listener *l, uid_t uid, gid_t gid, bool is_trial)
{
	int err = http_listener_open(l, uid, gid);

	if (err != -EADDRINUSE)
		return err;
	if (!is_trial)
		return log_errno(EADDRINUSE, "cannot listen at %s", l->text);
	log_warn("another process listens at %s: is it the agent that these settings are for?", l->text);
	return http_listener_open_beside(l, uid, gid);
}

int agent_access_open(struct agent_access *a, uid_t uid, gid_t gid, bool is_trial)
{
	const struct group *group = getgrnam(GROUP);
	int err = 0;

	for (unsigned i = 0; i < a->listeners && !err; i++) {
		struct http_listener *l = &a->listener[i];
		const char *why;

		err = open_one(l, uid, group ? group->gr_gid : gid, is_trial);
		why = err ? NULL : http_listener_check(l, &a->policy);
		if (why) {
			log_error("%s: %s", l->text, why);
			err = -EINVAL;
		}
	}
	return err;
}
