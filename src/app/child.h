// SPDX-License-Identifier: BSD-2-Clause
/* The command of -c: made while we still have its user's rights, let go when we watch. */
#pragma once

struct child {
	int go;	   /* closing it lets the command run */
	int pidfd; /* polls readable when it has ended; -1: no command */
};

/* 0 or -errno, logged. */
int child_make(struct child *c, const char *command);
void child_go(struct child *c);
void child_done(struct child *c);
