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

bool attempts_tick(struct attempts *a, uint64_t now_ns)
{
	if (now_ns > a->now_ns)
		a->now_ns = now_ns;
	if (a->now_ns < a->next_check_ns)
		return false;
	a->next_check_ns = a->now_ns + CHECK_INTERVAL_NS;
	return true;
}

void attempts_key_of(const struct attempts *a, const struct packet *p, struct attempt_key *ret)
{
	struct endpoint source = packet_source(p);

	tuple_of_packet(p, &ret->tuple);
	ret->hash = (uint32_t)tuple_hash(&ret->tuple, &a->key);
	ret->network = p->network;
	ret->view = p->view;
	ret->side = !endpoint_is_equal(&ret->tuple.low, &source);
	ret->is_strict = false;
}

static bool is_found(const struct attempt *e, const struct attempt_key *key)
{
	if (!tuple_is_equal(&e->tuple, &key->tuple))
		return false;
	if (!key->view)
		return true;
	if (e->has_sent[key->side])
		return e->view[key->side] == key->view;
	return !key->is_strict || e->view[!key->side] == key->view;
}

static struct attempt *skip_others(const struct attempts *a, struct slot *slot,
				   const struct attempt_key *key)
{
	while (slot && !is_found((struct attempt *)slot, key))
		slot = slots_next(&a->slots, slot);
	return (struct attempt *)slot;
}

struct attempt *attempts_first(const struct attempts *a, const struct attempt_key *key)
{
	return skip_others(a, slots_first(&a->slots, key->hash), key);
}

struct attempt *attempts_next(const struct attempts *a, const struct attempt_key *key,
			      const struct attempt *e)
{
	return skip_others(a, slots_next(&a->slots, &e->slot), key);
}

void attempts_note_place(struct attempt *e, const struct attempt_key *key)
{
	e->network[key->side] = key->network;
	e->view[key->side] = key->view;
	e->has_sent[key->side] = true;
}

bool attempts_is_near(const struct attempt *e, const struct attempt_key *key)
{
	return e->network[e->has_sent[key->side] ? key->side : !key->side] == key->network;
}

bool attempts_share_network(const struct attempt *a, const struct attempt *b)
{
	for (int side = 0; side < 2; side++)
		if (a->has_sent[side] && b->has_sent[side] &&
		    a->network[side] == b->network[side] && a->view[side] == b->view[side])
			return true;
	return false;
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

/* The oldest of those that are over, half-open, live: who of them goes first. */
struct oldest {
	struct attempt *over, *half_open, *live;
	int count;
};

static void note_oldest(struct oldest *o, struct attempt *e)
{
	if (e->slot.list == ATTEMPT_OVER)
		o->over = e;
	else if (e->slot.list >= ATTEMPT_LIVE)
		o->live = e;
	else
		o->half_open = e;
	o->count++;
}

static struct attempt *excess_of(const struct oldest *o, int limit)
{
	if (o->count < limit)
		return NULL;
	return o->over ? o->over : o->half_open ? o->half_open : o->live;
}

struct attempt *attempts_excess(const struct attempts *a, const struct attempt_key *key)
{
	struct oldest near = {.count = 0}, all = {.count = 0};
	struct attempt *e;

	for (e = attempts_first(a, key); e; e = attempts_next(a, key, e)) {
		note_oldest(&all, e);
		if (attempts_is_near(e, key))
			note_oldest(&near, e);
	}
	e = excess_of(&near, ATTEMPTS_PER_TUPLE);
	return e ? e : excess_of(&all, ATTEMPTS_PER_CHAIN);
}

struct attempt *attempts_add(struct attempts *a, const struct attempt_key *key,
			     const struct handshake *h)
{
	struct attempt *e =
		(struct attempt *)slots_take(&a->slots, key->hash, attempts_class_of(h));

	e->tuple = key->tuple;
	e->has_sent[0] = e->has_sent[1] = false;
	e->h = *h;
	attempts_note_place(e, key);
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
