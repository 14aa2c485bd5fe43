// SPDX-License-Identifier: BSD-2-Clause
/*
 * The form of an agent's file: `name = value` a line, under `[section]` or `[section label]`, and
 * `#` for what is not read. A value may stand in quotes, in which a backslash takes the next
 * character as it is. What names and values mean is not known here. Pure: it is given a text, and
 * tells of what is wrong.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define CONFIG_SETTINGS_MAX 512
#define CONFIG_SECTIONS_MAX 64
#define CONFIG_LINE_MAX 4096
#define CONFIG_FILE_MAX (256u << 10)

struct config_section {
	const char *name, *label; /* "" for the part before the first, and if there is none */
	unsigned line;
	size_t name_at;
	bool is_wrong; /* it, or a setting of it, makes no sense: config_check() */
};

struct config_setting {
	unsigned section; /* its place among the sections */
	const char *name, *value;
	unsigned line;		  /* from 1 */
	size_t name_at, value_at; /* in the line, from 0 */
	bool is_wrong;
	const size_t
		*origin; /* of each byte of value, and of its end: where it stands in the line */
};

struct config_file {
	const char *path;  /* for messages */
	char *text;	   /* all of it, lines ended by zero bytes */
	const char **line; /* by number, from 1 */
	unsigned lines;
	char *values;
	size_t *origins;
	size_t values_used;
	struct config_section section[CONFIG_SECTIONS_MAX]; /* [0]: before the first */
	unsigned sections;
	struct config_setting setting[CONFIG_SETTINGS_MAX];
	unsigned settings;
	unsigned mistakes; /* that were told of it */
	/* Whatever was made of it, and goes with it. */
	void **kept;
	size_t kept_count;
};

/* `memory`, which was allocated, goes with the file. Returns it. */
void *config_keep(struct config_file *c, void *memory);

/* Is told of each mistake: in which line, under which byte, and what. */
typedef void config_complain(const struct config_file *c, unsigned line, size_t at,
			     const char *text);

/*
 * Read `len` bytes of text. All mistakes are told; returns how many there were. Free with
 * config_done() in any case. `path` is kept.
 */
unsigned config_parse(struct config_file *ret, const char *path, const char *text, size_t len,
		      config_complain *tell);
void config_done(struct config_file *c);
