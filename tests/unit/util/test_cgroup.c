// SPDX-License-Identifier: BSD-2-Clause
/* Folders stand in for cgroups: both are known by their inode. */
#include "util/cgroup.h"

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define DOCKER "docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope"

static char root[] = "/tmp/test_cgroup.XXXXXX";
static struct cgroup_names *names;

static int begin(void **state)
{
	(void)state;
	strcpy(root + sizeof(root) - 7, "XXXXXX");
	if (!mkdtemp(root))
		return -1;
	names = cgroup_names_new_at(root);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int end(void **state)
{
	(void)state;
	cgroup_names_free(names);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *full(const char *path)
{
	static char text[PATH_MAX];

	snprintf(text, sizeof(text), "%s%s", root, path);
	return text;
}

static uint64_t make(const char *path)
{
	struct stat st;

	assert_int_equal(mkdir(full(path), 0755), 0);
	assert_int_equal(stat(full(path), &st), 0);
	return st.st_ino;
}

static const char *number(int i)
{
	static char text[32];

	snprintf(text, sizeof(text), "/%d.service", i);
	return text;
}

/* Ask until it is answered. */
static const struct cgroup_info *ask(uint64_t id)
{
	const struct timespec a_moment = {.tv_nsec = 1000000};

	for (int i = 0; i < 20000; i++) {
		const struct cgroup_info *info = cgroup_info(names, id);

		if (info->path)
			return info;
		nanosleep(&a_moment, NULL);
	}
	fail_msg("no answer");
	return NULL;
}

static void a_path_and_what_it_tells(void **state)
{
	uint64_t slice = make("/system.slice"), docker = make("/system.slice/" DOCKER);
	const struct cgroup_info *info = ask(docker);
	struct stat st;

	(void)state;
	assert_string_equal(info->path, "/system.slice/" DOCKER);
	assert_string_equal(info->workload.unit, DOCKER);
	assert_string_equal(info->workload.container, "docker:0123456789ab");
	assert_string_equal(ask(slice)->path, "/system.slice");
	assert_string_equal(ask(slice)->workload.unit, "");
	assert_ptr_equal(cgroup_info(names, docker), info);
	assert_string_equal(cgroup_path(names, docker), info->path);
	assert_int_equal(stat(root, &st), 0);
	assert_string_equal(ask(st.st_ino)->path, "/");
	assert_true(cgroup_is_below(names, docker, slice));
	assert_false(cgroup_is_below(names, slice, docker));
	assert_int_equal(cgroup_counts(names).gone, 0);
}

static void what_was_met_keeps_its_name(void **state)
{
	uint64_t id = make("/short.service");

	(void)state;
	cgroup_names_refresh(names);
	assert_int_equal(rmdir(full("/short.service")), 0);
	assert_string_equal(ask(id)->path, "/short.service");
}

static void what_is_gone_at_the_first_question_is_counted_once(void **state)
{
	uint64_t id = make("/short.service");

	(void)state;
	assert_int_equal(rmdir(full("/short.service")), 0);
	assert_string_equal(ask(id)->path, "(gone)");
	assert_true(ask(id)->is_gone);
	assert_string_equal(ask(id)->workload.unit, "");
	assert_null(cgroup_path(names, id));
	assert_int_equal(cgroup_counts(names).gone, 1);
}

static void questions_come_too_soon_after_a_walk(void **state)
{
	(void)state;
	/* Numbers that no folder has. */
	for (uint64_t i = 1; i < 100000 && !cgroup_counts(names).postponed; i++)
		cgroup_info(names, UINT64_MAX - i);
	assert_true(cgroup_counts(names).postponed > 0);
}

/* They are not gone, we only do not see them all. */
static void too_deep_a_tree_makes_nothing_gone(void **state)
{
	char path[PATH_MAX] = "";
	uint64_t top = 0;

	(void)state;
	for (int i = 0; i < 70; i++) {
		uint64_t id;

		strcat(path, "/d");
		id = make(path);
		top = top ? top : id;
	}
	assert_string_equal(ask(top)->path, "/d");
	for (uint64_t i = 1; i < 1000; i++)
		assert_null(cgroup_info(names, UINT64_MAX - i)->path);
	assert_int_equal(cgroup_counts(names).gone, 0);
}

static void names_of_what_is_gone_are_bounded(void **state)
{
	static uint64_t id[CGROUP_NAMES_GONE_MAX + 1];
	uint64_t live = make("/live.service");
	size_t known = 0;

	(void)state;
	for (int i = 0; i <= CGROUP_NAMES_GONE_MAX; i++)
		id[i] = make(number(i));
	cgroup_names_refresh(names);
	for (int i = 0; i <= CGROUP_NAMES_GONE_MAX; i++)
		assert_int_equal(rmdir(full(number(i))), 0);
	cgroup_names_refresh(names);
	for (int i = 0; i <= CGROUP_NAMES_GONE_MAX; i++)
		known += cgroup_path(names, id[i]) != NULL;
	assert_int_equal(known, CGROUP_NAMES_GONE_MAX / 2);
	assert_string_equal(ask(live)->path, "/live.service");
}

static void a_process_is_asked_again_and_keeps_its_place(void **state)
{
	struct cgroup_names *host = cgroup_names_new();
	uint32_t self = (uint32_t)getpid();
	const struct cgroup_info *info = cgroup_info_of_pid(host, self);

	(void)state;
	assert_non_null(info->path);
	assert_int_equal(info->path[0], '/');
	assert_ptr_equal(cgroup_info_of_pid(host, self), info);
	/* No process has it (PID_MAX_LIMIT). */
	assert_null(cgroup_info_of_pid(host, 1u << 30)->path);
	/* Of a tree that is not the host's, its processes say nothing. */
	assert_null(cgroup_info_of_pid(names, self)->path);
	cgroup_names_free(host);
}

static void without_a_mount_nothing_is_known(void **state)
{
	struct cgroup_names *none = cgroup_names_new_at(NULL);

	(void)state;
	assert_false(cgroup_names_has_mount(none));
	cgroup_names_refresh(none);
	assert_null(cgroup_info(none, 1)->path);
	assert_string_equal(cgroup_info(none, 1)->workload.unit, "");
	assert_null(cgroup_path(none, 1));
	assert_int_equal(cgroup_counts(none).gone, 0);
	cgroup_names_free(none);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_path_and_what_it_tells),
		TEST(what_was_met_keeps_its_name),
		TEST(what_is_gone_at_the_first_question_is_counted_once),
		TEST(questions_come_too_soon_after_a_walk),
		TEST(too_deep_a_tree_makes_nothing_gone),
		TEST(names_of_what_is_gone_are_bounded),
		TEST(a_process_is_asked_again_and_keeps_its_place),
		TEST(without_a_mount_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
