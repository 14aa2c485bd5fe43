// SPDX-License-Identifier: BSD-2-Clause
/* For bash: lists are functions that print words, each command one line of a table. */
#include "cli/completion.h"

asm(".section .rodata\n"
    ".balign 1\n"
    "completion_bash_text:\n"
    ".incbin \"src/cli/completion.bash\"\n"
    ".byte 0\n"
    ".previous\n");
extern const char completion_bash_text[];

static void list_begin(const char *name)
{
	printf("_tcpsight_list_%s='", name);
}

static void list_item(const char *word, const char *help)
{
	(void)help;
	printf("%s ", word);
}

static void list_end(void)
{
	printf("'\n");
}

static void print_flags(const struct option_def *o)
{
	if (o->letter)
		printf(" -%c", o->letter);
	printf(" --%s", o->name);
}

/* What follows an option: "--sort") words of the function below. */
static void print_value(const struct option_def *o)
{
	enum completes kind = completion_kind(o);

	printf("	");
	if (o->letter)
		printf("-%c | ", o->letter);
	printf("--%s) _tcpsight_value %s %s", o->name, completion_kind_is_list(kind) ? "," : "''",
	       completion_kind_name(kind));
	for (const char *const *c = o->choices; c && *c; c++)
		printf(" '%s'", *c);
	printf(" ;;\n");
}

static void command(const struct completed *c)
{
	printf("_tcpsight_%s()\n{\n	case $1 in\n	options) _tcpsight_words '", c->name);
	for (size_t i = 0; i < c->option_count; i++)
		if (c->options[i]->help)
			print_flags(c->options[i]);
	printf("' ;;\n	words)");
	if (c->has_directory)
		printf(" _tcpsight_value '' directories;");
	if (c->has_filter)
		printf(" _tcpsight_value '' filter;");
	printf(" ;;\n");
	for (size_t i = 0; i < c->option_count; i++)
		if (c->options[i]->argument)
			print_value(c->options[i]);
	printf("	*) return 1 ;;\n	esac\n}\n");
	if (c->seed_name)
		printf("_tcpsight_of_%s=%s\n", c->seed_name, c->name);
}

const struct completion_shell completion_bash = {
	.name = "bash",
	.begin = "# bash completion of tcpsight; made by `tcpsight help --completion bash`\n"
		 "# shellcheck shell=bash\n",
	.text = completion_bash_text,
	.list_begin = list_begin,
	.list_item = list_item,
	.list_end = list_end,
	.command = command,
};
