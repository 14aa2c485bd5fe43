// SPDX-License-Identifier: BSD-2-Clause
#include "engine/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/settings.h"

static int refuse(struct usage_error *error, const char *word, const char *why)
{
	error->argument = word;
	snprintf(error->text, sizeof(error->text), "unrecognized argument: '%s' (%s)", word, why);
	return -EINVAL;
}

int report_take_filter(struct settings *s, int count, char **word, struct usage_error *error)
{
	static char filter[4096];
	size_t used = 0;

	if (!count)
		return 0;
	if (s->where)
		return refuse(error, word[0], "--where gives the filter already");
	for (int i = 0; i < count; i++) {
		int n = snprintf(filter + used, sizeof(filter) - used, "%s%s", i ? " " : "", word[i]);

		used += (size_t)n;
		if (used >= sizeof(filter))
			return refuse(error, word[i], "the filter is too long");
	}
	s->where = filter;
	return 0;
}
