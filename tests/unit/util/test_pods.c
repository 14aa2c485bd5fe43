// SPDX-License-Identifier: BSD-2-Clause
#include "util/pods.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define UID "0a1b2c3d-0000-4000-8000-00000000000"
#define S 1000000000ull

static char folder[] = "/tmp/tcpsight-pods-XXXXXX";

static void make(const char *name)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void test_names_of_folders(void **state)
{
	static const char *const wrong[] = {
		"",	"_",	   "__",    "a_b",     "a_b_",	   "_b_c",
		"a__c", "a_b_c_d", "A_b_c", "a_b\n_c", "../a_b_c", "a_b_" UID "0-and-more",
	};
	struct pod pod;

	(void)state;
	assert_int_equal(pods_parse("kube-system_dns-7.x_" UID "1", 20 + 36, &pod), 0);
	assert_string_equal(pod.namespace, "kube-system");
	assert_string_equal(pod.name, "dns-7.x");
	assert_string_equal(pod.uid, UID "1");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_not_equal(pods_parse(wrong[i], strlen(wrong[i]), &pod), 0);
}

static void test_one_that_comes_later_is_found_and_one_that_goes_stays(void **state)
{
	struct pods *p = pods_new(folder);
	char path[400];

	(void)state;
	make("default_web-0_" UID "1");
	make("no pod of anybody");
	assert_string_equal(pods_find(p, UID "1", 5 * S)->name, "web-0");
	make("other_web-0_" UID "2");
	/* The folder was read just now. */
	assert_null(pods_find(p, UID "2", 5 * S + S / 2));
	assert_string_equal(pods_find(p, UID "2", 6 * S)->namespace, "other");
	snprintf(path, sizeof(path), "%s/default_web-0_" UID "1", folder);
	assert_int_equal(rmdir(path), 0);
	assert_null(pods_find(p, UID "3", 8 * S));
	assert_string_equal(pods_find(p, UID "1", 8 * S)->name, "web-0");
	pods_free(p);
}

static void test_a_flood_of_pods_is_bounded(void **state)
{
	struct pods *p = pods_new(folder);
	char name[100], path[500];

	(void)state;
	for (unsigned i = 0; i <= PODS_MAX; i++) {
		snprintf(name, sizeof(name), "a_b_%032x", i);
		make(name);
	}
	pods_find(p, "none", S);
	snprintf(name, sizeof(name), "%032x", 7);
	/* All but those that were there before are gone: what comes next finds room again. */
	for (unsigned i = 0; i <= PODS_MAX; i++) {
		snprintf(path, sizeof(path), "%s/a_b_%032x", folder, i);
		rmdir(path);
	}
	make("late_pod_" UID "9");
	assert_string_equal(pods_find(p, UID "9", 3 * S)->namespace, "late");
	pods_free(p);
	snprintf(path, sizeof(path), "rm -r %s", folder);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_folders),
		cmocka_unit_test(test_one_that_comes_later_is_found_and_one_that_goes_stays),
		cmocka_unit_test(test_a_flood_of_pods_is_bounded),
	};

	if (!mkdtemp(folder))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
