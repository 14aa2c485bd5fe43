/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the kernel is done with connections that were closed.
 *
 * close() returns when the FIN has been sent. Its ACK, which takes the side that closed last out of
 * LAST_ACK, comes within close() as a rule, but on the time of ksoftirqd where that one has work:
 * who looks at once after close() may find the connection there still.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum { CLOSED_PAUSE_US = 1000, CLOSED_TRIES = 2000 };

/* Is a socket of this network namespace with one of these ports, in host order, waiting for the ACK
 * of its FIN? */
static inline bool is_closing(const char *table, const uint16_t *ports, size_t count)
{
	enum { FIN_WAIT1 = 4, LAST_ACK = 9, CLOSING = 11 };
	FILE *file = fopen(table, "re");
	unsigned local, remote, state;
	bool found = false;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*u: %*[^:]:%x %*[^:]:%x %x", &local, &remote, &state) != 3 ||
		    (state != FIN_WAIT1 && state != LAST_ACK && state != CLOSING))
			continue;
		for (size_t i = 0; i < count; i++)
			found |= ports[i] == local || ports[i] == remote;
	}
	if (file)
		fclose(file);
	return found;
}

/* Two seconds at most: where a test has cut the path, no ACK comes. */
static inline void wait_closed(const uint16_t *ports, size_t count)
{
	for (int i = 0; i < CLOSED_TRIES; i++) {
		if (!is_closing("/proc/self/net/tcp", ports, count) &&
		    !is_closing("/proc/self/net/tcp6", ports, count))
			return;
		usleep(CLOSED_PAUSE_US);
	}
}
