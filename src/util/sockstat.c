// SPDX-License-Identifier: BSD-2-Clause
#include "util/sockstat.h"

#include <stdlib.h>
#include <string.h>

int64_t sockstat_tcp(const char *text, const char *word)
{
	const char *line = strstr(text, "TCP: "), *found = line ? strstr(line, word) : NULL;

	return found && found < line + strcspn(line, "\n") ? strtoll(found + strlen(word), NULL, 10)
							   : 0;
}
