// SPDX-License-Identifier: BSD-2-Clause
#include "packet/decode.h"

#include <string.h>

#include "packet/decode_layer.h"

static const char *const result_name[] = {
	[DECODE_TCP] = "tcp",
	[DECODE_ICMP_ERROR] = "icmp-error",
	[DECODE_UNKNOWN_LINK] = "unknown-link-type",
	[DECODE_CUT_LINK] = "cut-in-link-header",
	[DECODE_CUT_IP] = "cut-in-ip-header",
	[DECODE_CUT_TCP] = "cut-in-tcp-header",
	[DECODE_CUT_ICMP] = "cut-in-icmp-message",
	[DECODE_CUT_TUNNEL] = "cut-in-tunnel-header",
	[DECODE_NOT_IP] = "not-ip",
	[DECODE_TOO_MANY_TAGS] = "too-many-vlan-tags",
	[DECODE_TOO_DEEP] = "too-many-headers",
	[DECODE_UNKNOWN_TUNNEL] = "unknown-tunnel",
	[DECODE_ENCRYPTED] = "encrypted",
	[DECODE_BAD_IP] = "bad-ip-header",
	[DECODE_FRAGMENT] = "fragment",
	[DECODE_TOO_MANY_EXTENSIONS] = "too-many-extension-headers",
	[DECODE_NOT_TCP] = "not-tcp",
	[DECODE_BAD_TCP] = "bad-tcp-header",
	[DECODE_BAD_ICMP] = "bad-icmp-message",
	[DECODE_ICMP_OTHER] = "other-icmp",
};
_Static_assert(sizeof(result_name) / sizeof(result_name[0]) == DECODE_RESULT_COUNT,
	       "every result has a name");

/* Headers below IP in a row; and IP headers, one in another. */
#define SHIMS_MAX 16
#define TUNNELS_MAX 8

/* Neither TCP nor what may tell of it: something else, or what carries it. */
static bool is_tunnel(const struct ip_layer *ip)
{
	return ip->protocol != PROTOCOL_TCP &&
	       ip->protocol != (ip->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
}

static void fill_from_ip(struct packet *p, const struct frame *f, const struct ip_layer *ip)
{
	p->time_ns = f->time_ns;
	p->view = f->view;
	p->src = ip->src;
	p->dst = ip->dst;
	p->family = ip->family;
	p->ecn = ip->ecn;
	p->ttl = ip->protocol == PROTOCOL_TCP ? ip->ttl : 0;
	p->ip_id = ip->id;
	p->first_fragment = ip->first_fragment;
	p->ip_at = (uint16_t)ip->at;
	p->transport_at = (uint16_t)ip->transport_at;
	p->transport_len = ip->transport_len;
}

/* From the beginning of the frame, or of what a tunnel carries, to a transport header. */
static enum decode_result reach_transport(const struct frame *f, struct packet *p, struct layer *l,
					  struct ip_layer *ip)
{
	enum decode_result result = DECODE_TCP;

	for (unsigned int shims = 0; l->kind != LAYER_IP && result == DECODE_TCP; shims++)
		result = shims < SHIMS_MAX ? decode_shim(f, p, l) : DECODE_TOO_DEEP;
	return result == DECODE_TCP ? decode_ip_layer(f, l->at, false, ip) : result;
}

enum decode_result decode_frame(const struct frame *f, struct packet *ret)
{
	struct packet p;
	struct ip_layer ip;
	struct layer l = {.at = 0};
	enum decode_result result;

	memset(&p, 0, sizeof(p));
	result = decode_link_layer(f, f->link, &p, &l);
	if (result == DECODE_TCP)
		result = reach_transport(f, &p, &l, &ip);
	for (unsigned int depth = 0; result == DECODE_TCP && is_tunnel(&ip); depth++) {
		p.is_tunneled = true;
		result = depth < TUNNELS_MAX ? decode_tunnel(f, &ip, &p, &l) : DECODE_TOO_DEEP;
		if (result == DECODE_TCP)
			result = reach_transport(f, &p, &l, &ip);
	}
	if (result != DECODE_TCP)
		return result;
	if (ip.transport_at > UINT16_MAX)
		return DECODE_TOO_DEEP;
	fill_from_ip(&p, f, &ip);
	if (ip.protocol == PROTOCOL_TCP)
		result = decode_tcp_layer(f, &ip, &p);
	else
		result = decode_icmp_layer(f, &ip, &p);
	if (result <= DECODE_ICMP_ERROR)
		*ret = p;
	return result;
}

const char *decode_result_name(enum decode_result result)
{
	return (unsigned int)result < DECODE_RESULT_COUNT ? result_name[result] : "unknown";
}
