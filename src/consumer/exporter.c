// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/exporter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "consumer/exporter_options.h"
#include "engine/consumer.h"
#include "engine/source.h"
#include "util/log.h"
#include "util/secret.h"
#include "util/xalloc.h"

#define BATCH_S 1
#define MS_PER_S 1000
#define NS_PER_MS 1000000
#define FILE_MAX 262144
#define PAIR_MISSING "--client-certificate and --client-key go together"

static struct exporter *exporter_of(const struct consumer *c)
{
	return c->state;
}

void exporter_init(struct exporter *e, const struct exporter_options *options,
		   void (*flush)(struct consumer *c))
{
	*e = (struct exporter){
		.options = options, .flush = flush, .push.socket = -1, .timer = -1, .either = -1};
}

void exporter_free(struct exporter *e)
{
	if (!e->source)
		return;
	push_stop(&e->push);
	if (e->timer >= 0)
		close(e->timer);
	if (e->either >= 0)
		close(e->either);
}

static int watch_both(struct exporter *e)
{
	struct epoll_event event = {.events = EPOLLIN};

	e->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	e->either = epoll_create1(EPOLL_CLOEXEC);
	if (e->timer < 0 || e->either < 0 ||
	    epoll_ctl(e->either, EPOLL_CTL_ADD, e->timer, &event) ||
	    epoll_ctl(e->either, EPOLL_CTL_ADD, e->push.socket, &event))
		return -errno;
	return 0;
}

char *exporter_read(const struct consumer *c, const char *path, bool is_secret)
{
	char *text = xcalloc(1, FILE_MAX + 1), why[512] = "";
	ssize_t n;
	int fd;

	if (!path)
		return text;
	fd = is_secret ? secret_open(path, why, sizeof(why)) : open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, FILE_MAX);
	if (n < 0 && !why[0])
		snprintf(why, sizeof(why), "cannot read %.300s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (n >= 0)
		return text;
	log_error("%s: %s", c->ops->name, why);
	exporter_forget(text);
	return NULL;
}

void exporter_forget(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static int start_process(struct consumer *c, push_work *work, const void *settings, uid_t uid,
			 gid_t gid)
{
	struct exporter *e = exporter_of(c);
	int err = push_start(&e->push, work, settings, uid, gid);

	if (err)
		return log_errno(err, "%s: cannot start the process that sends", c->ops->name);
	err = watch_both(e);
	if (err)
		return log_errno(err, "%s: cannot wait for answers", c->ops->name);
	c->fd = e->either;
	c->has_process = true;
	return 0;
}

int exporter_start(struct consumer *c, struct source *source, push_work *work, const void *settings,
		   struct push_tls *tls, uid_t uid, gid_t gid)
{
	struct exporter *e = exporter_of(c);
	char *authorities = exporter_read(c, e->options->ca_file, false);
	char *certificate = exporter_read(c, e->options->certificate, false);
	char *key = exporter_read(c, e->options->key, true);
	int err = -EACCES;

	e->source = source;
	c->end_s = (unsigned)e->options->stop_timeout_s;
	if (!e->options->certificate != !e->options->key) {
		log_error("%s: " PAIR_MISSING, c->ops->name);
		err = -EINVAL;
	} else if (authorities && certificate && key) {
		*tls = (struct push_tls){
			.authorities = e->options->ca_file ? authorities : NULL,
			.certificate = e->options->certificate ? certificate : NULL,
			.key = e->options->key ? key : NULL,
		};
		err = start_process(c, work, settings, uid, gid);
		*tls = (struct push_tls){NULL};
	}
	exporter_forget(authorities);
	exporter_forget(certificate);
	exporter_forget(key);
	return err;
}

int exporter_check_files(const struct consumer *c, const struct exporter_file *file, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count; i++) {
		char *text = exporter_read(c, file[i].path, file[i].is_secret);

		if (!text)
			err = access(file[i].path, R_OK) && errno == EACCES ? -EACCES : -EIO;
		exporter_forget(text);
	}
	return err;
}

int exporter_check(const struct consumer *c, const struct exporter_options *o)
{
	const struct exporter_file files[] = {
		{o->ca_file, false}, {o->certificate, false}, {o->key, true}};

	if (!o->certificate != !o->key) {
		log_error("%s: " PAIR_MISSING, c->ops->name);
		return -EINVAL;
	}
	return exporter_check_files(c, files, sizeof(files) / sizeof(files[0]));
}

void exporter_come_back(struct exporter *e, unsigned ms)
{
	struct itimerspec soon = {.it_value = {ms / MS_PER_S, ms % MS_PER_S * NS_PER_MS}};

	/* Whoever is busy begins one batch after the other: that is to be told first. */
	if (e->push.has_ended)
		soon.it_value = (struct timespec){0, 1};
	if (!e->source->offline)
		timerfd_settime(e->timer, 0, &soon, NULL);
}

void exporter_batch_begins(struct exporter *e)
{
	exporter_come_back(e, BATCH_S * MS_PER_S);
}

void exporter_send(struct exporter *e, const struct push_job *job, void *body)
{
	push_send(&e->push, job, body);
	if (e->push.has_ended)
		exporter_come_back(e, 0);
	/* Who reads a file has time. */
	if (e->source->offline)
		push_wait(&e->push, PUSH_RECORDS_MAX / 2, INT32_MAX);
}

/* The descriptor stays: batches end by the timer still, and count as dropped. */
static void tell_end(struct consumer *c)
{
	if (push_has_ended(&exporter_of(c)->push)) {
		c->has_failed = true;
		log_warn("%s: the process that sends has ended; nothing is sent from here on",
			 c->ops->name);
	}
}

static void take_answers(struct consumer *c)
{
	struct exporter *e = exporter_of(c);

	push_run(&e->push);
	tell_end(c);
	if (e->answered)
		e->answered(c);
}

void exporter_run(struct consumer *c)
{
	struct exporter *e = exporter_of(c);
	uint64_t times;

	if (read(e->timer, &times, sizeof(times)) == sizeof(times))
		e->flush(c);
	take_answers(c);
}

void exporter_tick(struct consumer *c, uint64_t time_ns)
{
	(void)time_ns;
	exporter_of(c)->flush(c);
	take_answers(c);
}

void exporter_end(struct consumer *c, const struct account *account)
{
	struct exporter *e = exporter_of(c);
	const struct push_account *a = &e->push.account;

	(void)account;
	if (!e->source)
		return;
	e->flush(c);
	push_wait(&e->push, 0, (int)e->options->stop_timeout_s * 1000);
	tell_end(c);
	push_stop(&e->push);
	if (exporter_overflow(c))
		log_warn(
			"%s: %llu records sent; %llu dropped here, %llu given up, %llu refused by the server",
			c->ops->name, (unsigned long long)a->sent, (unsigned long long)a->dropped,
			(unsigned long long)a->given_up, (unsigned long long)a->rejected);
	else
		log_debug("%s: %llu records sent", c->ops->name, (unsigned long long)a->sent);
}

/* What did not arrive: rows that this consumer lost. */
uint64_t exporter_overflow(const struct consumer *c)
{
	const struct push_account *a = &exporter_of(c)->push.account;

	return a->dropped + a->given_up + a->rejected;
}

void exporter_account(const struct consumer *c, struct export_account *ret)
{
	const struct exporter *e = exporter_of(c);
	const struct push_account *a = &e->push.account;
	bool is_stuck = push_is_stuck(&e->push, (unsigned)e->options->timeout_s);

	*ret = (struct export_account){
		.is_up = a->is_up && !is_stuck,
		.is_connected = a->is_connected && !is_stuck,
		.waiting = a->waiting,
		.sent = a->sent,
		.dropped = a->dropped,
		.given_up = a->given_up,
		.refused = a->rejected,
		.retries = a->retries,
	};
}
