// SPDX-License-Identifier: BSD-2-Clause
/*
 * The four-tuple of a connection without its direction, so that both ways hash and compare alike,
 * and a keyed hash of it: whoever floods us chooses the tuples, so without a secret key they could
 * choose tuples that all fall into one hash chain.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"

struct endpoint {
	struct addr addr;
	uint16_t port;
};

struct tuple {
	struct endpoint low, high; /* low <= high in memcmp order of address, then port */
};

/* 128 secret bits. The caller takes them from getrandom(); tests use any. */
struct hash_key {
	uint64_t word[2];
};

void tuple_of_packet(const struct packet *p, struct tuple *ret);

bool tuple_is_equal(const struct tuple *a, const struct tuple *b);

bool endpoint_is_equal(const struct endpoint *a, const struct endpoint *b);

uint64_t tuple_hash(const struct tuple *t, const struct hash_key *key);

/* SipHash-1-3 of `count` 64-bit words. */
uint64_t hash_words(const uint64_t *word, uint32_t count, const struct hash_key *key);

static inline struct endpoint packet_source(const struct packet *p)
{
	return (struct endpoint){.addr = p->src, .port = p->src_port};
}

static inline struct endpoint packet_destination(const struct packet *p)
{
	return (struct endpoint){.addr = p->dst, .port = p->dst_port};
}
