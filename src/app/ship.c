// SPDX-License-Identifier: BSD-2-Clause
/* Sending recordings to the store of a fleet: one process, which may know the password and nothing
 * else. */
#include "app/ship.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/notify.h"
#include "app/sandbox.h"
#include "app/ship_part.h"
#include "app/status.h"
#include "cli/complain.h"
#include "engine/question.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "fleet/prepare.h"
#include "fleet/schema.h"
#include "util/log.h"
#include "util/secret.h"
#include "util/when.h"

volatile sig_atomic_t ship_stop;

static void on_signal(int signal)
{
	(void)signal;
	ship_stop = 1;
}

static void heed_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

bool ship_wait(unsigned ms)
{
	int64_t end = now_ms() + ms, left;

	while (!ship_stop && (left = end - now_ms()) > 0)
		poll(NULL, 0, (int)left);
	return !ship_stop;
}

static int print_ddl(const struct ship *s)
{
	struct fleet_schema schema = {
		.is_modern = !strcmp(s->options->ddl, "modern"),
		.database = s->server.database[0] ? s->server.database : "tcpsight",
		.cluster = s->options->cluster,
		.keep_days = (unsigned)s->options->keep_days,
	};
	struct sql q = {0};

	fleet_print(&schema, &q);
	printf("%s", q.text);
	sql_done(&q);
	return RUN_DONE;
}

static int take_server(struct ship *s)
{
	const struct ship_options *o = s->options;
	char why[FLEET_WHY] = "";
	size_t at;
	int key;

	if (fleet_server_parse(o->to, &s->server, &at, why)) {
		log_error("%s", why);
		return -EINVAL;
	}
	s->server.cacert = o->cacert;
	s->server.cert = o->cert;
	s->server.key = o->key;
	/* libcurl reads it, later and each time. */
	key = o->key ? secret_open(o->key, why, sizeof(why)) : -1;
	if (key >= 0)
		close(key);
	if ((o->key && key < 0) ||
	    (o->credentials && fleet_server_take_credentials(&s->server, o->credentials, why))) {
		log_error("%s", why);
		return -EACCES;
	}
	if (fleet_server_is_open(&s->server) && !o->plaintext) {
		log_error(
			"%s: over http:// everybody on the way could read the password; use https://, or "
			"--plaintext",
			s->server.host);
		return -EINVAL;
	}
	return 0;
}

/* Where rows go that the server refuses for good; of whoever owns the state. */
static int open_rejected(struct ship *s)
{
	struct stat st;

	if (mkdirat(s->state_fd, "rejected", 0750) && errno != EEXIST)
		return log_errno(errno, "cannot make the directory %s/rejected", s->options->state);
	s->rejected_fd = openat(s->state_fd, "rejected", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->rejected_fd < 0 || fstat(s->state_fd, &st) ||
	    (!geteuid() && fchown(s->rejected_fd, st.st_uid, st.st_gid)))
		return log_errno(errno, "cannot use the directory %s/rejected", s->options->state);
	return 0;
}

/* The state belongs to one process at a time. */
static int open_state(struct ship *s)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	const char *path = s->options->state;
	int fd;

	if (mkdir(path, 0750) && errno != EEXIST)
		return log_errno(errno, "cannot make the directory %s", path);
	s->state_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = s->state_fd < 0 ? -1 : openat(s->state_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return log_errno(errno, "cannot use the directory %s", path);
	if (fcntl(fd, F_OFD_SETLK, &lock)) {
		log_error(
			"%s is used by another ship; each recording and store needs a --state DIR of its own",
			path);
		return -EBUSY;
	}
	return open_rejected(s);
}

static int open_cursor(struct ship *s)
{
	char server[sizeof(s->cursor.server)];
	int err = fleet_cursor_load(&s->cursor, s->state_fd);

	if (err == -EBADMSG) {
		log_error(
			"%s/cursor.json is damaged; remove it: what the server has is not sent again",
			s->options->state);
		return err;
	}
	if (err)
		return log_errno(err, "cannot read %s/cursor.json", s->options->state);
	snprintf(server, sizeof(server), "%.280s%.64s", s->server.base, s->server.database);
	if (s->cursor.server[0] && strcmp(s->cursor.server, server)) {
		log_error("%s is the cursor of %s, not of %s; give another --state DIR",
			  s->options->state, s->cursor.server, server);
		return -EINVAL;
	}
	/* Somebody may have been here before us. */
	if (!s->cursor.server[0] || s->options->from) {
		fleet_cursor_done(&s->cursor);
		s->cursor = (struct fleet_cursor){.is_careful = true};
	}
	strcpy(s->cursor.server, server);
	return 0;
}

static int take_from(struct ship *s, const char *program)
{
	const char *from = s->options->from;
	int64_t now = (int64_t)time(NULL) * 1000000;
	size_t at = 0;

	if (!from || !strcmp(from, "start"))
		return 0;
	if (!strcmp(from, "now")) {
		s->from_us = now;
		return 0;
	}
	if (!when_parse(from, now, &s->from_us, &at))
		return 0;
	complain(program, from, at,
		 "argument --from: expected start, now, or a time such as 03:12 or "
		 "'2026-11-24 03:12'");
	return -EINVAL;
}

/* Whoever owns the state can write it, and need not be able to do more than read recordings. */
static int enter_sandbox(const struct ship *s)
{
	struct stat state = {0}, read = {0};

	if (s->state_fd < 0 || fstat(s->state_fd, &state))
		state.st_uid = geteuid();
	if (!s->read_path || stat(s->read_path, &read))
		read.st_gid = getegid();
	return sandbox_enter(0, SYSCALLS_FILES | SYSCALLS_RECORD | SYSCALLS_FETCH, state.st_uid,
			     read.st_gid, false);
}

static int say(const struct ship *s, const struct fleet_reply *reply)
{
	log_error("%s: %s", s->server.host, reply->why);
	return -EIO;
}

static int create(struct ship *s)
{
	struct fleet_schema schema = {.database = s->server.database,
				      .cluster = s->options->cluster,
				      .keep_days = (unsigned)s->options->keep_days};
	struct fleet_reply reply = {0};
	char version[64] = "";
	unsigned changes = 0;
	int err = 0;

	fleet_ask_version(s->http, version, sizeof(version), &reply);
	if (reply.outcome == FLEET_OK) {
		schema.is_modern = fleet_is_modern(version);
		fleet_prepare(s->http, &schema, &changes, &reply);
	}
	if (reply.outcome != FLEET_OK)
		err = say(s, &reply);
	else
		fprintf(stderr, "%s, ClickHouse %s: %s\n", s->server.host, version,
			changes ? "the tables are made" : "the tables were there already");
	rowbinary_done(&reply.body);
	return err;
}

/* A server that is down is waited for; one whose tables are missing is not. */
static int ask_lacks(struct ship *s)
{
	struct fleet_reply reply = {0};
	unsigned wait_ms = 500;
	int err = 0;

	for (;;) {
		fleet_ask_lacks(s->http, s->server.database, &s->lacks, &reply);
		if (reply.outcome == FLEET_OK)
			break;
		if (reply.outcome == FLEET_WRONG || reply.outcome == FLEET_LOGIN ||
		    s->options->once) {
			err = say(s, &reply);
			break;
		}
		log_warn("%s: %s; it is tried again in %.1f s", s->server.host, reply.why,
			 wait_ms / 1e3);
		err = ship_wait(wait_ms) ? 0 : -EINTR;
		if (err)
			break;
		wait_ms = wait_ms < 30000 ? 2 * wait_ms : wait_ms;
	}
	rowbinary_done(&reply.body);
	if (!err && s->lacks.count)
		log_warn(
			"%s: its tables lack %u columns, which are not sent (%s, for one); `tcpsight ship "
			"--create` adds them",
			s->server.host, s->lacks.count, s->lacks.item[0].name);
	return err;
}

static int run(struct ship *s)
{
	int notify = notify_open(), err = 0;

	if (s->read_path) {
		err = fleet_spool_open(&s->spool, s->read_path);
		if (err)
			return log_errno(err, "cannot read %s", s->read_path);
		err = open_state(s);
	}
	if (!err)
		err = enter_sandbox(s);
	if (!err)
		s->http = fleet_http_open(&s->server, &ship_stop);
	if (!err && !s->http)
		err = log_errno(ENOMEM, "cannot make a connection");
	if (!err && s->options->create)
		err = create(s);
	if (err || !s->read_path)
		return err;
	err = open_cursor(s);
	notify_ready(notify);
	if (!err)
		err = ask_lacks(s);
	return err ? err : ship_files(s);
}

int ship_run(struct question *question, const char *program)
{
	struct ship s = {.options = question->own,
			 .read_path = question->watch->read_path,
			 .flows_max = (uint32_t)question->watch->max_flows,
			 .spool.dir_fd = -1,
			 .state_fd = -1,
			 .rejected_fd = -1};
	int err;

	if (s.options->to && take_server(&s))
		return RUN_FAILED;
	if (s.options->ddl) {
		err = print_ddl(&s);
		fleet_server_done(&s.server);
		return err;
	}
	if (take_from(&s, program))
		return RUN_USAGE;
	heed_signals();
	err = run(&s);
	fleet_http_close(s.http);
	fleet_cursor_done(&s.cursor);
	fleet_spool_close(&s.spool);
	fleet_server_done(&s.server);
	explicit_bzero(&s.server, sizeof(s.server));
	return err && err != -EINTR ? RUN_FAILED : RUN_DONE;
}
