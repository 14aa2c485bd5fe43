// SPDX-License-Identifier: BSD-2-Clause
#include "cli/complain.h"

#include <stdio.h>
#include <string.h>

#define TEXTS_MAX 64
/* What of a long argument is shown. */
#define WINDOW 160

static struct complain_text texts[TEXTS_MAX];
static size_t text_count;

void complain_know_text(const struct complain_text *text)
{
	if (text_count < TEXTS_MAX)
		texts[text_count++] = *text;
}

/* Where the word was typed, if it was cut from a longer text. */
static const char *find_origin(const char *argument, size_t *at)
{
	for (size_t i = 0; i < text_count; i++) {
		const struct complain_text *t = &texts[i];

		if (argument < t->words || argument >= t->words + t->size)
			continue;
		if (*at <= strlen(argument))
			*at = t->origin[(size_t)(argument - t->words) + *at];
		return t->text;
	}
	return argument;
}

static void put_clean(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fputc((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i], stderr);
}

static void show(const char *argument, size_t at)
{
	size_t len = strlen(argument), from = 0;

	if (at > len)
		return;
	if (at > WINDOW / 2 && len > WINDOW)
		from = at - WINDOW / 2;
	fputs(from ? "  ..." : "  ", stderr);
	put_clean(argument + from, len - from < WINDOW ? len - from : WINDOW);
	fprintf(stderr, "%s\n  %*s^\n", len - from > WINDOW ? "..." : "",
		(int)(at - from) + (from ? 3 : 0), "");
}

void complain(const char *program, const char *argument, size_t at, const char *text)
{
	fprintf(stderr, "%s: %s\n", program, text);
	if (argument) {
		argument = find_origin(argument, &at);
		show(argument, at);
	}
	fprintf(stderr, "Try '%s --help'.\n", program);
}
