// SPDX-License-Identifier: BSD-2-Clause
#pragma once

struct watch;

/*
 * The part of a recording that --at, --for, --since and --until name, into watch->from_us and to_us.
 * Returns an exit status, 0 if all is well; mistakes are printed.
 */
int window_set(struct watch *watch, const char *program);
