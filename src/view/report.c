// SPDX-License-Identifier: BSD-2-Clause
#include "view/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/filter.h"
#include "util/xalloc.h"

#define ECHO_MAX 60

static int refuse(struct usage_error *error, const char *word, const char *why)
{
	bool is_long = strlen(word) > ECHO_MAX;

	error->argument = is_long ? NULL : word;
	snprintf(error->text, sizeof(error->text), "unrecognized argument: '%.*s%s' (%s)", ECHO_MAX,
		 word, is_long ? "..." : "", why);
	return -EINVAL;
}

int report_take_filter(struct question *q, int count, char **word, struct usage_error *error)
{
	char *filter;
	size_t used = 0;

	if (!count)
		return 0;
	if (q->where)
		return refuse(error, word[0], "--where gives the filter already");
	for (int i = 0; i < count; i++)
		used += strlen(word[i]) + 1;
	if (used > FILTER_TEXT_MAX)
		return refuse(error, word[0], "the filter is too long: at most 4096 characters");
	filter = xcalloc(used, 1);
	for (int i = 0; i < count; i++) {
		strcat(filter, word[i]);
		strcat(filter, i < count - 1 ? " " : "");
	}
	q->where = q->joined = filter;
	return 0;
}

void report_filter_done(struct question *q)
{
	free(q->joined);
	q->joined = NULL;
}
