// SPDX-License-Identifier: BSD-2-Clause
/* A recorder in its directory: names, the lock, rotation, limits, clocks, and a reader beside it. */
#include "record/directory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "directory.h"

#define BOOT "b007b007-0000-4000-8000-000000000001"

static void names_tell_the_time(void **state)
{
	char name[RECORD_FILE_NAME_MAX];
	struct record_file f;

	(void)state;
	record_file_name(name, 1795662720123456ll, BOOT, 7);
	assert_string_equal(name, "20261126T031200Z.b007b007.0000000007.tsr");
	assert_true(record_file_parse(name, &f));
	assert_int_equal(f.start_us, 1795662720000000ll);
	assert_int_equal(f.number, 7);
	assert_string_equal(f.boot, "b007b007");
	assert_false(record_file_parse("notes.tsr", &f));
	assert_false(record_file_parse("20261126T031200Z.b007b007.0000000007.tsr.tmp", &f));
	assert_false(record_file_parse("20261126T031200Z.b007b007.7.tsr", &f));
	assert_false(record_file_parse("lock", &f));
}

static void a_directory_has_one_writer(void **state)
{
	struct folder f = folder_make();
	pid_t holder, child;
	int lock = record_lock(f.fd, &holder), status;

	(void)state;
	assert_true(lock >= 0);
	child = fork();
	if (!child)
		_exit(record_lock(f.fd, &holder) == -EBUSY && holder == getppid() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(lock);
	lock = record_lock(f.fd, &holder);
	assert_true(lock >= 0);
	close(lock);
	folder_done(&f);
}

static struct record *begin(struct traffic *t, struct record_config *config)
{
	struct record *r;

	assert_int_equal(record_open(&r, config, &t->clock), 0);
	give_key(t, r);
	return r;
}

static void expect_all(const struct reading *r, const struct traffic *t)
{
	assert_int_equal(r->error, RECORDING_END);
	assert_int_equal(r->gaps, 0);
	assert_int_equal(r->vanished, 0);
	assert_int_equal(r->count, t->count);
	assert_int_equal(expect_written(r, t), 0);
}

static void expect_span(const char *path, const struct traffic *t, unsigned seconds)
{
	int64_t from_us, to_us, start_us = (int64_t)(100 * SECOND_NS / 1000) + t->clock.wall_offset_us;
	struct recording *r;
	char why[256];

	assert_int_equal(recording_open(&r, path, &everything, why, sizeof(why)), 0);
	assert_int_equal(recording_span(r, &from_us, &to_us), 0);
	assert_int_equal(from_us, start_us);
	assert_int_equal(to_us, start_us + seconds * 1000000ll);
	recording_close(r);
}

/* With threads and without: many files, as one recording, each of which can be read alone. */
static void files_of_a_run_are_one_recording(void **state)
{
	(void)state;
	for (unsigned threads = 0; threads < 2; threads++) {
		struct folder f = folder_make();
		struct record_config config = traffic_config(f.fd, -1);
		struct traffic *t = malloc(sizeof(*t));
		struct record_files files;
		struct reading r;
		struct record *w;

		traffic_init(t, 21);
		config.rotate_bytes = 30000;
		config.sync_us = threads ? 1000000 : 0;
		w = begin(t, &config);
		if (threads)
			assert_int_equal(record_start(w), 0);
		for (unsigned i = 0; i < 400; i++)
			traffic_second(t, w);
		record_end(w);
		files = folder_list(&f);
		assert_true(files.count > 5);
		expect_span(f.path, t, 400);
		r = read_path(f.path, &everything);
		expect_all(&r, t);
		reading_done(&r);
		for (size_t i = 0; i < files.count; i++) {
			char path[200];

			snprintf(path, sizeof(path), "%s/%s", f.path, files.file[i].name);
			r = read_path(path, &everything);
			assert_int_equal(r.error, RECORDING_END);
			assert_int_equal(r.gaps, 0);
			assert_int_equal(r.stats.orphan_rows, 0);
			assert_true(expect_written(&r, t) != SIZE_MAX);
			reading_done(&r);
		}
		record_files_free(&files);
		folder_done(&f);
		traffic_done(t);
	}
}

static void the_hour_begins_a_new_file(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_files files;
	struct record *w;

	(void)state;
	traffic_init(t, 22);
	t->busy = 1;
	config.rotate_us = 100000000;
	w = begin(t, &config);
	for (unsigned i = 0; i < 350; i++)
		traffic_second(t, w);
	record_end(w);
	files = folder_list(&f);
	assert_int_equal(files.count, 4);
	assert_int_equal(files.file[1].start_us - files.file[0].start_us, 100000000);
	record_files_free(&files);
	folder_done(&f);
	traffic_done(t);
}

static void the_quota_removes_the_oldest(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	uint64_t most = 0;
	struct record_status status;
	struct reading r;
	struct record *w;

	(void)state;
	traffic_init(t, 23);
	config.quota_bytes = 200000;
	w = begin(t, &config);
	for (unsigned i = 0; i < 600; i++) {
		struct record_files files;

		traffic_second(t, w);
		files = folder_list(&f);
		most = files.bytes > most ? files.bytes : most;
		record_files_free(&files);
	}
	record_get_status(w, &status);
	record_end(w);
	assert_true(most <= config.quota_bytes);
	assert_true(most > config.quota_bytes / 2);
	assert_true(status.disk.removed_files > 3);
	/* What is left is read without a word on what was removed. */
	r = read_path(f.path, &everything);
	assert_int_equal(r.error, RECORDING_END);
	assert_int_equal(r.gaps, 0);
	assert_true(r.count > 100 && r.count < t->count);
	assert_true(expect_written(&r, t) != SIZE_MAX);
	assert_memory_equal(&r.event[r.count - 1].time_ns, &t->expected[t->count - 1].time_ns, 8);
	reading_done(&r);
	folder_done(&f);
	traffic_done(t);
}

static void touch(const struct folder *f, const char *name)
{
	int fd = openat(f->fd, name, O_WRONLY | O_CREAT, 0640);

	assert_true(fd >= 0);
	close(fd);
}

static bool exists(const struct folder *f, const char *name)
{
	return !faccessat(f->fd, name, F_OK, 0);
}

static void what_is_too_old_is_removed_and_others_files_stay(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record *w;

	(void)state;
	traffic_init(t, 24);
	touch(&f, "20261001T000000Z.aaaaaaaa.0000000000.tsr");
	touch(&f, "20261125T000000Z.aaaaaaaa.0000000000.tsr");
	touch(&f, "20261124T000000Z.aaaaaaaa.0000000000.tsr.tmp");
	touch(&f, "notes.tmp");
	touch(&f, "notes.tsr");
	config.keep_us = 30ull * 86400 * 1000000;
	w = begin(t, &config);
	record_end(w);
	assert_false(exists(&f, "20261001T000000Z.aaaaaaaa.0000000000.tsr"));
	assert_true(exists(&f, "20261125T000000Z.aaaaaaaa.0000000000.tsr"));
	assert_false(exists(&f, "20261124T000000Z.aaaaaaaa.0000000000.tsr.tmp"));
	assert_true(exists(&f, "notes.tmp"));
	assert_true(exists(&f, "notes.tsr"));
	folder_done(&f);
	traffic_done(t);
}

/* A start never touches an old file, even one of the same second. */
static void each_start_begins_a_file(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_files files;

	(void)state;
	traffic_init(t, 25);
	for (unsigned i = 0; i < 3; i++)
		record_end(begin(t, &config));
	files = folder_list(&f);
	assert_int_equal(files.count, 3);
	assert_string_equal(files.file[2].name, "20261126T031200Z.b007b007.0000000102.tsr");
	record_files_free(&files);
	folder_done(&f);
	traffic_done(t);
}

/* The wall clock is set: a file ends, a note tells by how much, and nothing is lost. */
static void a_clock_that_is_set_ends_the_file(void **state)
{
	static const struct {
		int64_t step_us;
		uint64_t slept_us;
		enum record_note_kind kind;
	} steps[] = {{-3200000, 0, RECORD_NOTE_CLOCK_STEP},
		     {-86400000000ll, 0, RECORD_NOTE_CLOCK_STEP},
		     {3600000000ll, 0, RECORD_NOTE_CLOCK_STEP},
		     {60000000, 60000000, RECORD_NOTE_SUSPEND}};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct folder f = folder_make();
		struct record_config config = traffic_config(f.fd, -1);
		struct traffic *t = malloc(sizeof(*t));
		struct record_files files;
		struct recording *in;
		struct reading r;
		struct event ev;
		struct record *w;
		unsigned notes = 0;
		char why[256];
		int item;

		traffic_init(t, 26);
		w = begin(t, &config);
		for (unsigned s = 0; s < 60; s++) {
			if (s == 30) {
				t->clock.wall_offset_us += steps[i].step_us;
				t->clock.suspended_us += steps[i].slept_us;
			}
			/* It is slewed all the time. */
			t->clock.wall_offset_us += 400;
			traffic_second(t, w);
		}
		record_end(w);
		files = folder_list(&f);
		assert_int_equal(files.count, 2);
		record_files_free(&files);
		/* In their order, also where the clock went back behind the beginning. */
		r = read_path(f.path, &everything);
		expect_all(&r, t);
		reading_done(&r);
		assert_int_equal(recording_open(&in, f.path, &everything, why, sizeof(why)), 0);
		while ((item = recording_next(in, &ev)) > 0)
			if (item == RECORDING_NOTE) {
				const struct record_note *note = recording_note(in);

				assert_int_equal(note->kind, steps[i].kind);
				assert_int_equal(note->value, steps[i].slept_us
								      ? (int64_t)steps[i].slept_us
								      : steps[i].step_us + 400);
				notes++;
			}
		assert_int_equal(notes, 1);
		recording_close(in);
		folder_done(&f);
		traffic_done(t);
	}
}

/* A reader that follows sees what is written, once and whole, over the ends of files. */
static void a_follower_sees_everything_once(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct recording_config follow = everything;
	struct traffic *t = malloc(sizeof(*t));
	struct reading got = {0};
	struct recording *in;
	struct record *w;
	struct event ev;
	char why[256];
	int item;

	(void)state;
	traffic_init(t, 27);
	config.rotate_bytes = 30000;
	follow.follow = true;
	assert_int_equal(recording_open(&in, f.path, &follow, why, sizeof(why)), 0);
	assert_int_equal(recording_next(in, &ev), RECORDING_END);
	w = begin(t, &config);
	for (unsigned i = 0; i < 300; i++) {
		traffic_second(t, w);
		if (i % 7)
			continue;
		while ((item = recording_next(in, &ev)) > 0)
			read_item(in, item, &ev, &got);
		assert_int_equal(item, RECORDING_END);
	}
	record_end(w);
	while ((item = recording_next(in, &ev)) > 0)
		read_item(in, item, &ev, &got);
	got.error = item;
	expect_all(&got, t);
	reading_done(&got);
	recording_close(in);
	folder_done(&f);
	traffic_done(t);
}

/* Two runs, the second after a new boot: flows of the first are gone, times keep their order. */
static void a_new_boot_forgets_the_flows(void **state)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t)), *u = malloc(sizeof(*u));
	unsigned live = 0;
	struct reading r;
	struct record *w;

	(void)state;
	traffic_init(t, 28);
	traffic_init(u, 29);
	w = begin(t, &config);
	for (unsigned i = 0; i < 20; i++)
		traffic_second(t, w);
	record_end(w);
	for (unsigned i = 0; i < FLOWS_MAX; i++)
		live += t->flow[i].is_live;
	strcpy(config.meta.boot, "deadbeef-0000-4000-8000-000000000001");
	u->clock.wall_offset_us += 600000000;
	w = begin(u, &config);
	for (unsigned i = 0; i < 20; i++)
		traffic_second(u, w);
	record_end(w);
	r = read_path(f.path, &everything);
	assert_int_equal(r.error, RECORDING_END);
	assert_int_equal(r.count, t->count + u->count);
	assert_int_equal(r.vanished, live);
	assert_int_equal(r.gaps, 1);
	assert_int_equal(r.gap[0].kind, GAP_STOPPED);
	assert_int_equal(r.gap[0].to_wall_us - r.gap[0].from_wall_us, 600000000 - 20000000);
	assert_true(r.event[t->count].time_ns > r.event[t->count - 1].time_ns + 500 * SECOND_NS);
	reading_done(&r);
	folder_done(&f);
	traffic_done(t);
	traffic_done(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_tell_the_time),
		cmocka_unit_test(a_directory_has_one_writer),
		cmocka_unit_test(files_of_a_run_are_one_recording),
		cmocka_unit_test(the_hour_begins_a_new_file),
		cmocka_unit_test(the_quota_removes_the_oldest),
		cmocka_unit_test(what_is_too_old_is_removed_and_others_files_stay),
		cmocka_unit_test(each_start_begins_a_file),
		cmocka_unit_test(a_clock_that_is_set_ends_the_file),
		cmocka_unit_test(a_follower_sees_everything_once),
		cmocka_unit_test(a_new_boot_forgets_the_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
