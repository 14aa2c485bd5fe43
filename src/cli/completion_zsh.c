// SPDX-License-Identifier: BSD-2-Clause
/* For zsh: a function for each command, which hands its options to _arguments. */
#include "cli/completion.h"

#include <string.h>

asm(".section .rodata\n"
    ".balign 1\n"
    "completion_zsh_text:\n"
    ".incbin \"src/cli/completion.zsh\"\n"
    ".byte 0\n"
    ".previous\n");
extern const char completion_zsh_text[];

/* Inside '...', where a quote is '\''; a backslash before what _arguments and _describe split at.
 */
static void print_inside(const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			putchar('\\');
		if (*text == '\'')
			printf("'\\''");
		else
			putchar(*text);
	}
}

static void list_begin(const char *name)
{
	printf("_tcpsight_list_%s=(\n", name);
}

static void list_item(const char *word, const char *help)
{
	printf("	'");
	print_inside(word, ":");
	putchar(':');
	print_inside(help, "");
	printf("'\n");
}

static void list_end(void)
{
	printf(")\n");
}

static void print_value(const struct option_def *o)
{
	enum completes kind = completion_kind(o);

	putchar(':');
	print_inside(o->argument, ":\\");
	if (kind == COMPLETES_WORD) {
		printf(":(");
		for (const char *const *c = o->choices; *c; c++)
			printf("%s ", *c);
		putchar(')');
	} else if (kind == COMPLETES_WORDS) {
		printf(":_sequence compadd - ");
		for (const char *const *c = o->choices; *c; c++)
			printf("%s ", *c);
	} else if (completion_kind_is_list(kind)) {
		printf(":_tcpsight_commas %s", completion_kind_name(kind));
	} else if (kind == COMPLETES_NOTHING) {
		printf(": ");
	} else {
		printf(":_tcpsight_value %s", completion_kind_name(kind));
	}
}

/* '(-s --sort)'{-s+,--sort=}'[help]:COLUMN:action' */
static void print_option(const struct option_def *o)
{
	const char *mark = o->argument ? "+" : "", *equals = o->argument ? "=" : "";
	const char *many = o->type == OPTION_LIST ? "*" : "";

	printf("		");
	if (o->letter && !*many)
		printf("'(-%c --%s)'", o->letter, o->name);
	if (o->letter)
		printf("{-%c%s,--%s%s}", o->letter, mark, o->name, equals);
	else
		printf("'%s--%s%s'", many, o->name, equals);
	printf("'[");
	print_inside(o->help, "[]:\\");
	putchar(']');
	if (o->argument)
		print_value(o);
	printf("' \\\n");
}

static void command(const struct completed *c)
{
	printf("_tcpsight_%s()\n{\n	_arguments -s -S \\\n", c->name);
	for (size_t i = 0; i < c->option_count; i++)
		if (c->options[i]->help)
			print_option(c->options[i]);
	printf("		'*:word:_tcpsight_value %s'\n}\n", c->has_directory ? "directories"
								   : c->has_filter  ? "filter"
										    : "-");
	if (c->seed_name)
		printf("_tcpsight_seeds[%s]=%s\n", c->seed_name, c->name);
}

const struct completion_shell completion_zsh = {
	.name = "zsh",
	.begin = "#compdef tcpsight tcptop tcplife tcpsubnet tcpipstat tcpeek tcpeekstat\n"
		 "# zsh completion of tcpsight; made by `tcpsight help --completion zsh`\n"
		 "typeset -gA _tcpsight_seeds\n",
	.text = completion_zsh_text,
	.list_begin = list_begin,
	.list_item = list_item,
	.list_end = list_end,
	.command = command,
};
