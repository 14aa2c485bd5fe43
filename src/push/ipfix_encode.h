// SPDX-License-Identifier: BSD-2-Clause
/*
 * Connections as IPFIX (RFC 7011): one biflow record (RFC 5103) each, whose source is who opened
 * the connection. libfixbuf makes the messages; this says what is in them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPFIX_NAME_MAX 64
#define IPFIX_UDP_MESSAGE 1400
#define IPFIX_STREAM_MESSAGE 32768

/* flowEndReason (element 136). */
enum ipfix_end {
	IPFIX_ACTIVE_TIMEOUT = 2,
	IPFIX_END_DETECTED = 3,
	IPFIX_LACK_OF_RESOURCES = 5,
};

/* biflowDirection (element 239). */
enum ipfix_direction {
	IPFIX_ARBITRARY = 0,
	IPFIX_INITIATOR = 1,
};

/* As it crosses between the processes. Host byte order but for the addresses. */
struct ipfix_flow {
	uint8_t source[16], destination[16]; /* IPv4 is v4-mapped */
	uint16_t source_port, destination_port;
	uint8_t is_v6, end, direction, flags; /* flags: TCP header flags that must have been seen */
	uint32_t pid, netns, rtt_ms;
	uint64_t start_ms, end_ms;				   /* since 1970 */
	uint64_t octets, packets, reverse_octets, reverse_packets; /* octets: of payload */
	uint64_t id;
	uint32_t retransmitted, reverse_retransmitted; /* packets */
	char comm[16];
	char container[IPFIX_NAME_MAX], unit[IPFIX_NAME_MAX]; /* terminated */
};

struct ipfix_encoder;

/* A new transport session, whose first message must be the templates. NULL: it cannot be made. */
struct ipfix_encoder *ipfix_encoder_new(uint32_t domain, uint32_t pen, uint16_t message_max);
void ipfix_encoder_free(struct ipfix_encoder *e);

/* Put templates into the next message again, which must be empty. 0 or -errno. */
int ipfix_encode_templates(struct ipfix_encoder *e);

/* Put the types of our own elements into a message of records (RFC 5610). 0 or -errno. */
int ipfix_encode_types(struct ipfix_encoder *e);

/* Add a record: 0; -EAGAIN if the message is full, take it first; or another -errno. */
int ipfix_encode_flow(struct ipfix_encoder *e, const struct ipfix_flow *flow);

/* Add a record about ourselves: what was sent, what was lost. Likewise. */
int ipfix_encode_statistics(struct ipfix_encoder *e, uint64_t exported, uint64_t lost);

/* The message: borrowed until the next call. Its length, 0 if nothing was added. */
size_t ipfix_encode_message(struct ipfix_encoder *e, const uint8_t **ret);
