// SPDX-License-Identifier: BSD-2-Clause
#include "record/recordings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "directory.h"

#define HOSTS 3

struct host {
	struct traffic *t;
	struct folder f;
	struct reading alone;
	size_t seen;
};

/* Hosts of other boots, whose clocks began at other times; they record the same minutes. */
static struct host make_host(unsigned i)
{
	struct host h = {.t = malloc(sizeof(*h.t)), .f = folder_make()};
	struct record_config config = traffic_config(h.f.fd, -1);
	struct record *w;

	traffic_init(h.t, 50 + i);
	h.t->idle_percent = i * 20;
	h.t->time_ns += i * 5000 * SECOND_NS;
	h.t->clock.time_ns = h.t->time_ns;
	h.t->clock.wall_offset_us -= i * 5000000000ll;
	/* Their seconds end at different moments. */
	h.t->clock.wall_offset_us += i * 300000;
	config.rotate_bytes = 50000;
	assert_int_equal(record_open(&w, &config, &h.t->clock), 0);
	give_key(h.t, w);
	for (unsigned s = 0; s < 100; s++)
		traffic_second(h.t, w);
	record_end(w);
	h.alone = read_path(h.f.path, &everything);
	return h;
}

static void host_done(struct host *h)
{
	reading_done(&h->alone);
	folder_done(&h->f);
	traffic_done(h->t);
}

/* The same event but for its id and the clock of its times. */
static void expect_same(const struct event *merged, const struct event *alone, unsigned host,
			const struct host *h, int64_t shared_offset_us)
{
	int64_t shift_ns = (h->t->clock.wall_offset_us - shared_offset_us) * 1000;

	assert_int_equal(merged->head.kind, alone->head.kind);
	assert_int_equal(merged->head.id, alone->head.id ^ (uint64_t)host << EV_ID_HOST_SHIFT);
	assert_memory_equal(&merged->count, &alone->count, sizeof(merged->count));
	if (alone->head.flags & EV_HAS_IDENT || alone->head.kind == EV_TIME)
		assert_int_equal(merged->time_ns, alone->time_ns + (uint64_t)shift_ns);
}

static void hosts_are_merged_by_the_wall_clock(void **state)
{
	struct host host[HOSTS];
	const char *path[HOSTS];
	struct recordings *s;
	int64_t shared_offset_us = INT64_MAX;
	uint64_t before_ns = 0;
	struct event ev;
	unsigned from;
	char why[256];
	int item;

	(void)state;
	for (unsigned i = 0; i < HOSTS; i++) {
		host[i] = make_host(i);
		path[i] = host[i].f.path;
		if (host[i].t->clock.wall_offset_us < shared_offset_us)
			shared_offset_us = host[i].t->clock.wall_offset_us;
	}
	assert_int_equal(recordings_open(&s, path, HOSTS, &everything, why, sizeof(why)), 0);
	while ((item = recordings_next(s, &ev, &from)) > 0) {
		struct host *h = &host[from];

		if (item != RECORDING_EVENT)
			continue;
		assert_true(h->seen < h->alone.count);
		expect_same(&ev, &h->alone.event[h->seen++], from, h, shared_offset_us);
		/* Ticks are in the order of the wall clock. */
		if (ev.head.kind == EV_TIME) {
			assert_true(ev.time_ns >= before_ns);
			before_ns = ev.time_ns;
		}
	}
	assert_int_equal(item, RECORDING_END);
	assert_string_equal(recording_meta(recordings_get(s, 1))->host, "db1");
	for (unsigned i = 0; i < HOSTS; i++)
		assert_int_equal(host[i].seen, host[i].alone.count);
	recordings_close(s);
	for (unsigned i = 0; i < HOSTS; i++)
		host_done(&host[i]);
}

static void one_run_is_not_two_hosts(void **state)
{
	struct host h = make_host(0);
	const char *path[] = {h.f.path, h.f.path};
	struct recordings *s;
	char why[256];

	(void)state;
	assert_int_equal(recordings_open(&s, path, 2, &everything, why, sizeof(why)), -EEXIST);
	assert_non_null(strstr(why, "are of one run; give the directory"));
	path[1] = "/nowhere";
	assert_int_equal(recordings_open(&s, path, 2, &everything, why, sizeof(why)), -ENOENT);
	assert_string_equal(why, "/nowhere: No such file or directory");
	host_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_merged_by_the_wall_clock),
		cmocka_unit_test(one_run_is_not_two_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
