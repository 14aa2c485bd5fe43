// SPDX-License-Identifier: BSD-2-Clause
/*
 * Completion of command lines: a script for a shell, made from the tables of commands, options,
 * columns and rungs. Per shell a file knows how it is told of options; what is the same for every
 * machine is its text completion.SHELL, what differs its functions find when Tab is pressed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "engine/option.h"

/* What the value of an option is. */
enum completes {
	COMPLETES_UNSAID,  /* a mistake: whoever adds an option says it (cli/completion_kind.c) */
	COMPLETES_NOTHING, /* a number, a time, a pattern: nothing can be proposed */
	COMPLETES_WORD,	   /* one of the option's choices */
	COMPLETES_WORDS,   /* some of them, with commas */
	/* The rest has a list, or a function of the shell, called so: */
	COMPLETES_COLUMN,
	COMPLETES_COLUMNS,
	COMPLETES_STATES,
	COMPLETES_REPORT,
	COMPLETES_SOURCE,
	COMPLETES_RUNGS,
	COMPLETES_FILTER,
	COMPLETES_FILE,
	COMPLETES_DIRECTORY,
	COMPLETES_CGROUP,
	COMPLETES_NETNS,
	COMPLETES_PID,
	COMPLETES_INTERFACE,
	COMPLETES_USER,
	COMPLETES_UNIT,
	COMPLETES_MAP,
	COMPLETES_COMMAND,
};

enum completes completion_kind(const struct option_def *option);
/* "columns"; "-" for those before. */
const char *completion_kind_name(enum completes kind);
/* May several be given, with commas? */
bool completion_kind_is_list(enum completes kind);

/* A command as shells are told of it. */
struct completed {
	const char *name;
	const char *summary;
	const char *seed_name; /* NULL: it is called by its own name only */
	const char *positional;
	bool has_filter, has_directory; /* among its words */
	const struct option_def *const *options;
	size_t option_count;
};

struct completion_shell {
	const char *name;
	const char *begin; /* of the script; NULL: nothing */
	const char *text;  /* that ends it */
	void (*list_begin)(const char *name);
	void (*list_item)(const char *word, const char *help);
	void (*list_end)(void);
	void (*command)(const struct completed *c);
};

extern const struct completion_shell completion_bash, completion_zsh, completion_fish;

/* Put a backslash before each byte of `text` that stands in `special`. */
void completion_escape(const char *text, const char *special);

/* 0, or -EINVAL if there is no such shell. */
int completion_print(const char *shell);
