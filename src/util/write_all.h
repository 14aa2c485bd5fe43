// SPDX-License-Identifier: BSD-2-Clause
/* Write all of it, and with `confirm` wait until the disk has it. 0 or -errno. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

int write_all(int fd, const void *data, size_t len, bool confirm);
