// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "util/parse.h"
#include "view/report.h"
#include "registry.h"

#define DECLARE(name) extern const struct report report_##name;
REPORTS(DECLARE)
#undef DECLARE

#define POINT(name) &report_##name,
const struct report *const reports[] = {REPORTS(POINT)};
#undef POINT
const size_t report_count = sizeof(reports) / sizeof(reports[0]);

const struct report *command_find(const char *name)
{
	for (size_t i = 0; i < report_count; i++)
		if (!strcmp(reports[i]->name, name))
			return reports[i];
	return NULL;
}

const struct report *command_find_seed(const char *program)
{
	for (size_t i = 0; i < report_count; i++)
		if (reports[i]->seed_name && !strcmp(reports[i]->seed_name, program))
			return reports[i];
	return NULL;
}

const struct command *command_find_other(const char *name)
{
	for (size_t i = 0; i < other_command_count; i++)
		if (!strcmp(other_commands[i].name, name))
			return &other_commands[i];
	return NULL;
}

const char *command_why_left_out(const char *name)
{
#define NAME(name) #name,
	static const char *const left_out[] = {LEFT_OUT(NAME) NULL};
#undef NAME

	for (size_t i = 0; left_out[i]; i++)
		if (!strcmp(left_out[i], name))
			return "this program is linked statically, and sends nothing to collectors; "
			       "that of the package does";
	return NULL;
}

const char *command_nearest(const char *name)
{
	const char *names[32];
	size_t n = 0;

	for (size_t i = 0; i < report_count && n < 32; i++)
		if (!reports[i]->of_agent)
			names[n++] = reports[i]->name;
	for (size_t i = 0; i < other_command_count && n < 32; i++)
		names[n++] = other_commands[i].name;
	return parse_nearest(name, names, n);
}

void command_print_overview(void)
{
	printf("tcpsight: what TCP is doing on this machine\n\n"
	       "usage: tcpsight COMMAND [OPTIONS]\n\ncommands:\n");
	for (size_t i = report_count; i--;)
		if (!reports[i]->of_agent)
			printf("  %-9s %s\n", reports[i]->name, reports[i]->summary);
	for (size_t i = 0; i < other_command_count; i++)
		printf("  %-9s %s\n", other_commands[i].name, other_commands[i].summary);
	printf("\nexamples:\n"
	       "  tcpsight top                 busiest connections, every second\n"
	       "  tcpsight life                every connection that ends\n"
	       "  tcpsight COMMAND --help      more of each\n");
}
