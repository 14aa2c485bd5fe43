// SPDX-License-Identifier: BSD-2-Clause
#include "record/thin.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "directory.h"
#include "record/record_state.h"

#define MINUTE_US 60000000

/* What every flow has moved at the end of each minute, and what was closed. */
struct minutes {
	struct event live[FLOWS_MAX * 2];
	size_t lives;
	struct event *at; /* live flows at each minute, by id; between them an EV_TIME */
	size_t count, room;
	struct event *edge;
	size_t edges, edge_room;
};

static void append(struct event **array, size_t *count, size_t *room, const struct event *ev)
{
	if (*count == *room) {
		*room = *room ? *room * 2 : 1024;
		*array = realloc(*array, *room * sizeof(*ev));
		assert_non_null(*array);
	}
	(*array)[(*count)++] = *ev;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct event *)a)->head.id, y = ((const struct event *)b)->head.id;

	return x < y ? -1 : x > y;
}

static void take(struct minutes *m, const struct event *ev, int64_t offset_us)
{
	struct event *live = NULL;

	for (size_t i = 0; i < m->lives && !live; i++)
		if (m->live[i].head.id == ev->head.id)
			live = &m->live[i];
	switch (ev->head.kind) {
	case EV_OPEN:
		assert_null(live);
		m->live[m->lives++] = *ev;
		break;
	case EV_SAMPLE:
		assert_non_null(live);
		live->count = ev->count;
		if (ev->head.flags & EV_HAS_EXTRA)
			live->extra = ev->extra;
		break;
	case EV_CLOSE:
		if (live)
			*live = m->live[--m->lives];
		break;
	case EV_TIME:
		if (((int64_t)ev->time_ns / 1000 + offset_us) % MINUTE_US)
			return;
		qsort(m->live, m->lives, sizeof(*m->live), by_id);
		for (size_t i = 0; i < m->lives; i++)
			append(&m->at, &m->count, &m->room, &m->live[i]);
		append(&m->at, &m->count, &m->room, ev);
		return;
	default:
		break;
	}
	if (ev->head.kind != EV_SAMPLE && ev->head.kind != EV_OPEN)
		append(&m->edge, &m->edges, &m->edge_room, ev);
}

static struct minutes *read_minutes(const char *path, int64_t offset_us)
{
	struct minutes *m = calloc(1, sizeof(*m));
	struct reading r = read_path(path, &everything);

	assert_int_equal(r.error, RECORDING_END);
	assert_int_equal(r.gaps, 0);
	assert_int_equal(r.stats.orphan_rows, 0);
	for (size_t i = 0; i < r.count; i++)
		take(m, &r.event[i], offset_us);
	reading_done(&r);
	return m;
}

static void minutes_done(struct minutes *m)
{
	free(m->at);
	free(m->edge);
	free(m);
}

static void expect_equal(const struct minutes *a, const struct minutes *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->at[i].head.id, b->at[i].head.id);
		assert_memory_equal(&a->at[i].count, &b->at[i].count, sizeof(a->at[i].count));
		assert_memory_equal(&a->at[i].ident, &b->at[i].ident, sizeof(a->at[i].ident));
	}
	/* Ended flows, handshakes and resets: the same, one for one. */
	assert_int_equal(a->edges, b->edges);
	for (size_t i = 0; i < a->edges; i++)
		assert_true(same_event(&a->edge[i], &b->edge[i]));
}

static struct record *begin(struct traffic *t, struct record_config *config)
{
	struct record *r;

	assert_int_equal(record_open(&r, config, &t->clock), 0);
	give_key(t, r);
	return r;
}

static uint64_t bytes_of(const struct folder *f)
{
	struct record_files files = folder_list(f);
	uint64_t bytes = files.bytes;

	record_files_free(&files);
	return bytes;
}

/* When the first file begins. */
static int64_t record_file_wall(const struct folder *f)
{
	struct record_files files = folder_list(f);
	int64_t us = files.file[0].start_us;

	record_files_free(&files);
	return us;
}

static void sums_stay_equal(void **state)
{
	(void)state;
	for (unsigned seed = 41; seed < 45; seed++) {
		struct folder f = folder_make();
		struct record_config config = traffic_config(f.fd, -1);
		struct traffic *t = malloc(sizeof(*t));
		struct thin thin = {.dir_fd = f.fd, .age_us = 1000000, .interval_us = MINUTE_US};
		struct minutes *before, *after;
		struct record *w;
		uint64_t bytes;

		traffic_init(t, seed);
		t->busy = seed == 41 ? 3 : 40;
		t->extra = config.extra = seed == 42;
		t->idle_percent = seed == 43 ? 60 : 0;
		/* A file may begin at any second of a minute. */
		t->clock.wall_offset_us += seed * 7000000ll;
		config.rotate_us = 200000000;
		w = begin(t, &config);
		for (unsigned i = 0; i < 500; i++)
			traffic_second(t, w);
		record_end(w);
		before = read_minutes(f.path, t->clock.wall_offset_us);
		assert_true(before->count > 100);
		bytes = bytes_of(&f);
		atomic_store(&thin.wall_us, record_file_wall(&f) + 3600000000ll);
		thin_directory(&thin);
		assert_int_equal(atomic_load(&thin.files), 3);
		after = read_minutes(f.path, t->clock.wall_offset_us);
		expect_equal(before, after);
		assert_true(bytes_of(&f) < bytes);
		/* Once is enough. */
		thin_directory(&thin);
		assert_int_equal(atomic_load(&thin.files), 3);
		minutes_done(before);
		minutes_done(after);
		folder_done(&f);
		traffic_done(t);
	}
}

/* Counters add up, levels are what they were last, also if that is nothing. */
static void figures_of_the_host_stay_true(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct thin thin = {.dir_fd = f.fd, .age_us = 1000000, .interval_us = MINUTE_US};
	int64_t level = -1, grown = 0;
	struct recording *in;
	struct record *w;
	struct event ev;
	char why[256];
	int item;

	(void)state;
	traffic_init(t, 45);
	w = begin(t, &config);
	for (unsigned i = 0; i < 150; i++) {
		record_host(w, "SyncookiesSent", i);
		if (i <= 100)
			record_host(w, "level.orphans", 100 - i);
		traffic_second(t, w);
	}
	record_end(w);
	atomic_store(&thin.wall_us, record_file_wall(&f) + 3600000000ll);
	thin_directory(&thin);
	assert_int_equal(atomic_load(&thin.files), 1);
	assert_int_equal(recording_open(&in, f.path, &everything, why, sizeof(why)), 0);
	while ((item = recording_next(in, &ev)) > 0)
		if (item == RECORDING_HOST && record_is_level(recording_host(in)->counter))
			level = recording_host(in)->value;
		else if (item == RECORDING_HOST)
			grown += recording_host(in)->value;
	assert_int_equal(level, 0);
	assert_int_equal(grown, 149 * 150 / 2);
	recording_close(in);
	folder_done(&f);
	traffic_done(t);
}

static void young_and_damaged_files_stay_as_they_are(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct thin thin = {.dir_fd = f.fd, .age_us = 3600000000ll, .interval_us = MINUTE_US};
	struct record_files files;
	struct record *w;
	uint64_t bytes;
	int fd;

	(void)state;
	traffic_init(t, 46);
	w = begin(t, &config);
	for (unsigned i = 0; i < 200; i++)
		traffic_second(t, w);
	record_end(w);
	bytes = bytes_of(&f);
	atomic_store(&thin.wall_us, record_file_wall(&f) + 3000000000ll);
	thin_directory(&thin);
	assert_int_equal(atomic_load(&thin.files), 0);
	atomic_store(&thin.wall_us, record_file_wall(&f) + 4000000000ll);
	files = folder_list(&f);
	fd = openat(f.fd, files.file[0].name, O_WRONLY);
	assert_int_equal(pwrite(fd, "????", 4, (off_t)bytes / 2), 4);
	close(fd);
	thin_directory(&thin);
	assert_int_equal(atomic_load(&thin.files), 0);
	assert_int_equal(bytes_of(&f), bytes);
	assert_int_equal(files.count, 1);
	record_files_free(&files);
	folder_done(&f);
	traffic_done(t);
}

static void expect_all_closes(const struct folder *f, const struct traffic *t)
{
	struct minutes *read = read_minutes(f->path, t->clock.wall_offset_us);
	uint64_t closes = 0;

	for (size_t i = 0; i < read->edges; i++)
		closes += read->edge[i].head.kind == EV_CLOSE;
	assert_int_equal(closes, t->closed);
	minutes_done(read);
}

/* However late it is by the wall clock: a file is touched when the next one has begun. */
static void what_is_being_written_stays_as_it_is(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct thin thin = {.dir_fd = f.fd, .age_us = 100000000, .interval_us = MINUTE_US};
	struct record *w;

	(void)state;
	traffic_init(t, 48);
	config.rotate_us = 200000000;
	w = begin(t, &config);
	thin.disk = &w->disk;
	for (unsigned i = 0; i < 300; i++) {
		if (i == 150 || i == 250) {
			atomic_store(&thin.wall_us, record_wall_us(&t->clock) + 3600000000ll);
			thin_directory(&thin);
			assert_int_equal(atomic_load(&thin.files), i == 250);
		}
		traffic_second(t, w);
	}
	record_end(w);
	expect_all_closes(&f, t);
	folder_done(&f);
	traffic_done(t);
}

/* A recorder whose threads get no processor for a while drops rows, rightly: here it is given time. */
static void wait_until_written(struct record *w, struct record_status *status)
{
	for (unsigned i = 0; i < 20000; i++) {
		record_get_status(w, status);
		if (status->disk.queued_bytes < DISK_QUEUE_BYTES / 2)
			return;
		usleep(1000);
	}
	fail_msg("nothing is written in 20 s");
}

/* The recorder's own thread does it, while it records. */
static void a_recorder_thins_what_is_old(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_status status;
	struct record *w;

	(void)state;
	traffic_init(t, 47);
	config.rotate_us = 100000000;
	config.thin_age_us = 100000000;
	config.thin_interval_us = MINUTE_US;
	w = begin(t, &config);
	assert_int_equal(record_start(w), 0);
	for (unsigned i = 0; i < 1000; i++) {
		traffic_second(t, w);
		wait_until_written(w, &status);
		if (status.thinned_files > 2)
			break;
		usleep(1000);
	}
	assert_true(status.thinned_files > 2);
	assert_int_equal(status.dropped_rows, 0);
	record_end(w);
	expect_all_closes(&f, t);
	folder_done(&f);
	traffic_done(t);
}

/* At once, not when its first file is full. */
static void a_recorder_thins_what_grew_old_before_it_came(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_status status = {.thinned_files = 0};
	struct record *w;

	(void)state;
	traffic_init(t, 49);
	w = begin(t, &config);
	for (unsigned i = 0; i < 150; i++)
		traffic_second(t, w);
	record_end(w);
	t->time_ns += 3600000000000ull;
	t->clock.time_ns += 3600000000000ull;
	config.thin_age_us = 600000000;
	config.thin_interval_us = MINUTE_US;
	w = begin(t, &config);
	assert_int_equal(record_start(w), 0);
	for (unsigned i = 0; i < 20000 && !status.thinned_files; i++) {
		usleep(1000);
		record_get_status(w, &status);
	}
	assert_int_equal(status.thinned_files, 1);
	record_end(w);
	folder_done(&f);
	traffic_done(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_stay_equal),
		cmocka_unit_test(figures_of_the_host_stay_true),
		cmocka_unit_test(young_and_damaged_files_stay_as_they_are),
		cmocka_unit_test(what_is_being_written_stays_as_it_is),
		cmocka_unit_test(a_recorder_thins_what_is_old),
		cmocka_unit_test(a_recorder_thins_what_grew_old_before_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
