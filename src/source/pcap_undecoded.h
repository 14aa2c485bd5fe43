// SPDX-License-Identifier: BSD-2-Clause
/* What could not be used of a capture, by reason. */
#pragma once
#include <stdint.h>

#include "packet/capture.h"

struct account;

struct pcap_undecoded {
	uint64_t result[DECODE_RESULT_COUNT];
	uint64_t refused[CAPTURE_REFUSAL_COUNT];
	uint64_t truncated; /* files that end within a packet */
	uint64_t broken;    /* files that make no sense from somewhere on */
	uint64_t bad_checksums;
};

/* Fill undecoded and undecoded_why. */
void pcap_undecoded_account(const struct pcap_undecoded *u, struct account *ret);
