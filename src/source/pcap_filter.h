// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the kernel keeps back of an interface's packets, so that they cost no more than a look. What
 * passes, by rung, the best first:
 *
 *	ebpf	what can change the outcome of a handshake
 *	classic	TCP with SYN, FIN or RST or without data, and ICMP errors
 *	all	TCP, ICMP, and IPv6 that is not UDP
 *
 * Tunnels pass on every rung, whatever they carry.
 *
 * The first two are for handshakes alone. A classic filter knows none: the ACKs of a bulk transfer
 * pass too, and if the ACK of a handshake was lost, data cannot stand in for it, but only what the
 * server says later. Where checksums are verified only the last rung will do, since a filter cannot
 * know which of two segments is the intact one.
 */
#pragma once
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

struct handshake;
struct handshake_filter;
struct pcap_input;
struct source;

struct pcap_filter {
	struct handshake_filter *ebpf; /* NULL: another rung */
	uint64_t since_ns;	       /* since 1970: what was captured before had not passed it */
	struct pcap_stat before;       /* and was counted */
};

/*
 * Install the best that works on an interface, or the one that is forced, and keep for `s` what it
 * needs later. 0 or -errno, logged.
 */
int pcap_filter_install(struct pcap_filter *f, const struct pcap_input *in, struct source *s);

/* As pcap_stats(), of what came since it was installed: received are packets that passed. 0 or
 * -errno. */
int pcap_filter_stats(const struct pcap_filter *f, pcap_t *pcap, struct pcap_stat *ret);

/* False if it had to forget this handshake before it was over: segments of it may be missing. */
bool pcap_filter_remembers(const struct pcap_filter *f, const struct handshake *h);

/* Accepts a zeroed struct. */
void pcap_filter_close(struct pcap_filter *f);
