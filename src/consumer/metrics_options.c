// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/metrics_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/prefix.h"
#include "engine/prefix_text.h"
#include "engine/usage.h"

void metrics_options_default(struct metrics_options *o)
{
	o->series_limit = 2000;
	o->series_limit_total = 50000;
}

/* "90s", "15m", "1h", "90". */
static int take_idle(struct metrics_options *o, struct usage_error *error)
{
	static const struct {
		char unit;
		unsigned s;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;

	o->idle_s = 900;
	if (!o->idle)
		return 0;
	o->idle_s = strtoull(o->idle, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (isdigit((unsigned char)*o->idle) && o->idle_s && o->idle_s < 1000000 &&
		    *end == units[i].unit && (!*end || !end[1])) {
			o->idle_s *= units[i].s;
			return 0;
		}
	return usage_refuse(error, o->idle, 0,
		      "argument --series-idle: expected a span such as 90s, 15m or 1h");
}

static int take_subnets(struct metrics_options *o, struct usage_error *error)
{
	struct prefix_error wrong;

	if (!o->subnets)
		return 0;
	o->prefixes = prefix_set_new();
	if (!prefix_text_list(o->prefixes, o->subnets, &wrong))
		return 0;
	error->argument = o->subnets;
	error->at = wrong.at;
	snprintf(error->text, sizeof(error->text), "argument --subnets: %.400s", wrong.text);
	return -EINVAL;
}

int metrics_options_take(struct metrics_options *o, struct usage_error *error)
{
	return take_idle(o, error) || take_subnets(o, error) ? -EINVAL : 0;
}

void metrics_options_done(struct metrics_options *o)
{
	prefix_set_free(o->prefixes);
}
