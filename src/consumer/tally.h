// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcpeek's counters: handshakes under named filters. RX and TX are always there, first; a handshake
 * counts once in each filter that matches it, and nowhere if an exclusion filter does.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/expression.h"

struct event;
struct out;

struct tally_count {
	uint64_t success, dup_syn, dup_syn_ack; /* the latter two: successful ones that had any */
	uint64_t timeout, reject, abort, unreach;
	uint64_t retries; /* of all these: tried again with the same SYN after a failure */
	uint64_t pending; /* undecided at the end; neither success nor failure */
	/* Failures that only the host itself can tell. */
	uint64_t overflow, gone, not_sent;
	uint64_t dropped; /* SYNs and ACKs by listeners: no handshakes of their own */
};

struct tally_filter {
	struct expression expression;
	struct tally_count count;
	struct tally_count refreshed; /* count as of the last REFRESH */
};

struct tally {
	struct tally_filter *filter; /* exclusion filters among them */
	size_t count;
};

/* `words` are expressions, borrowed for the call. Returns 0, or -EINVAL with `*ret_word` and
 * `*ret_error` set. */
int tally_init(struct tally *t, char *const *words, size_t count, size_t *ret_word,
	       struct expression_error *ret_error);
void tally_done(struct tally *t);

/* Count an EV_HANDSHAKE. False if no filter wants it: then it is not to be shown either. */
bool tally_take(struct tally *t, const struct event *ev);

/* Packets as the capture counts them, for the last element of the answer to GET. */
struct tally_packets {
	uint64_t received, dropped, interface_dropped;
};

/* The answers of the control socket, byte for byte as tcpeek gave them. */
void tally_put_get(const struct tally *t, const struct tally_packets *packets, struct out *out);
void tally_put_refresh(struct tally *t, struct out *out);

/* The filters' part of the summary. */
void tally_put_summary(const struct tally *t, bool with_icmp, struct out *out);
