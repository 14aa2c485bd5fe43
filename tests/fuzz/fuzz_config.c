// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as an agent's file of settings: what is read lies within its line, and mistakes are told of
 * lines and places that there are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config_file.h"

static unsigned told;

static void require(int truth)
{
	if (!truth)
		abort();
}

static void tell(const struct config_file *c, unsigned line, size_t at, const char *text)
{
	told++;
	require(*text && line >= 1 && line <= c->lines);
	require(at <= strlen(c->line[line]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_file c;
	char *text;

	if (size > CONFIG_FILE_MAX)
		return 0;
	/* Of just its size, so that one byte too far is seen. */
	text = malloc(size ? size : 1);
	memcpy(text, data, size);
	told = 0;
	require(config_parse(&c, "agent.conf", text, size, tell) == told);
	free(text);
	for (unsigned i = 0; i < c.settings; i++) {
		const struct config_setting *s = &c.setting[i];
		const char *line = c.line[s->line];

		require(s->section < c.sections && *s->name);
		require(!strncmp(line + s->name_at, s->name, strlen(s->name)));
		for (size_t k = 0; k < strlen(s->value); k++)
			require(s->value[k] == line[s->origin[k]]);
		require(s->origin[strlen(s->value)] <= strlen(line));
	}
	for (unsigned i = 1; i < c.sections; i++)
		require(*c.section[i].name && !strncmp(c.line[c.section[i].line] + c.section[i].name_at,
						       c.section[i].name, strlen(c.section[i].name)));
	config_done(&c);
	return 0;
}
