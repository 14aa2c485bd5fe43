// SPDX-License-Identifier: BSD-2-Clause
/*
 * What consumers that send to a server have in common: the process that sends, a batch that waits
 * not longer than a second, what became of it all, and what is told of it.
 *
 * The state of such a consumer begins with a struct exporter, so the functions that take a
 * consumer are its operations as they are.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "push/link.h"
#include "push/tls.h"

struct account;
struct consumer;
struct export_account;
struct exporter_options;
struct source;

struct exporter {
	const struct exporter_options *options;
	void (*flush)(struct consumer *c);    /* hand over the batch, if there is one */
	void (*answered)(struct consumer *c); /* jobs may have ended; NULL: that does not matter */
	struct source *source;		      /* NULL until it is started */
	struct push push;
	int timer;  /* runs while there is a batch */
	int either; /* readable if the timer ran out, or there are answers */
};

void exporter_init(struct exporter *e, const struct exporter_options *options,
		   void (*flush)(struct consumer *c));
void exporter_free(struct exporter *e);

/*
 * Start the process: see push_start(). `tls`, which is part of the settings, is read of the
 * options' files for it, and forgotten again. 0 or -errno, logged.
 */
int exporter_start(struct consumer *c, struct source *source, push_work *work, const void *settings,
		   struct push_tls *tls, uid_t uid, gid_t gid);

/*
 * What an agent's --check looks at, in place of the start: can the files of the options be read, and
 * those of `file`? 0 or -errno, logged.
 */
struct exporter_file {
	const char *path; /* NULL: none is named */
	bool is_secret;
};
int exporter_check(const struct consumer *c, const struct exporter_options *o);
int exporter_check_files(const struct consumer *c, const struct exporter_file *file, size_t count);

/*
 * A small file, "" if there is none to be read; a secret as secret_open() opens it. Gives; NULL,
 * logged.
 */
char *exporter_read(const struct consumer *c, const char *path, bool is_secret);
void exporter_forget(char *text);

/* A batch has its first record, from now on it may wait a second. */
void exporter_batch_begins(struct exporter *e);

/* There is something to be done soon: flush() is called in so many milliseconds at the latest. */
void exporter_come_back(struct exporter *e, unsigned ms);

/* Hand over a batch: `body`, from malloc(), is taken over. */
void exporter_send(struct exporter *e, const struct push_job *job, void *body);

void exporter_run(struct consumer *c);
void exporter_tick(struct consumer *c, uint64_t time_ns);
void exporter_end(struct consumer *c, const struct account *account);
uint64_t exporter_overflow(const struct consumer *c);
void exporter_account(const struct consumer *c, struct export_account *ret);
