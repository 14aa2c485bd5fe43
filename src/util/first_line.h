// SPDX-License-Identifier: BSD-2-Clause
/* Small files of one line, such as those by which the kernel tells something. */
#pragma once
#include <stddef.h>

/* The first line, without its line feed; empty if it cannot be read. */
void first_line(const char *path, char *ret, size_t size);
