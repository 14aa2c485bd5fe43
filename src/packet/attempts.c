// SPDX-License-Identifier: BSD-2-Clause
#include "packet/attempts.h"

/* What expires does so exactly; it is noticed this much later at most. */
#define CHECK_INTERVAL_NS 10000000u
#define REORDER_NS_DEFAULT 100000000u

int attempts_init(struct attempts *a, uint32_t limit, size_t entry_size)
{
	if (!a->reorder_ns)
		a->reorder_ns = REORDER_NS_DEFAULT;
	return slots_init(&a->slots, limit, entry_size);
}

void attempts_done(struct attempts *a)
{
	slots_done(&a->slots);
}

enum attempts_time attempts_tick(struct attempts *a, uint64_t now_ns)
{
	if (now_ns + a->timeout_ns < a->now_ns) {
		a->now_ns = now_ns;
		a->next_check_ns = now_ns;
		return TIME_BEGINS_AGAIN;
	}
	if (now_ns > a->now_ns)
		a->now_ns = now_ns;
	if (a->now_ns < a->next_check_ns)
		return TIME_PASSES;
	a->next_check_ns = a->now_ns + CHECK_INTERVAL_NS;
	return TIME_TO_CHECK;
}

void attempts_key_of(const struct attempts *a, const struct packet *p, struct attempt_key *ret)
{
	tuple_of_packet(p, &ret->tuple);
	ret->hash = (uint32_t)tuple_hash(&ret->tuple, &a->key);
}

static struct attempt *skip_other_tuples(const struct attempts *a, struct slot *slot,
					 const struct tuple *tuple)
{
	while (slot && !tuple_is_equal(&((struct attempt *)slot)->tuple, tuple))
		slot = slots_next(&a->slots, slot);
	return (struct attempt *)slot;
}

struct attempt *attempts_first(const struct attempts *a, const struct attempt_key *key)
{
	return skip_other_tuples(a, slots_first(&a->slots, key->hash), &key->tuple);
}

struct attempt *attempts_next(const struct attempts *a, const struct attempt *e)
{
	return skip_other_tuples(a, slots_next(&a->slots, &e->slot), &e->tuple);
}

enum attempt_class attempts_class_of(const struct handshake *h)
{
	bool alone = h->state == HANDSHAKE_SYN_SENT || h->state == HANDSHAKE_REPLY_FIRST;

	if (h->state == HANDSHAKE_CONCLUDED)
		return ATTEMPT_OVER;
	if (h->state == HANDSHAKE_ACK_EARLY)
		return ATTEMPT_EARLY;
	if (h->marks & HANDSHAKE_AWAITS_SYN)
		return ATTEMPT_WARNED;
	return alone && !h->dup_syn && !h->dup_syn_ack ? ATTEMPT_LONELY : ATTEMPT_ENGAGED;
}

void attempts_settle(struct attempts *a, struct attempt *e)
{
	enum attempt_class class = attempts_class_of(&e->h);

	/* Lists are in the order of last_ns, which a challenge leaves as it is. */
	if (class == e->slot.list && e->h.last_ns < a->now_ns)
		return;
	/* The wait for a late SYN/ACK begins once, however much the client goes on to send. */
	if (class != ATTEMPT_EARLY || e->slot.list != ATTEMPT_EARLY)
		slots_move(&a->slots, &e->slot, class);
}

struct attempt *attempts_victim(const struct attempts *a)
{
	const struct attempt_share *s = a->share;

	while (a->slots.list[s->class].count <= (s->divisor ? a->slots.limit / s->divisor : 0))
		s++;
	return (struct attempt *)slots_oldest(&a->slots, s->class);
}

struct attempt *attempts_excess(const struct attempts *a, const struct attempt_key *key)
{
	struct attempt *e, *live = NULL, *half_open = NULL, *over = NULL;
	int count = 0;

	for (e = attempts_first(a, key); e; e = attempts_next(a, e)) {
		if (e->slot.list == ATTEMPT_OVER)
			over = e;
		else if (e->slot.list == ATTEMPT_LIVE)
			live = e;
		else
			half_open = e;
		count++;
	}
	if (count < ATTEMPTS_PER_TUPLE)
		return NULL;
	return over ? over : half_open ? half_open : live;
}

struct attempt *attempts_add(struct attempts *a, const struct attempt_key *key,
			     const struct handshake *h)
{
	struct attempt *e =
		(struct attempt *)slots_take(&a->slots, key->hash, attempts_class_of(h));

	e->tuple = key->tuple;
	e->h = *h;
	return e;
}

static struct attempt *oldest_of(const struct attempts *a, enum attempt_class class)
{
	return (struct attempt *)slots_oldest(&a->slots, class);
}

static bool is_idle(const struct attempts *a, const struct attempt *e)
{
	return a->now_ns >= e->h.last_ns + a->timeout_ns;
}

/* The wait differs from one to the next, but has a minimum: look no further than that. */
static struct attempt *expired_warned(const struct attempts *a)
{
	struct attempt *e = oldest_of(a, ATTEMPT_WARNED);

	for (; e; e = (struct attempt *)slots_newer(&a->slots, &e->slot)) {
		if (a->now_ns < e->h.icmp_ns + HANDSHAKE_HARD_WAIT_NS)
			return NULL;
		if (a->now_ns >= handshake_icmp_deadline_ns(&e->h) || is_idle(a, e))
			return e;
	}
	return NULL;
}

static struct attempt *find_expired(const struct attempts *a)
{
	struct attempt *e = oldest_of(a, ATTEMPT_LONELY);

	if (e && is_idle(a, e))
		return e;
	e = oldest_of(a, ATTEMPT_ENGAGED);
	if (e && is_idle(a, e))
		return e;
	e = oldest_of(a, ATTEMPT_EARLY);
	if (e && a->now_ns >= e->h.ack_ns + a->reorder_ns)
		return e;
	return expired_warned(a);
}

struct attempt *attempts_next_expired(struct attempts *a)
{
	struct attempt *e = find_expired(a);

	if (e)
		handshake_give_up(&e->h, e->h.last_ns + a->timeout_ns);
	return e;
}

struct attempt *attempts_next_left(struct attempts *a, enum attempt_class from)
{
	struct attempt *e = NULL;

	for (int class = (int)from; class <= ATTEMPT_WARNED && !e; class ++)
		e = oldest_of(a, (enum attempt_class) class);
	if (e)
		handshake_leave(&e->h);
	return e;
}
