// SPDX-License-Identifier: BSD-2-Clause
/* The best rows of a batch are the same ones, whether all rows were kept for them or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/rank.h"

#define FLOWS 3000
#define LIMIT 2000

static const struct batch_parts no_parts;

/* Ids in no order, and few different numbers of bytes, so that many rows are equal. */
static void make_flows(struct flow *flow, unsigned seed)
{
	srand(seed);
	for (unsigned i = 0; i < FLOWS; i++)
		flow[i] = (struct flow){.id = (i * 1009u + seed) % FLOWS + 1};
}

static void fill(struct batch *b, const struct flow *flow, unsigned seed)
{
	srand(seed);
	for (unsigned i = 0; i < FLOWS; i++) {
		const struct event close = {.head.kind = EV_CLOSE};
		struct news news = {.flow = &flow[i], .count.tx_bytes = (unsigned)rand() % 50};
		struct ranked *r;

		news.close = rand() % 4 ? NULL : &close;
		if (b->best) {
			rank_put(b, &news, (double)news.count.tx_bytes);
			continue;
		}
		r = batch_put(b, &news);
		if (r)
			r->rank = (double)news.count.tx_bytes;
	}
}

static uint64_t id_of(const struct ranked *r)
{
	return r->kind == RANKED_GONE ? r->gone->flow.id : r->flow->id;
}

static void assert_same(struct batch *all, struct batch *few, size_t want)
{
	rank_rows(all, want);
	rank_rows(few, want);
	for (size_t i = 0; i < want; i++) {
		assert_int_equal(id_of(&all->row[i]), id_of(&few->row[i]));
		assert_int_equal(all->row[i].kind, few->row[i].kind);
		assert_memory_equal(&all->row[i].delta, &few->row[i].delta, sizeof(all->row[i].delta));
	}
	assert_int_equal(all->others, few->others);
	assert_int_equal(all->overflow, few->overflow);
	assert_memory_equal(&all->others_count, &few->others_count, sizeof(all->others_count));
}

static void test_best_of_all(void **state)
{
	struct flow *flow = calloc(FLOWS, sizeof(*flow));
	struct batch all, few;

	(void)state;
	for (size_t best = 1; best < LIMIT; best = best * 3 + 1) {
		batch_init(&all, LIMIT, &no_parts);
		batch_init(&few, LIMIT, &no_parts);
		few.best = best;
		/* Twice: what is remembered of an interval is nothing to the next. */
		for (unsigned seed = 1; seed < 3; seed++) {
			make_flows(flow, seed);
			batch_clear(&all);
			batch_clear(&few);
			fill(&all, flow, seed);
			fill(&few, flow, seed);
			assert_same(&all, &few, best);
		}
		batch_done(&all);
		batch_done(&few);
	}
	free(flow);
}

static void test_few_rows_are_kept(void **state)
{
	struct flow *flow = calloc(FLOWS, sizeof(*flow));
	struct batch few;

	(void)state;
	make_flows(flow, 1);
	batch_init(&few, LIMIT, &no_parts);
	few.best = 20;
	fill(&few, flow, 1);
	assert_int_equal(few.taken, LIMIT);
	assert_in_range(few.rows, 20, 40);
	assert_in_range(few.gones, 1, LIMIT / 8);
	batch_done(&few);
	free(flow);
}

/* Ranks of all kinds, and rows of all kinds: as a sort by comparison orders them. */
static void test_order_of_ranks(void **state)
{
	static const double ranks[] = {0, -0.0, 1, -1, 0.5, -0.5, 1e300, -1e300, 9007199254740992, 4294967296, 65536, 255};
	struct flow *flow = calloc(FLOWS, sizeof(*flow));
	struct batch b;

	(void)state;
	make_flows(flow, 1);
	batch_init(&b, FLOWS, &no_parts);
	fill(&b, flow, 1);
	for (size_t i = 0; i < b.rows; i++)
		b.row[i].rank = ranks[(size_t)rand() % (sizeof(ranks) / sizeof(ranks[0]))];
	b.others = 1;
	batch_put_others(&b);
	b.row[b.rows - 1].rank = 1;
	rank_rows(&b, b.rows);
	for (size_t i = 1; i < b.rows; i++) {
		const struct ranked *before = &b.row[i - 1], *r = &b.row[i];

		assert_true(before->rank >= r->rank);
		if (before->rank != r->rank)
			continue;
		assert_int_not_equal(before->kind, RANKED_OTHERS);
		if (r->kind != RANKED_OTHERS)
			assert_true(id_of(before) < id_of(r));
	}
	batch_done(&b);
	free(flow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_best_of_all),
		cmocka_unit_test(test_few_rows_are_kept),
		cmocka_unit_test(test_order_of_ranks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
