// SPDX-License-Identifier: BSD-2-Clause
/* What ship has done, as a file that node_exporter's textfile collector reads. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/ship_part.h"
#include "util/log.h"

static void put(char *text, size_t size, const char *name, const char *type, const char *help,
		double value)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help,
		 name, type, name, value);
}

static int replace(const char *path, const char *text)
{
	char temporary[4096];
	int fd, err = 0;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = -EIO;
	close(fd);
	return !err && renameat(AT_FDCWD, temporary, AT_FDCWD, path) ? -errno : err;
}

void ship_metrics(struct ship *s)
{
	const struct fleet_cursor *c = &s->cursor;
	const struct fleet_delivery *d = &s->delivery;
	char text[4096] = "";
	struct timespec now;
	double lag;
	int err;

	if (!s->options->metrics)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	lag = s->sent_until_us ? (double)now.tv_sec - (double)s->sent_until_us / 1e6 : 0;
#define PUT(name, type, help, value) \
	put(text, sizeof(text), "tcpsight_ship_" name, type, help, (double)(value))
	PUT("rows_total", "counter", "Rows that have arrived.", c->rows_total);
	PUT("batches_total", "counter", "Inserts that have arrived.", c->batches_total);
	PUT("retries_total", "counter",
	    "Times that something did not work and was tried again, since the start.", d->retries);
	PUT("lost_rows_total", "counter", "Rows that were deleted before they were sent.",
	    c->unsent_total);
	PUT("rejected_rows_total", "counter", "Rows that the server has refused for good.",
	    c->rejected_total);
	PUT("waiting_rows", "gauge", "Rows of the batch that is on its way.",
	    c->is_sent ? s->waiting : 0);
	PUT("lag_seconds", "gauge", "How old the newest row is that has arrived.", lag);
#undef PUT
	err = replace(s->options->metrics, text);
	if (err && err != s->metrics_error)
		log_warn("cannot write %s: %s", s->options->metrics, strerror(-err));
	s->metrics_error = err;
}
