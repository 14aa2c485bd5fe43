// SPDX-License-Identifier: BSD-2-Clause
#include "cli/also.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

struct splitter {
	const char *text;
	size_t at, used;
	struct also_words *words;
};

static void put(struct splitter *s, char c)
{
	s->words->buf[s->used] = c;
	s->words->origin[s->used++] = s->at;
}

/* Up to the closing quote; within double quotes a backslash still takes the next character. */
static int take_quoted(struct splitter *s)
{
	char quote = s->text[s->at];
	size_t begin = s->at++;

	for (; s->text[s->at] && s->text[s->at] != quote; s->at++) {
		if (quote == '"' && s->text[s->at] == '\\' && s->text[s->at + 1])
			s->at++;
		put(s, s->text[s->at]);
	}
	if (!s->text[s->at]) {
		s->at = begin;
		return -EINVAL;
	}
	s->at++;
	return 0;
}

static int take_word(struct splitter *s)
{
	while (s->text[s->at] && !isspace((unsigned char)s->text[s->at])) {
		char c = s->text[s->at];

		if (c == '\'' || c == '"') {
			if (take_quoted(s))
				return -EINVAL;
			continue;
		}
		if (c == '\\' && s->text[s->at + 1])
			s->at++;
		put(s, s->text[s->at]);
		s->at++;
	}
	put(s, '\0');
	return 0;
}

int also_split(const char *text, struct also_words *ret, size_t *ret_at, const char **ret_why)
{
	struct splitter s = {.text = text, .words = ret};
	size_t size = 2 * strlen(text) + 2;

	*ret = (struct also_words){.buf = xcalloc(size, 1),
				   .origin = xcalloc(size, sizeof(*ret->origin))};
	for (;;) {
		while (isspace((unsigned char)text[s.at]))
			s.at++;
		if (!text[s.at])
			return 0;
		*ret_at = s.at;
		if (ret->count == ALSO_WORDS_MAX) {
			*ret_why = "too many words: at most 256";
			return -EINVAL;
		}
		ret->word[ret->count++] = ret->buf + s.used;
		if (take_word(&s)) {
			*ret_at = s.at;
			*ret_why = "this quote is not closed";
			return -EINVAL;
		}
	}
}

void also_done(struct also_words *words)
{
	free(words->buf);
	free(words->origin);
	*words = (struct also_words){0};
}
