// SPDX-License-Identifier: BSD-2-Clause
#include "cli/complain.h"

#include <stdio.h>
#include <stdint.h>
#include <string.h>

#include "util/utf8.h"

#define TEXTS_MAX 1024
/* What of a long argument is shown. */
#define WINDOW 160
/* Of a message. */
#define TEXT_MAX 1024

static struct complain_text texts[TEXTS_MAX];
static size_t text_count;

void complain_know_text(const struct complain_text *text)
{
	if (text_count < TEXTS_MAX)
		texts[text_count++] = *text;
}

void complain_forget_text(const char *words)
{
	size_t kept = 0;

	for (size_t i = 0; i < text_count; i++)
		if (texts[i].words != words)
			texts[kept++] = texts[i];
	text_count = kept;
}

/* Where the word was typed, if it was cut from a longer text. */
static const struct complain_text *find_origin(const char *argument, size_t *at)
{
	for (size_t i = 0; i < text_count; i++) {
		const struct complain_text *t = &texts[i];

		if (argument < t->words || argument >= t->words + t->size)
			continue;
		if (*at <= strlen(argument))
			*at = t->origin[(size_t)(argument - t->words) + *at];
		return t;
	}
	return NULL;
}

/* Returns how many columns it took. */
static int put_clean(const char *text, size_t len)
{
	char clean[WINDOW + 1];

	len = utf8_clean(clean, sizeof(clean), text, len, SIZE_MAX);
	fwrite(clean, 1, len, stderr);
	return (int)utf8_count(clean, len);
}

/* The bytes of a character stay together. */
static size_t go_back(const char *argument, size_t at)
{
	while (at && (argument[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static void show(const char *argument, size_t at)
{
	size_t len = strlen(argument), from = 0, to;
	int column;

	if (at > len)
		return;
	at = go_back(argument, at);
	if (at > WINDOW / 2 && len > WINDOW)
		from = go_back(argument, at - WINDOW / 2);
	to = len - from > WINDOW ? go_back(argument, from + WINDOW) : len;
	fputs(from ? "  ..." : "  ", stderr);
	column = (from ? 3 : 0) + put_clean(argument + from, at - from);
	put_clean(argument + at, to - at);
	fprintf(stderr, "%s\n  %*s^\n", to < len ? "..." : "", column, "");
}

void complain_line(const char *file, unsigned line, const char *text, size_t at, const char *what)
{
	char clean[TEXT_MAX];

	utf8_clean_lines(clean, sizeof(clean), what);
	fprintf(stderr, "%s:%u:%zu: %s\n", file, line, at + 1, clean);
	show(text, at);
}

void complain(const char *program, const char *argument, size_t at, const char *text)
{
	const struct complain_text *origin = argument ? find_origin(argument, &at) : NULL;
	char clean[TEXT_MAX];

	if (origin && origin->file) {
		at = at > strlen(origin->text) ? origin->origin[0] : at;
		complain_line(origin->file, origin->line, origin->text, at, text);
		return;
	}
	utf8_clean_lines(clean, sizeof(clean), text);
	fprintf(stderr, "%s: %s\n", program, clean);
	if (argument)
		show(origin ? origin->text : argument, at);
	/* What came from a file has no command to try. */
	if (!strchr(program, '['))
		fprintf(stderr, "Try '%s --help'.\n", program);
}
