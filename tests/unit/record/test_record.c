// SPDX-License-Identifier: BSD-2-Clause
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "files.h"

static void say(const struct event *ev, const char *who)
{
	print_error("%s: kind %u id %llu flags %x time %llu tx %llu rx %llu\n", who, ev->head.kind,
		    (unsigned long long)ev->head.id, ev->head.flags,
		    (unsigned long long)ev->time_ns, (unsigned long long)ev->count.tx_bytes,
		    (unsigned long long)ev->count.rx_bytes);
}

static void expect_same(const struct reading *r, const struct traffic *t)
{
	for (size_t i = 0; i < r->count && i < t->count; i++)
		if (!same_event(&t->expected[i], &r->event[i])) {
			say(&t->expected[i], "expected");
			say(&r->event[i], "read");
			fail_msg("event %zu of %zu differs", i, t->count);
		}
	assert_int_equal(r->count, t->count);
	assert_int_equal(r->error, RECORDING_END);
	assert_int_equal(r->gaps, 0);
	assert_int_equal(r->vanished, 0);
}

static void what_was_recorded_is_read(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct traffic *t = malloc(sizeof(*t));
		struct reading r;
		struct bytes b;
		uint64_t rows;

		traffic_init(t, seed);
		t->busy = 5 + seed % 60;
		t->extra = seed % 3 == 0;
		t->idle_percent = seed % 2 * 30;
		b = record_seconds(t, 150, seed % 5 ? RECORD_LEVEL : 0, &rows);
		r = read_all(b.p, b.len, &everything);
		expect_same(&r, t);
		assert_int_equal(r.stats.rows, rows);
		reading_done(&r);
		free(b.p);
		traffic_done(t);
	}
}

/* Many rows in one interval: chunks are closed before it ends, and dictionaries are emptied. */
static void an_interval_may_have_more_rows_than_a_chunk(void **state)
{
	struct traffic *t = malloc(sizeof(*t));
	int fd = memfd_create("recording", MFD_CLOEXEC);
	struct record_config config = traffic_config(-1, fd);
	struct recording *in;
	struct record *r;
	struct event ev;
	size_t n = 0;
	int item;

	(void)state;
	traffic_init(t, 7);
	t->extra = config.extra = true;
	assert_int_equal(record_open(&r, &config, &t->clock), 0);
	record_key_end(r);
	for (unsigned i = 0; i < 200000; i++) {
		fill_event(t, &ev);
		memcpy(&ev.ident.raddr.byte[12], &i, 4);
		ev.ident.pid = i / 3;
		ev.head.kind = EV_CLOSE;
		ev.time_ns = t->time_ns + i * NS;
		memset(ev.ident.thread, 0, sizeof(ev.ident.thread));
		snprintf(ev.ident.thread, sizeof(ev.ident.thread), "t%u", i / 2);
		expect(t, &ev);
		record_closed(r, &ev);
	}
	t->clock.time_ns += SECOND_NS;
	if (record_tick(r, &t->clock))
		record_key_end(r);
	record_end(r);
	assert_int_equal(recording_open_fd(&in, fd, &everything), 0);
	while ((item = recording_next(in, &ev)) > 0)
		if (item == RECORDING_EVENT && ev.head.kind == EV_CLOSE) {
			assert_true(same_event(&t->expected[n], &ev));
			n++;
		}
	assert_int_equal(item, RECORDING_END);
	assert_int_equal(n, t->count);
	recording_close(in);
	traffic_done(t);
}

/* Also where the rows of an interval take many chunks. */
static void names_come_before_rows_that_need_them(void **state)
{
	enum { CLOSES = 100000, CGROUPS = 200 };
	static bool is_named[CGROUPS + 1];
	struct traffic *t = malloc(sizeof(*t));
	int fd = memfd_create("recording", MFD_CLOEXEC), item;
	struct record_config config = traffic_config(-1, fd);
	struct recording *in;
	unsigned read = 0;
	struct record *r;
	struct event ev;

	(void)state;
	traffic_init(t, 11);
	assert_int_equal(record_open(&r, &config, &t->clock), 0);
	record_key_end(r);
	for (unsigned i = 0; i < CLOSES; i++) {
		fill_event(t, &ev);
		ev.ident.cgroup_id = 1 + i / (CLOSES / CGROUPS);
		ev.head.kind = EV_CLOSE;
		ev.time_ns = t->time_ns + i * NS;
		record_closed(r, &ev);
	}
	t->clock.time_ns += SECOND_NS;
	if (record_tick(r, &t->clock))
		record_key_end(r);
	record_end(r);
	assert_int_equal(recording_open_fd(&in, fd, &everything), 0);
	while ((item = recording_next(in, &ev)) > 0) {
		if (item == RECORDING_NAME && recording_name(in)->kind == RECORD_NAME_CGROUP)
			is_named[recording_name(in)->key] = true;
		if (item != RECORDING_EVENT || ev.head.kind != EV_CLOSE)
			continue;
		assert_true(is_named[ev.ident.cgroup_id]);
		read++;
	}
	assert_int_equal(read, CLOSES);
	recording_close(in);
	traffic_done(t);
}

static void names_are_told_in_each_segment(void **state)
{
	struct traffic *t = malloc(sizeof(*t));
	unsigned cgroups = 0, users = 0;
	struct recording *in;
	struct event ev;
	struct bytes b;
	uint64_t rows;
	int item;

	(void)state;
	traffic_init(t, 3);
	b = record_seconds(t, 150, RECORD_LEVEL, &rows);
	assert_int_equal(recording_open_memory(&in, b.p, b.len, &everything), 0);
	while ((item = recording_next(in, &ev)) > 0) {
		const struct record_name *name = recording_name(in);

		if (item != RECORDING_NAME)
			continue;
		if (name->kind == RECORD_NAME_CGROUP) {
			assert_string_equal(name->text, traffic_name(NULL, name->kind, name->key));
			cgroups++;
		} else if (name->kind == RECORD_NAME_UID) {
			assert_string_equal(name->text, "alice");
			users++;
		}
	}
	/* 150 seconds are three segments; five cgroups are in each. */
	assert_int_equal(cgroups, 15);
	assert_int_equal(users, 3);
	recording_close(in);
	free(b.p);
	traffic_done(t);
}

static void hosts_notes_and_accounts_come_back(void **state)
{
	struct traffic *t = malloc(sizeof(*t));
	int fd = memfd_create("recording", MFD_CLOEXEC);
	struct record_config config = traffic_config(-1, fd);
	struct record_loss loss = {.opened = 10, .closed = 7, .live = 2, .lost = 1,
				   .lost_tx_bytes = 500, .undecoded = 3, .undecoded_why = "cut-tcp 3"};
	struct record_note note = {.time_ns = t->time_ns = 100 * SECOND_NS, .kind = RECORD_NOTE_USER,
				   .value = -5, .text = "deployed 1.2"};
	unsigned seen = 0;
	struct recording *in;
	struct record *r;
	struct event ev;
	int item;

	(void)state;
	traffic_init(t, 3);
	assert_int_equal(record_open(&r, &config, &t->clock), 0);
	record_key_end(r);
	record_host(r, "TcpExt.TCPTimeouts", 17);
	record_host(r, "load1", -1);
	record_note(r, &note);
	record_account(r, &loss);
	t->clock.time_ns += SECOND_NS;
	record_tick(r, &t->clock);
	record_end(r);
	assert_int_equal(recording_open_fd(&in, fd, &everything), 0);
	while ((item = recording_next(in, &ev)) > 0) {
		if (item == RECORDING_HOST && !strcmp(recording_host(in)->counter, "load1")) {
			assert_int_equal(recording_host(in)->value, -1);
			seen |= 1;
		} else if (item == RECORDING_HOST) {
			assert_string_equal(recording_host(in)->counter, "TcpExt.TCPTimeouts");
			assert_int_equal(recording_host(in)->value, 17);
			seen |= 2;
		} else if (item == RECORDING_NOTE) {
			assert_string_equal(recording_note(in)->text, "deployed 1.2");
			assert_int_equal(recording_note(in)->value, -5);
			seen |= 4;
		} else if (item == RECORDING_LOSS) {
			assert_int_equal(recording_loss(in)->lost_tx_bytes, 500);
			assert_int_equal(recording_loss(in)->live, 2);
			assert_string_equal(recording_loss(in)->undecoded_why, "cut-tcp 3");
			seen |= 8;
		}
	}
	assert_int_equal(seen, 15);
	recording_close(in);
	traffic_done(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_recorded_is_read),
		cmocka_unit_test(an_interval_may_have_more_rows_than_a_chunk),
		cmocka_unit_test(names_come_before_rows_that_need_them),
		cmocka_unit_test(names_are_told_in_each_segment),
		cmocka_unit_test(hosts_notes_and_accounts_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
