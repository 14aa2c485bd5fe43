// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the kernel counts for a network namespace, not for a socket: /proc/net/snmp, snmp6, netstat.
 * The files are opened while we may enter the namespaces, and read again and again after that.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct host {
	int (*fd)[3]; /* per network namespace; -1 for a file that is not there */
	size_t count;
	uint32_t only; /* inode of the one namespace wanted, 0 for all */
};

/* Open the files of all network namespaces, or of `only`. 0 or -errno, logged. */
int host_open(struct host *h, uint32_t only);
void host_close(struct host *h);

/* The sums over the namespaces now, by enum counter_id; counters of sockets are 0. */
void host_read(const struct host *h, int64_t *value);
