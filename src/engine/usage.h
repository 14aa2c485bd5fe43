// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stddef.h>

/* A mistake on the command line, for cli to print; texts are borrowed from argv. */
struct usage_error {
	const char *argument; /* what the caret goes under, NULL for none */
	size_t at;
	int status; /* exit status, if it is not 2 */
	char text[512];
};

/* That `argument` is wrong at its byte `at` (SIZE_MAX: no caret), and why. Returns -EINVAL. */
int usage_refuse(struct usage_error *error, const char *argument, size_t at, const char *why);
