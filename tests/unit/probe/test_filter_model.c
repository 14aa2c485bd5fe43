// SPDX-License-Identifier: BSD-2-Clause
/*
 * The socket filter against the state machine that it serves: two tables are fed with the same
 * random conversation, one with all of it, one with what the filter lets through. What they report
 * must be the same.
 */
#include "filter.h"
#include "packet/handshake_table.h"
#include "packet/handshake.h"

#define MS 1000000ull
#define SECOND 1000000000ull
#define REPORTS_MAX 64
#define SEGMENTS_MAX 40

enum {
	FIN = TCP_FIN,
	SYN = TCP_SYN,
	RST = TCP_RST,
	ACK = TCP_ACK,
};

struct side {
	struct handshake_table *table;
	struct handshake h[REPORTS_MAX];
	unsigned int count;
};

struct sent {
	bool from_server;
	unsigned int flags, window, payload;
	uint32_t seq, ack, wait_ms;
};

struct round {
	struct sent sent[SEGMENTS_MAX];
	unsigned int count;
	unsigned int port;
	uint32_t c, s; /* first sequence numbers */
};

static void keep(void *context, const struct handshake *h)
{
	struct side *side = context;

	assert_true(side->count < REPORTS_MAX);
	side->h[side->count++] = *h;
}

static void side_begin(struct side *side)
{
	const struct handshake_table_config config = {
		.limit = 64,
		.timeout_ns = 30 * SECOND,
		.key = {{1, 2}},
		.report = keep,
		.context = side,
	};

	side->count = 0;
	side->table = handshake_table_new(&config);
	assert_non_null(side->table);
}

static unsigned int one_of(unsigned int count)
{
	return (unsigned int)random() % count;
}

static bool happens(unsigned int percent)
{
	return one_of(100) < percent;
}

static struct wire wire_of_segment(const struct round *r, const struct sent *s)
{
	struct wire w = {.len = 0};

	put_hex(&w, "4500");
	put16(&w, 40 + s->payload);
	put_hex(&w, "1234 4000 4006 0000");
	put_hex(&w, s->from_server ? "0a000002 0a000001" : "0a000001 0a000002");
	put16(&w, s->from_server ? 80 : r->port);
	put16(&w, s->from_server ? r->port : 80);
	put32(&w, s->seq);
	put32(&w, s->ack);
	put16(&w, 0x5000 | s->flags);
	put16(&w, s->window);
	put_zeros(&w, 4);
	return w;
}

static void explain(const struct round *r)
{
	for (unsigned int i = 0; i < r->count; i++) {
		const struct sent *s = &r->sent[i];

		print_message(
			"%c %s%s%s%s seq %c%+d ack %c%+d len %u after %u ms\n",
			s->from_server ? 'S' : 'C', s->flags & SYN ? "SYN " : "",
			s->flags & ACK ? "ACK " : "", s->flags & FIN ? "FIN " : "",
			s->flags & RST ? "RST " : "", s->from_server ? 's' : 'c',
			(int)(s->seq - (s->from_server ? r->s : r->c)), s->from_server ? 'c' : 's',
			(int)(s->ack - (s->from_server ? r->c : r->s)), s->payload, s->wait_ms);
	}
}

/* What a row shows as its time. */
static uint64_t time_ns(const struct handshake *h)
{
	return h->end_ns > h->first_ns ? h->end_ns : h->last_ns;
}

/* All that shows in a row. */
static bool are_equal(const struct handshake *a, const struct handshake *b)
{
	return endpoint_is_equal(&a->client, &b->client) && a->outcome == b->outcome &&
	       a->client_isn == b->client_isn && a->dup_syn == b->dup_syn &&
	       a->dup_syn_ack == b->dup_syn_ack && a->first_ns == b->first_ns &&
	       time_ns(a) == time_ns(b) && a->marks == b->marks &&
	       !strcmp(handshake_conn_state(a), handshake_conn_state(b));
}

static void show(const char *which, const struct handshake *h)
{
	print_message("%s: port %u %s %s, first %.6f, decided %.6f, again %u %u, marks %x\n", which,
		      h->client.port, handshake_outcome_name(h->outcome), handshake_conn_state(h),
		      (double)h->first_ns / 1e9, (double)time_ns(h) / 1e9, h->dup_syn,
		      h->dup_syn_ack, h->marks);
}

static int by_client(const void *a, const void *b)
{
	const struct handshake *one = a, *other = b;

	if (one->client_isn != other->client_isn)
		return one->client_isn < other->client_isn ? -1 : 1;
	return one->first_ns < other->first_ns ? -1 : one->first_ns > other->first_ns;
}

static void compare(const struct round *r, struct side *all, struct side *some)
{
	bool same = all->count == some->count;

	qsort(all->h, all->count, sizeof(all->h[0]), by_client);
	qsort(some->h, some->count, sizeof(some->h[0]), by_client);

	for (unsigned int i = 0; same && i < all->count; i++)
		same = are_equal(&all->h[i], &some->h[i]);
	if (same)
		return;
	explain(r);
	for (unsigned int i = 0; i < all->count; i++)
		show("without", &all->h[i]);
	for (unsigned int i = 0; i < some->count; i++)
		show("with", &some->h[i]);
	fail_msg("the filter changed an outcome");
}

/* Returns how many segments passed. */
static unsigned int play(const struct handshake_filter *f, const struct round *r)
{
	uint64_t now_ns = 1000 * SECOND;
	unsigned int passed = 0;
	struct side all, some;

	side_begin(&all);
	side_begin(&some);
	for (unsigned int i = 0; i < r->count; i++) {
		struct wire w = wire_of_segment(r, &r->sent[i]);
		struct packet p;

		now_ns += r->sent[i].wait_ms * MS + 1;
		assert_int_equal(decode_wire(&w, LINK_RAW, &p), DECODE_TCP);
		p.time_ns = now_ns;
		handshake_table_feed(all.table, &p);
		if (!filter_passes(f, 0x0800, w.bytes, w.len))
			continue;
		handshake_table_feed(some.table, &p);
		passed++;
	}
	now_ns += happens(50) ? 100 * SECOND : MS;
	handshake_table_flush(all.table, now_ns);
	handshake_table_flush(some.table, now_ns);
	compare(r, &all, &some);
	handshake_table_free(all.table);
	handshake_table_free(some.table);
	return passed;
}

static void add(struct round *r, bool from_server, unsigned int flags, uint32_t seq, uint32_t ack,
		unsigned int payload)
{
	if (r->count < SEGMENTS_MAX)
		r->sent[r->count++] = (struct sent){
			.from_server = from_server,
			.flags = flags,
			.window = 60000,
			.payload = payload,
			.seq = seq,
			.ack = flags & ACK ? ack : 0,
			/* far from how long a SYN/ACK that is late is waited for */
			.wait_ms = happens(95) ? one_of(2) : 1000,
		};
}

#define C(...) add(r, false, __VA_ARGS__)
#define S(...) add(r, true, __VA_ARGS__)

/* A connection as it should be. */
static void script(struct round *r)
{
	uint32_t c = r->c + 1, s = r->s + 1, asked = 100, answered = 3 * 1400;
	unsigned int fast = happens(10) ? 200 : 0, taken = happens(50) ? fast : 0;

	C(SYN, r->c, 0, fast);
	if (happens(5))
		S(SYN, r->s, 0, 0); /* simultaneous open */
	S(SYN | ACK, r->s, c + taken, 0);
	if (happens(10)) { /* SYN cookies */
		S(SYN | ACK, r->s + 5000, c + taken, 0);
		s += happens(50) ? 5000 : 0;
	}
	c += taken;
	if (taken && happens(50)) {
		S(ACK, s, c, 500);
		s += 500;
	}
	if (happens(80))
		C(ACK, c, s, 0);
	C(ACK, c, s, asked);
	c += asked;
	S(ACK, s, c, 0);
	for (uint32_t n = 0; n < answered; n += 1400)
		S(ACK, s + n, c, 1400);
	C(ACK, c, s + answered, 0);
	s += answered;
	C(ACK | FIN, c, s, 0);
	S(ACK | FIN, s, c + 1, 0);
	C(ACK, c + 1, s + 1, 0);
}

/* What goes wrong: loss, copies, disorder, one side only, resets, wrong numbers. */
static void spoil(struct round *r)
{
	struct round whole = *r;
	unsigned int lost = happens(50) ? 0 : one_of(40), sides = one_of(10);

	r->count = 0;
	for (unsigned int i = 0; i < whole.count && r->count + 3 < SEGMENTS_MAX; i++) {
		const struct sent *s = &whole.sent[i];

		if (happens(lost) || (sides == 1 && s->from_server) ||
		    (sides == 2 && !s->from_server))
			continue;
		r->sent[r->count++] = *s;
		if (happens(10))
			r->sent[r->count++] = *s;
		if (happens(5)) {
			r->sent[r->count] = *s;
			r->sent[r->count++].ack += (uint32_t)random();
		}
		if (happens(5)) {
			r->sent[r->count] = *s;
			r->sent[r->count++].seq += (uint32_t)random();
		}
		if (happens(4))
			C(happens(50) ? RST : RST | ACK, s->from_server ? s->ack : s->seq, r->s + 1,
			  0);
		if (happens(4))
			S(happens(50) ? RST : RST | ACK, s->from_server ? s->seq : s->ack, r->c + 1,
			  0);
	}
	for (unsigned int i = 0; i + 1 < r->count; i++)
		if (happens(8)) {
			struct sent swapped = r->sent[i];

			r->sent[i] = r->sent[i + 1];
			r->sent[i + 1] = swapped;
		}
}

static void round_begin(struct round *r)
{
	static unsigned int port = 1024;

	r->port = port = port < 65000 ? port + 1 : 1024;
	r->c = (uint32_t)random() * 2;
	r->s = (uint32_t)random() * 2;
	r->count = 0;
}

static void spoilt_conversations_end_the_same(void **state)
{
	struct handshake_filter *f = filter_begin(PENDING_COOKED, 65536);
	struct round r;

	(void)state;
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		round_begin(&r);
		script(&r);
		spoil(&r);
		play(f, &r);
	}
	handshake_filter_free(f);
}

/* The same ports again, after an attempt that was given up. */
static void attempts_one_after_the_other_end_the_same(void **state)
{
	struct handshake_filter *f = filter_begin(PENDING_COOKED, 65536);
	struct round r;

	(void)state;
	srandom(2);
	for (int i = 0; i < 10000; i++) {
		round_begin(&r);
		script(&r);
		r.count = 1 + one_of(3);
		spoil(&r);
		r.c += 1000000 + one_of(1000000);
		r.s += 1000000 + one_of(1000000);
		script(&r);
		play(f, &r);
	}
	handshake_filter_free(f);
}

/* With numbers that fit, fit nearly, or do not. */
static void add_nonsense(struct round *r, bool was_reset)
{
	static const unsigned int flags[] = {SYN, SYN | ACK, ACK, ACK, ACK | FIN, RST, RST | ACK};
	static const unsigned int lengths[] = {0, 0, 1, 100, 60000};
	static const uint32_t offsets[] = {0, 1, 1, 1, 2, 101, 60001, 65537, 131073, 0x80000000};
	bool from_server = happens(50);
	unsigned int flag = flags[one_of(7)];
	uint32_t own = from_server ? r->s : r->c, other = from_server ? r->c : r->s;

	/* If the client sent its first SYN again, the filter would take this for its answer. */
	if (was_reset && flag == (SYN | ACK))
		return;
	add(r, from_server, flag, own + (flag & SYN ? 0 : offsets[one_of(10)]),
	    other + (flag & SYN ? 1 : offsets[one_of(10)]),
	    flag & (SYN | RST) ? 0 : lengths[one_of(5)]);
}

static void nonsense_ends_the_same(void **state)
{
	struct handshake_filter *f = filter_begin(PENDING_COOKED, 65536);
	struct round r;

	(void)state;
	srandom(3);
	for (int i = 0; i < 20000; i++) {
		bool was_reset = false;

		round_begin(&r);
		for (unsigned int n = 1 + one_of(12); n; n--) {
			add_nonsense(&r, was_reset);
			was_reset |= r.count && r.sent[r.count - 1].flags & RST;
		}
		play(f, &r);
	}
	handshake_filter_free(f);
}

/* Both ways to see it: few packets, however many segments. */
static void little_passes(void **state)
{
	struct handshake_filter *f = filter_begin(PENDING_COOKED, 65536);
	struct round rounds, *r = &rounds;

	(void)state;
	round_begin(r);
	C(SYN, r->c, 0, 0);
	S(SYN | ACK, r->s, r->c + 1, 0);
	C(ACK, r->c + 1, r->s + 1, 0);
	for (uint32_t n = 0; n < 30; n++)
		S(ACK, r->s + 1 + n * 1400, r->c + 1, 1400);
	assert_int_equal(play(f, r), 3);
	for (unsigned int only = 0; only < 2; only++) {
		struct round half = {.port = 1000 + only, .c = r->c, .s = r->s};

		for (unsigned int i = 0; i < r->count; i++)
			if (r->sent[i].from_server == only)
				half.sent[half.count++] = r->sent[i];
		assert_int_equal(play(f, &half), 2);
	}
	handshake_filter_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_passes),
		cmocka_unit_test(spoilt_conversations_end_the_same),
		cmocka_unit_test(attempts_one_after_the_other_end_the_same),
		cmocka_unit_test(nonsense_ends_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
