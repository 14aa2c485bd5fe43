// SPDX-License-Identifier: BSD-2-Clause
/*
 * One TCP handshake, as an observer on the wire sees it. This module is a pure function of a
 * struct handshake and a packet; handshake_table.h stores many of them and knows about time.
 *
 * What is one handshake? The tuple does not tell: ports are reused, in TIME_WAIT (RFC 9293 section
 * 3.6.1, RFC 6191) or after a client gave up. But each attempt has an initial sequence number of
 * its own, and every retransmission of its SYN repeats that number (RFC 9293 section 3.4.1). So:
 *
 *	a handshake is a tuple together with the client's ISN,
 *
 * and a segment belongs to it if its numbers fit. What fits nowhere (a RST or SYN/ACK with a wrong
 * number, the challenge of an old incarnation) changes nothing, as it changes nothing in a host
 * that checks what it receives (RFC 9293 section 3.10.7, RFC 5961).
 *
 * When is it over? When each end has acknowledged the ISN of the other. This one rule covers the
 * three-way handshake (the SYN/ACK acknowledges the client's, the ACK the server's), simultaneous
 * open (two SYN/ACKs) and Fast Open. It fails when a RST or an ICMP error comes that the receiver
 * would act upon, or when nobody speaks any more.
 *
 * The observer sees neither end's state and not every packet: it concludes from evidence. States
 * are therefore named for what was seen. `client` is who sent the first SYN.
 *
 *	state		seen so far			client is	server is
 *	SYN_SENT	client's SYN			SYN-SENT	LISTEN, SYN-RECEIVED, ...
 *	SYN_CROSSED	a SYN from each			SYN-RECEIVED	SYN-RECEIVED
 *	SYN_RECEIVED	SYN, and a SYN/ACK for it	SYN-SENT, EST.	SYN-RECEIVED
 *	REPLY_FIRST	a SYN/ACK, but no SYN		SYN-SENT, EST.	SYN-RECEIVED
 *	ACK_EARLY	SYN and ACK, but no SYN/ACK	ESTABLISHED	(not seen)
 *	CONCLUDED	the outcome; kept a while to recognise late segments
 *
 * REPLY_FIRST: the capture began between the two, the SYN was evicted or captured late, or the way
 * from client to server is another (asymmetric routing). ACK_EARLY: the SYN/ACK was captured late,
 * or never because its way is another; after a short wait the latter is taken for granted, since no
 * client acknowledges what it did not receive.
 *
 * C and S are client and server, X+1 means "the ISN of X plus one". handshake.c has the table.
 *
 * SYN_SENT (RFC 9293 3.10.7.3)
 *	C SYN, seq = C		retransmission: dup_syn. Any other seq is another handshake.
 *	S SYN			simultaneous open -> SYN_CROSSED (3.5, figure 7)
 *	S SYN/ACK, ack = C+1	-> SYN_RECEIVED. With Fast Open the ack may cover the SYN's data.
 *				Any other ack: C answers with a RST and goes on; ignored.
 *	C SYN/ACK, seq = C	C saw a SYN of S that we did not -> SYN_CROSSED
 *	C ACK, seq > C		-> ACK_EARLY
 *	S ACK			data, or acknowledging more than the SYN: SYN/ACK and ACK were not
 *				captured, established. Else an old incarnation of the tuple, in
 *				ESTABLISHED or TIME-WAIT, challenges the SYN (3.5.1 figure 9,
 *				RFC 5961 section 4): counted, nothing ends, and time runs on as
 *				if it had not come. C's RST that follows has the challenger's
 *				number, and ends nothing either.
 *	C RST, seq = C+1	S, if in SYN-RECEIVED, goes back to LISTEN (3.10.7.4) -> aborted
 *	S RST with ack = C+1	-> rejected. A RST without ACK is ignored (3.10.7.3 second).
 *	ICMP, quoting seq C	noted; -> unreachable if no SYN follows, see below
 *
 * SYN_CROSSED (3.5 figure 7, 3.10.7.4)
 *	SYN again, either	dup_syn
 *	SYN/ACK or ACK		from C with ack = S+1: S's ISN is acknowledged; and vice versa.
 *				Both: established.
 *	RST, exact seq or ack	C -> aborted, S -> rejected
 *
 * SYN_RECEIVED (3.10.7.4)
 *	C SYN, seq = C		dup_syn
 *	S SYN/ACK, ack = C+1	dup_syn_ack. If its ISN differs, S keeps no state and made
 *				another: SYN cookies (RFC 4987 section 3.6). The first ISN and the
 *				last one seen are valid.
 *	C ACK			seq in the window that the SYN/ACK offered, ack = S+1:
 *				-> established
 *	C SYN/ACK		same, in a simultaneous open half of which was not captured
 *	S ACK			data, FIN or acknowledging more than the SYN: the ACK was not
 *				captured, -> established. But a Fast Open server may send data
 *				from SYN-RECEIVED (RFC 7413 section 4.2.2); that proves nothing.
 *	C RST, seq = C+1	-> aborted. A RST elsewhere in the window would only be
 *				challenged (RFC 5961 section 3.2); ignored.
 *	S RST			seq = S+1 (C is ESTABLISHED), or ack = C+1 (C is SYN-SENT):
 *				-> rejected
 *	ICMP			quoting C's SYN, or S's SYN/ACK with its seq = S: likewise
 *
 * REPLY_FIRST: as SYN_RECEIVED, with C = ack - 1, and
 *	C SYN, seq = C		captured late -> SYN_RECEIVED; not a retransmission
 *
 * ACK_EARLY
 *	S SYN/ACK, ack = C+1	captured late -> established
 *	S data			established
 *	S RST			seq = what C acknowledged, or ack = C+1 -> rejected
 *	C RST, wait is over	established: C was
 *
 * CONCLUDED
 *	C SYN, seq = C		late retransmission after success, nothing begins. After a failure
 *				the client goes on: another attempt, marked RETRY, since what was
 *				reported cannot be taken back.
 *	S SYN/ACK, ack = C+1	late retransmission, nothing begins
 *
 * ICMP: after a hard error the client should give up, after a soft one it should go on (RFC 1122
 * section 4.2.3.9), and neither can be relied upon. Many give up at soft ones too (RFC 5461). Linux
 * drops any error that finds the socket busy, and it is busy in connect() while the first SYN is
 * answered on a fast path. What the client made of the error shows when its next SYN is due: if
 * none comes, it has given up -> unreachable. If one comes, the handshake goes on; should it time
 * out later, the error is still the reason given, as connect() gives it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"
#include "packet/tuple.h"

enum handshake_state {
	HANDSHAKE_SYN_SENT,
	HANDSHAKE_SYN_CROSSED,
	HANDSHAKE_SYN_RECEIVED,
	HANDSHAKE_REPLY_FIRST,
	HANDSHAKE_ACK_EARLY,
	HANDSHAKE_CONCLUDED,
	HANDSHAKE_STATE_COUNT
};

enum handshake_outcome {
	HANDSHAKE_PENDING, /* the capture ended first */
	HANDSHAKE_ESTABLISHED,
	HANDSHAKE_REJECTED,    /* RST from the server */
	HANDSHAKE_ABORTED,     /* RST from the client */
	HANDSHAKE_UNREACHABLE, /* ICMP: icmp_type, icmp_code */
	HANDSHAKE_TIMED_OUT,
	HANDSHAKE_SUPERSEDED, /* one of too many attempts on the same tuple at once */
	HANDSHAKE_OUTCOME_COUNT
};

enum handshake_mark {
	HANDSHAKE_SAW_SYN = 0x00001,	    /* of the client */
	HANDSHAKE_SAW_REPLY = 0x00002,	    /* SYN/ACK or crossing SYN of the server */
	HANDSHAKE_SAW_CLIENT_ACK = 0x00004, /* C acknowledged the server's ISN */
	HANDSHAKE_SAW_SERVER_ACK = 0x00008, /* S acknowledged the client's ISN */
	HANDSHAKE_SAW_CLIENT_FIN = 0x00010,
	HANDSHAKE_SAW_SERVER_FIN = 0x00020,
	HANDSHAKE_INFERRED = 0x00040, /* established, known only from what followed */
	HANDSHAKE_SIMULTANEOUS = 0x00080,
	HANDSHAKE_REISSUED = 0x00100,	   /* the server changed its ISN: SYN cookies */
	HANDSHAKE_TFO_REQUESTED = 0x00200, /* client asked for a Fast Open cookie */
	HANDSHAKE_TFO_COOKIE = 0x00400,	   /* client presented one */
	HANDSHAKE_TFO_ACCEPTED = 0x00800,  /* server acknowledged data of the SYN */
	HANDSHAKE_ECN_REQUESTED = 0x01000, /* RFC 3168 section 6.1.1 */
	HANDSHAKE_ECN_ACCEPTED = 0x02000,
	HANDSHAKE_ICMP_SEEN = 0x04000,	/* the icmp_ fields are set */
	HANDSHAKE_AWAITS_SYN = 0x08000, /* an ICMP error came; will the sender go on? */
	HANDSHAKE_RETRY = 0x10000,	/* the same SYN again after its failure was reported */
	HANDSHAKE_TUNNELED = 0x20000,	/* its first segment came in another IP packet */
};

struct handshake {
	struct endpoint client, server;
	struct addr icmp_from; /* who reported */
	uint64_t first_ns;     /* first segment of it */
	uint64_t reply_ns;     /* first SYN/ACK or crossing SYN of the server, 0: none */
	uint64_t ack_ns;       /* first acknowledgement of the server's ISN, 0: none */
	uint64_t last_ns;      /* last segment of it */
	uint64_t end_ns;       /* when it was concluded; of a time-out, when that ran out */
	uint64_t icmp_ns;
	uint64_t syn_last_ns, syn_gap_ns; /* last SYN, and its distance from the one before */
	uint32_t client_isn;
	uint32_t server_isn[2]; /* first and last seen */
	uint32_t syn_len;	/* payload of the SYN: Fast Open, else 0 */
	uint32_t server_len;	/* payload seen from a server not known to be established, with its
				 * SYN/ACK or after it */
	uint32_t early_ack;	/* in ACK_EARLY: what the client acknowledged */
	uint32_t dup_syn, dup_syn_ack;
	uint32_t challenge_acks; /* from an old incarnation of the tuple */
	uint32_t marks;		 /* enum handshake_mark */
	uint32_t ignored;	 /* segments of this tuple that fit no handshake */
	uint16_t server_window;	 /* of the last SYN/ACK */
	uint8_t state, outcome;
	uint8_t family; /* 4 or 6 */
	uint8_t icmp_type, icmp_code;
	uint8_t reset_ttl, usual_ttl; /* of the RST that ended it, as struct packet has them */
};

enum handshake_step {
	STEP_FOREIGN,	/* the packet does not fit; the handshake is as before */
	STEP_TAKEN,	/* it belongs to the handshake, which goes on (or is over already) */
	STEP_CONCLUDED, /* it concluded the handshake */
};

/* Begin one with a SYN or SYN/ACK; false if `p` is neither. */
bool handshake_begin(struct handshake *h, const struct packet *p);

/* Apply a segment or ICMP error of the same tuple. */
enum handshake_step handshake_step(struct handshake *h, const struct packet *p);

/*
 * The least time after which an ICMP error is believed: the first timeout of RFC 6298, one second,
 * and some more. After a soft error that of RFC 2988, three seconds: stacks old enough to use it
 * heed hard errors at once.
 */
#define HANDSHAKE_HARD_WAIT_NS 1250000000u
#define HANDSHAKE_SOFT_WAIT_NS 3250000000u

/* When a handshake marked AWAITS_SYN may be given up. */
uint64_t handshake_icmp_deadline_ns(const struct handshake *h);

/* Nobody speaks any more: conclude. Only for a handshake that is not concluded. */
void handshake_give_up(struct handshake *h, uint64_t end_ns);

/* The capture ends: conclude with what is known, pending if that is nothing. */
void handshake_leave(struct handshake *h);

/* "established", "rejected", ...; never NULL. */
const char *handshake_outcome_name(enum handshake_outcome outcome);

/* What Zeek would call it after the same packets (see conn_state.h). */
const char *handshake_conn_state(const struct handshake *h);
