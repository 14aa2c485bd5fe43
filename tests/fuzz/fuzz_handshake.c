// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as a scene: five bytes make a packet (who, flags, numbers near those in use, time) that
 * goes through the copy filter, a handshake table and a conversation table, both small. After each
 * packet the accounts must balance; each report must make sense, and none may come twice.
 */
#include <stdlib.h>
#include <string.h>

#include "packet/conversation_table.h"
#include "packet/copies.h"
#include "packet/handshake_table.h"

enum { LIMIT = 6 };

static void require(int truth)
{
	if (!truth)
		abort();
}

struct scene {
	struct handshake_table *handshakes;
	struct conversation_table *talks;
	struct copies *copies;
	uint64_t now_ns, reported, opened, closed, last_id;
};

static void on_report(void *context, const struct handshake *h)
{
	struct scene *s = context;

	s->reported++;
	require(h->state == HANDSHAKE_CONCLUDED && h->outcome < HANDSHAKE_OUTCOME_COUNT);
	require(h->end_ns >= h->first_ns);
	require(handshake_conn_state(h)[0]);
	require(h->outcome != HANDSHAKE_UNREACHABLE || h->marks & HANDSHAKE_ICMP_SEEN);
	require(!(h->marks & HANDSHAKE_AWAITS_SYN));
	require(h->marks & (HANDSHAKE_SAW_SYN | HANDSHAKE_SAW_REPLY));
	/* Established needs a word of both ends, or the evidence of one about the other. */
	if (h->outcome == HANDSHAKE_ESTABLISHED)
		require(h->marks & (HANDSHAKE_SAW_CLIENT_ACK | HANDSHAKE_INFERRED));
}

static void check_stream(const struct stream *s)
{
	require(s->next >= s->base && s->acked >= s->base && s->acked <= s->next);
	require(s->missed_bytes <= s->next - s->base);
	require(!s->has_fin || s->fin_at == s->next);
	require(!s->fin_is_acked || s->has_fin);
}

/* Each segment that was sent again has one cause; none was taken back that was not sent. */
static void check_causes(const struct conversation *c, const struct handshake *h,
			 enum conversation_side side)
{
	uint32_t by[CAUSE_COUNT], sum = 0;

	conversation_causes(c, h, side, by);
	for (int i = 0; i < CAUSE_COUNT; i++)
		sum += by[i];
	require(sum == conversation_retrans_segs(c, h, side));
	require(c->resend[side].undone + c->resend[side].episode <= sum);
}

static void check_conversation(const struct conversation *c, const struct handshake *h)
{
	check_stream(&c->stream[SIDE_CLIENT]);
	check_stream(&c->stream[SIDE_SERVER]);
	check_causes(c, h, SIDE_CLIENT);
	check_causes(c, h, SIDE_SERVER);
	require(conversation_conn_state(c, h)[0]);
	for (int side = 0; side < SIDE_COUNT; side++)
		require(conversation_tcp_state(c, h, (enum conversation_side)side) < ST_COUNT);
}

static void on_open(void *context, const struct conversation *c, const struct handshake *h)
{
	struct scene *s = context;

	s->opened++;
	require(c->id > s->last_id);
	s->last_id = c->id;
	check_conversation(c, h);
}

static void on_close(void *context, const struct conversation *c, const struct handshake *h)
{
	struct scene *s = context;

	s->closed++;
	require(c->phase == CONVERSATION_CLOSED && c->end != CONVERSATION_LIVE);
	require(c->end < CONVERSATION_END_COUNT && conversation_end_name(c->end));
	check_conversation(c, h);
}

static void on_sample(void *context, const struct conversation *c, const struct handshake *h)
{
	(void)context;
	require(c->phase != CONVERSATION_CLOSED);
	check_conversation(c, h);
}

static void scene_begin(struct scene *s)
{
	const struct hash_key key = {{1, 2}};
	const struct handshake_table_config handshakes = {
		.limit = LIMIT,
		.timeout_ns = 30000000000,
		.key = key,
		.report = on_report,
		.context = s,
	};
	const struct conversation_table_config talks = {
		.limit = LIMIT,
		.timeout_ns = 30000000000,
		.idle_ns = 300000000000,
		.linger_ns = 60000000000,
		.key = key,
		.open = on_open,
		.close = on_close,
		.context = s,
	};

	*s = (struct scene){.now_ns = 1000000000000};
	s->handshakes = handshake_table_new(&handshakes);
	s->talks = conversation_table_new(&talks);
	s->copies = copies_new(COPIES_WINDOW_NS_DEFAULT, &key);
}

static void check_accounts(const struct scene *s)
{
	const struct handshake_counts *h = handshake_table_counts(s->handshakes);
	const struct conversation_counts *c = conversation_table_counts(s->talks);

	require(handshake_table_pending(s->handshakes) <= LIMIT);
	require(h->begun == h->reported + h->evicted_lonely + h->evicted_engaged +
				    handshake_table_pending(s->handshakes));
	require(h->reported == s->reported);
	require(c->opened == c->closed + conversation_table_live(s->talks));
	require(c->opened == s->opened && c->closed == s->closed && c->evicted <= c->closed);
}

/* Numbers a few steps around one of four points, so that segments fit each other often. */
static uint32_t number_of(uint8_t byte)
{
	static const uint32_t point[] = {0xffffffff, 1000, 50000000, 3000000000};
	static const uint32_t step[] = {0,	  1,	    2,	      5,      100,    101,
					70000,	  1u << 30, 1u << 31, 0u - 1, 0u - 2, 0u - 5,
					0u - 100, 0u - 101, 10,	      11};

	return point[byte >> 6] + step[byte & 15] + (byte & 0x10 ? 1u : 0);
}

static struct packet packet_of(struct scene *s, const uint8_t b[5])
{
	static const uint64_t pause_ns[] = {0,		1000,	    1000000,	 120000000,
					    1100000000, 4000000000, 20000000000, 400000000000};
	static const uint32_t len[] = {0, 0, 1, 100};
	struct packet p;

	memset(&p, 0, sizeof(p));
	s->now_ns += pause_ns[b[0] >> 5];
	p.time_ns = b[0] & 0x10 ? s->now_ns - 50000000 : s->now_ns;
	p.family = 4;
	p.src_port = p.dst_port = 80;
	addr_set_v4(b[0] & 1 ? &p.src : &p.dst, 0x01010101);
	addr_set_v4(b[0] & 1 ? &p.dst : &p.src, 0x02020202);
	*(b[0] & 1 ? &p.src_port : &p.dst_port) = (uint16_t)(1000 + (b[0] >> 1 & 3));
	p.kind = b[0] & 8 && b[1] & 1 ? PACKET_ICMP_ERROR : PACKET_TCP;
	p.flags = b[1];
	p.seq = number_of(b[2]);
	p.ack = number_of(b[3]);
	p.payload_len = len[b[4] & 3];
	p.window = b[4] & 4 ? 0 : 60000;
	p.options = b[4] & 8 ? PACKET_TFO_COOKIE : 0;
	p.ip_id = b[4] >> 4;
	p.network = b[4] >> 7;
	p.view = b[3] & 0x20 ? 2 : 0;
	if (b[2] & 0x20) {
		p.options |= PACKET_WSCALE;
		p.wscale = 7;
	}
	if (b[4] & 0x40) {
		p.options |= PACKET_TIMESTAMP;
		p.tsval = (uint32_t)(s->now_ns / 1000000);
	}
	/* A block behind what is acknowledged, or of what came again; stamps that go back. */
	if (b[3] & 0x20 && p.flags & TCP_ACK) {
		p.options |= PACKET_SACK;
		p.sack_end = p.ack + 100;
		p.dsack_len = b[4] & 0x10 ? 100 : 0;
		p.tsecr = p.tsval - (b[4] & 0x80 ? 1000 : 0);
	}
	if (p.kind == PACKET_ICMP_ERROR) {
		p.icmp_type = 3;
		p.icmp_code = b[4] & 15;
	}
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scene s;

	scene_begin(&s);
	for (; size >= 5; size -= 5, data += 5) {
		struct packet p = packet_of(&s, data);

		if (copies_has_seen(s.copies, &p))
			continue;
		handshake_table_feed(s.handshakes, &p);
		conversation_table_feed(s.talks, &p);
		check_accounts(&s);
	}
	conversation_table_sample(s.talks, true, on_sample, &s);
	handshake_table_flush(s.handshakes, s.now_ns);
	conversation_table_flush(s.talks, s.now_ns);
	check_accounts(&s);
	require(!handshake_table_pending(s.handshakes));
	handshake_table_free(s.handshakes);
	conversation_table_free(s.talks);
	copies_free(s.copies);
	return 0;
}
