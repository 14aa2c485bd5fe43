// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the handshake*.c share, private to them: whether a number fits, what a
 * segment tells besides its numbers, and how a handshake is concluded.
 */
#pragma once
#include "packet/handshake.h"

/* The columns of the table. A segment that is none of these never fits. */
enum handshake_segment {
	CLIENT_SYN,
	SERVER_SYN,
	CLIENT_SYN_ACK,
	SERVER_SYN_ACK,
	CLIENT_ACK,
	SERVER_ACK,
	CLIENT_RST,
	SERVER_RST,
	HANDSHAKE_SEGMENT_COUNT
};

/* Apply a TCP segment by the table: handshake.c. */
enum handshake_step handshake_apply(struct handshake *h, enum handshake_segment segment,
				    const struct packet *p);

/* ack = C+1, or more if the SYN carried data. */
bool handshake_acks_client(const struct handshake *h, uint32_t ack);

/* ack = S+1 of either ISN, or more if the server has sent data already. */
bool handshake_acks_server(const struct handshake *h, uint32_t ack);

/* Is `seq` what the client, or the server, would send next as far as seen, or at most `window`
 * bytes after it? */
bool handshake_follows_client(const struct handshake *h, uint32_t seq, uint32_t window);
bool handshake_follows_server(const struct handshake *h, uint32_t seq, uint32_t window);

/* Take what the client's SYN says. */
void handshake_note_syn(struct handshake *h, const struct packet *p);

/* Take what a SYN/ACK of the server says, or its crossing SYN. */
void handshake_note_reply(struct handshake *h, const struct packet *p);

/* The client has acknowledged the server's ISN. */
void handshake_note_client_ack(struct handshake *h, const struct packet *p);

/* These two return STEP_CONCLUDED. */
enum handshake_step handshake_conclude(struct handshake *h, enum handshake_outcome outcome,
				       uint64_t end_ns);
enum handshake_step handshake_establish(struct handshake *h, const struct packet *p);

/* An ICMP error that quotes a segment of this tuple. */
enum handshake_step handshake_take_icmp(struct handshake *h, const struct packet *p);

/* Did the client send this segment, or, of an ICMP error, the segment that is quoted? */
bool handshake_is_from_client(const struct handshake *h, const struct packet *p);
