// SPDX-License-Identifier: BSD-2-Clause
#include "cli/completion.h"

#include <errno.h>
#include <string.h>

#include "cli/command.h"
#include "cli/option_list.h"
#include "engine/column.h"
#include "engine/state_list.h"
#include "probe/ladder.h"
#include "view/report.h"
#include "registry.h"

static const struct completion_shell *const shells[] = {&completion_bash, &completion_zsh,
							&completion_fish};

void completion_escape(const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			putchar('\\');
		putchar(*text);
	}
}

static void print_columns(const struct completion_shell *shell)
{
	shell->list_begin("columns");
	for (size_t i = 0; i < column_count; i++)
		shell->list_item(columns[i].name, columns[i].help);
	shell->list_end();
}

static void print_rungs(const struct completion_shell *shell)
{
	char word[64];

	shell->list_begin("rungs");
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++) {
			snprintf(word, sizeof(word), "%s=%s", ladder[n].name,
				 ladder[n].rung[r].name);
			shell->list_item(word, ladder[n].rung[r].gives);
		}
	shell->list_end();
}

static void print_sources(const struct completion_shell *shell)
{
#define SOURCE(name) shell->list_item(#name, "");
	shell->list_begin("sources");
	SOURCES(SOURCE)
	shell->list_end();
#undef SOURCE
}

static void print_commands(const struct completion_shell *shell)
{
	shell->list_begin("reports");
	for (size_t i = 0; i < report_count; i++)
		shell->list_item(reports[i]->name, reports[i]->summary);
	shell->list_end();
	shell->list_begin("commands");
	for (size_t i = 0; i < report_count; i++)
		if (!reports[i]->of_agent)
			shell->list_item(reports[i]->name, reports[i]->summary);
	for (size_t i = 0; i < other_command_count; i++)
		shell->list_item(other_commands[i].name, other_commands[i].summary);
	shell->list_end();
}

static void print_words(const struct completion_shell *shell)
{
	static const char *const filter[] = {
		"src", "dst", "host", "net", "port", "portrange", "and",
		"or",  "not", "ip",   "ip6", "tcp",  NULL,
	};

	shell->list_begin("states");
	for (size_t i = 0; state_list_word(i); i++)
		shell->list_item(state_list_word(i), "");
	shell->list_end();
	shell->list_begin("filter");
	for (const char *const *word = filter; *word; word++)
		shell->list_item(*word, "");
	shell->list_end();
}

static void print_report(const struct completion_shell *shell, const struct report *report)
{
	struct option_list list = {.count = 0};
	struct completed c = {
		.name = report->name,
		.summary = report->summary,
		.seed_name = report->seed_name,
		.positional = report->positional,
		.has_filter = strstr(report->positional, "[filter"),
		.has_directory = strstr(report->positional, "[DIR]"),
		.options = list.def,
	};

	option_list_of(report, &list);
	c.option_count = list.count;
	shell->command(&c);
}

static void print_other(const struct completion_shell *shell, const struct command *command)
{
	const struct option_def *options[OPTIONS_MAX];
	struct completed c = {
		.name = command->name,
		.summary = command->summary,
		.seed_name = strcmp(command->name, "peekstat") ? NULL : "tcpeekstat",
		.positional = "",
		.options = options,
		.option_count = command->option_count,
	};

	for (size_t i = 0; i < command->option_count; i++)
		options[i] = &command->options[i];
	shell->command(&c);
}

int completion_print(const char *name)
{
	const struct completion_shell *shell = NULL;

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (!strcmp(shells[i]->name, name))
			shell = shells[i];
	if (!shell)
		return -EINVAL;
	if (shell->begin)
		printf("%s", shell->begin);
	print_commands(shell);
	print_columns(shell);
	print_words(shell);
	print_rungs(shell);
	print_sources(shell);
	for (size_t i = 0; i < report_count; i++)
		if (!reports[i]->of_agent)
			print_report(shell, reports[i]);
	for (size_t i = 0; i < other_command_count; i++)
		print_other(shell, &other_commands[i]);
	printf("%s", shell->text);
	return 0;
}
