// SPDX-License-Identifier: BSD-2-Clause
#include "packet/tuple.h"

#include <string.h>

static int endpoint_compare(const struct endpoint *a, const struct endpoint *b)
{
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	return order ? order : (int)a->port - (int)b->port;
}

bool endpoint_is_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

void tuple_of_packet(const struct packet *p, struct tuple *ret)
{
	struct endpoint src = packet_source(p), dst = packet_destination(p);
	bool ordered = endpoint_compare(&src, &dst) <= 0;

	ret->low = ordered ? src : dst;
	ret->high = ordered ? dst : src;
}

bool tuple_is_equal(const struct tuple *a, const struct tuple *b)
{
	return endpoint_is_equal(&a->low, &b->low) && endpoint_is_equal(&a->high, &b->high);
}

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF", with 1 and 3 rounds. */
uint64_t hash_words(const uint64_t *word, uint32_t count, const struct hash_key *key)
{
	uint64_t v[4] = {
		key->word[0] ^ 0x736f6d6570736575u,
		key->word[1] ^ 0x646f72616e646f6du,
		key->word[0] ^ 0x6c7967656e657261u,
		key->word[1] ^ 0x7465646279746573u,
	};
	uint64_t last = (uint64_t)count * 8 << 56;

	for (uint32_t i = 0; i < count; i++) {
		v[3] ^= word[i];
		sip_round(v);
		v[0] ^= word[i];
	}
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t tuple_hash(const struct tuple *t, const struct hash_key *key)
{
	uint64_t word[5];

	memcpy(word, &t->low.addr, 16);
	memcpy(word + 2, &t->high.addr, 16);
	word[4] = (uint64_t)t->low.port << 16 | t->high.port;
	return hash_words(word, 5, key);
}
