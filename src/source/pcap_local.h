// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which addresses are "local". A socket has one local end by nature; a packet does not. On an
 * interface they are the host's own; in a file those that --local names, if it is given.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "abi/addr.h"

struct pcap_net {
	struct addr addr;
	unsigned prefix_len; /* of all 128 bits */
};

struct pcap_local {
	struct pcap_net *net;
	size_t count;
};

/* Parse "10.0.0.0/8,2001:db8::1". Returns 0, or -EINVAL with the offset of the wrong part. */
int pcap_local_parse(struct pcap_local *l, const char *list, size_t *ret_at);

/* Take the addresses of all interfaces of this network namespace. 0 or -errno, logged. */
int pcap_local_take_host(struct pcap_local *l);

/* Accepts a zeroed struct. */
void pcap_local_done(struct pcap_local *l);

bool pcap_local_has(const struct pcap_local *l, const struct addr *a);
