// SPDX-License-Identifier: BSD-2-Clause
/* What limits a connection now, or limited it over its life: a word, whether it is a fault or not.
 */
#pragma once

struct facts;
struct subject;

enum limit {
	LIMIT_NOTHING,	   /* nothing is to be sent, or it is the peer that sends */
	LIMIT_APPLICATION, /* the network waits for what it writes */
	LIMIT_WINDOW,	   /* the peer's receive window */
	LIMIT_NETWORK,	   /* the congestion window: path, loss, queues */
	LIMIT_SNDBUF,	   /* our send buffer */
	LIMIT_READER,	   /* our own application does not read what came */
	LIMIT_HANDSHAKE,   /* it is not established yet, or never was */
	LIMIT_COUNT
};

/* LIMIT_COUNT: it cannot be told from what was read. */
enum limit limit_of(const struct subject *s, const struct facts *f);

/* NULL of LIMIT_COUNT. */
const char *limit_name(enum limit limit);
