// SPDX-License-Identifier: BSD-2-Clause
/* Lists of prefixes as people write them: "10.0.0.0/8,office=10.1.0.0/16,2001:db8::/32". */
#pragma once
#include <stddef.h>

struct prefix_set;

struct prefix_error {
	size_t at;	   /* of the wrong element, in the list */
	unsigned line;	   /* in a file, from 1 */
	char text[512];
};

/*
 * Append the elements of a comma-separated list; an empty list has none. IPv4 addresses are read as
 * inet_aton() does. Returns 0, or -EINVAL and `error`.
 */
int prefix_text_list(struct prefix_set *set, const char *list, struct prefix_error *error);

/*
 * Append the lines of a file: a prefix, and perhaps a blank and a name. Empty lines and what follows
 * a '#' are skipped. Returns 0, -EINVAL and `error`, or -errno if the file cannot be read.
 */
int prefix_text_file(struct prefix_set *set, const char *path, struct prefix_error *error);
