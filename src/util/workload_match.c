// SPDX-License-Identifier: BSD-2-Clause
#include <fnmatch.h>
#include <string.h>

#include "util/workload.h"

/* Longer ones match no unit. */
#define PATTERN_SIZE 1024

/* The pattern as systemctl prints the name, with \x2d, means the name as we print it. */
static bool write_dashes(const char *pattern, char *out)
{
	size_t used = 0;

	while (*pattern) {
		bool is_dash = !strncmp(pattern, "\\x2d", 4);

		if (used + 1 == PATTERN_SIZE)
			return false;
		out[used++] = is_dash ? '-' : *pattern;
		pattern += is_dash ? 4 : 1;
	}
	out[used] = '\0';
	return true;
}

bool workload_matches_unit(const struct workload *w, const char *pattern)
{
	static const char service[] = ".service";
	size_t len = strlen(w->unit), end = sizeof(service) - 1;
	char stem[WORKLOAD_UNIT_SIZE], name[PATTERN_SIZE];

	if (!*pattern || !*w->unit)
		return !*pattern && !*w->unit;
	if (!write_dashes(pattern, name))
		return false;
	if (!strcmp(name, w->unit) || !fnmatch(name, w->unit, FNM_NOESCAPE))
		return true;
	if (len <= end || strcmp(w->unit + len - end, service))
		return false;
	memcpy(stem, w->unit, len - end);
	stem[len - end] = '\0';
	return !strcmp(name, stem) || !fnmatch(name, stem, FNM_NOESCAPE);
}

/* Does the id begin so? A given id may be whole, while we have its beginning only. */
static bool id_begins(const char *id, const char *with)
{
	size_t len = strlen(with), shown = strlen(id);
	bool is_whole = len > shown && shown == WORKLOAD_ID_SHOWN && len <= 64 &&
			strspn(with, "0123456789abcdef") == len;

	return !strncmp(id, with, is_whole ? shown : len);
}

bool workload_matches_container(const struct workload *w, const char *pattern)
{
	const char *id = strchr(w->container, ':');
	size_t runtime_len;

	if (!*pattern || !id)
		return !*pattern && !*w->container;
	runtime_len = (size_t)(++id - w->container);
	if (!strncmp(pattern, w->container, runtime_len))
		return id_begins(id, pattern + runtime_len);
	return !strcmp(id, pattern) ||
	       (strlen(pattern) >= WORKLOAD_PREFIX_MIN && id_begins(id, pattern));
}
