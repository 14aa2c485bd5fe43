// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loss is data. Every source keeps this account; every format shows it at the end.
 * opened + adopted = closed + live + lost.
 */
#pragma once
#include <stdint.h>

struct account {
	uint64_t opened;  /* flows whose beginning was seen */
	uint64_t adopted; /* flows that were there before us */
	uint64_t closed;  /* flows whose end was reported */
	uint64_t live;
	uint64_t lost; /* flows that ended, or lived, without our being able to report them */
	uint64_t lost_tx_bytes, lost_rx_bytes; /* what those had moved, where that is known */
	uint64_t lost_ring, lost_memory; /* of lost: no room in the event buffer, or no storage */
	uint64_t unseen; /* of closed: gone, but nobody was shown the end; told as they were read last */
	uint64_t inexact; /* of closed: whose received bytes may be wrong by one, for a FIN */
	uint64_t missed;     /* state changes, or packets, that the kernel did not show us */
	uint64_t table_full; /* live flows that found no place in the table of --max-flows */
	uint64_t received, dropped, interface_dropped; /* packets, as pcap_stats() counts them */
	uint64_t first_ns, last_ns; /* of an offline source: time of the first and last packet */
	uint64_t undecoded;  /* input that could not be understood */
	uint64_t dropped_rows; /* of one consumer: rows that its output could not take */
	char undecoded_why[200]; /* by reason, "cut-tcp 3, bad-ip 1"; may be empty */
	/* Segments of packets that were understood and counted for no flow: */
	uint64_t ignored; /* their ends have one, but their numbers fit none */
	uint64_t stray;	  /* their ends have none, and they begin none */
};

static inline int account_has_loss(const struct account *a)
{
	return a->lost || a->unseen || a->missed || a->table_full || a->undecoded || a->dropped_rows;
}
