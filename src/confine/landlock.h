// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which files this process may still open, and that it makes no TCP connections: Landlock, of Linux
 * 5.13 and later. What is open stays open; sockets that listen go on.
 */
#pragma once
#include <stdbool.h>

/* What may be done below a folder, or with a file. */
enum landlock_use {
	LANDLOCK_READ = 1,   /* read files, list folders */
	LANDLOCK_REMOVE = 2, /* remove files: sockets that we have bound */
	LANDLOCK_WRITE = 4,  /* make, write and remove files */
};

struct landlock_set {
	int fd;
	int version;  /* of the kernel's Landlock */
	bool has_net; /* TCP needs rules */
};

/* What is not refused. */
enum {
	LANDLOCK_LEAVES_TCP = 1 << 0, /* TCP connections */
	LANDLOCK_LEAVES_SIGNALS =
		1 << 1, /* signals to others, of which our own processes are: they began before */
};

/*
 * Begin a set of rules: nothing may be done, but for what `leaves` (LANDLOCK_LEAVES_*) says. 0, or
 * a negative errno: the kernel has no Landlock.
 */
int landlock_begin(struct landlock_set *ret, unsigned leaves);

/* Allow connections to a TCP port; where the kernel does not refuse any, or TCP was left: nothing.
 * 0 or a negative errno. */
int landlock_allow_connect(const struct landlock_set *s, unsigned port);

/* Allow something. What is not there is left out: 0, or a negative errno. */
int landlock_allow(const struct landlock_set *s, const char *path, unsigned use);

/* Also the folder that `path` is in, so that a file that takes its place may be read too; never
 * all. */
int landlock_allow_folder_of(const struct landlock_set *s, const char *path, unsigned use);

/* From now on they hold, for ever, for this thread and those that it makes. Ends the set. */
int landlock_enter(struct landlock_set *s);
