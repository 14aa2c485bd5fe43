// SPDX-License-Identifier: BSD-2-Clause
#include "app/loss.h"

#include <stdbool.h>
#include <stdio.h>

#include "app/asked.h"
#include "engine/account.h"
#include "engine/source.h"
#include "util/log.h"

static uint64_t take(uint64_t *from, uint64_t n)
{
	uint64_t taken = n < *from ? n : *from;

	*from -= taken;
	return taken;
}

void loss_unseen(struct account *a, uint64_t unseen)
{
	uint64_t lost = take(&a->lost, unseen);

	a->unseen = unseen;
	a->closed += unseen;
	a->live -= unseen - lost;
	/* First those that no program was told of; which of the others they were is not known. */
	if (a->lost < a->lost_ring + a->lost_memory)
		take(&a->lost_ring, a->lost_ring + a->lost_memory - a->lost);
}

/* The reasons of `a->lost`, each with its number if there are several. */
static void write_reasons(const struct account *a, const char *advice, char *text, size_t size)
{
	uint64_t rest = a->lost - a->lost_ring - a->lost_memory;
	size_t used = 0;
	const struct {
		uint64_t count;
		const char *why;
	} reason[] = {
		{a->lost_ring, "found the event buffer full (a larger --ring helps)"},
		{a->lost_memory, "got no memory from the kernel"},
		{rest, advice},
	};

	for (size_t i = 0; i < sizeof(reason) / sizeof(reason[0]); i++) {
		if (!reason[i].count || used >= size)
			continue;
		if (reason[i].count == a->lost)
			used += (size_t)snprintf(text, size, "they %s", reason[i].why);
		else
			used += (size_t)snprintf(
				text + used, size - used, "%s%llu %s", used ? "; " : "",
				(unsigned long long)reason[i].count, reason[i].why);
	}
}

static void warn_of_lost(const struct account *a, const struct source *s, bool of_handshakes)
{
	const char *advice = of_handshakes && s->ops->packets
				     ? "too many were pending; a larger --max-pending helps"
				     : s->ops->loss_advice;
	bool is_beside = of_handshakes && s->flows;
	char reasons[400], moved[80] = "";

	if (s->ops->finds_gone && advice) {
		write_reasons(a, advice, reasons, sizeof(reasons));
		advice = reasons;
	}
	/* Of what no program was told, nothing is known. */
	if (!is_beside && (!s->ops->finds_gone || a->lost_ring))
		snprintf(moved, sizeof(moved), " (%llu bytes sent, %llu received)",
			 (unsigned long long)a->lost_tx_bytes,
			 (unsigned long long)a->lost_rx_bytes);
	log_warn("lost %llu of %llu %s%s%s%s", (unsigned long long)a->lost,
		 (unsigned long long)(a->opened + a->adopted),
		 is_beside ? "handshakes" : "flows", moved, advice ? ": " : "",
		 advice ? advice : "");
}

uint64_t loss_overflow(struct account *a, const struct all_asked *asked)
{
	uint64_t unsent = 0;

	for (unsigned i = 0; i < asked->count; i++) {
		const struct consumer *c = &asked->one[i]->consumer;

		if (c->ops->overflow)
			*(c->ops->exports ? &unsent : &a->table_full) += c->ops->overflow(c);
	}
	return unsent;
}

void loss_warn(const struct account *a, const struct account *handshakes, const struct source *s)
{
	if (a->lost)
		warn_of_lost(a, s, !s->flows);
	if (s->flows && s->handshakes && s->ops->account_handshakes && handshakes->lost)
		warn_of_lost(handshakes, s, true);
	if (a->unseen)
		log_warn(
			"%llu flows ended without the kernel's telling any program; their rows (end "
			"reason 'unknown') show what was read of them last",
			(unsigned long long)a->unseen);
	if (a->missed)
		log_warn("missed %llu %s", (unsigned long long)a->missed,
			 s->ops->missed_advice
				 ? s->ops->missed_advice
				 : "state changes or packets, which the kernel skipped");
	if (a->table_full)
		log_warn("%llu readings found the flow table full; a larger --max-flows helps",
			 (unsigned long long)a->table_full);
	if (a->undecoded)
		log_warn("%llu records could not be understood%s%s",
			 (unsigned long long)a->undecoded, a->undecoded_why[0] ? ": " : "",
			 a->undecoded_why);
}
