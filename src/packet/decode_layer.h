// SPDX-License-Identifier: BSD-2-Clause
/*
 * The layers of decode_frame(), private to decode*.c. Each reads one header, checks every byte it
 * reads against captured_len, and says where the next one begins. A result of DECODE_TCP means "go
 * on".
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/decode.h"

enum {
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_ICMPV6 = 58,
};

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,
};

/* What stands at `at`, so how to read it. */
enum layer_kind {
	LAYER_IP,	 /* of either version, as its first four bits say */
	LAYER_ETHERTYPE, /* what `ethertype` names */
	LAYER_ETHERNET,
	LAYER_LLC,
	LAYER_PPP, /* from the address and control bytes on, if they are there */
	LAYER_MPLS,
	LAYER_WLAN,
	LAYER_KIND_COUNT
};

struct layer {
	uint32_t at;
	uint16_t ethertype;
	uint8_t kind;	 /* enum layer_kind */
	bool is_cooked;	 /* the link header may not name a tag that follows */
	bool is_payload; /* of a tunnel, which names nothing but protocols that have to do with us
			  */
	uint8_t tags;	 /* VLAN tags so far; of LAYER_WLAN: LAYER_WLAN_PADDED or 0 */
};

/* The 802.11 header is padded to a multiple of four bytes. */
#define LAYER_WLAN_PADDED 0x80

/* The IP header, or chain of headers, in front of a transport header. */
struct ip_layer {
	struct addr src, dst; /* dst: the final one, also if a routing header is on its way */
	uint32_t at;	      /* of the IP header */
	uint32_t transport_at;
	uint32_t transport_len; /* as the IP header says */
	uint16_t id;
	uint8_t family, protocol, ecn, ttl;
	bool first_fragment;
};

/* Read the header of a link type (enum decode_link) at `l->at`; note interface and way in `p`. */
enum decode_result decode_link_layer(const struct frame *f, int link, struct packet *p,
				     struct layer *l);

/* Step over one header below IP: `l->kind` says which. Networks are noted in `p`. */
enum decode_result decode_shim(const struct frame *f, struct packet *p, struct layer *l);

/*
 * Newer kernels say of a cooked packet what stands behind all its tags (vlan_get_protocol_dgram()
 * in net/packet/af_packet.c), but the inner ones are still there. So look for one where an IP
 * header should be.
 */
void decode_find_hidden_tag(const struct frame *f, struct layer *l);

/* What an ethertype announces at `at`. */
void decode_set_ethertype(struct layer *l, uint32_t at, uint16_t ethertype);

/* The same, of what a tunnel carries: an ethertype that says nothing to us is no foreign traffic.
 */
void decode_set_payload(struct layer *l, uint32_t at, uint16_t ethertype);

/* 802.11 frames, and the headers that monitors put in front of them. */
enum decode_result decode_wlan(const struct frame *f, struct packet *p, struct layer *l);
enum decode_result decode_radiotap(const struct frame *f, struct layer *l);
enum decode_result decode_prism(const struct frame *f, struct layer *l);
enum decode_result decode_avs(const struct frame *f, struct layer *l);

/* Step over the header of a tunnel: what `ip->protocol` or a UDP port announces. */
enum decode_result decode_tunnel(const struct frame *f, const struct ip_layer *ip, struct packet *p,
				 struct layer *l);
enum decode_result decode_udp_tunnel(const struct frame *f, const struct ip_layer *ip,
				     struct packet *p, struct layer *l);
enum decode_result decode_gre(const struct frame *f, struct packet *p, struct layer *l);

/*
 * Decode the IP header at `at`. Of a `quoted` header (inside an ICMP error) the length fields are
 * not judged, since routers change them and cut the datagram.
 */
enum decode_result decode_ip_layer(const struct frame *f, uint32_t at, bool quoted,
				   struct ip_layer *ret);

enum decode_result decode_tcp_layer(const struct frame *f, const struct ip_layer *ip,
				    struct packet *p);

enum decode_result decode_icmp_layer(const struct frame *f, const struct ip_layer *ip,
				     struct packet *p);

/* Are `count` bytes captured from `at` on? */
static inline bool frame_has(const struct frame *f, uint32_t at, uint32_t count)
{
	return at <= f->captured_len && count <= f->captured_len - at;
}

/* Step over `len` bytes, behind which something of this kind begins; `cut` if they are not there.
 */
static inline enum decode_result layer_skip(const struct frame *f, struct layer *l, uint32_t len,
					    enum layer_kind kind, enum decode_result cut)
{
	if (!frame_has(f, l->at, len))
		return cut;
	l->at += len;
	l->kind = (uint8_t)kind;
	return DECODE_TCP;
}

/* What tells networks apart that may use the same addresses; see struct packet. */
enum network_kind {
	NETWORK_VLAN = 1,
	NETWORK_MPLS,
	NETWORK_PPPOE,
	NETWORK_SERVICE, /* 802.1ah */
	NETWORK_VXLAN,	 /* VXLAN, Geneve, NSH and LISP: a VNI */
	NETWORK_GRE,
	NETWORK_GTP,
	NETWORK_L2TP,
};

static inline void note_network(struct packet *p, enum network_kind kind, uint32_t id)
{
	p->network = (p->network ^ ((uint32_t)kind << 24) ^ id) * 0x9e3779b1u + 1;
}
