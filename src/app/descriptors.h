// SPDX-License-Identifier: BSD-2-Clause
/* What this process was given to work with: its three standard files, and room for more. */
#pragma once
#include <stdbool.h>

/*
 * Whoever started us may have closed 0, 1 or 2, and the next file that we open would take that
 * number and be read or written as if it were the standard one. Call first of all: the numbers are
 * held by something that can be neither read nor written, just as if they were closed. 0 or -errno.
 */
int descriptors_hold_standard(void);

/* Was this one, of 0 to 2, closed when we were started? */
bool descriptors_was_closed(int fd);

/*
 * Is there room for what a live run opens? Else libraries fail half way, and tell something else.
 * The limit is raised as far as it may be. 0, or -EMFILE or -ENFILE, logged with the remedy.
 */
int descriptors_check_room(void);
