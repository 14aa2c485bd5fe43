// SPDX-License-Identifier: BSD-2-Clause
/* From frames to the tables, and from the tables to the engine. */
#include "abi/event.h"
#include "engine/clock.h"
#include "engine/watch.h"
#include "engine/source.h"
#include "packet/checksum.h"
#include "packet/conversation_table.h"
#include "packet/copies.h"
#include "packet/ttl.h"
#include "source/pcap_part.h"

void pcap_emit(void *context, const struct event *ev)
{
	struct pcap_state *p = context;

	p->source->emit(p->source->emit_context, ev);
}

void pcap_take_sample(struct pcap_state *p, uint64_t time_ns)
{
	p->flow.now_ns = time_ns;
	conversation_table_sample(p->table, false, pcap_flow_sample, &p->flow);
}

static void take_packet(struct pcap_state *p, struct packet *packet)
{
	if (copies_has_seen(p->copies, packet))
		return;
	ttl_memory_visit(p->ttls, packet);
	if (p->table)
		conversation_table_feed(p->table, packet);
	if (p->handshakes && (packet->kind == PACKET_TCP || p->source->watch->icmp))
		handshake_table_feed(p->handshakes, packet);
}

void pcap_take_frame(struct pcap_state *p, const struct frame *frame)
{
	struct packet packet;
	enum decode_result result = decode_frame(frame, &packet);

	p->received++;
	if (result != DECODE_TCP && result != DECODE_ICMP_ERROR)
		p->undecoded.result[result]++;
	else if (checksum_is_damaged(frame, &packet, p->checksum))
		p->undecoded.bad_checksums++;
	else
		take_packet(p, &packet);
}
