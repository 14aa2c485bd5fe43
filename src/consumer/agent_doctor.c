// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/agent_doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/http.h"
#include "util/log.h"
#include "util/out.h"
#include "util/xalloc.h"

/* A pipe holds so much, so that the command never waits for us to read. */
#define WORDS_MAX (64u << 10)
#define LAST_WORD "{\"type\":\"verdict\""

struct agent_doctor {
	int fd; /* -1: all was read */
	size_t used;
	char words[WORDS_MAX + 1];
};

static void become_doctor(int out)
{
	int nowhere = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(nowhere, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(nowhere, STDERR_FILENO) < 0)
		_exit(1);
	/* All else is closed by this. */
	execl("/proc/self/exe", "tcpsight", "doctor", "--json", (char *)NULL);
	_exit(1);
}

/* A child of a child is waited for by init, which we could not do any more once we are shut in. */
static int run(int out)
{
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (!child) {
		pid_t grandchild = fork();

		if (!grandchild)
			become_doctor(out);
		_exit(grandchild < 0);
	}
	while (waitpid(child, NULL, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

struct agent_doctor *agent_doctor_new(void)
{
	struct agent_doctor *d = xcalloc(1, sizeof(*d));
	int ends[2], err;

	d->fd = -1;
	err = pipe2(ends, O_CLOEXEC | O_NONBLOCK) ? -errno : run(ends[1]);
	if (err) {
		log_errno(-err, "cannot find out what this machine offers");
		return d;
	}
	close(ends[1]);
	d->fd = ends[0];
	return d;
}

void agent_doctor_free(struct agent_doctor *d)
{
	if (d && d->fd >= 0)
		close(d->fd);
	free(d);
}

/* What there is by now. False: there is more to come. */
static bool read_all(struct agent_doctor *d)
{
	while (d->fd >= 0) {
		ssize_t n = read(d->fd, d->words + d->used, WORDS_MAX - d->used);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n > 0) {
			d->used += (size_t)n;
			continue;
		}
		close(d->fd);
		d->fd = -1;
	}
	return true;
}

/* Its lines as an array; what a page could take for markup stands in strings only. */
static void put_rows(const struct agent_doctor *d, struct out *out)
{
	out_str(out, "{\"rows\":[");
	for (size_t i = 0; i < d->used; i++) {
		char c = d->words[i];

		if (c == '\n')
			out_str(out, i + 1 < d->used ? "," : "");
		else if (c == '<' || c == '>' || c == '&')
			out_format(out, "\\u%04x", (unsigned)c);
		else
			out_char(out, c);
	}
	out_str(out, "]}\n");
}

void agent_doctor_answer(struct agent_doctor *d, struct http_request *q)
{
	struct out out;

	if (d && !read_all(d)) {
		http_add_header(q, "Retry-After", "1");
		http_problem(q, 503, "not ready", "what this machine offers is still being found out",
			     NULL, SIZE_MAX);
		return;
	}
	if (!d || !strstr(d->words, LAST_WORD)) {
		http_problem(q, 503, "not known",
			     "what this machine offers was not found out when the agent started; "
			     "\"tcpsight doctor\" tells it",
			     NULL, SIZE_MAX);
		return;
	}
	out_init_memory(&out);
	put_rows(d, &out);
	http_answer(q, 200, "application/json", &out);
}
