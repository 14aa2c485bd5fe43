// SPDX-License-Identifier: BSD-2-Clause
#include "cli/option_list.h"

#include <stdbool.h>
#include <string.h>

#include "cli/common_options.h"
#include "view/report.h"

static bool omitted(const struct report *report, const struct option_def *common)
{
	for (const char *const *o = report->omitted; o && *o; o++)
		if (!strcmp(*o, common->name))
			return true;
	return false;
}

static bool shadowed(const struct report *report, const struct option_def *common)
{
	for (size_t i = 0; i < report->option_count; i++)
		if (!strcmp(report->options[i].name, common->name))
			return true;
	return false;
}

static bool uses_letter(const struct report *report, char letter)
{
	for (size_t i = 0; i < report->option_count; i++)
		if (letter && report->options[i].letter == letter)
			return true;
	return false;
}

/* A seed tool's letter goes before that of a common option, which keeps its long name. */
static const struct option_def *common_for(const struct report *report, struct option_list *list,
					   const struct option_def *common)
{
	struct option_def *copy = &list->unlettered[list->unlettered_count];

	if (!uses_letter(report, common->letter))
		return common;
	*copy = *common;
	copy->letter = 0;
	list->unlettered_count++;
	return copy;
}

void option_list_of(const struct report *report, struct option_list *ret)
{
	for (size_t i = 0; i < report->option_count; i++)
		ret->def[ret->count++] = &report->options[i];
	for (size_t i = 0; i < common_option_count; i++)
		if (!shadowed(report, &common_options[i]) && !omitted(report, &common_options[i]))
			ret->def[ret->count++] = common_for(report, ret, &common_options[i]);
}
