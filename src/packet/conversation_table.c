// SPDX-License-Identifier: BSD-2-Clause
#include "packet/conversation_table.h"

#include <stdlib.h>

#include "packet/attempts.h"

/* Zeek gives up a connection after so much silence (tcp_inactivity_timeout); we, if there is need.
 */
#define SILENCE_NS 300000000000ull

struct entry {
	struct attempt attempt;
	struct conversation c;
};

struct conversation_table {
	struct attempts attempts;
	struct conversation_table_config config;
	struct conversation_counts counts;
	uint64_t last_id;
};

static const struct attempt_share shares[] = {
	{ATTEMPT_OVER, 8},   {ATTEMPT_ENDING, 16}, {ATTEMPT_DOUBTED, 16}, {ATTEMPT_WARNED, 16},
	{ATTEMPT_EARLY, 16}, {ATTEMPT_LONELY, 4},  {ATTEMPT_ENGAGED, 4},  {ATTEMPT_LIVE, 0},
	{ATTEMPT_LONELY, 0}, {ATTEMPT_ENGAGED, 0}, {ATTEMPT_WARNED, 0},	  {ATTEMPT_EARLY, 0},
	{ATTEMPT_ENDING, 0}, {ATTEMPT_DOUBTED, 0}, {ATTEMPT_OVER, 0},
};

struct conversation_table *conversation_table_new(const struct conversation_table_config *config)
{
	struct conversation_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->config = *config;
	t->attempts = (struct attempts){
		.key = config->key,
		.timeout_ns = config->timeout_ns,
		.reorder_ns = config->reorder_ns,
		.share = shares,
	};
	if (!attempts_init(&t->attempts, config->limit, sizeof(struct entry)))
		return t;
	free(t);
	return NULL;
}

void conversation_table_free(struct conversation_table *t)
{
	if (t)
		attempts_done(&t->attempts);
	free(t);
}

static struct entry *oldest_of(const struct conversation_table *t, enum attempt_class class)
{
	return (struct entry *)slots_oldest(&t->attempts.slots, class);
}

static void move(struct conversation_table *t, struct entry *e, enum attempt_class class)
{
	slots_move(&t->attempts.slots, &e->attempt.slot, class);
}

static void forget(struct conversation_table *t, struct entry *e)
{
	slots_release(&t->attempts.slots, &e->attempt.slot);
}

static void tell_closed(struct conversation_table *t, struct entry *e)
{
	t->counts.closed++;
	if (t->config.close)
		t->config.close(t->config.context, &e->c, &e->attempt.h);
	move(t, e, ATTEMPT_OVER);
}

static void close_as(struct conversation_table *t, struct entry *e, enum conversation_end end)
{
	conversation_close(&e->c, end, e->c.last_ns);
	tell_closed(t, e);
}

/* Nothing more of it will come, whatever its end was: what it waits for, or the one given. */
static void finish(struct conversation_table *t, struct entry *e, enum conversation_end otherwise)
{
	if (!conversation_patience_ns(&e->c)) {
		close_as(t, e, otherwise);
		return;
	}
	conversation_settle(&e->c);
	tell_closed(t, e);
}

static bool is_past_opening(const struct entry *e)
{
	return e->c.phase == CONVERSATION_SYNCHRONISED || e->c.phase == CONVERSATION_ENDING;
}

static enum attempt_class class_of(const struct entry *e)
{
	if (e->c.phase == CONVERSATION_ENDING)
		return ATTEMPT_ENDING;
	return conversation_patience_ns(&e->c) ? ATTEMPT_DOUBTED : ATTEMPT_LIVE;
}

/* An established one takes the tuple from all that were established on it before, in its network.
 */
static void tell_established(struct conversation_table *t, struct entry *e)
{
	const struct attempt_key key = {.tuple = e->attempt.tuple, .hash = e->attempt.slot.hash};
	struct attempt *other = attempts_first(&t->attempts, &key);

	for (; other; other = attempts_next(&t->attempts, &key, other))
		if (other != &e->attempt && is_past_opening((struct entry *)other) &&
		    attempts_share_network(other, &e->attempt))
			finish(t, (struct entry *)other, CONVERSATION_REPLACED);
	move(t, e, class_of(e));
}

/* By a segment, or by time alone, it may have changed. */
static void take(struct conversation_table *t, struct entry *e, enum conversation_step step)
{
	e->c.has_news = true;
	if (step == CONVERSATION_CLOSES)
		tell_closed(t, e);
	else if (step == CONVERSATION_ESTABLISHES)
		tell_established(t, e);
	else if (e->c.phase == CONVERSATION_OPENING)
		attempts_settle(&t->attempts, &e->attempt);
	else if (is_past_opening(e))
		move(t, e, class_of(e));
}

/* Time */

/* The way back may not be part of the capture, and so nor the last ACK. */
static enum conversation_end end_of_silent(const struct entry *e)
{
	const struct stream *s = e->c.stream;

	return s[SIDE_CLIENT].has_fin || s[SIDE_SERVER].has_fin ? CONVERSATION_FIN
								: CONVERSATION_IDLE;
}

static void expire_live(struct conversation_table *t)
{
	struct entry *e;

	while (t->config.idle_ns && (e = oldest_of(t, ATTEMPT_LIVE))) {
		if (t->attempts.now_ns < e->c.last_ns + t->config.idle_ns)
			return;
		close_as(t, e, end_of_silent(e));
	}
}

/* Those whose patience is over: each of these lists has one of its own. */
static void expire_ending(struct conversation_table *t, enum attempt_class class)
{
	struct entry *e;

	while ((e = oldest_of(t, class))) {
		if (t->attempts.now_ns < e->c.last_ns + conversation_patience_ns(&e->c))
			return;
		finish(t, e, CONVERSATION_IDLE);
	}
}

static void forget_over(struct conversation_table *t)
{
	struct entry *e;

	while ((e = oldest_of(t, ATTEMPT_OVER))) {
		if (t->attempts.now_ns < e->c.closed_ns + t->config.linger_ns)
			return;
		forget(t, e);
	}
}

static void expire(struct conversation_table *t)
{
	struct attempt *e;

	while ((e = attempts_next_expired(&t->attempts)))
		take(t, (struct entry *)e, conversation_follow(&((struct entry *)e)->c, &e->h));
	expire_ending(t, ATTEMPT_ENDING);
	expire_ending(t, ATTEMPT_DOUBTED);
	expire_live(t);
	forget_over(t);
}

void conversation_table_tick(struct conversation_table *t, uint64_t now_ns)
{
	if (attempts_tick(&t->attempts, now_ns))
		expire(t);
}

/* Packets */

/* Of a table that is full: who has been silent for so long that nobody would wait for it. */
static bool is_given_up(const struct conversation_table *t, const struct entry *e)
{
	return is_past_opening(e) && t->attempts.now_ns > e->c.last_ns + SILENCE_NS;
}

static void make_room(struct conversation_table *t, const struct attempt_key *key)
{
	struct entry *excess = (struct entry *)attempts_excess(&t->attempts, key), *e = excess;

	if (!e && slots_is_full(&t->attempts.slots))
		e = (struct entry *)attempts_victim(&t->attempts);
	if (!e)
		return;
	if (e->c.phase != CONVERSATION_CLOSED && excess) {
		finish(t, e, CONVERSATION_REPLACED);
	} else if (e->c.phase != CONVERSATION_CLOSED && is_given_up(t, e)) {
		finish(t, e, end_of_silent(e));
	} else if (e->c.phase != CONVERSATION_CLOSED) {
		t->counts.evicted += !conversation_patience_ns(&e->c);
		finish(t, e, CONVERSATION_EVICTED);
	}
	forget(t, e);
}

static void begin(struct conversation_table *t, const struct attempt_key *key,
		  const struct packet *p)
{
	struct handshake h;
	struct conversation c;
	struct entry *e;

	if (!conversation_begin(&c, &h, p)) {
		t->counts.stray++;
		return;
	}
	make_room(t, key);
	e = (struct entry *)attempts_add(&t->attempts, key, &h);
	e->c = c;
	e->c.has_news = true;
	e->c.id = ++t->last_id;
	t->counts.opened++;
	t->counts.adopted += c.is_adopted;
	if (c.is_adopted)
		move(t, e, ATTEMPT_LIVE);
	if (t->config.open)
		t->config.open(t->config.context, &e->c, &e->attempt.h);
}

/* Beside others of its tuple: a SYN always; a SYN/ACK and data only where they cannot be a part of
 * what is there, however wrong their numbers. */
static bool may_begin_beside(const struct packet *p, bool half_open, bool live)
{
	if (p->kind != PACKET_TCP)
		return false;
	if ((p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		return true;
	return p->flags & TCP_SYN ? !half_open : !live;
}

static bool offer(struct conversation_table *t, const struct attempt_key *key, struct attempt *a,
		  const struct packet *p)
{
	struct entry *e = (struct entry *)a;
	enum conversation_step step = conversation_step(&e->c, &a->h, p);

	if (step == CONVERSATION_FOREIGN)
		return false;
	attempts_note_place(a, key);
	take(t, e, step);
	return true;
}

/*
 * Of several on one tuple: that which goes on with these numbers, in the packet's network or in
 * another. A SYN, and whatever else somebody sends with other numbers, then cannot take what
 * belongs to one that is established (RFC 5961).
 */
static bool offer_follower(struct conversation_table *t, const struct attempt_key *key,
			   const struct packet *p, bool is_near)
{
	struct attempt *a = attempts_first(&t->attempts, key);

	if (p->kind != PACKET_TCP || p->flags & TCP_SYN)
		return false;
	for (; a; a = attempts_next(&t->attempts, key, a)) {
		const struct entry *e = (const struct entry *)a;

		if (is_past_opening(e) && attempts_is_near(a, key) == is_near &&
		    conversation_judge(&e->c, &a->h, p) == CONVERSATION_FOLLOWS)
			return offer(t, key, a, p);
	}
	return false;
}

static bool offer_phase(struct conversation_table *t, const struct attempt_key *key,
			const struct packet *p, unsigned int phases)
{
	struct attempt *a = attempts_first(&t->attempts, key);

	for (; a; a = attempts_next(&t->attempts, key, a))
		if (phases >> ((struct entry *)a)->c.phase & 1 && offer(t, key, a, p))
			return true;
	return false;
}

/* Those that open know their numbers best, then those that are established; what is closed takes
 * whatever is left. */
static bool offer_all(struct conversation_table *t, const struct attempt_key *key,
		      const struct packet *p)
{
	const unsigned int opening = 1u << CONVERSATION_OPENING, closed = 1u << CONVERSATION_CLOSED;
	const unsigned int live = 1u << CONVERSATION_SYNCHRONISED | 1u << CONVERSATION_ENDING;
	struct attempt *a = attempts_first(&t->attempts, key);

	if (!a || !attempts_next(&t->attempts, key, a))
		return a && offer(t, key, a, p);
	return offer_follower(t, key, p, true) || offer_phase(t, key, p, opening) ||
	       offer_follower(t, key, p, false) || offer_phase(t, key, p, live) ||
	       offer_phase(t, key, p, closed);
}

void conversation_table_feed(struct conversation_table *t, const struct packet *p)
{
	bool half_open = false, live = false;
	struct attempt_key key;
	struct attempt *a;

	conversation_table_tick(t, p->time_ns);
	attempts_key_of(&t->attempts, p, &key);
	key.is_strict = key.view;
	if (key.is_strict && offer_all(t, &key, p))
		return;
	key.is_strict = false;
	if (offer_all(t, &key, p))
		return;
	for (a = attempts_first(&t->attempts, &key); a; a = attempts_next(&t->attempts, &key, a)) {
		half_open |= ((struct entry *)a)->c.phase == CONVERSATION_OPENING;
		live |= is_past_opening((struct entry *)a);
	}
	if ((half_open || live) && !may_begin_beside(p, half_open, live))
		t->counts.ignored++;
	else
		begin(t, &key, p);
}

void conversation_table_sample(struct conversation_table *t, bool all,
			       void (*sample)(void *context, const struct conversation *c,
					      const struct handshake *h),
			       void *context)
{
	for (int class = 0; class < ATTEMPT_OVER; class ++) {
		struct entry *e = oldest_of(t, (enum attempt_class) class);

		for (; e; e = (struct entry *)slots_newer(&t->attempts.slots, &e->attempt.slot)) {
			if (!all && !e->c.has_news)
				continue;
			sample(context, &e->c, &e->attempt.h);
			e->c.has_news &= all;
		}
	}
}

void conversation_table_settle(struct conversation_table *t)
{
	struct entry *e;

	while ((e = oldest_of(t, ATTEMPT_ENDING)) || (e = oldest_of(t, ATTEMPT_DOUBTED)))
		finish(t, e, CONVERSATION_IDLE);
}

void conversation_table_flush(struct conversation_table *t, uint64_t now_ns)
{
	struct attempt *a;

	conversation_table_tick(t, now_ns);
	expire(t);
	while ((a = attempts_next_left(&t->attempts, ATTEMPT_EARLY))) {
		struct entry *e = (struct entry *)a;

		take(t, e, conversation_follow(&e->c, &a->h));
	}
	conversation_table_settle(t);
}

uint32_t conversation_table_live(const struct conversation_table *t)
{
	return t->attempts.slots.used - t->attempts.slots.list[ATTEMPT_OVER].count;
}

const struct conversation_counts *conversation_table_counts(const struct conversation_table *t)
{
	return &t->counts;
}
