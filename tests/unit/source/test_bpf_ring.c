// SPDX-License-Identifier: BSD-2-Clause
#include "source/bpf_ring.h"

#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define SIZE 64
#define TAIL 32

/* A ring as the kernel writes it: what is beyond its end is its beginning. */
struct ring {
	unsigned long consumed;
	unsigned long produced; /* a page of its own, of the size of the number */
	uint64_t data[(SIZE + TAIL) / 8];
	struct bpf_ring ring;
	char told[64];
	size_t told_len;
};

static void take(void *context, void *record, size_t size)
{
	struct ring *r = context;

	memcpy(r->told + r->told_len, record, size);
	r->told_len += size;
}

static void begin(struct ring *r, unsigned long at)
{
	*r = (struct ring){.consumed = at, .produced = at};
	r->ring = (struct bpf_ring){.take = take,
				    .context = r,
				    .taken = &r->consumed,
				    .written = (const uint8_t *)&r->produced,
				    .page = sizeof(r->produced),
				    .size = SIZE};
}

static void write_at(struct ring *r, unsigned long at, const void *from, size_t size)
{
	char *data = (char *)r->data;

	for (size_t i = 0; i < size; i++, at++) {
		data[at % SIZE] = ((const char *)from)[i];
		if (at % SIZE < TAIL)
			data[SIZE + at % SIZE] = ((const char *)from)[i];
	}
}

static void put(struct ring *r, const char *text, uint32_t flags)
{
	uint32_t header = (uint32_t)strlen(text) | flags;

	write_at(r, r->produced, &header, sizeof(header));
	write_at(r, r->produced + BPF_RINGBUF_HDR_SZ, text, strlen(text));
	r->produced += (strlen(text) + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
}

static void test_records_come_in_order_and_make_room(void **state)
{
	struct ring r;

	(void)state;
	begin(&r, 0);
	put(&r, "one", 0);
	put(&r, "two and", 0);
	assert_int_equal(bpf_ring_consume(&r.ring), 2);
	assert_string_equal(r.told, "onetwo and");
	assert_int_equal(r.consumed, r.produced);
	assert_int_equal(bpf_ring_consume(&r.ring), 0);
}

static void test_what_is_not_complete_is_waited_for(void **state)
{
	struct ring r;
	unsigned long second;

	(void)state;
	begin(&r, 0);
	put(&r, "one", 0);
	second = r.produced;
	put(&r, "two", BPF_RINGBUF_BUSY_BIT);
	put(&r, "three", 0);
	assert_int_equal(bpf_ring_consume(&r.ring), 1);
	assert_int_equal(r.consumed, second);
	assert_true(r.ring.waits);
	assert_int_equal(bpf_ring_consume(&r.ring), 0);
	assert_true(r.ring.waits);
	write_at(&r, second, &(uint32_t){3}, 4);
	assert_int_equal(bpf_ring_consume(&r.ring), 2);
	assert_string_equal(r.told, "onetwothree");
	assert_false(r.ring.waits);
}

static void test_what_was_given_back_is_passed_over(void **state)
{
	struct ring r;

	(void)state;
	begin(&r, 0);
	put(&r, "no", BPF_RINGBUF_DISCARD_BIT);
	put(&r, "yes", 0);
	assert_int_equal(bpf_ring_consume(&r.ring), 1);
	assert_string_equal(r.told, "yes");
}

static void test_a_record_over_the_end_is_in_one_piece(void **state)
{
	struct ring r;

	(void)state;
	/* Also where the counts of bytes begin anew. */
	for (unsigned long at = 3 * SIZE - 16; at; at = at == 0ul - 16 ? 0 : 0ul - 16) {
		begin(&r, at);
		put(&r, "beyond the end", 0);
		put(&r, "x", 0);
		assert_int_equal(bpf_ring_consume(&r.ring), 2);
		assert_string_equal(r.told, "beyond the endx");
	}
}

static void take_and_get_another(void *context, void *record, size_t size)
{
	(void)record;
	(void)size;
	put(context, "more", 0);
}

static void test_others_have_their_turn_though_more_comes(void **state)
{
	struct ring r;

	(void)state;
	begin(&r, 0);
	r.ring.take = take_and_get_another;
	put(&r, "first", 0);
	/* As many as fit in the ring: all that may have been there. */
	assert_int_equal(bpf_ring_consume(&r.ring), SIZE / 16);
	assert_true(r.ring.is_behind);
	r.ring.take = take;
	assert_int_equal(bpf_ring_consume(&r.ring), 1);
	assert_string_equal(r.told, "more");
	assert_false(r.ring.is_behind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_come_in_order_and_make_room),
		cmocka_unit_test(test_what_is_not_complete_is_waited_for),
		cmocka_unit_test(test_what_was_given_back_is_passed_over),
		cmocka_unit_test(test_a_record_over_the_end_is_in_one_piece),
		cmocka_unit_test(test_others_have_their_turn_though_more_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
