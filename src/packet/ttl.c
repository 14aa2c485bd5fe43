// SPDX-License-Identifier: BSD-2-Clause
#include "packet/ttl.h"

#include <stdlib.h>
#include <string.h>

#define HOSTS 4096

struct host {
	struct addr addr;
	uint32_t network; /* packet.network */
	uint16_t usual;	  /* ttl_usual(); 0: nobody is here */
};

struct ttl_memory {
	struct hash_key key;
	struct host host[HOSTS];
};

struct ttl_memory *ttl_memory_new(const struct hash_key *key)
{
	struct ttl_memory *m = calloc(1, sizeof(*m));

	if (m)
		m->key = *key;
	return m;
}

void ttl_memory_free(struct ttl_memory *m)
{
	free(m);
}

static struct host *place_of_sender(struct ttl_memory *m, const struct packet *p)
{
	uint64_t word[3] = {0, 0, p->network};

	memcpy(word, &p->src, sizeof(p->src));
	return &m->host[hash_words(word, 3, &m->key) % HOSTS];
}

static bool is_sender(const struct host *h, const struct packet *p)
{
	return h->usual && h->network == p->network && !memcmp(&h->addr, &p->src, sizeof(p->src));
}

void ttl_memory_visit(struct ttl_memory *m, struct packet *p)
{
	struct host *h;

	if (p->kind != PACKET_TCP || !(p->flags & (TCP_SYN | TCP_RST)))
		return;
	h = place_of_sender(m, p);
	if (p->flags & TCP_RST)
		p->usual_ttl = is_sender(h, p) ? ttl_known(h->usual) : 0;
	else
		*h = (struct host){
			.addr = p->src,
			.network = p->network,
			.usual = ttl_usual(is_sender(h, p) ? h->usual : 0, p->ttl),
		};
}
