// SPDX-License-Identifier: BSD-2-Clause
#include "app/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/question.h"
#include "engine/usage.h"
#include "engine/watch.h"
#include "util/log.h"

#define FILE_MODE 0640

static bool is_stdout(const struct question *q)
{
	return !q->output || !strcmp(q->output, "-");
}

static int fail(struct usage_error *error, const struct question *q, int status, const char *why)
{
	error->argument = q->output;
	error->at = SIZE_MAX;
	error->status = status;
	snprintf(error->text, sizeof(error->text), "cannot write to %.200s: %s", q->output, why);
	return -EINVAL;
}

static struct output *take_stdout(struct outputs *o)
{
	struct output *new = &o->output[o->count];

	for (unsigned i = 0; i < o->count; i++)
		if (!o->output[i].path)
			return &o->output[i];
	o->count++;
	*new = (struct output){.path = NULL};
	if (o->is_single)
		out_init(&new->out, STDOUT_FILENO);
	else
		out_init_queue(&new->out, STDOUT_FILENO, true);
	return new;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && !S_ISCHR(a->st_mode);
}

/* Somebody else of this run may have it already, under whatever name. */
static bool is_taken(const struct outputs *o, const struct stat *st)
{
	struct stat std;

	if (o->takes_stdout && !fstat(STDOUT_FILENO, &std) && is_same(&std, st))
		return true;
	for (unsigned i = 0; i < o->count; i++)
		if (o->output[i].path && o->output[i].device == st->st_dev &&
		    o->output[i].inode == st->st_ino && !S_ISCHR(st->st_mode))
			return true;
	return false;
}

/* It would be emptied before it was read. */
static bool is_read(const char *read_path, const struct stat *st)
{
	struct stat read;
	int err;

	if (!read_path)
		return false;
	err = strcmp(read_path, "-") ? stat(read_path, &read) : fstat(STDIN_FILENO, &read);
	return !err && is_same(&read, st);
}

static const char *refuse(const struct outputs *o, const struct question *q, int fd, struct stat *st)
{
	if (fstat(fd, st))
		return strerror(errno);
	if (S_ISDIR(st->st_mode))
		return "it is a directory";
	if (isatty(fd))
		return "it is a terminal; leave --output out to write there";
	if (is_taken(o, st))
		return "another question of this run writes there already";
	if (is_read(q->watch->read_path, st))
		return "it is the file that is read";
	return NULL;
}

int outputs_open(struct outputs *o, const struct question *q, struct output **ret,
		 struct usage_error *error)
{
	struct output *new = &o->output[o->count];
	const char *why;
	struct stat st;
	int fd;

	if (is_stdout(q)) {
		*ret = take_stdout(o);
		return 0;
	}
	/* Appending also what we have emptied: somebody else may empty it while we write. */
	fd = open(q->output, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		  FILE_MODE);
	if (fd < 0)
		return fail(error, q, 1,
			    errno == ENXIO ? "nobody reads from this pipe yet" : strerror(errno));
	why = refuse(o, q, fd, &st);
	if (why) {
		close(fd);
		return fail(error, q, 2, why);
	}
	*new = (struct output){.path = q->output,
			       .is_regular = S_ISREG(st.st_mode),
			       .device = st.st_dev,
			       .inode = st.st_ino};
	out_init_queue(&new->out, fd, false);
	o->count++;
	*ret = new;
	return 0;
}

int outputs_begin(const struct output *output, const struct question *q)
{
	if (!output->is_regular || !output->path || q->append)
		return 0;
	return ftruncate(output->out.fd, 0) ? log_errno(errno, "cannot empty %s", output->path) : 0;
}

static void note_error(struct output *p)
{
	p->is_gone = p->out.error == EPIPE;
	p->is_failed = !p->is_gone;
	if (p->is_failed)
		log_errno(p->out.error, "cannot write to %s; the rest of the run goes on",
			  p->path ? p->path : "the standard output");
}

int outputs_flush(struct outputs *o)
{
	bool is_written = false;
	int error = 0;

	for (unsigned i = 0; i < o->count; i++) {
		struct output *p = &o->output[i];

		if (!p->is_gone && !p->is_failed && out_flush(&p->out)) {
			if (o->is_single)
				return -p->out.error;
			note_error(p);
		}
		if (p->is_failed)
			error = p->out.error;
		is_written |= !p->is_gone && !p->is_failed;
	}
	return is_written ? 0 : -error;
}

static bool finish(struct output *p)
{
	const char *name = p->path ? p->path : "the standard output";
	struct stat st;

	out_finish(&p->out);
	if (p->out.dropped)
		log_warn("%llu rows for %s were dropped: %s", (unsigned long long)p->out.dropped, name,
			 p->out.trouble && p->out.trouble != EAGAIN ? strerror(p->out.trouble)
			 : p->out.error && p->out.error != EPIPE    ? strerror(p->out.error)
			 : p->out.failed ? "the disk was full"
					 : "its reader was too slow");
	if (p->is_regular && p->path && !fstat(p->out.fd, &st) && !st.st_nlink) {
		log_warn("%s was removed while it was written", p->path);
		return false;
	}
	/* A reader that has gone has had enough. */
	return !(p->out.error && p->out.error != EPIPE) && !p->out.dropped;
}

bool outputs_finish(struct outputs *o)
{
	bool good = true;

	for (unsigned i = 0; i < o->count; i++)
		if (o->output[i].out.queues)
			good &= finish(&o->output[i]);
	return good;
}

void outputs_done(struct outputs *o)
{
	for (unsigned i = 0; i < o->count; i++) {
		if (o->output[i].path)
			close(o->output[i].out.fd);
		out_done(&o->output[i].out);
	}
	o->count = 0;
}
