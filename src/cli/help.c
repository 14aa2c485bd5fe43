// SPDX-License-Identifier: BSD-2-Clause
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "engine/column.h"
#include "view/report.h"

static void print_example(const char *program, const char *command, const char *what)
{
	char text[256];

	/* Under a seed's name the examples begin with that name. */
	if (strchr(program, ' '))
		snprintf(text, sizeof(text), "%s", command);
	else
		snprintf(text, sizeof(text), "%s%s", program, strchr(strchr(command, ' ') + 1, ' ')
				 ? strchr(strchr(command, ' ') + 1, ' ') : "");
	printf("  %s\n      %s\n", text, what);
}

static void print_option(const struct option_def *o)
{
	char left[64];

	if (!o->help)
		return;
	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
		 o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
		 o->argument ? " " : "", o->argument ? o->argument : "");
	printf("  %-30s %s\n", left, o->help);
}

void help_print(const struct report *report, const char *program,
		const struct option_def *const *options, size_t count)
{
	printf("%s: %s\n\nexamples:\n", program, report->summary);
	for (const char *const *e = report->examples; *e; e += 2)
		print_example(program, e[0], e[1]);
	printf("\nusage: %s [OPTIONS] %s\n\noptions:\n", program, report->positional);
	for (size_t i = 0; i < count; i++)
		print_option(options[i]);
	printf("\nColumns are listed by -o help. See also tcpsight-%s(8).\n", report->name);
}

void help_print_command_options(const char *command)
{
	const struct command *c = command_find_other(command);

	printf("options:\n");
	for (size_t i = 0; i < c->option_count; i++)
		print_option(&c->options[i]);
}

/* What a column costs besides reading sockets; most cost nothing more. */
static const char *price(unsigned needs)
{
	static const struct {
		unsigned need;
		const char *text;
	} prices[] = {
		{NEED_CALLS, " [loads programs on each send and receive call]"},
		{NEED_PACKETS, " [loads programs on each packet]"},
		{NEED_DELACKS, " [loads a program on kernel timers]"},
		{NEED_RESETS, " [loads a program on resets]"},
		{NEED_UNDO, " [loads programs on retransmissions and on changes of congestion state]"},
		{NEED_CAUSES, " [loads a program on retransmissions]"},
		{NEED_HOST, " [reads /proc/net once an interval]"},
		{NEED_CGROUPS, " [reads the cgroup tree]"},
		{NEED_OWNER, " [scans for owners]"},
		{NEED_EXTRA, " [reads more of each socket]"},
	};

	for (size_t i = 0; i < sizeof(prices) / sizeof(prices[0]); i++)
		if (needs & prices[i].need)
			return prices[i].text;
	return "";
}

void help_print_columns(void)
{
	char buf[COLUMN_TITLE_SIZE];

	for (size_t i = 0; i < column_count; i++)
		printf("%-20s %-20s %-4s %s%s\n", columns[i].name,
		       column_title(&columns[i], buf), columns[i].unit, columns[i].help,
		       price(columns[i].needs));
}
