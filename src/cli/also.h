// SPDX-License-Identifier: BSD-2-Clause
/* The text of --also: a command line within an argument. */
#pragma once
#include <stddef.h>

#define ALSO_WORDS_MAX 256

struct also_words {
	char *word[ALSO_WORDS_MAX + 1]; /* NULL at the end; in `buf` */
	int count;
	char *buf;
	size_t *origin; /* offset in the text of each byte of buf */
};

/*
 * Cut `text` into words as a shell does: blanks part them, '...' and "..." hold them together, and a
 * backslash takes the next character as it is; nothing is expanded. Returns 0, or -EINVAL with the
 * offset of what is wrong and the reason, a constant. Free with also_done() in any case.
 */
int also_split(const char *text, struct also_words *ret, size_t *ret_at, const char **ret_why);
void also_done(struct also_words *words);
