// SPDX-License-Identifier: BSD-2-Clause
#include "engine/names.h"

#include <stddef.h>

#include "abi/event.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *const state_names[] = {
	"unknown",   "established", "syn_sent",	  "syn_recv", "fin_wait1", "fin_wait2", "time_wait",
	"close",     "close_wait",  "last_ack",	  "listen",   "closing",   "new_syn_recv",
};
_Static_assert(ARRAY_SIZE(state_names) == ST_COUNT, "one name per state");

static const char *const end_names[] = {
	NULL,	   "fin",	  "reset_sent", "reset_received",
	"timeout", "refused", "unreachable", "aborted",
	"no_port", "unknown",
};
_Static_assert(ARRAY_SIZE(end_names) == END_COUNT, "one name per end reason");

static const char *const role_names[] = {"unknown", "connect", "accept", "listen"};
_Static_assert(ARRAY_SIZE(role_names) == ROLE_COUNT, "one name per role");

static const char *const owner_names[] = {"none", "listen", "connect", "accept", "files", "close"};
_Static_assert(ARRAY_SIZE(owner_names) == OWNER_COUNT, "one name per owner source");

static const char *const seen_names[] = {"open", "adopted", "late"};
_Static_assert(ARRAY_SIZE(seen_names) == SEEN_COUNT, "one name per way of seeing");

static const char *const outcome_names[] = {
	"pending",     "established", "rejected",   "aborted",
	"unreachable", "timed_out",   "superseded", "overflow",
	"gone",	       "not_sent",    "listen_drop",
};
_Static_assert(ARRAY_SIZE(outcome_names) == OUTCOME_COUNT, "one name per outcome");

static const char *pick(const char *const *names, size_t count, unsigned i)
{
	return i < count ? names[i] : names[0];
}

const char *state_name(unsigned state)
{
	return pick(state_names, ARRAY_SIZE(state_names), state);
}

const char *end_reason_name(unsigned reason)
{
	return pick(end_names, ARRAY_SIZE(end_names), reason);
}

const char *outcome_name(unsigned outcome)
{
	return pick(outcome_names, ARRAY_SIZE(outcome_names), outcome);
}

const char *direction_name(unsigned directions)
{
	static const char *const names[] = {NULL, "rx", "tx", "both"};

	return pick(names, ARRAY_SIZE(names), directions);
}

const char *role_name(unsigned role)
{
	return pick(role_names, ARRAY_SIZE(role_names), role);
}

const char *owner_source_name(unsigned source)
{
	return pick(owner_names, ARRAY_SIZE(owner_names), source);
}

const char *seen_name(unsigned seen)
{
	return pick(seen_names, ARRAY_SIZE(seen_names), seen);
}
