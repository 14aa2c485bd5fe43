// SPDX-License-Identifier: BSD-2-Clause
#include "packet/slots.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct item {
	struct slot slot;
	int value;
};

static struct item *take(struct slots *s, uint32_t hash, uint8_t list, int value)
{
	struct item *i = (struct item *)slots_take(s, hash, list);

	if (i)
		i->value = value;
	return i;
}

static void a_full_table_gives_nothing_until_something_is_released(void **state)
{
	struct slots s;
	struct item *first;

	(void)state;
	assert_int_equal(slots_init(&s, 2, sizeof(struct item)), 0);
	first = take(&s, 1, 0, 1);
	assert_non_null(take(&s, 2, 0, 2));
	assert_true(slots_is_full(&s));
	assert_null(take(&s, 3, 0, 3));
	slots_release(&s, &first->slot);
	assert_false(slots_is_full(&s));
	assert_ptr_equal(take(&s, 3, 0, 3), first);
	slots_done(&s);
}

static void slots_of_one_hash_come_newest_first(void **state)
{
	struct slots s;
	struct slot *slot;

	(void)state;
	slots_init(&s, 8, sizeof(struct item));
	take(&s, 5, 0, 1);
	take(&s, 5 + 8, 0, 2); /* same bucket, another hash */
	take(&s, 5, 0, 3);
	slot = slots_first(&s, 5);
	assert_int_equal(((struct item *)slot)->value, 3);
	slot = slots_next(&s, slot);
	assert_int_equal(((struct item *)slot)->value, 1);
	assert_null(slots_next(&s, slot));
	assert_null(slots_first(&s, 6));
	slots_done(&s);
}

static void a_list_is_in_the_order_of_moves(void **state)
{
	struct slots s;
	struct item *a, *b, *c;

	(void)state;
	slots_init(&s, 8, sizeof(struct item));
	a = take(&s, 1, 2, 1);
	b = take(&s, 2, 2, 2);
	c = take(&s, 3, 2, 3);
	slots_move(&s, &a->slot, 2);
	assert_ptr_equal(slots_oldest(&s, 2), &b->slot);
	assert_ptr_equal(slots_newer(&s, &b->slot), &c->slot);
	assert_ptr_equal(slots_newer(&s, &c->slot), &a->slot);
	assert_null(slots_newer(&s, &a->slot));
	slots_move(&s, &c->slot, 4);
	assert_int_equal(s.list[2].count, 2);
	assert_int_equal(s.list[4].count, 1);
	assert_ptr_equal(slots_oldest(&s, 4), &c->slot);
	assert_null(slots_oldest(&s, 0));
	slots_done(&s);
}

static void impossible_limits_are_refused(void **state)
{
	struct slots s;

	(void)state;
	assert_int_equal(slots_init(&s, 0, sizeof(struct item)), -EINVAL);
	assert_int_equal(slots_init(&s, (1u << 30) + 1, sizeof(struct item)), -EINVAL);
	memset(&s, 0, sizeof(s));
	slots_done(&s);
}

/* Against plain arrays: whatever is taken, moved and released, the table says what they say. */
enum { LIMIT = 37, STEPS = 200000 };

struct model {
	struct item *item[LIMIT]; /* in order of the last move */
	int count;
};

static void model_drop(struct model *m, int at)
{
	m->count--;
	memmove(&m->item[at], &m->item[at + 1], sizeof(m->item[0]) * (size_t)(m->count - at));
}

static void assert_same_order(const struct slots *s, const struct model *m)
{
	struct slot *next[SLOT_LISTS];
	uint32_t seen = 0;

	for (uint8_t l = 0; l < SLOT_LISTS; l++)
		next[l] = slots_oldest(s, l);
	for (int i = 0; i < m->count; i++) {
		uint8_t l = m->item[i]->slot.list;

		assert_ptr_equal(next[l], &m->item[i]->slot);
		next[l] = slots_newer(s, next[l]);
	}
	for (uint8_t l = 0; l < SLOT_LISTS; l++) {
		assert_null(next[l]);
		seen += s->list[l].count;
	}
	assert_int_equal(seen, m->count);
}

static void random_use_agrees_with_a_plain_array(void **state)
{
	struct model m = {.count = 0};
	struct slots s;

	(void)state;
	srandom(7);
	slots_init(&s, LIMIT, sizeof(struct item));
	for (int step = 0; step < STEPS; step++) {
		uint8_t list = (uint8_t)(random() % SLOT_LISTS);
		int at = m.count ? (int)(random() % m.count) : 0;
		struct item *item;

		switch (random() % 3) {
		case 0:
			item = take(&s, (uint32_t)(random() % 50), list, step);
			assert_int_equal(item == NULL, m.count == LIMIT);
			if (item)
				m.item[m.count++] = item;
			break;
		case 1:
			if (!m.count)
				break;
			slots_release(&s, &m.item[at]->slot);
			model_drop(&m, at);
			break;
		default:
			if (!m.count)
				break;
			item = m.item[at];
			slots_move(&s, &item->slot, list);
			model_drop(&m, at);
			m.item[m.count++] = item;
		}
		assert_int_equal(s.used, m.count);
		if (step % 100 == 0)
			assert_same_order(&s, &m);
	}
	for (int i = 0; i < m.count; i++) {
		struct slot *slot = slots_first(&s, m.item[i]->slot.hash);

		while (slot && slot != &m.item[i]->slot)
			slot = slots_next(&s, slot);
		assert_non_null(slot);
	}
	slots_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_table_gives_nothing_until_something_is_released),
		cmocka_unit_test(slots_of_one_hash_come_newest_first),
		cmocka_unit_test(a_list_is_in_the_order_of_moves),
		cmocka_unit_test(impossible_limits_are_refused),
		cmocka_unit_test(random_use_agrees_with_a_plain_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
