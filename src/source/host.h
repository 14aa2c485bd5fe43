// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the kernel counts for a network namespace, not for a socket: /proc/net/snmp, snmp6, netstat,
 * sockstat. The files are opened while we may enter the namespaces, and read again and again after that.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct host_reading;

enum host_file { HOST_SNMP, HOST_NETSTAT, HOST_SNMP6, HOST_SOCKSTAT, HOST_FILES };

struct host {
	int (*fd)[HOST_FILES]; /* per network namespace; -1 for a file that is not there */
	size_t count;
	uint32_t only; /* inode of the one namespace wanted, 0 for all */
	/* Limits of the kernel, as they were when the files were opened; -1: not known. */
	int64_t mem_limit_pages, time_wait_limit, orphans_limit;
};

/* Open the files of all network namespaces, or of `only`. 0 or -errno, logged. */
int host_open(struct host *h, uint32_t only);
void host_close(struct host *h);

/* The sums over the namespaces now, by enum counter_id; counters of sockets are 0. */
void host_read(const struct host *h, int64_t *value);

/* What verdicts on the host are made of: sums over the namespaces; memory is that of the machine. */
void host_read_levels(const struct host *h, struct host_reading *ret);
