// SPDX-License-Identifier: BSD-2-Clause
/* For fish: a `complete` line for each option of each command. */
#include "cli/completion.h"

asm(".section .rodata\n"
    ".balign 1\n"
    "completion_fish_text:\n"
    ".incbin \"src/cli/completion.fish\"\n"
    ".byte 0\n"
    ".previous\n");
extern const char completion_fish_text[];

static void print_quoted(const char *text)
{
	putchar('\'');
	completion_escape(text, "'\\");
	putchar('\'');
}

static void list_begin(const char *name)
{
	printf("function __tcpsight_list_%s\n	printf '%%s\\t%%s\\n'", name);
}

static void list_item(const char *word, const char *help)
{
	printf(" \\\n		");
	print_quoted(word);
	putchar(' ');
	print_quoted(help);
}

static void list_end(void)
{
	printf("\nend\n");
}

/* The value: -x, which is one value and no file, and where it comes from. */
static void print_value(const struct option_def *o)
{
	enum completes kind = completion_kind(o);
	bool is_list = completion_kind_is_list(kind);

	if (kind == COMPLETES_FILE || kind == COMPLETES_MAP)
		printf(" -r -F");
	else
		printf(" -x");
	if (o->choices && !is_list) {
		printf(" -a '");
		for (const char *const *c = o->choices; *c; c++)
			printf("%s ", *c);
		printf("'");
	} else if (o->choices) {
		printf(" -a '(__tcpsight_commas \"printf %%s\\\\\\\\n");
		for (const char *const *c = o->choices; *c; c++)
			printf(" %s", *c);
		printf("\")'");
	} else if (is_list) {
		printf(" -a '(__tcpsight_commas __tcpsight_list_%s)'", completion_kind_name(kind));
	} else if (kind != COMPLETES_NOTHING && kind != COMPLETES_FILE && kind != COMPLETES_MAP) {
		printf(" -a '(__tcpsight_list_%s)'", completion_kind_name(kind));
	}
}

static void print_option(const struct completed *c, const struct option_def *o)
{
	printf("complete -c tcpsight -n '__tcpsight_is %s'", c->name);
	if (o->letter)
		printf(" -s %c", o->letter);
	printf(" -l %s -d ", o->name);
	print_quoted(o->help);
	if (o->argument)
		print_value(o);
	putchar('\n');
}

static void command(const struct completed *c)
{
	printf("complete -c tcpsight -n '__tcpsight_is' -a %s -d ", c->name);
	print_quoted(c->summary);
	putchar('\n');
	for (size_t i = 0; i < c->option_count; i++)
		if (c->options[i]->help)
			print_option(c, c->options[i]);
	if (c->has_filter)
		printf("complete -c tcpsight -n '__tcpsight_is %s' -a '(__tcpsight_list_filter)'\n",
		       c->name);
	if (c->has_directory)
		printf("complete -c tcpsight -n '__tcpsight_is %s' -a '(__tcpsight_list_directories)'\n",
		       c->name);
	if (c->seed_name)
		printf("complete -c %s -w 'tcpsight %s'\n", c->seed_name, c->name);
}

const struct completion_shell completion_fish = {
	.name = "fish",
	.begin = "# fish completion of tcpsight; made by `tcpsight help --completion fish`\n",
	.text = completion_fish_text,
	.list_begin = list_begin,
	.list_item = list_item,
	.list_end = list_end,
	.command = command,
};
