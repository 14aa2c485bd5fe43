// SPDX-License-Identifier: BSD-2-Clause
#include "source/pcap_undecoded.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/account.h"

/*
 * What was of no concern is no loss: other protocols, and fragments that carry no TCP header, whose
 * bytes the sequence numbers of the next segment tell.
 */
static bool is_loss(enum decode_result result)
{
	switch (result) {
	case DECODE_TCP:
	case DECODE_ICMP_ERROR:
	case DECODE_NOT_IP:
	case DECODE_NOT_TCP:
	case DECODE_ICMP_OTHER:
	case DECODE_FRAGMENT:
		return false;
	default:
		return true;
	}
}

static void note(struct account *a, const char *reason, uint64_t count)
{
	size_t used = strlen(a->undecoded_why);

	if (!count)
		return;
	a->undecoded += count;
	snprintf(a->undecoded_why + used, sizeof(a->undecoded_why) - used, "%s%s %llu",
		 used ? ", " : "", reason, (unsigned long long)count);
}

void pcap_undecoded_account(const struct pcap_undecoded *u, struct account *ret)
{
	for (int i = 0; i < DECODE_RESULT_COUNT; i++) {
		enum decode_result result = (enum decode_result)i;

		if (is_loss(result))
			note(ret, decode_result_name(result), u->result[i]);
	}
	note(ret, "bad-checksum", u->bad_checksums);
	note(ret, "unknown-interface", u->refused[CAPTURE_NO_INTERFACE]);
	note(ret, "time-out-of-range", u->refused[CAPTURE_BAD_TIME]);
	note(ret, "truncated-file", u->truncated);
	note(ret, "broken-file", u->broken);
}
