// SPDX-License-Identifier: BSD-2-Clause
/*
 * A model of a socket that keeps the kernel's variables (write_seq, snd_nxt, snd_una, rcv_nxt,
 * copied_seq) the way RFC 9293 moves them: SYN and FIN take a number each. The truth is what was given
 * to app_write() and net_receive().
 */
#pragma once
#include "source/netlink_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "source/netlink_diag.h"

struct model {
	uint64_t write_seq, snd_nxt, snd_una, rcv_nxt, copied_seq;
	uint64_t acked, received, sent, retrans;
	uint64_t fin_at; /* sequence number of our FIN, 0: none */
	uint64_t app_wrote, peer_sent;
	bool connected;
	uint8_t state;
};

static inline struct model model_new(bool connects)
{
	struct model m = {.connected = connects, .state = ST_ESTABLISHED};

	m.write_seq = m.snd_nxt = m.snd_una = 1000;
	m.rcv_nxt = m.copied_seq = 5000;
	/* The SYN of the side that connects is acknowledged through tcp_ack(), that of the other in
	 * its request socket, before there is a struct tcp_sock. */
	m.acked = connects;
	return m;
}

static inline void app_write(struct model *m, uint64_t bytes)
{
	m->write_seq += bytes;
	m->app_wrote += bytes;
}

static inline void net_send(struct model *m, uint64_t numbers)
{
	uint64_t left = m->write_seq - m->snd_nxt;

	numbers = numbers < left ? numbers : left;
	m->snd_nxt += numbers;
	m->sent += numbers - (m->fin_at && m->snd_nxt > m->fin_at && numbers);
}

static inline void net_resend(struct model *m, uint64_t bytes)
{
	m->sent += bytes;
	m->retrans += bytes;
}

static inline void net_ack(struct model *m, uint64_t numbers)
{
	m->snd_una += numbers;
	m->acked += numbers;
}

static inline void net_ack_all(struct model *m)
{
	net_ack(m, m->snd_nxt - m->snd_una);
}

static inline void net_receive(struct model *m, uint64_t bytes)
{
	m->rcv_nxt += bytes;
	m->received += bytes;
	m->peer_sent += bytes;
}

static inline void net_receive_fin(struct model *m, uint8_t state)
{
	m->rcv_nxt++;
	m->received++;
	m->state = state;
}

static inline void app_read_all(struct model *m)
{
	m->copied_seq = m->rcv_nxt;
}

static inline void app_fin(struct model *m, uint8_t state)
{
	m->fin_at = m->write_seq++;
	m->state = state;
}

static inline struct diag look(const struct model *m)
{
	struct diag d = {.state = m->state, .has_info = true};

	d.send_queue = (uint32_t)(m->write_seq - m->snd_una);
	d.receive_queue = (uint32_t)(m->rcv_nxt - m->copied_seq);
	d.info.tcpi_bytes_acked = m->acked;
	d.info.tcpi_bytes_received = m->received;
	d.info.tcpi_data_segs_in = m->peer_sent != 0;
	d.info.tcpi_bytes_sent = m->sent;
	d.info.tcpi_bytes_retrans = m->retrans;
	d.info.tcpi_notsent_bytes = (uint32_t)(m->write_seq - m->snd_nxt);
	d.info.tcpi_min_rtt = ~0u;
	return d;
}

static inline struct diag notice(const struct model *m)
{
	struct diag d = look(m);

	d.state = ST_CLOSE;
	return d;
}

static inline uint8_t role_of(const struct model *m)
{
	return m->connected ? ROLE_CONNECT : ROLE_ACCEPT;
}

static inline void assert_live(const struct model *m, uint8_t role)
{
	struct diag d = look(m);
	struct ev_count c;

	count_live(&d, role, &c);
	assert_int_equal(c.tx_bytes, m->app_wrote);
	assert_int_equal(c.rx_bytes, m->peer_sent);
	assert_true(c.acked_bytes <= c.tx_bytes);
}

/* With the role known, and not known. */
static inline void assert_live_anyhow(const struct model *m)
{
	assert_live(m, role_of(m));
	assert_live(m, ROLE_UNKNOWN);
}

static inline bool assert_final(const struct model *m, uint8_t last_state, bool fin_awaited)
{
	struct count_end end = {role_of(m), last_state, fin_awaited};
	struct diag d = notice(m);
	struct ev_count c;
	bool orderly = count_final(&d, &end, &c);

	assert_int_equal(c.tx_bytes, m->app_wrote);
	assert_int_equal(c.rx_bytes, m->peer_sent);
	return orderly;
}

static inline void for_both_roles(void (*story)(bool connects))
{
	story(true);
	story(false);
}
