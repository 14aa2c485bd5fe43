// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stdbool.h>

/*
 * Does the kernel ask for a capability when an iterator whose link is open is started, or a map that is
 * open looked up? Tried, without any. Kernels before 5.19 may; versions do not tell.
 */
bool capability_is_needed(int link_fd, int map_fd);
