// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as the parameters of a request to the API: NAME=VALUE, one a line. They are taken, or refused
 * with a parameter, a place within it and a reason; a cursor that is read is written the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "abi/event.h"
#include "api/ask.h"
#include "engine/watch.h"

#define TEXT_MAX 4096

static const char *get(void *context, const char *name)
{
	const char *text = context;
	size_t len = strlen(name);

	/* Lines end with NUL, the last one with two. */
	for (; *text; text += strlen(text) + 1)
		if (!strncmp(text, name, len) && text[len] == '=')
			return text + len + 1;
	return NULL;
}

static void require(int truth)
{
	if (!truth)
		abort();
}

static void check_taken(const struct ask *a)
{
	struct ev_ident ident = {.family = 4};
	char text[ASK_CURSOR_SIZE];
	double rank;
	uint64_t id;

	require(a->limit >= 1 && a->limit <= ASK_ROWS_MAX && a->section.count);
	for (unsigned state = 0; state < ST_COUNT; state++)
		ask_takes(a, &ident, state);
	if (!a->has_after)
		return;
	ask_cursor_write(a->after_rank, a->after_id, text);
	require(!ask_cursor_read(text, &rank, &id));
	require(rank == a->after_rank && id == a->after_id);
}

static void check_refused(const struct ask_problem *p, char *text)
{
	const char *value = get(text, p->parameter);

	require(p->title && *p->text && value);
	require(p->at == SIZE_MAX || p->at <= strlen(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ask_defaults defaults = {"comm,tx_rate", "-tx_rate", 100};
	char text[TEXT_MAX + 2] = "";
	const struct ask_from from = {get, text};
	struct ask_problem problem = {.at = 0};
	struct watch watch = {0};
	struct ask *ask;

	if (size > TEXT_MAX || memchr(data, 0, size))
		return 0;
	memcpy(text, data, size);
	for (char *p = text; (p = strchr(p, '\n'));)
		*p++ = '\0';
	ask = ask_read(&from, &defaults, &watch, NULL, &problem);
	if (ask)
		check_taken(ask);
	else
		check_refused(&problem, text);
	ask_free(ask);
	return 0;
}
