// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/recorder_meta.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "engine/consumer.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "record/meta.h"
#include "util/first_line.h"

static void name_zone(char *ret, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	snprintf(ret, size, "%s", tm.tm_zone ? tm.tm_zone : "");
}

void recorder_meta(struct record_meta *ret, const struct consumer *c, const struct source *s)
{
	const struct question *q = c->question;
	struct utsname u;

	const char *host;

	snprintf(ret->version, sizeof(ret->version), "%s", VERSION);
	if (!uname(&u)) {
		snprintf(ret->host, sizeof(ret->host), "%.64s", u.nodename);
		snprintf(ret->kernel, sizeof(ret->kernel), "%.64s", u.release);
		snprintf(ret->arch, sizeof(ret->arch), "%.16s", u.machine);
	}
	first_line("/etc/machine-id", ret->machine, sizeof(ret->machine));
	first_line("/proc/sys/kernel/random/boot_id", ret->boot, sizeof(ret->boot));
	/* Of a recording that is written anew: the machine that it is of. */
	host = s->ops->host_name ? s->ops->host_name(s, 0) : NULL;
	if (host)
		snprintf(ret->host, sizeof(ret->host), "%.64s", host);
	name_zone(ret->zone, sizeof(ret->zone));
	snprintf(ret->watch, sizeof(ret->watch), "source %s", s->ops->name);
	snprintf(ret->filter, sizeof(ret->filter), "%s", q->where ? q->where : "");
	ret->interval_us = q->interval_s * 1000000;
	ret->source = s->offline;
}
