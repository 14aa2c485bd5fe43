// SPDX-License-Identifier: BSD-2-Clause
/* From handshakes, which have a client and a server, to events, which have a local end. */
#pragma once
#include <stdbool.h>

#include "packet/handshake_table.h"
#include "source/pcap_local.h"

struct account;
struct event;
struct pcap_filter;

struct pcap_handshake {
	const struct pcap_local *local;
	const struct pcap_filter *filter;
	bool is_client_local; /* where nothing is known to be local */
	void (*emit)(void *context, const struct event *ev);
	void *context;
};

/* Callbacks of a handshake table; `context` is a struct pcap_handshake. */
void pcap_handshake_report(void *context, const struct handshake *h);
bool pcap_handshake_is_watched(void *context, const struct handshake *h);

/* opened = closed + live + lost, in handshakes. */
void pcap_handshake_account(const struct handshake_table *t, struct account *ret);
