// SPDX-License-Identifier: BSD-2-Clause
/* What a request line asks for: the path and the query, taken apart and decoded (RFC
 * 3986, 3.3, 3.4). */
#pragma once
#include <stddef.h>

#define TARGET_PARAMETERS_MAX 32

struct target_parameter {
	const char *name, *value;
};

struct target {
	char *text; /* allocated; holds all that is decoded */
	const char *path;
	struct target_parameter parameter[TARGET_PARAMETERS_MAX];
	size_t parameters;
};

/*
 * Take `raw` apart. Only the form that begins with '/' is taken; escapes must be whole, and stand
 * for no zero byte; what is decoded must be UTF-8, the path without control characters; a parameter
 * may occur once. Returns NULL, or what is wrong, a constant. Free with target_done() in any case.
 */
const char *target_parse(const char *raw, struct target *ret);
void target_done(struct target *t);

/* NULL if it is not there. */
const char *target_find(const struct target *t, const char *name);
