// SPDX-License-Identifier: BSD-2-Clause
/*
 * The eBPF socket filter that lets only handshakes through: bpf/alone/handshake_filter.bpf.c. It
 * takes CAP_BPF, on older kernels CAP_PERFMON too, no tracing, and no BTF of the kernel.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/pending.h"

struct handshake_filter;

struct handshake_filter_config {
	enum pending_link link;
	uint32_t snaplen;     /* bytes of a packet that are kept */
	uint32_t max_pending; /* handshakes that it remembers, see handshake_filter_room() */
	uint64_t timeout_ns;  /* of a handshake */
};

/* Handshakes that a filter for `max_pending` remembers: memory of the kernel, taken at once. */
uint32_t handshake_filter_room(uint32_t max_pending);

/* Load it. `*ret` is freed by handshake_filter_free(), also on failure. 0 or -errno, not logged. */
int handshake_filter_load(struct handshake_filter **ret,
			  const struct handshake_filter_config *config);

/* In place of whatever filter the socket has. 0 or -errno. */
int handshake_filter_attach(const struct handshake_filter *f, int socket);

/*
 * Does it remember anything of this tuple? What was forgotten without reason had to make room. True
 * if that cannot be found out.
 */
bool handshake_filter_remembers(const struct handshake_filter *f, const struct pending_key *key);

/* Does handshake_filter_remembers() take CAP_BPF here? It did before Linux 5.19. */
bool handshake_filter_needs_capability(const struct handshake_filter *f);

/* Accepts NULL. What is attached stays so until the socket is closed. */
void handshake_filter_free(struct handshake_filter *f);

/* Could it be loaded, and attached to a packet socket, here? 0 or -errno. */
int handshake_filter_try(void);
