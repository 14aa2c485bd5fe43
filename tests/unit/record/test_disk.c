// SPDX-License-Identifier: BSD-2-Clause
/* When the disk does not take what is recorded: nothing waits, what is lost is counted, the rest is whole. */
#include "record/disk.h"
#include "record/chunk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "directory.h"

#define DISK_KIB 300

static uint64_t all_rows(const struct record_status *s)
{
	uint64_t rows = 0;

	for (unsigned i = 0; i < RECORD_TABLE_END; i++)
		rows += s->rows[i];
	return rows;
}

/* Take all room but so much. */
static void fill(const struct folder *f, size_t leave_bytes)
{
	int fd = openat(f->fd, "filler", O_WRONLY | O_CREAT, 0600);
	static const char zeros[4096];

	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) == sizeof(zeros))
		;
	if (leave_bytes) {
		off_t end = lseek(fd, 0, SEEK_END);

		assert_int_equal(ftruncate(fd, end - (off_t)leave_bytes), 0);
	}
	close(fd);
}

/* Without any privilege that would let us mount, there is nothing to see here. */
static void in_child(void (*test)(void))
{
	pid_t child = fork();
	int status;

	if (!child) {
		test();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			_exit(1); \
		} \
	} while (0)

static struct folder mounted(void)
{
	struct folder f;

	if (!folder_mount(&f, DISK_KIB))
		_exit(77);
	return f;
}

static struct record *begin(struct traffic *t, struct record_config *config)
{
	struct record *r;

	CHECK(!record_open(&r, config, &t->clock));
	give_key(t, r);
	return r;
}

/* All that is in the file is right, and rows are there or counted. */
static void expect_counted(const struct folder *f, const struct traffic *t,
			   const struct record_status *status)
{
	struct reading r = read_path(f->path, &everything);

	CHECK(r.error == RECORDING_END);
	CHECK(expect_written(&r, t) != SIZE_MAX);
	CHECK(r.stats.damaged_bytes == 0);
	CHECK(r.stats.orphan_rows == 0);
	CHECK(r.stats.lost_rows == status->dropped_rows);
	/* The last account is written when the status was read already. */
	CHECK(r.stats.rows + r.stats.lost_rows == all_rows(status) + 1);
	reading_done(&r);
}

/* The disk is full for a while, but not for longer than the queue lasts: nothing is lost. */
static void full_for_a_moment(void)
{
	struct folder f = mounted();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_status status;
	struct reading r;
	struct record *w;

	traffic_init(t, 31);
	w = begin(t, &config);
	for (unsigned i = 0; i < 20; i++)
		traffic_second(t, w);
	fill(&f, 5000);
	for (unsigned i = 0; i < 100; i++)
		traffic_second(t, w);
	record_get_status(w, &status);
	CHECK(status.disk.error == ENOSPC);
	CHECK(status.disk.queued_bytes > 0);
	CHECK(!status.dropped_rows);
	CHECK(!unlinkat(f.fd, "filler", 0));
	for (unsigned i = 0; i < 20; i++)
		traffic_second(t, w);
	record_get_status(w, &status);
	CHECK(!status.disk.error && !status.disk.queued_bytes);
	record_end(w);
	r = read_path(f.path, &everything);
	CHECK(r.error == RECORDING_END && !r.gaps && r.count == t->count);
	CHECK(expect_written(&r, t) == 0);
	folder_done(&f);
}

/* It is full for longer: rows are dropped, counted and told; afterwards it goes on with a key frame. */
static void full_for_long(void)
{
	struct folder f = mounted();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_loss loss = {.opened = 1};
	struct record_status status;
	struct recording *in;
	struct record *w;
	struct event ev;
	uint64_t told = 0, noted = 0;
	char why[256];
	int item;

	traffic_init(t, 32);
	t->busy = 90;
	/* Not packed, so that the queue is soon full. */
	config.level = 0;
	w = begin(t, &config);
	for (unsigned i = 0; i < 5; i++)
		traffic_second(t, w);
	fill(&f, 5000);
	for (unsigned i = 0; i < 20000; i++) {
		traffic_second(t, w);
		record_get_status(w, &status);
		if (status.dropped_rows > 10000)
			break;
	}
	CHECK(status.is_dropping && status.disk.error == ENOSPC);
	CHECK(status.disk.queued_bytes <= DISK_QUEUE_BYTES + CHUNK_STORED_MAX);
	/* The queue is larger than the file system: give it another to go on in. */
	CHECK(!unlinkat(f.fd, "filler", 0));
	CHECK(!mount(NULL, f.path, NULL, MS_REMOUNT, "size=16m"));
	for (unsigned i = 0; i < 100; i++) {
		record_account(w, &loss);
		traffic_second(t, w);
	}
	record_get_status(w, &status);
	CHECK(!status.disk.error && !status.is_dropping);
	record_end(w);
	expect_counted(&f, t, &status);
	CHECK(!recording_open(&in, f.path, &everything, why, sizeof(why)));
	while ((item = recording_next(in, &ev)) > 0) {
		if (item == RECORDING_LOSS)
			told = recording_loss(in)->dropped_rows;
		if (item == RECORDING_NOTE && recording_note(in)->kind == RECORD_NOTE_DISK_FULL)
			noted = (uint64_t)recording_note(in)->value;
	}
	CHECK(told == status.dropped_rows);
	CHECK(noted == status.dropped_rows);
	folder_done(&f);
}

/* The oldest file makes room, and not a row is lost. */
static void full_with_old_files(void)
{
	struct folder f = mounted();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_status status;
	struct reading r;
	struct record *w;

	traffic_init(t, 33);
	config.rotate_bytes = 60000;
	w = begin(t, &config);
	for (unsigned i = 0; i < 600; i++) {
		traffic_second(t, w);
		record_get_status(w, &status);
		CHECK(!status.disk.error);
	}
	record_end(w);
	CHECK(status.disk.removed_files > 2 && !status.dropped_rows);
	r = read_path(f.path, &everything);
	CHECK(r.error == RECORDING_END && !r.gaps);
	CHECK(expect_written(&r, t) != SIZE_MAX);
	folder_done(&f);
}

/* Others need the rest of the disk: we stop before it is full. */
static void room_is_left_for_others(void)
{
	struct folder f = mounted();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_status status;
	struct record *w;
	struct stat st;
	unsigned i;

	traffic_init(t, 34);
	config.keep_free_bytes = 100 << 10;
	config.level = 0;
	w = begin(t, &config);
	for (i = 0; i < 300; i++) {
		traffic_second(t, w);
		record_get_status(w, &status);
		if (status.disk.error)
			break;
	}
	CHECK(status.disk.error == ENOSPC);
	CHECK(!fstatat(f.fd, status.disk.file, &st, 0));
	CHECK(st.st_size <= (200 << 10));
	record_end(w);
	folder_done(&f);
}

/* The file is removed under the recorder's hands: it begins another. */
static void removed_file(void)
{
	struct folder f = mounted();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_status status;
	struct reading r;
	struct record *w;

	traffic_init(t, 35);
	w = begin(t, &config);
	for (unsigned i = 0; i < 20; i++)
		traffic_second(t, w);
	record_get_status(w, &status);
	CHECK(!unlinkat(f.fd, status.disk.file, 0));
	for (unsigned i = 0; i < 20; i++)
		traffic_second(t, w);
	record_end(w);
	r = read_path(f.path, &everything);
	CHECK(r.error == RECORDING_END && !r.gaps && r.count > 0);
	CHECK(expect_written(&r, t) != SIZE_MAX);
	CHECK(r.event[r.count - 1].time_ns == t->time_ns);
	folder_done(&f);
}

/* Somebody cut the file: what was there stays, another one begins. */
static void cut_file(void)
{
	struct folder f = mounted();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_status status;
	struct reading r;
	struct record *w;
	int fd;

	traffic_init(t, 36);
	w = begin(t, &config);
	for (unsigned i = 0; i < 20; i++)
		traffic_second(t, w);
	record_get_status(w, &status);
	fd = openat(f.fd, status.disk.file, O_WRONLY);
	CHECK(fd >= 0 && !ftruncate(fd, 3000));
	for (unsigned i = 0; i < 20; i++)
		traffic_second(t, w);
	record_end(w);
	r = read_path(f.path, &everything);
	CHECK(r.error == RECORDING_END && r.gaps > 0);
	CHECK(expect_written(&r, t) != SIZE_MAX);
	CHECK(r.event[r.count - 1].time_ns == t->time_ns);
	folder_done(&f);
}

static void removed_directory(void)
{
	struct folder f = folder_make();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_status status;
	struct record *w;

	traffic_init(t, 37);
	w = begin(t, &config);
	traffic_second(t, w);
	record_get_status(w, &status);
	CHECK(!unlinkat(f.fd, status.disk.file, 0) && !rmdir(f.path));
	for (unsigned i = 0; i < 20; i++)
		traffic_second(t, w);
	record_get_status(w, &status);
	CHECK(status.disk.error == ENOENT);
	record_end(w);
	close(f.fd);
}

static void read_only(void)
{
	struct folder f = mounted();
	struct record_config config = traffic_config(f.fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_status status;
	struct reading r;
	struct record *w;

	traffic_init(t, 38);
	CHECK(!mount(NULL, f.path, NULL, MS_REMOUNT | MS_RDONLY, NULL));
	w = begin(t, &config);
	for (unsigned i = 0; i < 5; i++)
		traffic_second(t, w);
	record_get_status(w, &status);
	CHECK(status.disk.error == EROFS && status.disk.queued_bytes > 0);
	/* It becomes writable: all is there. */
	CHECK(!mount(NULL, f.path, NULL, MS_REMOUNT, NULL));
	traffic_second(t, w);
	record_end(w);
	r = read_path(f.path, &everything);
	CHECK(r.error == RECORDING_END && !r.gaps && r.count == t->count);
	CHECK(expect_written(&r, t) == 0);
	folder_done(&f);
}

static void nothing_is_lost_while_the_queue_lasts(void **state)
{
	(void)state;
	in_child(full_for_a_moment);
}

static void what_a_full_disk_costs_is_counted(void **state)
{
	(void)state;
	in_child(full_for_long);
}

static void old_files_make_room(void **state)
{
	(void)state;
	in_child(full_with_old_files);
}

static void the_disk_is_not_filled(void **state)
{
	(void)state;
	in_child(room_is_left_for_others);
}

static void a_file_that_was_removed_is_replaced(void **state)
{
	(void)state;
	in_child(removed_file);
}

static void a_file_that_was_cut_is_left(void **state)
{
	(void)state;
	in_child(cut_file);
}

static void a_directory_that_was_removed_is_told(void **state)
{
	(void)state;
	in_child(removed_directory);
}

static void a_read_only_file_system_is_told(void **state)
{
	(void)state;
	in_child(read_only);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_while_the_queue_lasts),
		cmocka_unit_test(what_a_full_disk_costs_is_counted),
		cmocka_unit_test(old_files_make_room),
		cmocka_unit_test(the_disk_is_not_filled),
		cmocka_unit_test(a_file_that_was_removed_is_replaced),
		cmocka_unit_test(a_file_that_was_cut_is_left),
		cmocka_unit_test(a_directory_that_was_removed_is_told),
		cmocka_unit_test(a_read_only_file_system_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
