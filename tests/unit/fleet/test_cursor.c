// SPDX-License-Identifier: BSD-2-Clause
/* What was sent so far comes back from the disk as it was, or is known to be damaged. */
#include "fleet/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/test_cursor.XXXXXX";

static int open_folder(void **state)
{
	int *fd = malloc(sizeof(*fd));

	if (!fd || !mkdtemp(folder))
		return -1;
	*fd = open(folder, O_RDONLY | O_DIRECTORY);
	*state = fd;
	return *fd < 0;
}

static int close_folder(void **state)
{
	int fd = *(int *)*state;

	unlinkat(fd, "cursor.json", 0);
	unlinkat(fd, "cursor.json.tmp", 0);
	close(fd);
	free(*state);
	return rmdir(folder);
}

static void one_that_is_not_there_is_empty(void **state)
{
	struct fleet_cursor c;

	assert_int_equal(fleet_cursor_load(&c, *(int *)*state), 0);
	assert_true(!c.file[0] && !c.is_sent && !c.rows_total);
}

static void what_is_on_its_way_comes_back(void **state)
{
	struct fleet_block block[] = {{.table = FLEET_VOLUME, .day = 20000, .rows = 7, .first = 1ull << 62,
				       .last = (1ull << 62) + 6, .time_first = 4000000000u, .time_last = 4000000060u},
				      {.table = FLEET_CLOSED, .day = 20001, .rows = 1, .is_done = true}};
	struct fleet_batch b = {.block = block, .count = 2, .rows = 8};
	struct fleet_position to = {.closes = 9, .minute = 30000000, .notes = 3};
	struct fleet_cursor c = {.server = "http://db:8123/x", .file = "a\"b.tsr", .run = "0123", .is_careful = true,
				 .next_row = 1ull << 62, .lost = 5, .unsent_total = 6};
	struct fleet_cursor back;

	fleet_cursor_send(&c, &b, &to);
	assert_int_equal(fleet_cursor_save(&c, *(int *)*state), 0);
	assert_int_equal(fleet_cursor_load(&back, *(int *)*state), 0);
	assert_string_equal(back.file, c.file);
	assert_true(back.is_sent && back.is_careful && back.count == 2 && back.next_row == c.next_row);
	assert_memory_equal(&back.to, &to, sizeof(to));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(back.block[i].table, block[i].table);
		assert_int_equal(back.block[i].rows, block[i].rows);
		assert_int_equal(back.block[i].last, block[i].last);
		assert_int_equal(back.block[i].time_last, block[i].time_last);
		assert_int_equal(back.block[i].is_done, block[i].is_done);
	}
	fleet_cursor_arrived(&back);
	assert_true(!back.is_sent && back.rows_total == 8 && back.at.closes == 9);
	fleet_cursor_done(&c);
	fleet_cursor_done(&back);
}

static void damage_is_noticed(void **state)
{
	static const char *const wrong[] = {"", "{", "[]", "{\"sent\":{\"blocks\":[{\"table\":\"none\"}]}}"};
	int dir = *(int *)*state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int fd = openat(dir, "cursor.json", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		struct fleet_cursor c;

		assert_int_equal(write(fd, wrong[i], strlen(wrong[i])), strlen(wrong[i]));
		close(fd);
		assert_int_equal(fleet_cursor_load(&c, dir), -EBADMSG);
		fleet_cursor_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_not_there_is_empty),
		cmocka_unit_test(what_is_on_its_way_comes_back),
		cmocka_unit_test(damage_is_noticed),
	};

	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
