// SPDX-License-Identifier: BSD-2-Clause
/* The words of the kernel's verifier about a program that it refuses. */
#pragma once
#include <stddef.h>

/*
 * The line of a log that says why, "" if there is none. Up to Linux 7.2 it is the last one before the
 * statistics; 7.3 goes on with an explanation over many lines, which ends with advice.
 */
void verifier_log_reason(const char *log, char *ret, size_t size);
