// SPDX-License-Identifier: BSD-2-Clause
/* A window of a recording is the same as that window cut out of all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "files.h"

/* What a reader of a window must give, made from what a reader of everything gives. */
struct cut {
	struct event live[FLOWS_MAX * 2], *out;
	uint64_t acked[FLOWS_MAX * 2]; /* of each that lives: at most, since these alone go back */
	struct {
		uint64_t id, acked;
	} begun[FLOWS_MAX * 2]; /* of those that lived then */
	size_t lives, count, told; /* `told`: of `out`, those that lived when the window began */
	int64_t from_us, to_us;
	bool has_begun;
};

static void put(struct cut *c, const struct event *ev)
{
	c->out = realloc(c->out, (c->count + 1) * sizeof(*ev));
	assert_non_null(c->out);
	c->out[c->count++] = *ev;
}

static struct event *find_live(struct cut *c, uint64_t id)
{
	for (size_t i = 0; i < c->lives; i++)
		if (c->live[i].head.id == id)
			return &c->live[i];
	return NULL;
}

static void begin(struct cut *c)
{
	if (c->has_begun)
		return;
	c->has_begun = true;
	for (size_t i = 0; i < c->lives; i++) {
		struct event ev = c->live[i];

		ev.head.kind = EV_OPEN;
		ev.head.flags |= EV_BASELINE | EV_HAS_IDENT;
		c->begun[i].id = ev.head.id;
		c->begun[i].acked = c->acked[i];
		put(c, &ev);
	}
	c->told = c->count;
}

static void apply(struct cut *c, const struct event *ev)
{
	struct event *live = find_live(c, ev->head.id);

	if (ev->head.kind == EV_OPEN) {
		assert_true(!live && c->lives < FLOWS_MAX * 2);
		c->acked[c->lives] = ev->count.acked_bytes;
		c->live[c->lives++] = *ev;
	} else if (ev->head.kind == EV_CLOSE && live) {
		c->lives--;
		c->acked[live - c->live] = c->acked[c->lives];
		*live = c->live[c->lives];
	} else if (ev->head.kind == EV_SAMPLE) {
		assert_non_null(live);
		live->count = ev->count;
		if (ev->count.acked_bytes > c->acked[live - c->live])
			c->acked[live - c->live] = ev->count.acked_bytes;
		live->head.state = ev->head.state;
	}
}

static void take_edge(struct cut *c, const struct event *ev)
{
	int64_t time_us = (int64_t)ev->time_ns / 1000;

	bool is_open = ev->head.kind == EV_OPEN;

	/* What opened is told with the interval that ends then. */
	if (time_us > c->from_us || (time_us == c->from_us && !is_open))
		begin(c);
	apply(c, ev);
	if (is_open ? time_us > c->to_us || !c->has_begun
		    : time_us >= c->to_us || time_us < c->from_us)
		return;
	put(c, ev);
}

/* One interval: events up to and with its tick. */
static void take_interval(struct cut *c, const struct event *ev, size_t count)
{
	int64_t tick_us = (int64_t)ev[count - 1].time_ns / 1000;

	for (size_t i = 0; i < count; i++) {
		if (ev[i].head.kind != EV_SAMPLE && ev[i].head.kind != EV_TIME) {
			if (tick_us > c->from_us)
				take_edge(c, &ev[i]);
			else
				apply(c, &ev[i]);
			continue;
		}
		if (tick_us > c->to_us)
			continue;
		if (tick_us > c->from_us)
			begin(c);
		if (ev[i].head.kind == EV_SAMPLE)
			apply(c, &ev[i]);
		if (tick_us > c->from_us)
			put(c, &ev[i]);
	}
}

static struct cut cut_out(const struct traffic *t, int64_t from_us, int64_t to_us)
{
	struct cut c = {.from_us = from_us, .to_us = to_us};
	size_t from = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->expected[i].head.kind == EV_TIME) {
			/* The reader looks one interval beyond the window. */
			if ((int64_t)t->expected[i].time_ns / 1000 <= to_us + 1000000)
				take_interval(&c, &t->expected[from], i + 1 - from);
			from = i + 1;
			if ((int64_t)t->expected[i].time_ns / 1000 > from_us + 1000000)
				begin(&c);
		}
	return c;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct event *)a)->head.id, y = ((const struct event *)b)->head.id;

	return x < y ? -1 : x > y;
}

/* What a torn reading set back is told as it was before, as far back as was read. */
static void expect_acked(const struct cut *c, const struct event *told, struct event *expected)
{
	uint64_t most = 0;

	for (size_t i = 0; i < c->told; i++)
		if (c->begun[i].id == expected->head.id)
			most = c->begun[i].acked;
	assert_in_range(told->count.acked_bytes, expected->count.acked_bytes, most);
	expected->count.acked_bytes = told->count.acked_bytes;
}

static void expect_window(const struct reading *r, struct cut *c)
{
	size_t told = 0;

	assert_int_equal(r->error, RECORDING_END);
	while (told < r->count && r->event[told].head.kind == EV_OPEN &&
	       r->event[told].head.flags & EV_BASELINE && told < c->told)
		told++;
	assert_int_equal(told, c->told);
	assert_int_equal(r->count, c->count);
	qsort(r->event, told, sizeof(*r->event), by_id);
	qsort(c->out, told, sizeof(*c->out), by_id);
	for (size_t i = 0; i < r->count; i++) {
		struct event expected = c->out[i];

		/* Of what lived before, the other parts are not told. */
		if (i < told) {
			expected.head.flags &= (__u8)~EV_HAS_EXTRA;
			expect_acked(c, &r->event[i], &expected);
		}
		if (!same_event(&expected, &r->event[i]))
			fail_msg("event %zu of %zu (%zu told) differs: kind %u, id %llu", i, r->count,
				 told, expected.head.kind, (unsigned long long)expected.head.id);
	}
}

static void try_windows(struct traffic *t, const struct bytes *b, unsigned windows)
{
	int64_t offset_us = t->clock.wall_offset_us, start_us = 100000000;
	uint64_t length_us = t->time_ns / 1000 - 100000000;

	for (unsigned i = 0; i < windows; i++) {
		int64_t from_us = start_us + (int64_t)(next_random(t) % length_us);
		int64_t to_us = from_us + (int64_t)(next_random(t) % 20000000);
		struct recording_config config = everything;
		struct reading r;
		struct cut c;

		/* Often on a tick. */
		if (i % 3 == 0)
			from_us = from_us / 1000000 * 1000000;
		if (i % 6 == 0)
			to_us = from_us + 5000000;
		config.from_wall_us = from_us + offset_us;
		config.to_wall_us = to_us + offset_us;
		r = read_all(b->p, b->len, &config);
		c = cut_out(t, from_us, to_us);
		expect_window(&r, &c);
		/* Only a part was read: the last key frames' worth. */
		if (b->len > 2000000)
			assert_true(r.stats.bytes < b->len / 2);
		reading_done(&r);
		free(c.out);
	}
}

static void a_window_is_a_slice_of_the_whole(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 6; seed++) {
		struct traffic *t = malloc(sizeof(*t));
		struct bytes b;
		uint64_t rows;

		traffic_init(t, seed);
		t->busy = seed % 2 ? 60 : 10;
		t->idle_percent = seed % 3 * 30;
		b = record_seconds(t, seed == 1 ? 1500 : 300, RECORD_LEVEL, &rows);
		try_windows(t, &b, 40);
		free(b.p);
		traffic_done(t);
	}
}

static void closed_flows_alone_are_the_same(void **state)
{
	struct recording_config config = everything;
	struct traffic *t = malloc(sizeof(*t));
	struct reading all, edges;
	struct bytes b;
	size_t n = 0;
	uint64_t rows;

	(void)state;
	traffic_init(t, 9);
	b = record_seconds(t, 300, RECORD_LEVEL, &rows);
	all = read_all(b.p, b.len, &everything);
	config.edges_only = true;
	edges = read_all(b.p, b.len, &config);
	for (size_t i = 0; i < all.count; i++) {
		if (all.event[i].head.kind != EV_CLOSE && all.event[i].head.kind != EV_HANDSHAKE &&
		    all.event[i].head.kind != EV_RESET)
			continue;
		while (n < edges.count && edges.event[n].head.kind == EV_TIME)
			n++;
		assert_true(n < edges.count && same_event(&all.event[i], &edges.event[n]));
		n++;
	}
	assert_int_equal(edges.error, RECORDING_END);
	reading_done(&all);
	reading_done(&edges);
	free(b.p);
	traffic_done(t);
}

/* What a level was is known although it changed long before; what a counter grew by then is not of it. */
static void levels_are_known_in_a_window(void **state)
{
	struct traffic *t = malloc(sizeof(*t));
	int fd = memfd_create("recording", MFD_CLOEXEC), item;
	struct record_config config = traffic_config(-1, fd);
	struct recording_config window = everything;
	int64_t level = 0, grown = 0;
	struct recording *in;
	struct record *r;
	struct event ev;

	(void)state;
	traffic_init(t, 4);
	assert_int_equal(record_open(&r, &config, &t->clock), 0);
	give_key(t, r);
	for (unsigned i = 0; i < 30; i++) {
		if (i < 3)
			record_host(r, "level.time_wait", 100 + i);
		record_host(r, "SyncookiesSent", 1 << i);
		traffic_second(t, r);
	}
	record_end(r);
	window.from_wall_us = (int64_t)t->clock.time_ns / 1000 + t->clock.wall_offset_us - 10000000;
	assert_int_equal(recording_open_fd(&in, fd, &window), 0);
	while ((item = recording_next(in, &ev)) > 0)
		if (item == RECORDING_HOST && record_is_level(recording_host(in)->counter))
			level = recording_host(in)->value;
		else if (item == RECORDING_HOST)
			grown += recording_host(in)->value;
	assert_int_equal(level, 102);
	assert_int_equal(grown, (1 << 30) - (1 << 20));
	recording_close(in);
	traffic_done(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_is_a_slice_of_the_whole),
		cmocka_unit_test(closed_flows_alone_are_the_same),
		cmocka_unit_test(levels_are_known_in_a_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
