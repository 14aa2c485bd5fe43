// SPDX-License-Identifier: BSD-2-Clause
/*
 * From conversations, which have two ends, to flows, which have a local and a remote one.
 *
 *	both ends are local	two flows, one of each end's view, as two sockets would be
 *	one end is local	one flow, of its view
 *	none is			one flow, of the view of whoever sent the SYN; of a conversation
 *				that began before the capture: of who has the higher port
 *
 * An accepting end's flow begins when the handshake is over, as its socket does: attempts that
 * failed are flows of the connecting end only. What no packet tells stays unknown: owner, cgroup,
 * network namespace, cookie, smoothed round-trip time, errno.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/account.h"
#include "packet/conversation_table.h"
#include "source/pcap_local.h"

struct event;

struct pcap_flow {
	struct pcap_local local;
	bool with_causes; /* struct ev_extra, with what packets tell (KNOWN_PACKETS) */
	uint64_t now_ns;  /* time of samples */
	struct account account;
	void (*emit)(void *context, const struct event *ev);
	void *context;
};

/* Callbacks of a conversation table; `context` is a struct pcap_flow. */
void pcap_flow_open(void *context, const struct conversation *c, const struct handshake *h);
void pcap_flow_sample(void *context, const struct conversation *c, const struct handshake *h);
void pcap_flow_close(void *context, const struct conversation *c, const struct handshake *h);

/* For a sample at the end of a file: the last word on a flow whose end it does not hold, as an
 * EV_CUT. It stays live in the account. */
void pcap_flow_still_open(void *context, const struct conversation *c, const struct handshake *h);

/* Opened, closed and live flows, by one walk through the table. */
void pcap_flow_account(struct pcap_flow *f, struct conversation_table *table, struct account *ret);
