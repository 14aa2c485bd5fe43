// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages for people, on stderr. Only source, probe, sink, cli and app may include this: the
 * other folders report errors by value, so that each is printed once, where it is understood.
 */
#pragma once
#include <stdbool.h>

/* `name` is what messages begin with; borrowed for the life of the program. */
void log_init(const char *name, bool verbose);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Printed with --verbose only. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Log "FORMAT: strerror(error)" for a positive or negative errno, with the remedy if that is the
 * same wherever it happens; returns it negative.
 */
int log_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool log_is_verbose(void);

/*
 * From now on hand each message to `take`, as a whole line, instead of printing it: while a screen
 * is shown it would stand in the middle of it. NULL: print again.
 */
void log_divert(void (*take)(void *context, const char *line), void *context);
