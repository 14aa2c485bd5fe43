// SPDX-License-Identifier: BSD-2-Clause
/*
 * How far away hosts are, by the TTL (IPv6: hop limit) of their SYNs and SYN/ACKs: a RST with another
 * one was sent by something else in their name, mostly a firewall nearer by. A host whose own TTLs differ
 * (several hosts behind one address, ways of different lengths) tells nothing.
 *
 * Bounded: 4,096 hosts (96 KiB); of two that meet in one place the later stays.
 */
#pragma once
#include "packet/tuple.h"

struct ttl_memory;

/* NULL if there is no memory. */
struct ttl_memory *ttl_memory_new(const struct hash_key *key);
void ttl_memory_free(struct ttl_memory *m);

/* Each packet that is not a copy (copies.h), before anybody looks at it: of a RST, usual_ttl is set. */
void ttl_memory_visit(struct ttl_memory *m, struct packet *p);

/* The usual TTL after one more packet has shown `ttl`: TTL_VARIES if it was another, and so it stays. */
#define TTL_VARIES 0xffff
static inline uint16_t ttl_usual(uint16_t usual, uint8_t ttl)
{
	return usual && usual != ttl ? TTL_VARIES : ttl;
}

/* What a verdict may be built on, and 0 if nothing is known, or several. */
static inline uint8_t ttl_known(uint16_t usual)
{
	return usual == TTL_VARIES ? 0 : (uint8_t)usual;
}
