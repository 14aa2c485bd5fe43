// SPDX-License-Identifier: BSD-2-Clause
/*
 * From struct tcp_info to exact byte counts: pure arithmetic, no kernel, tested alone.
 *
 * The kernel's counters include what is not payload: our SYN (bytes_acked, of the side that
 * connected), our FIN (bytes_acked, send_queue, notsent_bytes), the peer's FIN (bytes_received,
 * receive_queue). How many of them there are follows from the counters themselves:
 *
 *	numbers sent for the first time = bytes_acked + send_queue - notsent_bytes
 *	payload sent for the first time = bytes_sent - bytes_retrans
 *	the difference = our SYN + our FIN
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"

struct diag;

/* Is a FIN of ours sent or queued in this state? */
bool count_state_has_our_fin(uint8_t state);
/* Has the peer's FIN been received in this state? */
bool count_state_has_peer_fin(uint8_t state);

/*
 * Our SYN and FIN, as counted above: 0 to 2; -1 if the figures do not fit, because they were not
 * read at one moment, or because a segment was dropped on its way out of this machine.
 */
int count_control_numbers(const struct diag *d);

/*
 * Which side opened the flow, from the counters of a live one; ROLE_UNKNOWN while bytes are on
 * their way (the send queue is read at another moment than the counters), or the state just changes.
 */
uint8_t count_role(const struct diag *d);

/* Counters of a live flow. `role` may be ROLE_UNKNOWN. */
void count_live(const struct diag *d, uint8_t role, struct ev_count *ret);

/* What a flow was like when it ended; the state is gone by then (it is CLOSE). */
struct count_end {
	uint8_t role;	    /* may be ROLE_UNKNOWN */
	uint8_t last_state; /* in the last dump, 0 if it was in none */
	/* A TIME_WAIT stand-in of the flow waits for the peer's FIN, so the socket never had it. */
	bool fin_awaited;
	bool closed_first; /* such a stand-in is there, in whichever state */
};

/* Final counters. Returns true if both sides' FIN went their way: an orderly end. */
bool count_final(const struct diag *d, const struct count_end *end, struct ev_count *ret);

/*
 * May the received bytes of count_final() be wrong by one? A FIN of the peer that came after the last
 * list leaves no trace of its own in the counters of a socket that was reset, nor does it tell whether
 * it reached the socket or the stand-in that took its place.
 */
bool count_is_unsure(const struct diag *d, const struct count_end *end);

/*
 * Bytes received as of the end: `last`, or what was `told` before if that is more, as a flow's counters
 * never go back. But the peer's FIN may have come between state and counters of a list, which then had it
 * for a byte: where the end is `sure` (count_is_unsure()), that one is taken back.
 */
uint64_t count_received(uint64_t told, uint64_t last, bool sure);

/*
 * Of a socket that was disconnected, which erased its counters: had it never been connected? Then no
 * byte was moved. tcp_disconnect() advances the sequence number by 2 and the largest window that the
 * peer ever offered, beside which there is our SYN.
 */
bool count_never_connected(const struct diag *d);

/*
 * The state that the flow left for CLOSE, as far as the counters tell: without a FIN of ours it was
 * cut while it was established (CLOSE_WAIT or ESTABLISHED) or never was (SYN_SENT). ST_CLOSE: not
 * known, see count_control_numbers().
 */
uint8_t count_last_state(const struct diag *d, const struct count_end *end);
