// SPDX-License-Identifier: BSD-2-Clause
/*
 * Community ID, version 1, of a TCP connection: the same short text in every program that knows it
 * (Zeek, Suricata, Wireshark), whichever end it was seen from.
 */
#pragma once
#include <stdint.h>

#include "abi/addr.h"

/* "1:", 28 characters of base64, and the end. */
#define COMMUNITY_ID_SIZE 31

/*
 * Write it to `out`; ports in host order. Source: the specification of community-id-spec, with seed
 * 0 and protocol 6: the end that is less, as bytes, comes first, by port if the addresses are
 * equal; then SHA-1 of seed, addresses, protocol, a zero byte, ports, all in network order.
 * v4-mapped addresses count as IPv4.
 */
void community_id(const struct addr *a, uint16_t a_port, const struct addr *b, uint16_t b_port,
		  char out[COMMUNITY_ID_SIZE]);
