// SPDX-License-Identifier: BSD-2-Clause
/*
 * Ganglia's gmetric, run once per value by a child that is made before the sandbox closes: whoever
 * parses what a socket answered need not be able to start programs.
 */
#pragma once
#include <sys/types.h>

#define GMETRIC "/usr/bin/gmetric"

struct gmetric {
	int fd; /* of the child, or -1 */
	pid_t pid;
};

/* Make the child. 0 or -errno, logged. */
int gmetric_open(struct gmetric *g);

/*
 * Say on stdout and do: `gmetric -n NAME -v VALUE -t uint32`. Longer names are cut. Returns when
 * it has ended: 0, or -errno, logged.
 */
int gmetric_send(const struct gmetric *g, const char *name, long long value);

/* Also ends the child. Accepts one that is not open (fd -1). */
void gmetric_close(struct gmetric *g);
