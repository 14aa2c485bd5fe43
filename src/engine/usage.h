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
