// SPDX-License-Identifier: BSD-2-Clause
/* Listeners: whose clients wait or are turned away. */
#include "verdict/rules.h"
#include "verdict/verdict.h"

#define HOLDS(name) static bool name(const struct subject *s, const struct facts *f)

static bool is_full(const struct facts *f)
{
	return fact_has(f, FACT_queue) && fact_get(f, FACT_queue) > fact_get(f, FACT_queue_limit);
}

HOLDS(queue_full)
{
	(void)s;
	return is_full(f) || (fact_get(f, FACT_drops) && !f->is_life &&
			      fact_get(f, FACT_queue) >= fact_get(f, FACT_queue_limit));
}

/* Of a listener that was there before us, drops are of its whole life. */
HOLDS(drops)
{
	return fact_get(f, FACT_drops) && !f->is_life && !queue_full(s, f);
}

HOLDS(unanswered)
{
	(void)s;
	return fact_get(f, FACT_synacks_again) >= 5;
}

// clang-format off
static const struct rule rules[] = {
	{"accept_queue_full", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "more connections wait than may, or some were dropped while the queue was full", "1 reading",
	 "does not accept: queue {queue} of {queue_limit}[, {drops:SYN or ACK,SYNs and ACKs} dropped in {window_us}]; clients see timeouts",
	 "queue,queue_limit,drops,window_us",
	 "its accept loop, then the backlog of listen() and net.core.somaxconn",
	 queue_full},
	{"listener_drops", SEVERITY_WATCH, CERTAINTY_MEASURED,
	 "packets were dropped although its queue has room", "1 packet",
	 "dropped {drops:SYN or ACK,SYNs and ACKs} in {window_us}, although its queue has room ({queue} of {queue_limit})",
	 "drops,queue,queue_limit,window_us",
	 "the queue may have been full between two readings; memory, route, socket filters",
	 drops},
	{"synacks_unanswered", SEVERITY_WATCH, CERTAINTY_MEASURED,
	 "five SYN/ACKs were sent again", "5 segments",
	 "{synacks_again:SYN/ACK} sent again in {window_us}: clients do not answer",
	 "synacks_again,window_us",
	 "the path back to the clients; a flood with forged addresses",
	 unanswered},
};
// clang-format on

const struct rule_table rule_listener = {"listeners", rules, sizeof(rules) / sizeof(rules[0])};
