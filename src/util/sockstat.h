// SPDX-License-Identifier: BSD-2-Clause
/* The line of TCP in /proc/net/sockstat. */
#pragma once
#include <stdint.h>

/*
 * "TCP: inuse 5 orphan 0 tw 1 alloc 6 mem 2": the number after a word, which is given with the
 * blanks around it. 0 if it is not there. The text is the whole file.
 */
int64_t sockstat_tcp(const char *text, const char *word);
