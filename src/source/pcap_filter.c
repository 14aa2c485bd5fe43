// SPDX-License-Identifier: BSD-2-Clause
#include "source/pcap_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/watch.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "packet/decode.h"
#include "packet/handshake.h"
#include "probe/handshake_filter.h"
#include "probe/ladder.h"
#include "probe/wish.h"
#include "source/pcap_input.h"
#include "util/log.h"

/* A CPU may be about to write the time of a packet that it let pass before. */
#define SETTLE_NS 1000000l
#define NS_PER_S 1000000000ull
/* Of the ladder. */
#define NEED "capture"

/*
 * What may hold a TCP segment or an ICMP error, and the tunnels that decode_frame() looks into, but
 * for what is encrypted. Of IPv6 all that is not UDP, since extension headers may stand in front of
 * TCP.
 */
#define TUNNELS4                                                                         \
	"(ip proto 4 or ip proto 41 or ip proto 47 or ip proto 51 or ip proto 97 or ip " \
	"proto 137)"
#define TUNNELS_UDP                                                                       \
	"(udp and (dst port 4789 or dst port 4790 or dst port 8472 or dst port 6081 or "  \
	"dst port 4341 or dst port 4754 or dst port 6635 or dst port 37008 or port 2152 " \
	"or port 3544 or port 1701 or port 5072 or port 5247))"
#define TUNNELS TUNNELS4 " or " TUNNELS_UDP
#define PROTOCOL "(ip and (tcp or icmp)) or (ip6 and not udp) or " TUNNELS
/* The kernel takes the outermost tag off before it filters; what stands behind another, or behind
 * something else below IP, passes. */
#define TAGGED                                                                               \
	" or ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100 or ether proto " \
	"0x8847 or ether proto 0x8848 or ether proto 0x8864 or ether proto 0x88e7 or ether " \
	"proto 0x88e5 or ether proto 0x8903 or ether proto 0x8909 or ether proto 0x8926 or " \
	"ether proto 0x892f or ether proto 0x893f or ether proto 0x894f or ether proto 0x22f3"
static const char protocol[] = PROTOCOL;
static const char protocol_tagged[] = PROTOCOL TAGGED;

/*
 * libpcap reads headers at fixed places: of IPv6 with extension headers nothing is known but that
 * it is not UDP.
 */
#define FLAGS4 "tcp[13] & 7 != 0"
#define EMPTY4 "ip[2:2] - ((ip[0] & 15) << 2) - ((tcp[12] & 0xf0) >> 2) = 0"
#define ERROR4 "(icmp[0] = 3 or icmp[0] = 11 or icmp[0] = 12)"
#define FLAGS6 "ip6[53] & 7 != 0"
#define EMPTY6 "ip6[4:2] - ((ip6[52] & 0xf0) >> 2) = 0"
#define ERROR6 "(ip6[40] >= 1 and ip6[40] <= 4)"
#define CLASSIC                                                                           \
	"(ip and tcp and (" FLAGS4 " or " EMPTY4 ")) or (ip and icmp and " ERROR4 ") or " \
	"(ip6[6] = 6 and (" FLAGS6 " or " EMPTY6 ")) or (ip6[6] = 58 and " ERROR6 ") or " \
	"(ip6 and not ip6[6] = 6 and not ip6[6] = 58 and not ip6[6] = 17) or " TUNNELS
static const char classic[] = CLASSIC;
static const char classic_tagged[] = CLASSIC TAGGED;

static bool set_classic(const struct pcap_input *in, const char *text)
{
	struct bpf_program program;
	bool is_set;

	if (pcap_compile(in->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN)) {
		log_debug("%s: %s", in->name, pcap_geterr(in->pcap));
		return false;
	}
	is_set = !pcap_setfilter(in->pcap, &program);
	if (!is_set)
		log_debug("%s: %s", in->name, pcap_geterr(in->pcap));
	pcap_freecode(&program);
	return is_set;
}

static bool find_link(const struct pcap_input *in, enum pending_link *ret)
{
	switch (in->link) {
	case LINK_EN10MB:
		*ret = PENDING_ETHERNET;
		return true;
	case LINK_LINUX_SLL:
	case LINK_LINUX_SLL2:
		*ret = PENDING_COOKED;
		return true;
	case LINK_RAW:
		*ret = PENDING_RAW;
		return true;
	default:
		return false;
	}
}

/*
 * It goes past libpcap, which has no filter then, neither in the kernel nor for the frames that
 * wait in the ring already. Those did not pass it, so it does not know their handshakes: they are
 * left out.
 */
static bool set_ebpf(struct pcap_filter *f, const struct pcap_input *in,
		     const struct watch *watch)
{
	struct handshake_filter_config config = {
		.snaplen = DECODE_SNAPLEN,
		.max_pending = (uint32_t)watch->max_pending,
		.timeout_ns = watch->timeout_s * NS_PER_S,
	};
	const struct timespec settle = {.tv_nsec = SETTLE_NS};
	struct timespec now;
	int err;

	if (!find_link(in, &config.link))
		return false;
	err = handshake_filter_load(&f->ebpf, &config);
	if (!err)
		err = handshake_filter_attach(f->ebpf, pcap_fileno(in->pcap));
	if (err) {
		log_debug("%s: no eBPF filter: %s", in->name, strerror(-err));
		handshake_filter_free(f->ebpf);
		f->ebpf = NULL;
		return false;
	}
	nanosleep(&settle, NULL);
	clock_gettime(CLOCK_REALTIME, &now);
	f->since_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	pcap_stats(in->pcap, &f->before);
	return true;
}

/* May this rung be tried? */
static bool is_wanted(const struct source *s, const char *rung)
{
	const struct rung *forced = wish_of(s->watch->rungs, ladder_need(NEED, strlen(NEED)));

	return !forced || !strcmp(forced->name, rung);
}

/* NULL if what is forced cannot be had. */
static const char *install(struct pcap_filter *f, const struct pcap_input *in,
			   const struct source *s, bool is_selective)
{
	bool may_have_tags = in->link != LINK_RAW;

	if (is_selective && is_wanted(s, "ebpf") && set_ebpf(f, in, s->watch))
		return "ebpf";
	if (is_selective && is_wanted(s, "classic") &&
	    set_classic(in, may_have_tags ? classic_tagged : classic))
		return "classic";
	if (!is_wanted(s, "all"))
		return NULL;
	/* A filter saves work; without it all is as right. */
	set_classic(in, may_have_tags ? protocol_tagged : protocol);
	return "all";
}

int pcap_filter_install(struct pcap_filter *f, const struct pcap_input *in, struct source *s)
{
	const char *checksum = s->watch->checksum;
	bool is_selective = !s->flows && !(checksum && atoi(checksum) > 0);
	const char *rung = install(f, in, s, is_selective);

	if (!rung) {
		log_error("%s: the filter of --rung %s", in->name,
			  is_selective ? "is refused (\"tcpsight doctor\" tells why)"
				       : "would keep back what is asked for");
		return is_selective ? -ENOTSUP : -EINVAL;
	}
	log_debug(NEED ": %s (packets of %s)", rung, in->name);
	if (!f->ebpf)
		return 0;
	s->keep_syscalls |= SYSCALLS_BPF_MAPS;
	if (handshake_filter_needs_capability(f->ebpf))
		s->keep_capabilities |= 1ull << CAP_BPF;
	return 0;
}

int pcap_filter_stats(const struct pcap_filter *f, pcap_t *pcap, struct pcap_stat *ret)
{
	if (pcap_stats(pcap, ret))
		return -EIO;
	ret->ps_recv -= f->before.ps_recv;
	ret->ps_drop -= f->before.ps_drop;
	ret->ps_ifdrop -= f->before.ps_ifdrop;
	return 0;
}

bool pcap_filter_remembers(const struct pcap_filter *f, const struct handshake *h)
{
	struct pending_key key;

	/* It lets tunnels pass, and does not look into them. */
	if (!f->ebpf || h->marks & HANDSHAKE_TUNNELED)
		return true;
	pending_key_set(&key, &h->client.addr, &h->server.addr, htons(h->client.port),
			htons(h->server.port));
	/* It has no need to remember a socket that is connected to itself. */
	return pending_key_is_self(&key) || handshake_filter_remembers(f->ebpf, &key);
}

void pcap_filter_close(struct pcap_filter *f)
{
	handshake_filter_free(f->ebpf);
	f->ebpf = NULL;
}
