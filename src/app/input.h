// SPDX-License-Identifier: BSD-2-Clause
/* What --read names, looked at before a source does. */
#pragma once

struct watch;

/*
 * Tell what cannot be read at all, in one line. A pipe that has a name (/dev/fd/63, a FIFO) becomes
 * the standard input, since it can be opened once only, and whoever looks what it holds opens it
 * first. 0 or -errno, logged.
 */
int input_prepare(struct watch *watch);
