// SPDX-License-Identifier: BSD-2-Clause
#include "source/netlink_diag.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* Headers of the build host may be older than this attribute (Linux 5.9). */
#define DIAG_CGROUP_ID 21

/* And than these fields of struct tcp_info: a __u32 (Linux 6.2); a __u16, and a __u32 of milliseconds
 * (Linux 6.7). */
#define INFO_RCV_WND_AT 232
#define INFO_RTO_TOTAL_AT 240
#define INFO_RTO_TIME_AT 244

static struct inet_diag_req_v2 *put_head(void *buffer, uint8_t family, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request;

	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
	request->sdiag_family = family == 4 ? AF_INET : AF_INET6;
	request->sdiag_protocol = IPPROTO_TCP;
	return request;
}

struct nlmsghdr *diag_request_dump(void *buffer, const struct diag_query *query)
{
	struct inet_diag_req_v2 *request = put_head(buffer, query->family, NLM_F_DUMP);

	request->idiag_states = query->states;
	request->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	if (query->ask & DIAG_ASK_CONGESTION)
		request->idiag_ext |= 1 << (INET_DIAG_CONG - 1);
	if (query->ask & DIAG_ASK_MEMORY)
		request->idiag_ext |= 1 << (INET_DIAG_SKMEMINFO - 1);
	if (query->code && query->code_bytes)
		mnl_attr_put(buffer, INET_DIAG_REQ_BYTECODE, query->code_bytes, query->code);
	return buffer;
}

/* The kernel's form of an address: network order, IPv4 in the first word. */
static void put_addr(__be32 *to, const struct addr *from, uint8_t family)
{
	if (family == 4)
		to[0] = from->word_be[3];
	else
		memcpy(to, from->byte, sizeof(from->byte));
}

static void take_addr(struct addr *to, const __be32 *from, uint8_t family)
{
	if (family == 4)
		addr_set_v4(to, from[0]);
	else
		memcpy(to->byte, from, sizeof(to->byte));
}

struct nlmsghdr *diag_request_tuple(void *buffer, const struct diag *d)
{
	struct inet_diag_req_v2 *request = put_head(buffer, d->family, 0);

	request->idiag_states = ~0u;
	request->id.idiag_sport = htons(d->lport);
	request->id.idiag_dport = htons(d->rport);
	put_addr(request->id.idiag_src, &d->laddr, d->family);
	put_addr(request->id.idiag_dst, &d->raddr, d->family);
	request->id.idiag_if = d->ifindex;
	request->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	request->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return buffer;
}

/* Kernels differ in how much of struct tcp_info they have; the rest stays 0. */
static void take_info(struct diag *d, const struct nlattr *attribute)
{
	const char *info = mnl_attr_get_payload(attribute);
	size_t len = mnl_attr_get_payload_len(attribute);

	memcpy(&d->info, info, len < sizeof(d->info) ? len : sizeof(d->info));
	d->has_info = len >= offsetof(struct tcp_info, tcpi_bytes_retrans) + 8;
	d->has_snd_wnd = len >= offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof(d->info.tcpi_snd_wnd);
	d->has_rcv_wnd = len >= INFO_RCV_WND_AT + sizeof(d->rcv_wnd);
	if (d->has_rcv_wnd)
		memcpy(&d->rcv_wnd, info + INFO_RCV_WND_AT, sizeof(d->rcv_wnd));
	if (len >= DIAG_INFO_RTO_BYTES) {
		memcpy(&d->rto_total, info + INFO_RTO_TOTAL_AT, sizeof(d->rto_total));
		memcpy(&d->rto_time_ms, info + INFO_RTO_TIME_AT, sizeof(d->rto_time_ms));
	}
}

static void take_meminfo(struct diag *d, const struct nlattr *attribute)
{
	const uint32_t *value = mnl_attr_get_payload(attribute);

	if (mnl_attr_get_payload_len(attribute) <= SK_MEMINFO_DROPS * sizeof(*value))
		return;
	d->has_memory = true;
	d->rmem_bytes = value[SK_MEMINFO_RMEM_ALLOC];
	d->wmem_bytes = value[SK_MEMINFO_WMEM_QUEUED];
	d->forward_bytes = value[SK_MEMINFO_FWD_ALLOC];
	d->rcvbuf = value[SK_MEMINFO_RCVBUF];
	d->sndbuf = value[SK_MEMINFO_SNDBUF];
	d->drops = value[SK_MEMINFO_DROPS];
}

static void take_congestion(struct diag *d, const struct nlattr *attribute)
{
	size_t len = mnl_attr_get_payload_len(attribute);

	memcpy(d->congestion, mnl_attr_get_payload(attribute),
	       len < sizeof(d->congestion) ? len : sizeof(d->congestion) - 1);
}

static void take_attribute(struct diag *d, const struct nlattr *attribute, uint8_t *protocol)
{
	switch (mnl_attr_get_type(attribute)) {
	case INET_DIAG_INFO:
		take_info(d, attribute);
		break;
	case INET_DIAG_CONG:
		take_congestion(d, attribute);
		break;
	case INET_DIAG_SKMEMINFO:
		take_meminfo(d, attribute);
		break;
	case INET_DIAG_PROTOCOL:
		*protocol = mnl_attr_get_u8(attribute);
		break;
	case DIAG_CGROUP_ID:
		d->cgroup_id = mnl_attr_get_u64(attribute);
		break;
	}
}

bool diag_parse(const struct nlmsghdr *message, struct diag *ret)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;
	uint8_t protocol = IPPROTO_TCP;

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*m) ||
	    (m->idiag_family != AF_INET && m->idiag_family != AF_INET6))
		return false;
	*ret = (struct diag){
		.cookie = (uint64_t)m->id.idiag_cookie[1] << 32 | m->id.idiag_cookie[0],
		.lport = ntohs(m->id.idiag_sport),
		.rport = ntohs(m->id.idiag_dport),
		.family = m->idiag_family == AF_INET ? 4 : 6,
		.state = m->idiag_state,
		.timer = m->idiag_timer,
		.timer_ms = m->idiag_expires,
		.retransmits = m->idiag_retrans,
		.ifindex = m->id.idiag_if,
		.uid = m->idiag_uid,
		.inode = m->idiag_inode,
		.receive_queue = m->idiag_rqueue,
		.send_queue = m->idiag_wqueue,
	};
	take_addr(&ret->laddr, m->id.idiag_src, ret->family);
	take_addr(&ret->raddr, m->id.idiag_dst, ret->family);
	mnl_attr_for_each(attribute, message, sizeof(*m))
		take_attribute(ret, attribute, &protocol);
	return protocol == IPPROTO_TCP;
}
