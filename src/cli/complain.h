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
};

void complain_know_text(const struct complain_text *text);

/*
 * Print "PROGRAM: text", the argument (or the text that it was cut from) and a caret under its
 * character `at`, and a hint. `argument` may be NULL; SIZE_MAX for `at`: no caret. Long arguments
 * are shown around the caret only.
 */
void complain(const char *program, const char *argument, size_t at, const char *text);
