// SPDX-License-Identifier: BSD-2-Clause
#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/utf8.h"

/* Nobody reads more. */
#define TEXT_MAX 1024

static const char *log_name = "tcpsight";
static bool log_verbose;
static void (*log_take)(void *context, const char *line);
static void *log_context;

void log_init(const char *name, bool verbose)
{
	log_name = name;
	log_verbose = verbose;
}

void log_divert(void (*take)(void *context, const char *line), void *context)
{
	log_take = take;
	log_context = context;
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
	char text[TEXT_MAX], cleaned[TEXT_MAX], line[2 * TEXT_MAX];
	int len = vsnprintf(text, sizeof(text), format, args);

	utf8_clean_lines(cleaned, sizeof(cleaned), text);
	snprintf(line, sizeof(line), "%s: %s%s%s%s%s\n", log_name, level, cleaned,
		 len < TEXT_MAX ? "" : "...", suffix ? ": " : "", suffix ? suffix : "");
	if (log_take)
		log_take(log_context, line);
	else
		fputs(line, stderr);
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

/* What helps, where that is the same whatever was tried. */
static const char *remedy(int error)
{
	if (error == EMFILE)
		return " (\"ulimit -n\" shows the limit, \"ulimit -n 1024\" raises it)";
	return error == ENFILE ? " (for the whole machine: \"sysctl fs.file-max\" is the limit)"
			       : "";
}

int log_errno(int error, const char *format, ...)
{
	char reason[256];
	va_list args;

	if (error < 0)
		error = -error;
	snprintf(reason, sizeof(reason), "%s%s", strerror(error), remedy(error));
	va_start(args, format);
	put("", format, args, reason);
	va_end(args);
	return -error;
}
