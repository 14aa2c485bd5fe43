// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which peers live: those that acknowledged something just now, on whatever connection. So a verdict
 * can tell a peer that is gone from a connection that is stuck. A set of bits by hash of the address:
 * two peers in 65,536 may be taken for each other.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"

#define PEERS_BITS 65536

struct peers {
	uint8_t alive[PEERS_BITS / 8];
};

/* `extra` is the last reading of a connection to this peer, or NULL. */
void peers_note(struct peers *p, const struct ev_ident *ident, const struct ev_extra *extra);
bool peers_lives(const struct peers *p, const struct ev_ident *ident);
