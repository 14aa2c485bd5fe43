// SPDX-License-Identifier: BSD-2-Clause
/*
 * What an ICMP or ICMPv6 error means to a TCP that is opening a connection.
 *
 * RFC 1122 section 4.2.3.9 divides errors in hard ones, at which TCP should give up, and soft
 * ones, at which it must go on and only remember. RFC 5461 records that many stacks (Linux among
 * them) give up at soft ones too while the connection is not yet established; others (BSD,
 * Windows) go on. An observer can therefore not believe an error until the next retransmission
 * that is due does not come (handshake.h).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum icmp_meaning {
	ICMP_NOTHING, /* not an error about reachability, or only about packet size */
	ICMP_SOFT,
	ICMP_HARD,
};

/* `family` is 4 (RFC 792, 1122, 1812) or 6 (RFC 4443, 6550, 8883). */
enum icmp_meaning icmp_meaning(uint8_t family, uint8_t type, uint8_t code);

/* The path takes only smaller packets (RFC 1191, RFC 8201). */
bool icmp_is_too_big(uint8_t family, uint8_t type, uint8_t code);

/* A short name such as "port-unreachable", for every error code assigned; never NULL. */
const char *icmp_name(uint8_t family, uint8_t type, uint8_t code);
