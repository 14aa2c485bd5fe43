// SPDX-License-Identifier: BSD-2-Clause
#include "packet/handshake_table.h"

#include <stdlib.h>

#include "packet/attempts.h"

/* A client waits no longer for the next SYN: TCP_RTO_MAX of Linux, within RFC 6298 section 2.5. */
#define REMEMBER_NS 120000000000u

struct handshake_table {
	struct attempts attempts;
	struct handshake_table_config config;
	struct handshake_counts counts;
};

static const struct attempt_share shares[] = {
	{ATTEMPT_OVER, 8},   {ATTEMPT_WARNED, 8},  {ATTEMPT_EARLY, 8},
	{ATTEMPT_LONELY, 2}, {ATTEMPT_ENGAGED, 0}, {ATTEMPT_LONELY, 0},
	{ATTEMPT_WARNED, 0}, {ATTEMPT_EARLY, 0},   {ATTEMPT_OVER, 0},
};

struct handshake_table *handshake_table_new(const struct handshake_table_config *config)
{
	struct handshake_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->config = *config;
	t->attempts = (struct attempts){
		.key = config->key,
		.timeout_ns = config->timeout_ns,
		.reorder_ns = config->reorder_ns,
		.share = shares,
	};
	if (!attempts_init(&t->attempts, config->limit, sizeof(struct attempt)))
		return t;
	free(t);
	return NULL;
}

void handshake_table_free(struct handshake_table *t)
{
	if (t)
		attempts_done(&t->attempts);
	free(t);
}

static void report(struct handshake_table *t, struct attempt *e)
{
	t->counts.reported++;
	t->config.report(t->config.context, &e->h);
	slots_move(&t->attempts.slots, &e->slot, ATTEMPT_OVER);
}

static void forget(struct handshake_table *t, struct attempt *e)
{
	slots_release(&t->attempts.slots, &e->slot);
}

static bool is_only_one(const struct handshake_table *t, const struct attempt *e)
{
	const struct attempt_key key = {.tuple = e->tuple, .hash = e->slot.hash};

	return attempts_first(&t->attempts, &key) == e && !attempts_next(&t->attempts, &key, e);
}

/*
 * Concluded for the lack of a segment, which may have been kept from us? Where another attempt took
 * the tuple over, nobody watches the earlier one, and nothing of it can come.
 */
static bool is_unwatched(const struct handshake_table *t, const struct attempt *e)
{
	const struct handshake_table_config *c = &t->config;

	return c->is_watched && e->h.outcome != HANDSHAKE_ESTABLISHED && is_only_one(t, e) &&
	       !c->is_watched(c->context, &e->h);
}

static void report_silent(struct handshake_table *t, struct attempt *e)
{
	if (!is_unwatched(t, e)) {
		report(t, e);
		return;
	}
	t->counts.unwatched++;
	forget(t, e);
}

/* Time */

static void leave_all(struct handshake_table *t)
{
	struct attempt *e;

	while ((e = attempts_next_left(&t->attempts, ATTEMPT_LONELY)))
		report_silent(t, e);
}

static void forget_over(struct handshake_table *t)
{
	struct attempt *e;

	while ((e = (struct attempt *)slots_oldest(&t->attempts.slots, ATTEMPT_OVER))) {
		if (t->attempts.now_ns < e->h.end_ns + REMEMBER_NS)
			return;
		forget(t, e);
	}
}

static void expire(struct handshake_table *t)
{
	struct attempt *e;

	while ((e = attempts_next_expired(&t->attempts)))
		report_silent(t, e);
	forget_over(t);
}

void handshake_table_tick(struct handshake_table *t, uint64_t now_ns)
{
	if (attempts_tick(&t->attempts, now_ns))
		expire(t);
}

void handshake_table_flush(struct handshake_table *t, uint64_t now_ns)
{
	handshake_table_tick(t, now_ns);
	expire(t);
	leave_all(t);
}

/* Room */

static void evict_one(struct handshake_table *t)
{
	struct attempt *e = attempts_victim(&t->attempts);
	uint8_t class = e->slot.list;

	if (class == ATTEMPT_LONELY) {
		t->counts.evicted_lonely++;
	} else if (class == ATTEMPT_ENGAGED) {
		t->counts.evicted_engaged++;
	} else if (class != ATTEMPT_OVER) { /* the wait would hardly have changed its outcome */
		handshake_give_up(&e->h, e->h.last_ns);
		report(t, e);
	}
	forget(t, e);
}

static void drop(struct handshake_table *t, struct attempt *e)
{
	if (e->h.state != HANDSHAKE_CONCLUDED) {
		handshake_leave(&e->h);
		if (e->h.outcome == HANDSHAKE_PENDING)
			e->h.outcome = HANDSHAKE_SUPERSEDED;
		report(t, e);
	}
	forget(t, e);
}

/* Packets */

/* A SYN of a handshake that failed: its entry makes room for another attempt. */
static bool take_failed(struct handshake_table *t, const struct attempt_key *key,
			const struct handshake *again)
{
	struct attempt *e;

	for (e = attempts_first(&t->attempts, key); e; e = attempts_next(&t->attempts, key, e)) {
		if (e->h.state != HANDSHAKE_CONCLUDED || e->h.client_isn != again->client_isn ||
		    !endpoint_is_equal(&e->h.client, &again->client))
			continue;
		forget(t, e);
		return true;
	}
	return false;
}

static void begin(struct handshake_table *t, const struct attempt_key *key, const struct packet *p)
{
	struct attempt *excess;
	struct handshake h;

	if (!handshake_begin(&h, p)) {
		t->counts.stray++;
		return;
	}
	if (take_failed(t, key, &h))
		h.marks |= HANDSHAKE_RETRY;
	excess = attempts_excess(&t->attempts, key);
	if (excess)
		drop(t, excess);
	if (slots_is_full(&t->attempts.slots))
		evict_one(t);
	attempts_add(&t->attempts, key, &h);
	t->counts.begun++;
}

static void take(struct handshake_table *t, struct attempt *e, enum handshake_step step, bool over)
{
	if (over)
		t->counts.late++;
	else if (step == STEP_CONCLUDED)
		report(t, e);
	else
		attempts_settle(&t->attempts, e);
}

/* Only a SYN begins another handshake beside a pending one. */
static bool may_begin_beside(const struct packet *p)
{
	return p->kind == PACKET_TCP && (p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* To whom it belongs; NULL, and who might have been meant. */
static struct attempt *offer(struct handshake_table *t, const struct attempt_key *key,
			     const struct packet *p, struct attempt **ret_pending)
{
	struct attempt *e;

	for (e = attempts_first(&t->attempts, key); e; e = attempts_next(&t->attempts, key, e)) {
		bool over = e->h.state == HANDSHAKE_CONCLUDED;
		enum handshake_step step = handshake_step(&e->h, p);

		if (step != STEP_FOREIGN) {
			attempts_note_place(e, key);
			take(t, e, step, over);
			return e;
		}
		if (!over && !*ret_pending)
			*ret_pending = e;
	}
	return NULL;
}

void handshake_table_feed(struct handshake_table *t, const struct packet *p)
{
	struct attempt *pending = NULL;
	struct attempt_key key;

	handshake_table_tick(t, p->time_ns);
	attempts_key_of(&t->attempts, p, &key);
	key.is_strict = key.view;
	if (key.is_strict && offer(t, &key, p, &pending))
		return;
	key.is_strict = false;
	if (offer(t, &key, p, &pending))
		return;
	if (pending && !may_begin_beside(p)) {
		pending->h.ignored++;
		t->counts.ignored++;
		return;
	}
	begin(t, &key, p);
}

uint32_t handshake_table_pending(const struct handshake_table *t)
{
	return t->attempts.slots.used - t->attempts.slots.list[ATTEMPT_OVER].count;
}

const struct handshake_counts *handshake_table_counts(const struct handshake_table *t)
{
	return &t->counts;
}
