// SPDX-License-Identifier: BSD-2-Clause
/* Mistakes on the command line: what, where, and what to do. */
#pragma once
#include <stddef.h>

/*
 * A text that was cut into words, such as that of --also: a caret under a word then stands under the
 * text as it was typed. `origin[i]` is the offset in `text` of byte i of `words`. Borrowed for the
 * life of the program.
 */
struct complain_text {
	const char *text;
	const char *words;
	const size_t *origin;
	size_t size; /* of words */
	const char *file; /* that the text is a line of; NULL: none */
	unsigned line;
};

void complain_know_text(const struct complain_text *text);

/* Those that were cut into `words` are no more. */
void complain_forget_text(const char *words);

/*
 * Print "PROGRAM: text", the argument (or the text that it was cut from) and a caret under its
 * character `at`, and a hint. `argument` may be NULL; SIZE_MAX for `at`: no caret. Long arguments
 * are shown around the caret only. Of a line of a file, the message begins with where it stands.
 */
void complain(const char *program, const char *argument, size_t at, const char *text);

/* The same of byte `at` of a line, `text`, of a file. */
void complain_line(const char *file, unsigned line, const char *text, size_t at, const char *what);
