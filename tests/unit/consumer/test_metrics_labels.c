// SPDX-License-Identifier: BSD-2-Clause
/* Which labels a run has that asks for none: by the folders that a kubelet makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "consumer/metrics_labels.h"
#include "engine/usage.h"
#include "util/cgroup.h"

#define OF_UNITS "unit,remote_class"
#define OF_PODS "pod,container,remote_class"
#define OF_NAMESPACES "pod,container,namespace,remote_class"

/* `outer` and `inner`, one in the other, are there below the mount; NULL: nothing is. */
static void assert_default(const char *outer, const char *inner, const char *wanted)
{
	char root[] = "/tmp/test_labels.XXXXXX", paths[2][256];
	const char *names[] = {outer, inner};
	struct metrics_labels labels = {.count = 0};
	struct usage_error error = {.at = 0};
	struct cgroup_names *cgroups;
	int made = 0;

	assert_non_null(mkdtemp(root));
	for (; made < 2 && names[made]; made++) {
		snprintf(paths[made], sizeof(paths[made]), "%.64s/%s", made ? paths[0] : root,
			 names[made]);
		assert_int_equal(mkdir(paths[made], 0755), 0);
	}
	cgroups = cgroup_names_new_at(root);
	assert_string_equal(metrics_labels_default(cgroups, false), wanted);
	/* They are such as --by takes. */
	assert_int_equal(metrics_labels_parse(&labels, wanted, &error), 0);
	assert_string_equal(metrics_labels_default(cgroups, true),
			    strcmp(wanted, OF_PODS) ? wanted : OF_NAMESPACES);
	cgroup_names_free(cgroups);
	while (made--)
		rmdir(paths[made]);
	rmdir(root);
}

static void test_a_host_without_pods(void **state)
{
	(void)state;
	assert_string_equal(metrics_labels_default(NULL, true), OF_UNITS);
	assert_default(NULL, NULL, OF_UNITS);
	assert_default("system.slice", "kubelet.service", OF_UNITS);
	assert_default("kubelet.slice", NULL, OF_UNITS);
}

static void test_a_host_with_pods(void **state)
{
	(void)state;
	assert_default("kubepods.slice", NULL, OF_PODS);
	assert_default("kubepods", NULL, OF_PODS);
	assert_default("kubelet.slice", "kubelet-kubepods.slice", OF_PODS);
	assert_default("kubelet", "kubepods", OF_PODS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_host_without_pods),
		cmocka_unit_test(test_a_host_with_pods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
