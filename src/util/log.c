// SPDX-License-Identifier: BSD-2-Clause
#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "util/utf8.h"

/* Nobody reads more. */
#define TEXT_MAX 1024

static const char *log_name = "tcpsight";
static bool log_verbose;

void log_init(const char *name, bool verbose)
{
	log_name = name;
	log_verbose = verbose;
}

bool log_is_verbose(void)
{
	return log_verbose;
}

/*
 * One write per message, so that lines of several processes do not mix. Messages quote files and
 * names, which may come from anybody.
 */
__attribute__((format(printf, 2, 0))) static void put(const char *level, const char *format,
						      va_list args, const char *suffix)
{
	char text[TEXT_MAX], cleaned[TEXT_MAX];
	int len = vsnprintf(text, sizeof(text), format, args);

	utf8_clean_lines(cleaned, sizeof(cleaned), text);
	fprintf(stderr, "%s: %s%s%s%s%s\n", log_name, level, cleaned, len < TEXT_MAX ? "" : "...",
		suffix ? ": " : "", suffix ? suffix : "");
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put("", format, args, NULL);
	va_end(args);
}

void log_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put("warning: ", format, args, NULL);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	if (!log_verbose)
		return;
	va_start(args, format);
	put("debug: ", format, args, NULL);
	va_end(args);
}

/* What can be done about an error that no caller can do anything about. */
static const char *reason(int error, char *text, size_t size)
{
	struct rlimit limit;

	if (error == EMFILE && !getrlimit(RLIMIT_NOFILE, &limit))
		snprintf(text, size, "%s (the limit is %llu; \"ulimit -n 1024\" raises it)",
			 strerror(error), (unsigned long long)limit.rlim_cur);
	else if (error == ENFILE)
		snprintf(text, size, "%s (\"sysctl fs.file-max\" is the limit)", strerror(error));
	else
		return strerror(error);
	return text;
}

int log_errno(int error, const char *format, ...)
{
	char text[128];
	va_list args;

	if (error < 0)
		error = -error;
	va_start(args, format);
	put("", format, args, reason(error, text, sizeof(text)));
	va_end(args);
	return -error;
}
