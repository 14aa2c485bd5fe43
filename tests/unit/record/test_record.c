// SPDX-License-Identifier: BSD-2-Clause
#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/recording.h"
#include "generate.h"

static const struct recording_config everything = {
	.from_wall_us = RECORDING_NO_FROM, .to_wall_us = RECORDING_NO_TO, .flows_max = 4096};

/* Record so many seconds into memory; gives the file. */
static int record_seconds(struct traffic *t, unsigned seconds, int level)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);
	struct record_config config = traffic_config(-1, fd);
	struct record *r;

	assert_true(fd >= 0);
	config.level = level;
	config.extra = t->extra;
	assert_int_equal(record_open(&r, &config, &t->clock), 0);
	give_key(t, r);
	for (unsigned i = 0; i < seconds; i++)
		traffic_second(t, r);
	record_end(r);
	return fd;
}

static void say(const struct event *ev, const char *who)
{
	print_error("%s: kind %u id %llu flags %x time %llu tx %llu rx %llu\n", who, ev->head.kind,
		    (unsigned long long)ev->head.id, ev->head.flags,
		    (unsigned long long)ev->time_ns, (unsigned long long)ev->count.tx_bytes,
		    (unsigned long long)ev->count.rx_bytes);
}

/* Read all events; they must be those from `first` on. */
static void read_same(int fd, const struct traffic *t)
{
	struct recording *r;
	struct event ev;
	size_t n = 0;
	int item;

	assert_int_equal(recording_open_fd(&r, fd, &everything), 0);
	while ((item = recording_next(r, &ev)) > 0) {
		if (item != RECORDING_EVENT) {
			assert_int_not_equal(item, RECORDING_GAP);
			assert_int_not_equal(item, RECORDING_VANISHED);
			continue;
		}
		assert_true(n < t->count);
		if (!same_event(&t->expected[n], &ev)) {
			say(&t->expected[n], "expected");
			say(&ev, "read");
			for (size_t i = 0; i < sizeof(ev); i++)
				if (((char *)&ev)[i] != ((const char *)&t->expected[n])[i])
					print_error("byte %zu differs\n", i);
			fail_msg("event %zu of %zu differs", n, t->count);
		}
		n++;
	}
	assert_int_equal(item, RECORDING_END);
	assert_int_equal(n, t->count);
	recording_close(r);
}

static void what_was_recorded_is_read(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct traffic *t = malloc(sizeof(*t));

		traffic_init(t, seed);
		t->busy = 5 + seed % 60;
		t->extra = seed % 3 == 0;
		t->quiet_at_times = seed % 2;
		read_same(record_seconds(t, 150, seed % 5 ? RECORD_LEVEL : 0), t);
		traffic_done(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_recorded_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
