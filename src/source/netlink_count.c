// SPDX-License-Identifier: BSD-2-Clause
#include "source/netlink_count.h"

#include "source/netlink_diag.h"

/* tcpi_min_rtt of a flow that has no sample yet. */
#define NO_RTT (~0u)
/* See count_never_connected(). */
#define DISCONNECT_NUMBERS 2

bool count_state_has_our_fin(uint8_t state)
{
	return state == ST_FIN_WAIT1 || state == ST_FIN_WAIT2 || state == ST_CLOSING ||
	       state == ST_LAST_ACK || state == ST_TIME_WAIT;
}

bool count_state_has_peer_fin(uint8_t state)
{
	return state == ST_CLOSE_WAIT || state == ST_LAST_ACK || state == ST_CLOSING ||
	       state == ST_TIME_WAIT;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t payload_sent(const struct tcp_info *t)
{
	return less(t->tcpi_bytes_sent, t->tcpi_bytes_retrans);
}

int count_control_numbers(const struct diag *d)
{
	const struct tcp_info *t = &d->info;
	uint64_t numbers = less(t->tcpi_bytes_acked + d->send_queue, t->tcpi_notsent_bytes);
	uint64_t payload = payload_sent(t);

	return numbers < payload || numbers > payload + 2 ? -1 : (int)(numbers - payload);
}

/* Did the state change between the two moments at which the kernel looked at it? */
static bool is_torn(const struct diag *d)
{
	return d->info.tcpi_state && d->info.tcpi_state != d->state;
}

uint8_t count_role(const struct diag *d)
{
	int syn = count_control_numbers(d);

	if (d->state == ST_SYN_SENT)
		return ROLE_CONNECT;
	if (syn < 0 || d->send_queue || is_torn(d))
		return ROLE_UNKNOWN;
	syn -= count_state_has_our_fin(d->state);
	return syn == 1 ? ROLE_CONNECT : syn == 0 ? ROLE_ACCEPT : ROLE_UNKNOWN;
}

/* What needs no correction, or the same one for live and ended flows. */
static void count_common(const struct diag *d, bool syn, bool peer_fin, struct ev_count *ret)
{
	const struct tcp_info *t = &d->info;

	ret->acked_bytes = smaller(less(t->tcpi_bytes_acked, syn), ret->tx_bytes);
	ret->rx_bytes = less(t->tcpi_bytes_received, peer_fin);
	ret->retrans_bytes = t->tcpi_bytes_retrans;
	ret->retrans_segs = t->tcpi_total_retrans;
	ret->srtt_us = t->tcpi_rtt;
	ret->min_rtt_us = t->tcpi_min_rtt == NO_RTT ? 0 : t->tcpi_min_rtt;
	ret->pad = 0;
}

/*
 * Two ways to know what the application wrote, each with a weakness: by payload sent, which counts
 * a segment twice that a local queue or firewall dropped; by sequence numbers, whose send queue was
 * read a moment before the counters. Both err upwards where they err for good, so take the smaller.
 */
void count_live(const struct diag *d, uint8_t role, struct ev_count *ret)
{
	const struct tcp_info *t = &d->info;
	bool our_fin = count_state_has_our_fin(d->state);
	bool syn = role == ROLE_CONNECT;
	uint64_t by_payload, by_numbers;

	*ret = (struct ev_count){0};
	if (d->state != ST_SYN_SENT) {
		/* A FIN goes last: if anything is unsent, the FIN is. */
		by_payload = payload_sent(t) +
			     less(t->tcpi_notsent_bytes, our_fin && t->tcpi_notsent_bytes);
		by_numbers = less(t->tcpi_bytes_acked + d->send_queue, (uint64_t)syn + our_fin);
		ret->tx_bytes = role == ROLE_UNKNOWN ? by_payload : smaller(by_payload, by_numbers);
	}
	count_common(d, syn,
		     count_state_has_peer_fin(d->state) ||
			     count_state_has_peer_fin(d->info.tcpi_state),
		     ret);
}

/* Did we send or queue a FIN? */
static bool end_has_our_fin(const struct diag *d, const struct count_end *end)
{
	int control = count_control_numbers(d);

	if (count_state_has_our_fin(end->last_state))
		return true;
	if (end->role == ROLE_UNKNOWN)
		return control == 2;
	return control > (end->role == ROLE_CONNECT);
}

/*
 * The peer's FIN is the last number received. Once we have sent our FIN, everything before had been
 * read (else close() resets), so what is left in the queue is the peer's FIN. If the queue is empty
 * too, either the application has read the end of file, or there never was one: then the socket
 * went over into a TIME_WAIT stand-in that still waits for it, or was reset.
 */
static bool end_has_peer_fin(const struct diag *d, const struct count_end *end)
{
	if (!d->info.tcpi_bytes_received)
		return false;
	/* No segment had payload. */
	if (!d->info.tcpi_data_segs_in)
		return true;
	if (count_state_has_peer_fin(end->last_state))
		return true;
	if (!end_has_our_fin(d, end))
		return false;
	return d->receive_queue || (!d->send_queue && !end->fin_awaited);
}

bool count_final(const struct diag *d, const struct count_end *end, struct ev_count *ret)
{
	bool our_fin = end_has_our_fin(d, end), peer_fin = end_has_peer_fin(d, end);
	bool syn = end->role == ROLE_CONNECT ||
		   (end->role == ROLE_UNKNOWN && count_control_numbers(d) > our_fin);
	/* The socket is dead: nothing moved while it was read. */
	uint64_t numbers = d->info.tcpi_bytes_acked + d->send_queue;

	*ret = (struct ev_count){.tx_bytes = less(numbers, (uint64_t)syn + our_fin)};
	count_common(d, syn, peer_fin, ret);
	return our_fin && !d->send_queue && (peer_fin || end->fin_awaited);
}

bool count_is_unsure(const struct diag *d, const struct count_end *end)
{
	/* Nothing but a FIN can have come; or a list showed it. */
	if (!d->info.tcpi_data_segs_in || count_state_has_peer_fin(end->last_state))
		return false;
	if (!end_has_our_fin(d, end))
		return true;
	/* What is left unread is the FIN. */
	return !d->receive_queue && !d->send_queue && end->closed_first && !end->fin_awaited;
}

uint64_t count_received(uint64_t told, uint64_t last, bool sure)
{
	return told > last && !(sure && told == last + 1) ? told : last;
}

bool count_never_connected(const struct diag *d)
{
	return d->send_queue == DISCONNECT_NUMBERS + 1;
}

uint8_t count_last_state(const struct diag *d, const struct count_end *end)
{
	if (end_has_our_fin(d, end)) {
		if (end->closed_first)
			return ST_FIN_WAIT2;
		return end_has_peer_fin(d, end) ? ST_LAST_ACK : ST_FIN_WAIT1;
	}
	if (count_control_numbers(d) < 0)
		return ST_CLOSE;
	/* Our SYN was never acknowledged. */
	if (end->role == ROLE_CONNECT && !d->info.tcpi_bytes_acked)
		return ST_SYN_SENT;
	return end->last_state == ST_CLOSE_WAIT ? ST_CLOSE_WAIT : ST_ESTABLISHED;
}
