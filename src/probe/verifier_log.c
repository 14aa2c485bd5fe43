// SPDX-License-Identifier: BSD-2-Clause
#include "probe/verifier_log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EXPLANATION "Verification failed: "

static bool begins(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

static bool is_statistics(const char *line)
{
	return begins(line, "processed ") || begins(line, "verification time ") ||
	       begins(line, "stack depth ");
}

void verifier_log_reason(const char *log, char *ret, size_t size)
{
	ret[0] = '\0';
	for (const char *line = log; *line; line += *line == '\n') {
		int len = (int)strcspn(line, "\n");

		if (begins(line, EXPLANATION)) {
			/* Of what was said in one line before; a short buffer may have lost that. */
			if (!ret[0])
				snprintf(ret, size, "%.*s", len - (int)strlen(EXPLANATION),
					 line + strlen(EXPLANATION));
			return;
		}
		if (len && !is_statistics(line))
			snprintf(ret, size, "%.*s", len, line);
		line += len;
	}
}
