// SPDX-License-Identifier: BSD-2-Clause
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "engine/column.h"
#include "view/report.h"

#ifndef VERSION
#error "VERSION comes from the Makefile"
#endif

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

void help_print(const struct report *report, const char *program,
		const struct option_def *const *options, size_t count)
{
	printf("%s: %s\n\nexamples:\n", program, report->summary);
	for (const char *const *e = report->examples; *e; e += 2)
		print_example(program, e[0], e[1]);
	printf("\nusage: %s [OPTIONS] %s\n\noptions:\n", program, report->positional);
	for (size_t i = 0; i < count; i++) {
		const struct option_def *o = options[i];
		char left[64];

		if (!o->help)
			continue;
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
			 o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
			 o->argument ? " " : "", o->argument ? o->argument : "");
		printf("  %-30s %s\n", left, o->help);
	}
	printf("\nColumns are listed by -o help. See also tcpsight-%s(8).\n", report->name);
}

void help_print_version(void)
{
	printf("tcpsight " VERSION " (BSD-2-Clause; BPF programs dual BSD/GPL)\n");
}

void help_print_columns(void)
{
	for (size_t i = 0; i < column_count; i++)
		printf("%-20s %-12s %-4s %s\n", columns[i].name, columns[i].title, columns[i].unit,
		       columns[i].help);
}
