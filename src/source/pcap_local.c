// SPDX-License-Identifier: BSD-2-Clause
#include "source/pcap_local.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"
#include "util/parse.h"
#include "util/xalloc.h"

#define V4_PREFIX 96

static void add(struct pcap_local *l, const struct addr *addr, unsigned prefix_len)
{
	l->net = xrealloc(l->net, (l->count + 1) * sizeof(*l->net));
	l->net[l->count++] = (struct pcap_net){.addr = *addr, .prefix_len = prefix_len};
}

static int parse_net(struct pcap_local *l, const char *text, size_t len)
{
	char host[INET6_ADDRSTRLEN + 4], *slash;
	struct addr addr;
	struct in_addr v4;
	uint64_t prefix = 128;
	unsigned first = 0;
	size_t at;

	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	slash = strchr(host, '/');
	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, host, &v4) == 1) {
		addr_set_v4(&addr, v4.s_addr);
		first = V4_PREFIX;
	} else if (inet_pton(AF_INET6, host, addr.byte) != 1) {
		return -EINVAL;
	}
	if (slash) {
		if (parse_uint(slash + 1, 0, 128 - first, &prefix, &at))
			return -EINVAL;
		prefix += first;
	}
	add(l, &addr, (unsigned)prefix);
	return 0;
}

int pcap_local_parse(struct pcap_local *l, const char *list, size_t *ret_at)
{
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");

		if (parse_net(l, p, len)) {
			*ret_at = (size_t)(p - list);
			return -EINVAL;
		}
		p += len;
		if (!*p)
			return 0;
	}
}

int pcap_local_take_host(struct pcap_local *l)
{
	struct ifaddrs *all;

	if (getifaddrs(&all))
		return log_errno(errno, "cannot list this host's addresses");
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct addr addr;

		if (!i->ifa_addr)
			continue;
		if (i->ifa_addr->sa_family == AF_INET) {
			const struct sockaddr_in *in = (const void *)i->ifa_addr;

			addr_set_v4(&addr, in->sin_addr.s_addr);
			/* Linux takes all of 127.0.0.0/8 for its own, whatever is configured. */
			add(l, &addr, V4_PREFIX + (addr.byte[12] == 127 ? 8 : 32));
		} else if (i->ifa_addr->sa_family == AF_INET6) {
			const struct sockaddr_in6 *in6 = (const void *)i->ifa_addr;

			memcpy(addr.byte, &in6->sin6_addr, sizeof(addr.byte));
			add(l, &addr, 128);
		}
	}
	freeifaddrs(all);
	return 0;
}

void pcap_local_done(struct pcap_local *l)
{
	free(l->net);
	*l = (struct pcap_local){0};
}

static bool net_has(const struct pcap_net *net, const struct addr *a)
{
	unsigned bytes = net->prefix_len / 8, bits = net->prefix_len % 8;

	if (memcmp(net->addr.byte, a->byte, bytes))
		return false;
	return !bits || !((net->addr.byte[bytes] ^ a->byte[bytes]) >> (8 - bits));
}

bool pcap_local_has(const struct pcap_local *l, const struct addr *a)
{
	for (size_t i = 0; i < l->count; i++)
		if (net_has(&l->net[i], a))
			return true;
	return false;
}
