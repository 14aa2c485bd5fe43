/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one end of a flow knows of itself from the system calls it made, and its JSON; for traffic.c
 * alone.
 */
#pragma once
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
	pid_t pid;
	struct sockaddr_in6 local, remote; /* of either family */
	uint64_t tx_bytes;		   /* what the sending calls returned, summed */
	uint64_t rx_bytes;		   /* what was read, or lay unread in the end */
	uint64_t short_writes, would_block;
	uint64_t connect_us;	  /* how long connect() took */
	uint64_t open_us, min_us; /* established for at least that long */
	uint64_t retrans, retrans_bytes, rtt_us, min_rtt_us;
	bool syn_data;
	int error;
};

static inline void side_note_tuple(struct side *me, int sock)
{
	socklen_t size = sizeof(me->local);

	me->pid = getpid();
	getsockname(sock, (struct sockaddr *)&me->local, &size);
	size = sizeof(me->remote);
	getpeername(sock, (struct sockaddr *)&me->remote, &size);
}

static inline void side_note_info(struct side *me, int sock)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &size);
	me->retrans = info.tcpi_total_retrans;
	me->retrans_bytes = info.tcpi_bytes_retrans;
	me->rtt_us = info.tcpi_rtt;
	me->min_rtt_us = info.tcpi_min_rtt;
	me->syn_data = info.tcpi_options & TCPI_OPT_SYN_DATA;
}

static inline void side_print_address(const char *which, const struct sockaddr_in6 *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	char text[INET6_ADDRSTRLEN] = "";

	if (address->sin6_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof(text));
	printf("\"%saddr\":\"%s\",\"%sport\":%u,", which, text, which, ntohs(address->sin6_port));
}

static inline void side_print(const struct side *s, const char *name)
{
	printf(",\"%s\":{\"pid\":%d,", name, s->pid);
	side_print_address("l", &s->local);
	side_print_address("r", &s->remote);
	printf("\"tx_bytes\":%ju,\"rx_bytes\":%ju,\"short_writes\":%ju,\"would_block\":%ju,",
	       s->tx_bytes, s->rx_bytes, s->short_writes, s->would_block);
	printf("\"retrans\":%ju,\"bytes_retrans\":%ju,\"srtt_us\":%ju,\"min_rtt_us\":%ju,",
	       s->retrans, s->retrans_bytes, s->rtt_us, s->min_rtt_us);
	printf("\"connect_us\":%ju,\"min_us\":%ju,\"syn_data\":%s,\"error\":\"%s\"}", s->connect_us,
	       s->min_us, s->syn_data ? "true" : "false",
	       s->error ? strerrorname_np(s->error) : "");
}
