// SPDX-License-Identifier: BSD-2-Clause
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/complain.h"
#include "cli/help.h"
#include "cli/option_list.h"
#include "engine/tuple_filter.h"
#include "util/parse.h"
#include "util/xalloc.h"
#include "view/report.h"

/* getopt_long's values for options: above every letter. */
#define VALUE_BASE 1000

struct parser {
	const char *program;
	const struct report *report;
	struct option_list options;
	bool given[OPTIONS_MAX];
	struct question *question;
};

void options_default_watch(struct watch *watch)
{
	watch->max_flows = 262144;
	/* Of handshakes, which any run may have to follow for one of its questions. */
	watch->max_pending = 65536;
	watch->timeout_s = 60;
}

/* Where the value of an option is stored. */
static char *field_at(const struct parser *p, enum option_part part, size_t offset)
{
	struct question *q = p->question;

	if (part == OPTION_OF_WATCH)
		return (char *)q->watch + offset;
	return (part == OPTION_OF_QUESTION ? (char *)q : (char *)q->own) + offset;
}

static char *field_of(const struct parser *p, const struct option_def *o)
{
	return field_at(p, o->part, o->offset);
}

static void build_getopt(const struct parser *p, char *letters, struct option *longs)
{
	/* '+' would stop at the first word; ':' tells a missing argument from an unknown option. */
	*letters++ = ':';
	for (size_t i = 0; i < p->options.count; i++) {
		const struct option_def *o = p->options.def[i];

		longs[i] = (struct option){.name = o->name,
					   .has_arg = o->argument ? required_argument : no_argument,
					   .val = VALUE_BASE + (int)i};
		if (!o->letter)
			continue;
		*letters++ = o->letter;
		if (o->argument)
			*letters++ = ':';
	}
	*letters = '\0';
	longs[p->options.count] = (struct option){0};
}

static void option_label(const struct option_def *o, char *buf, size_t size)
{
	if (o->letter)
		snprintf(buf, size, "-%c/--%s", o->letter, o->name);
	else
		snprintf(buf, size, "--%s", o->name);
}

static int complain_value(const struct parser *p, const struct option_def *o, const char *value,
			  size_t at, const char *why)
{
	char label[64], text[512];

	option_label(o, label, sizeof(label));
	snprintf(text, sizeof(text), "argument %s: %s: '%s'", label, why, value);
	complain(p->program, value, at, text);
	return -EINVAL;
}

static int set_uint(const struct parser *p, const struct option_def *o, const char *value)
{
	char why[128];
	uint64_t n;
	size_t at;
	int err = parse_uint(value, o->min, o->max, &n, &at);

	if (err) {
		snprintf(why, sizeof(why), "expected a whole number from %llu to %llu", o->min,
			 o->max);
		return complain_value(p, o, value, at, why);
	}
	*(uint64_t *)(void *)field_of(p, o) = n;
	if (o->also_offset)
		*(bool *)field_at(p, o->part, o->also_offset) = true;
	return 0;
}

static int set_ports(const struct parser *p, const struct option_def *o, const char *value)
{
	uint8_t **set = (uint8_t **)(void *)field_of(p, o);
	size_t at;
	int err;

	if (!*set)
		*set = xcalloc(65536 / 8, 1);
	err = parse_ports(value, *set, &at);
	if (err)
		return complain_value(p, o, value, at,
				      err == -ERANGE ? "a port is a number from 1 to 65535"
						     : "expected ports such as 22,80");
	return 0;
}

/* In the words of Python's argparse, which the tools that we replace use. */
static int set_choice(const struct parser *p, const struct option_def *o, const char *value)
{
	char label[64], list[256] = "", text[512];

	for (const char *const *c = o->choices; *c; c++) {
		size_t used = strlen(list);

		if (!strcmp(*c, value)) {
			*(const char **)(void *)field_of(p, o) = *c;
			return 0;
		}
		snprintf(list + used, sizeof(list) - used, "%s'%s'", used ? ", " : "", *c);
	}
	option_label(o, label, sizeof(label));
	snprintf(text, sizeof(text), "argument %s: invalid choice: '%s' (choose from %s)", label, value,
		 list);
	complain(p->program, value, 0, text);
	return -EINVAL;
}

static int check_excludes(const struct parser *p, const struct option_def *o)
{
	for (size_t i = 0; i < p->options.count && o->excludes; i++)
		if (p->given[i] && p->options.def[i]->letter == o->excludes) {
			char one[64], other[64], text[256];

			option_label(o, one, sizeof(one));
			option_label(p->options.def[i], other, sizeof(other));
			snprintf(text, sizeof(text), "argument %s: not allowed with argument %s", one,
				 other);
			complain(p->program, NULL, 0, text);
			return -EINVAL;
		}
	return 0;
}

/* All questions of a run look at the same thing. */
static int complain_watch(const struct parser *p, const struct option_def *o)
{
	char label[64], text[256];

	option_label(o, label, sizeof(label));
	snprintf(text, sizeof(text),
		 "argument %s: it is about the whole run; give it before --also, not in its text",
		 label);
	complain(p->program, NULL, 0, text);
	return -EINVAL;
}

static void add_to_list(const struct parser *p, const struct option_def *o, const char *value)
{
	char ***list = (char ***)(void *)field_of(p, o);
	uint64_t *count = (uint64_t *)(void *)field_at(p, o->part, o->also_offset);

	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = (char *)value;
}

static int apply(struct parser *p, size_t i, const char *value)
{
	const struct option_def *o = p->options.def[i];
	char *field = field_of(p, o);

	p->given[i] = true;
	if (p->question->is_also && o->part == OPTION_OF_WATCH && o->type != OPTION_HELP &&
	    o->type != OPTION_VERSION)
		return complain_watch(p, o);
	if (check_excludes(p, o))
		return -EINVAL;
	switch (o->type) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_UINT:
		return set_uint(p, o, value);
	case OPTION_TEXT:
		*(const char **)(void *)field = value;
		return 0;
	case OPTION_LIST:
		add_to_list(p, o, value);
		return 0;
	case OPTION_PORTS:
		return set_ports(p, o, value);
	case OPTION_CHOICE:
		return set_choice(p, o, value);
	case OPTION_HELP:
	case OPTION_VERSION:
	case OPTION_EBPF:
		return 0;
	}
	return -EINVAL;
}

static size_t index_of(const struct parser *p, int value)
{
	if (value >= VALUE_BASE)
		return (size_t)(value - VALUE_BASE);
	for (size_t i = 0; i < p->options.count; i++)
		if (p->options.def[i]->letter == value)
			return i;
	return p->options.count;
}

static void complain_unknown(const struct parser *p, const char *argument)
{
	const char *names[OPTIONS_MAX], *nearest;
	char word[64], text[512];

	snprintf(text, sizeof(text), "unrecognized argument: %s", argument);
	if (!strncmp(argument, "--", 2)) {
		for (size_t i = 0; i < p->options.count; i++)
			names[i] = p->options.def[i]->name;
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(argument + 2, "="), argument + 2);
		nearest = parse_nearest(word, names, p->options.count);
		if (nearest)
			snprintf(text, sizeof(text),
				 "unrecognized argument: %s (did you mean --%s?)", argument, nearest);
	}
	complain(p->program, NULL, 0, text);
}

static void complain_getopt(const struct parser *p, int result, char **argv)
{
	char label[64], text[256], letter[3] = {'-', (char)optopt, '\0'};
	size_t i = index_of(p, optopt);

	if (result == '?' || i == p->options.count) {
		complain_unknown(p, optopt && optopt < VALUE_BASE ? letter : argv[optind - 1]);
		return;
	}
	option_label(p->options.def[i], label, sizeof(label));
	snprintf(text, sizeof(text), "argument %s: expected one argument", label);
	complain(p->program, NULL, 0, text);
}

static enum options_result take_words(struct parser *p, int count, char **word)
{
	struct usage_error error = {.at = 0};

	if (!p->report->words(p->question, count, word, &error))
		return OPTIONS_RUN;
	complain(p->program, error.argument, error.at, error.text);
	return error.status == 1 ? OPTIONS_FAILED : OPTIONS_WRONG;
}

enum options_result options_parse(const struct report *report, int argc, char **argv,
				  struct question *question)
{
	struct parser p = {.program = argv[0], .report = report, .question = question};
	char letters[2 * OPTIONS_MAX + 2];
	struct option longs[OPTIONS_MAX + 1];
	int (*next)(int, char *const *, const char *, const struct option *, int *) =
		report->long_only ? getopt_long_only : getopt_long;
	int value;

	question->own = xcalloc(1, report->own_size + 1);
	if (report->defaults)
		report->defaults(question);
	option_list_of(report, &p.options);
	build_getopt(&p, letters, longs);
	opterr = 0;
	/* Begin anew, whatever was parsed before. */
	optind = 0;
	while ((value = next(argc, argv, letters, longs, NULL)) != -1) {
		size_t i;

		/* libbpf-tools' spelling of --help looks to getopt like a mistake. */
		if (value == '?' && !strcmp(argv[optind - 1], "-?")) {
			help_print(report, p.program, p.options.def, p.options.count);
			return OPTIONS_DONE;
		}
		if (value == '?' || value == ':') {
			complain_getopt(&p, value, argv);
			return OPTIONS_WRONG;
		}
		i = index_of(&p, value);
		if (p.options.def[i]->type == OPTION_HELP) {
			help_print(report, p.program, p.options.def, p.options.count);
			return OPTIONS_DONE;
		}
		if (p.options.def[i]->type == OPTION_VERSION) {
			help_print_version();
			return OPTIONS_DONE;
		}
		if (p.options.def[i]->type == OPTION_EBPF) {
			help_print_ebpf();
			return OPTIONS_DONE;
		}
		if (apply(&p, i, optarg))
			return OPTIONS_WRONG;
	}
	if (question->columns && !strcmp(question->columns, "help")) {
		help_print_columns();
		return OPTIONS_DONE;
	}
	if (question->watch->reads_count)
		question->watch->read_path = question->watch->reads[0];
	return take_words(&p, argc - optind, argv + optind);
}

void options_done(const struct report *report, struct question *question)
{
	if (report->done && question->own)
		report->done(question);
	free(question->lports);
	free(question->rports);
	free(question->own);
	question->lports = question->rports = NULL;
	question->own = NULL;
}
